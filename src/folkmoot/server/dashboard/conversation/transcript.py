"""The transcript: a chat's log as people read it, by speaker, with tool calls folded into the turn that made them.

It grows entry by entry and tells which items an entry changed, so that a page draws those and no others. It can begin
anywhere in the log: what an entry refers to that came before is left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from folkmoot._chat.entries import blob_of
from folkmoot._chat.people import person_of
from folkmoot.chat import ChatEvent
from folkmoot.messages import (
    BaseAgentEvent,
    BaseChatMessage,
    CodeExecutionEvent,
    CodeGenerationEvent,
    HandoffMessage,
    Image,
    MemoryQueryEvent,
    MultiModalMessage,
    SelectorEvent,
    SelectSpeakerEvent,
    ThoughtEvent,
    ToolCallExecutionEvent,
    ToolCallRequestEvent,
    ToolCallSummaryMessage,
)

from .marks import Mark, mark_of

__all__ = ["Item", "Part", "Transcript", "speaker_of"]

ItemKind = Literal["task", "turn", "team", "mark"]
PartKind = Literal["text", "thought", "call", "code", "memory", "data", "handoff", "image", "request"]


@dataclass(slots=True)
class Part:
    """A piece of what somebody contributed.

    Attributes:
        offset: Of the entry it came with.
        kind: What it is.
        text: What was said, asked, written or remembered; of a call its arguments, of an image its data URI.
        title: Of a call the tool's name, of a handoff to whom, of a request what kind.
        result: What a call or code brought; None: nothing yet.
        is_error: That is an error.
        notes: What people decided about it, and who; oldest first.
        open: People are asked, and have not said.
    """

    offset: int
    kind: PartKind
    text: str = ""
    title: str = ""
    result: str | None = None
    is_error: bool = False
    notes: list[str] = field(default_factory=list[str])
    open: bool = False


@dataclass(slots=True)
class Item:
    """A block of the transcript.

    Attributes:
        offset: Of the entry it began with: its identity, and its place.
        kind: A task or another word of people, a speaker's turn, a word of the team itself, or a mark.
        time: Of the first entry, ISO 8601 in UTC.
        until: Of the last.
        speaker: Path of who speaks; empty for marks.
        turn: The turn's number; None: it is no turn.
        tokens: Used in it.
        parts: What it consists of.
        mark: What happened, for marks.
    """

    offset: int
    kind: ItemKind
    time: str
    until: str
    speaker: str = ""
    turn: int | None = None
    tokens: int = 0
    parts: list[Part] = field(default_factory=list[Part])
    mark: Mark | None = None


def speaker_of(data: Mapping[str, Any]) -> str:
    """The path of whom an entry belongs to."""
    message: Mapping[str, Any] = data.get("message") or {}
    name = str(data.get("agent") or message.get("source") or "")
    scope = str(data.get("scope") or "")
    return f"{scope}/{name}" if scope else name


class Transcript:
    """The items of a stretch of the log."""

    def __init__(self) -> None:
        self._items: dict[int, Item] = {}
        self._turns: dict[tuple[int, str], Item] = {}
        self._calls: dict[tuple[int, int], tuple[Item, Part]] = {}
        self._requests: dict[str, tuple[Item, Part]] = {}

    @property
    def items(self) -> list[Item]:
        """All of them, in the order of the log."""
        return [self._items[offset] for offset in sorted(self._items)]

    def __len__(self) -> int:
        return len(self._items)

    def drop_before(self, offset: int) -> None:
        """Forget the items that began before an offset: a page keeps so many and no more."""
        self._items = {place: item for place, item in self._items.items() if place >= offset}
        kept = {id(item) for item in self._items.values()}
        self._turns = {key: item for key, item in self._turns.items() if id(item) in kept}
        self._calls = {key: pair for key, pair in self._calls.items() if id(pair[0]) in kept}
        self._requests = {key: pair for key, pair in self._requests.items() if id(pair[0]) in kept}

    def add(self, event: ChatEvent) -> list[Item]:
        """Take in an entry; the items that are new or changed with it."""
        data = event.data
        fold = _FOLDS.get(event.kind)
        if fold is not None:
            item = fold(self, event, data)
        else:
            mark = mark_of(event.kind, data)
            item = None if mark is None else self._put(Item(event.offset, "mark", event.time, event.time, mark=mark))
        if item is None:
            return []
        item.until = max(item.until, event.time)
        return [item]

    def _put(self, item: Item) -> Item:
        self._items[item.offset] = item
        return item

    def _turn(self, event: ChatEvent) -> Item:
        """The item of the turn that an entry belongs to."""
        data, path = event.data, speaker_of(event.data)
        number = data.get("turn")
        if number is None:
            # What people are asked in a turn does not name it: it is the speaker's last.
            found = [item for item in reversed(self._items.values()) if item.kind == "turn" and item.speaker == path]
            if found:
                return found[0]
        item = self._turns.get((number or 0, path))
        if item is None:
            item = self._put(Item(event.offset, "turn", event.time, event.time, path, number))
            self._turns[number or 0, path] = item
        return item

    # --- What was said -----------------------------------------------------------------------------------------------

    def _message(self, event: ChatEvent, data: Mapping[str, Any]) -> Item | None:
        message, role = event.message, data.get("role")
        if message is None or isinstance(message, SelectorEvent | SelectSpeakerEvent):
            return None
        if isinstance(message, ToolCallExecutionEvent):
            return self._results(event, message)
        parts = _parts(event.offset, message)
        if not parts:
            return None
        if role in ("task", "manager", "team"):
            kind: ItemKind = "task" if role == "task" else "team"
            item = self._put(Item(event.offset, kind, event.time, event.time, speaker_of(data)))
        else:
            item = self._turn(event)
        item.parts += parts
        if message.models_usage is not None:
            item.tokens += message.models_usage.prompt_tokens + message.models_usage.completion_tokens
        if isinstance(message, ToolCallRequestEvent):
            for index, part in enumerate(parts):
                self._calls[event.offset, index] = (item, part)
        return item

    def _tool(self, event: ChatEvent, data: Mapping[str, Any]) -> Item | None:
        found = self._calls.get((data["call"], data["index"]))
        if found is None:
            item = self._turn(event)
            part = Part(event.offset, "call", title=str(data.get("name", "")))
            item.parts.append(part)
            self._calls[data["call"], data["index"]] = (item, part)
        else:
            item, part = found
        content = data.get("content")
        reference = blob_of(content)
        if reference is not None:
            content = f"{reference['size']} bytes, in the store"
        if "said" in data:
            content = "said by an agent or a team; see its own turns"
        part.result = _clear(content)
        part.is_error = bool(data.get("is_error"))
        if note := data.get("note"):
            part.notes.append(str(note))
        return item

    def _results(self, event: ChatEvent, message: ToolCallExecutionEvent) -> Item | None:
        """Results in full: of those that lie in the store, or were said by a team, the outcome tells little."""
        changed: Item | None = None
        request = event.data.get("request", event.data.get("call"))
        for index, result in enumerate(message.content):
            if (found := self._calls.get((request, index))) is not None:
                changed, part = found
                part.result, part.is_error = result.content, bool(result.is_error)
        return changed

    def _said(self, event: ChatEvent, data: Mapping[str, Any]) -> Item | None:
        """What a person has said is shown where it is heard; until then, as a mark."""
        mark = mark_of("said", data)
        return None if mark is None else self._put(Item(event.offset, "mark", event.time, event.time, mark=mark))

    # --- What people are asked ---------------------------------------------------------------------------------------

    def _request(self, event: ChatEvent, data: Mapping[str, Any]) -> Item:
        called = self._calls.get((data.get("call", -1), data.get("index", 0)))
        if called is not None:
            item, part = called
        else:
            item = self._turn(event)
            text = str(data.get("arguments") or "")
            part = Part(event.offset, "request", text, str(data["for"]))
            item.parts.append(part)
        part.open = True
        part.notes.append(str(data.get("prompt") or "People are asked."))
        self._requests[str(data["request"])] = (item, part)
        return item

    def _on_request(self, event: ChatEvent, data: Mapping[str, Any]) -> Item | None:
        found = self._requests.get(str(data["request"]))
        if found is None:
            mark = mark_of(event.kind, data)
            return None if mark is None else self._put(Item(event.offset, "mark", event.time, event.time, mark=mark))
        item, part = found
        part.notes.append(_TOLD[event.kind](data))
        if event.kind in ("answered", "decided"):
            part.open = False
        return item


def _parts(offset: int, message: BaseChatMessage | BaseAgentEvent) -> list[Part]:
    """What a message or event consists of."""
    found: list[Part] = []
    match message:
        case ToolCallRequestEvent():
            found = [Part(offset, "call", call.arguments, call.name) for call in message.content]
        case ToolCallSummaryMessage():
            # As a rule it only says again what stands with the calls.
            shown = "\n".join(result.content for result in message.results)
            found = [] if message.content == shown else [Part(offset, "text", message.content)]
        case HandoffMessage():
            found = [Part(offset, "handoff", message.content, message.target)]
        case ThoughtEvent():
            found = [Part(offset, "thought", message.content)]
        case MemoryQueryEvent():
            found = [Part(offset, "memory", "\n".join(str(item.content) for item in message.content))]
        case CodeGenerationEvent():
            found = [Part(offset, "code", block.code, block.language) for block in message.code_blocks]
        case CodeExecutionEvent():
            done = message.result
            title = f"exit code {done.exit_code}"
            found = [Part(offset, "code", title=title, result=done.output, is_error=done.exit_code != 0)]
        case MultiModalMessage():
            found = [_piece(offset, piece) for piece in message.content]
        case _:
            content: object = getattr(message, "content", "")
            if content:
                found = [Part(offset, "text" if isinstance(content, str) else "data", _clear(content))]
    return found


def _piece(offset: int, piece: str | Image) -> Part:
    if isinstance(piece, str):
        return Part(offset, "text", piece)
    return Part(offset, "image", f"data:{piece.media_type};base64,{piece.data}")


def _clear(value: Any) -> str:
    """A value as text: what is no text is shown as JSON."""
    if isinstance(value, str):
        return value
    dumped = value.model_dump(mode="json") if hasattr(value, "model_dump") else value
    return json.dumps(dumped, ensure_ascii=False, indent=2, default=str)


def _names(given: Sequence[str]) -> str:
    return ", ".join(given) or "nobody"


def _who(data: Mapping[str, Any]) -> str:
    person = person_of(data.get("by"))
    return "somebody" if person is None else person.subject


def _because(data: Mapping[str, Any]) -> str:
    said = [str(data[name]) for name in ("reason", "comment") if data.get(name)]
    return f": {'; '.join(said)}" if said else ""


def _decided(data: Mapping[str, Any]) -> str:
    by = data.get("by") or ()
    who = _names([by] if isinstance(by, str) else by)
    how = "when nobody decided in time" if data.get("timeout") else f"by {who}"
    return f"Decided {how}: {data['verdict']}{_because(data)}"


_TOLD: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "answered": lambda data: f"Answered by {_who(data)}: {_clear(data.get('content'))}",
    "vote": lambda data: f"{_who(data)} votes {data['verdict']}{_because(data)}",
    "decided": _decided,
    "reminded": lambda data: f"Reminded, time {data.get('number', 1)}",
    "escalated": lambda data: f"Escalated to {_names(data.get('approvers', ()))}",
    "expired": lambda _: "The deadline is over; it still waits",
}

_FOLDS: Mapping[str, Callable[[Transcript, ChatEvent, Mapping[str, Any]], Item | None]] = {
    "message": Transcript._message,  # pyright: ignore[reportPrivateUsage]
    "event": Transcript._message,  # pyright: ignore[reportPrivateUsage]
    "tool": Transcript._tool,  # pyright: ignore[reportPrivateUsage]
    "said": Transcript._said,  # pyright: ignore[reportPrivateUsage]
    "request": Transcript._request,  # pyright: ignore[reportPrivateUsage]
    **dict.fromkeys(_TOLD, Transcript._on_request),  # pyright: ignore[reportPrivateUsage]
}
