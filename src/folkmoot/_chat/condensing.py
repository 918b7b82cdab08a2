"""Condensing: what of a model context is to be summarised next, and how a summary takes the place of what it tells.

A summary is an entry of the log (kind `summary`) that counts the items it stands for, so every reader of that branch
finds the same context; the entries it stands for stay. What a memory said is no part of the conversation: it is not
counted, never summarised, and stays where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from folkmoot.contexts import SummarizedChatCompletionContext

from .calls import Call, cost_of
from .plan import Node, Seat

if TYPE_CHECKING:
    from .engine import Chat
    from .fold import Fold
    from .log import Entry
    from .state import ChatState

__all__ = [
    "Begun",
    "Condensed",
    "Item",
    "Stands",
    "Step",
    "fold_summary",
    "next_step",
    "summaries_of",
    "summary_in",
    "write_summary",
]

SOURCE = "summary"
"""The source of a running summary, as models see it."""
RUNNING = "Summary of the conversation so far:\n"
ALONE = "[Summary of a longer message]\n"

Stands = Literal["", "many", "one"]
"""What an item is: as it was said, the running summary, or the summary of one message (or of calls with results)."""


@dataclass(slots=True)
class Item:
    """One LLM message (AutoGen's JSON form) and, per model, its rendered bytes."""

    message: Mapping[str, Any]
    rendered: dict[str, bytes] = field(default_factory=dict[str, bytes])
    tokens: int | None = None
    stands: Stands = ""

    @property
    def type(self) -> str:
        """AutoGen's class name: UserMessage, AssistantMessage or FunctionExecutionResultMessage."""
        return self.message["type"]

    @property
    def calls_tools(self) -> bool:
        """It asks for tools."""
        return self.type == "AssistantMessage" and not isinstance(self.message["content"], str)

    @property
    def remembered(self) -> bool:
        """It is what a memory said."""
        return "memory" in self.message


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be summarised next.

    Attributes:
        count: How many items.
        place: Of the first of them; None: they are the leading ones and go into the running summary.
    """

    count: int
    place: int | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """A message that is summarised in pieces, and not done.

    Attributes:
        place: Of its first item.
        count: How many items it has.
        done: Characters that the summary tells so far.
        content: The summary so far.
    """

    place: int
    count: int
    done: int
    content: str


@dataclass(slots=True)
class Condensed:
    """The items of a context in which summaries take their places.

    Attributes:
        items: The items.
        begun: A message that is summarised in pieces; it is shown as it was until that is done.
    """

    items: list[Item] = field(default_factory=list[Item])
    begun: Begun | None = None

    def take(self, data: Mapping[str, Any], text: str) -> None:
        """Take in a `summary` entry.

        Args:
            data: The entry's.
            text: Its content.
        """
        place, count = data.get("place"), data["count"]
        self.begun = None
        if place is not None and "done" in data:
            self.begun = Begun(place, count, data["done"], text)
            return
        counted = [at for at, item in enumerate(self.items) if not item.remembered]
        told = counted[place or 0 :][:count]
        gone = set(told)
        items = [item for at, item in enumerate(self.items) if at not in gone]
        first = self.items[told[0]].message
        new = _running(text) if place is None else Item(_alone(first, text), stands="one")
        items.insert(0 if place is None else told[0], new)
        self.items = items


def _running(text: str) -> Item:
    return Item({"type": "UserMessage", "content": f"{RUNNING}{text}", "source": SOURCE}, stands="many")


def _alone(first: Mapping[str, Any], text: str) -> Mapping[str, Any]:
    """What stands for one message, or for calls of tools with their results."""
    own = first["type"] == "AssistantMessage" and isinstance(first["content"], str)
    kind = "AssistantMessage" if own else "UserMessage"
    return {"type": kind, "content": f"{ALONE}{text}", "source": first.get("source", SOURCE)}


def summaries_of(items: Sequence[Item], begun: Begun | None) -> dict[str, Any]:
    """Which items are summaries, and of what, as a saved state tells it; nothing if there is nothing to tell."""
    stands = [[place, item.stands] for place, item in enumerate(items) if item.stands]
    told = {"summaries": stands, "summarising": None if begun is None else list(astuple(begun))}
    return {name: value for name, value in told.items() if value}


def summary_in(item: Item) -> str:
    """The text of a summary, without what introduces it to a model."""
    return str(item.message["content"]).removeprefix(RUNNING if item.stands == "many" else ALONE)


def next_step(
    context: SummarizedChatCompletionContext,
    items: Sequence[Item],
    fixed: int,
    size: Callable[[Item], int],
    begun: Begun | None = None,
) -> Step | None:
    """What has to be summarised before a model may see the context; None: nothing.

    Each step leaves less that has not been summarised, so there is an end to them.

    Args:
        context: The spec.
        items: The conversation, what memories said left out.
        fixed: Tokens of what is shown besides: initial messages, memories.
        size: Tokens of an item.
        begun: What is under way.
    """
    if begun is not None:
        return Step(begun.count, begun.place)
    units = _units(items, size)
    if context.each:
        for unit in units[: _kept(units, context.keep_last, None)]:
            if unit.fresh and unit.tokens > context.message_tokens:
                return Step(unit.count, unit.place)
    room = context.token_limit - fixed
    if not units or sum(unit.tokens for unit in units) <= room:
        return None
    first = 1 if items[0].stands == "many" else 0
    old, last = units[first : _kept(units, context.keep_last, room - context.longest_summary)], units[-1]
    told = sum(unit.tokens for unit in units[:first])
    if not old or last.tokens > room - told:
        # However much of the rest is summarised, the last message takes up too much itself.
        if last.fresh and last.tokens > context.longest_summary:
            return Step(last.count, last.place)
        if not old:
            return None
    if _too_large(old[0], context):
        return Step(old[0].count, old[0].place)
    taken, end = 0, old[0].place
    for unit in old:
        taken += unit.tokens
        if end > old[0].place and (taken > context.stretch or _too_large(unit, context)):
            break
        end = unit.place + unit.count
    return Step(end)


@dataclass(frozen=True, slots=True)
class _Unit:
    """A message, or calls of tools with their results."""

    place: int
    count: int
    tokens: int
    fresh: bool


def _units(items: Sequence[Item], size: Callable[[Item], int]) -> list[_Unit]:
    found: list[_Unit] = []
    for place, item in enumerate(items):
        answers = item.type == "FunctionExecutionResultMessage" and place > 0
        before = items[place - 1]
        if answers and (before.calls_tools or before.type == item.type):
            unit = found[-1]
            found[-1] = replace(unit, count=unit.count + 1, tokens=unit.tokens + size(item))
        else:
            found.append(_Unit(place, 1, size(item), not item.stands))
    return found


def _kept(units: Sequence[_Unit], keep_last: int, room: int | None) -> int:
    """Where the last messages begin: so many, as far as there is room for them, but one at least."""
    at, count, tokens = len(units), 0, 0
    while at > 0 and count < keep_last:
        tokens += units[at - 1].tokens
        if count and room is not None and tokens > room:
            break
        at -= 1
        count += units[at].count
    return at


def _too_large(unit: _Unit, context: SummarizedChatCompletionContext) -> bool:
    return unit.fresh and unit.tokens > context.stretch


def write_summary(chat: Chat, whose: Seat | Node, call: Call, result: Mapping[str, Any], time: str) -> None:
    """Write the summary that a call brought in place of what it was made for: it will be made again, and see it.

    Args:
        chat: The chat.
        whose: Whose context it is: a speaker's, or what a team's selection sees.
        call: The call.
        result: `condense` (count, place, done, content), `usage`, and `candidates` where a function named them.
        time: ISO 8601, UTC.
    """
    if isinstance(whose, Seat):
        where = chat.place(whose)
    else:
        where = {"manager": True, **({"scope": whose.path} if whose.path else {})}
    fields = {**result["condense"], "usage": result["usage"], **cost_of(result)}
    if "candidates" in result:
        fields["candidates"] = result["candidates"]
    key = {"key": call.key} if call.key in chat.state.waits else {}
    chat.append(time, "summary", run=chat.state.run, **where, call=call.need, **fields, **key)


def fold_summary(fold: Fold, state: ChatState, entry: Entry) -> None:
    """The `summary` entry's part of the state: the pending step reads on to it, and stays the step it was."""
    data = entry.data
    state.waits.pop(data.get("key", ""), None)
    if data.get("manager"):
        node = fold.plan.nodes[data.get("scope", "")]
        scope = state.scopes[node.path]
        fold.use(state, node.manager_path, data["usage"], data)
        scope.at = entry.offset
        if "candidates" in data:
            scope.manager["candidates"] = data["candidates"]
    elif (seat := fold.plan.seat_of(data)) is not None:
        fold.use(state, seat.path, data["usage"], data)
        if (turn := fold.turn_of(state, seat)) is not None:
            turn.summary = entry.offset
