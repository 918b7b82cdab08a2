"""Messages, events and log entries in words: how people see a chat on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from rich.text import Text

from folkmoot._chat.people import person_of
from folkmoot.chat import ChatEvent
from folkmoot.messages import (
    BaseAgentEvent,
    BaseChatMessage,
    ModelClientStreamingChunkEvent,
    TextMessage,
    ThoughtEvent,
    ToolCallExecutionEvent,
    ToolCallRequestEvent,
    ToolCallSummaryMessage,
    UserInputRequestedEvent,
)

from .screen import Screen, clean

__all__ = ["Conversation", "entry_line", "message_json"]

_STYLES = ("cyan", "green", "magenta", "yellow", "blue", "bright_red")
_LONGEST = 1000
"""Characters of a tool's arguments or result that are shown."""
_HIDDEN = {"kind", "time", "message", "command", "uuid", "spec", "was", "state", "engine"}


def message_json(message: BaseChatMessage | BaseAgentEvent) -> dict[str, Any]:
    """A message for programs: `kind` (message, event or chunk), and AutoGen's JSON of it."""
    if isinstance(message, ModelClientStreamingChunkEvent):
        kind = "chunk"
    else:
        kind = "message" if isinstance(message, BaseChatMessage) else "event"
    return {"kind": kind, **message.model_dump(mode="json")}


class Conversation:
    """Shows a conversation as it comes, each speaker in a colour; streamed words appear while they are written.

    Args:
        screen: Where to.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._styles: dict[str, str] = {}
        self._speaker: str | None = None
        self._open: str | None = None
        self._streamed = ""

    def show(self, message: BaseChatMessage | BaseAgentEvent) -> None:
        """Show the next message, event or chunk."""
        if self._screen.json:
            self._screen.emit(message_json(message))
        elif isinstance(message, UserInputRequestedEvent):
            pass  # It has no words; `people` puts the question.
        elif isinstance(message, ModelClientStreamingChunkEvent):
            self._chunk(message)
        elif not self._ends_stream(message):
            self._whole(message)

    def break_off(self) -> None:
        """Something else is about to be shown: end the line, and name the next speaker again."""
        if self._open is not None and not self._screen.json:
            self._screen.out.print()
        self._open, self._speaker = None, None

    def _head(self, source: str) -> None:
        if source == self._speaker:
            return
        self._speaker = source
        style = self._styles.setdefault(source, _STYLES[len(self._styles) % len(_STYLES)])
        self._screen.say("")
        self._screen.say(source, f"bold {style}")

    def _chunk(self, chunk: ModelClientStreamingChunkEvent) -> None:
        if chunk.full_message_id != self._open:
            if self._open is not None:
                self._screen.out.print()
            self._head(chunk.source)
            self._open, self._streamed = chunk.full_message_id, ""
        self._streamed += chunk.content
        self._screen.out.print(Text(clean(chunk.content)), end="", soft_wrap=True)

    def _ends_stream(self, message: BaseChatMessage | BaseAgentEvent) -> bool:
        """Whether the message was shown already, word by word; its line ends here."""
        if self._open is None:
            return False
        same = message.id == self._open and self._streamed == message.to_text()
        self._screen.out.print()
        self._open = None
        if not same and message.to_text().strip():
            # Words of an attempt that was lost; what follows is what the log holds.
            self._screen.say("(begun anew)", "dim")
        return same

    def _whole(self, message: BaseChatMessage | BaseAgentEvent) -> None:
        self._head(message.source)
        match message:
            case ToolCallRequestEvent():
                for call in message.content:
                    self._screen.say(f"  → {call.name}({_short(call.arguments)})", "dim")
            case ToolCallExecutionEvent():
                for result in message.content:
                    mark = "✗" if result.is_error else "←"
                    self._screen.say(f"  {mark} {result.name}: {_short(result.content)}", "dim")
            case ToolCallSummaryMessage() | TextMessage():
                self._screen.say(message.to_text())
            case ThoughtEvent():
                self._screen.say(message.to_text(), "italic dim")
            case _:
                self._screen.say(f"[{message.type}] {message.to_text()}")


def entry_line(event: ChatEvent) -> Text:
    """An entry of the log in one line: offset, time, what happened."""
    time = datetime.fromisoformat(event.time).astimezone().strftime("%H:%M:%S")
    line = Text(f"{event.offset:>5}  {time}  ", style="dim")
    if event.message is not None:
        line.append(f"{event.message.source}: ", style="bold")
        line.append(_flat(_words(event.message)))
    else:
        line.append(event.kind, style="cyan")
        line.append(f"  {_flat(_fields(event.data))}".rstrip())
    return line


def _words(message: BaseChatMessage | BaseAgentEvent) -> str:
    if isinstance(message, ToolCallRequestEvent):
        return "→ " + ", ".join(f"{call.name}({call.arguments})" for call in message.content)
    if isinstance(message, ToolCallExecutionEvent):
        return "← " + ", ".join(f"{result.name}: {result.content}" for result in message.content)
    return message.to_text()


def _fields(data: Mapping[str, Any]) -> str:
    shown = {key: value for key, value in data.items() if key not in _HIDDEN and value not in (None, "", [], ())}
    if "was" in data and "spec" in data:
        shown |= {"team": _members(data["spec"]), "was": _members(data["was"])}
    return " ".join(f"{key}={_person(value) if key == 'by' else _value(value)}" for key, value in shown.items())


def _members(spec: Mapping[str, Any]) -> str:
    """Who takes part in a team, or the agent that is alone."""
    return _value([str(member.get("name")) for member in spec.get("participants", (spec,))])


def _person(by: object) -> str:
    """Who it was, e.g. `alice (finance) via http`; the entries of decisions name several."""
    person = person_of(by)
    if person is None:
        return _value(by)
    roles = f" ({', '.join(person.roles)})" if person.roles else ""
    return f"{person.subject}{roles}{f' via {person.channel}' if person.channel else ''}"


def _value(value: object) -> str:
    return ",".join(map(str, cast(Sequence[object], value))) if isinstance(value, list | tuple) else str(value)


def _flat(text: str) -> str:
    return clean(" ".join(text.split()))


def _short(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text):,} characters)"
