"""What two snapshots of one chat have in common and what not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from folkmoot._chat.log import Entry, stretches
from folkmoot._chat.masking import mask_entry
from folkmoot._chat.snapshots import Snapshot
from folkmoot._chat.state import ChatState
from folkmoot.messages import BaseAgentEvent, BaseChatMessage

from .pages import LogPages
from .whole import entries_in

__all__ = ["Comparison", "Side", "Stood", "compare", "way_of"]

Message = BaseChatMessage | BaseAgentEvent


@dataclass(frozen=True, slots=True)
class Side:
    """What only one of the two snapshots has.

    Attributes:
        snapshot: It.
        messages: Messages and events on its branch that the other's has not.
        tool_calls: Calls of tools likewise: `offset`, `agent`, `name`, `content`, `is_error`.
        tokens: Prompt and completion tokens used on the way there from where the two part.
    """

    snapshot: Snapshot
    messages: tuple[Message, ...]
    tool_calls: tuple[Mapping[str, Any], ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two snapshots side by side.

    Attributes:
        shared: Offset of the last entry both branches have.
        first: What only the first has.
        second: What only the second has.
        state: Parts of the folded state that differ, as `path`: (first, second).
    """

    shared: int
    first: Side
    second: Side
    state: Mapping[str, tuple[Any, Any]]


class Stood(NamedTuple):
    """A snapshot, and the folded state there as JSON."""

    snapshot: Snapshot
    state: Mapping[str, Any]


async def compare(pages: LogPages, first: Stood, second: Stood) -> Comparison:
    """Compare two snapshots. Only what one of them has and the other has not is read.

    Args:
        pages: Reads the chat's log.
        first: One snapshot.
        second: The other.
    """
    one, other = (way_of(item.state, item.snapshot.offset + 1) for item in (first, second))
    sides = [await _side(pages, first.snapshot, one - other), await _side(pages, second.snapshot, other - one)]
    return Comparison(max(one & other, default=-1), sides[0], sides[1], _differences(first.state, second.state))


def way_of(state: Mapping[str, Any], until: int) -> set[int]:
    """The offsets of the conversation that ends before `until` with a state; a change of the team does not end it."""
    jumps = ChatState.load(dict(state)).jumps
    return {place for first, end in stretches(jumps, until) for place in range(first, end)}


async def _side(pages: LogPages, snapshot: Snapshot, places: set[int]) -> Side:
    own: list[Entry] = []
    for first, end in _runs(sorted(places)):
        own += await entries_in(pages, first, end)
    said = [message for entry in own if (message := await pages.message(entry)) is not None]
    calls = [_call(mask_entry(entry)) for entry in own if entry.kind == "tool"]
    return Side(snapshot, tuple(said), tuple(calls), sum(map(_tokens, own)))


def _runs(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Offsets in order as stretches without a gap: the first, and after the last."""
    begun = 0
    for number in range(1, len(places) + 1):
        if number == len(places) or places[number] != places[number - 1] + 1:
            yield places[begun], places[number - 1] + 1
            begun = number


def _call(entry: Entry) -> dict[str, Any]:
    names = ("agent", "scope", "name", "content", "is_error")
    return {"offset": entry.offset, **{name: entry.data[name] for name in names if name in entry.data}}


def _tokens(entry: Entry) -> int:
    usage = entry.data.get("message", {}).get("models_usage")
    counted = list(usage.values()) if usage else entry.data.get("usage", ())
    return sum(counted)


def _differences(first: Any, second: Any, path: str = "") -> dict[str, tuple[Any, Any]]:
    if first == second:
        return {}
    if not isinstance(first, dict) or not isinstance(second, dict):
        return {path: (first, second)}
    one, other = cast(dict[str, Any], first), cast(dict[str, Any], second)
    found: dict[str, tuple[Any, Any]] = {}
    for name in {**one, **other}:
        inside = f"{path}.{name}" if path else name
        found |= _differences(one.get(name), other.get(name), inside)
    return found
