"""What two snapshots of one chat have in common and what not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from folkmoot._chat.engine import Chat as EngineChat
from folkmoot._chat.entries import CHAT_KINDS, message_of
from folkmoot._chat.log import Entry
from folkmoot._chat.snapshots import Snapshot, state_at
from folkmoot.messages import BaseAgentEvent, BaseChatMessage, from_log

from .whole import Whole

__all__ = ["Comparison", "Side", "compare"]

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


def compare(whole: Whole, blobs: Mapping[str, str], first: Snapshot, second: Snapshot) -> Comparison:
    """Compare two snapshots.

    Args:
        whole: The chat, with its log at least up to the later of the two.
        blobs: Contents that lie in the store.
        first: One snapshot.
        second: The other.
    """
    log = whole.log
    places = [
        {place for start, end in log.branch(item.offset + 1, tree=True) for place in range(start, end)}
        for item in (first, second)
    ]
    both = places[0] & places[1]
    chat = EngineChat(whole.team, whole.uuid, log)
    states = [state_at(chat, item.offset).dump() for item in (first, second)]

    def side(number: int, snapshot: Snapshot) -> Side:
        own = [log.at(place) for place in sorted(places[number] - both)]
        said = [entry for entry in own if entry.kind in CHAT_KINDS]
        return Side(
            snapshot,
            tuple(from_log(message_of(whole.uuid, entry, log.at, blobs)) for entry in said),
            tuple(_call(entry) for entry in own if entry.kind == "tool"),
            sum(map(_tokens, own)),
        )

    return Comparison(max(both, default=-1), side(0, first), side(1, second), _differences(states[0], states[1]))


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
