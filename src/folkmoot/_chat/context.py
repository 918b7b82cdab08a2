"""An agent's model context: a view of the log, folded on in the worker and kept between calls.

AutoGen: an agent gets what others said since its last turn when its turn begins, never its own words, and adds what
it says and does itself. So the context is the log read with that agent's eyes. Each item is made once; whoever renders
it for a provider keeps the rendered bytes beside it (`Item.rendered`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from folkmoot.messages import is_chat, text_of

from .entries import message_of
from .log import Entry, Log

__all__ = ["AgentContext", "Item"]


@dataclass(slots=True)
class Item:
    """One LLM message (AutoGen's JSON form) and, per model, its rendered bytes."""

    message: Mapping[str, Any]
    rendered: dict[str, bytes] = field(default_factory=dict[str, bytes])
    tokens: int | None = None

    @property
    def type(self) -> str:
        """AutoGen's class name: UserMessage, AssistantMessage or FunctionExecutionResultMessage."""
        return self.message["type"]


class AgentContext:
    """The fold of one agent's context.

    Args:
        agent: The agent's name.
        uuid: The chat's uuid.
    """

    def __init__(self, agent: str, uuid: str) -> None:
        self.agent = agent
        self.uuid = uuid
        self.next = 0
        self.items: list[Item] = []
        self.prefix: list[Item] = []
        """What the agent's spec puts before the conversation."""
        self._system: Item | None = None
        self._unread: list[Item] = []
        self._thought: str | None = None
        self._wire: dict[str, list[bytes]] = {}

    def wire(self, model: str, render: Callable[[Mapping[str, Any]], bytes]) -> list[bytes]:
        """All items as rendered for a model; a call renders what is new. The caller must not change the list."""
        done = self._wire.setdefault(model, [])
        done += [render(item.message) for item in self.items[len(done) :]]
        return done

    def read(self, log: Log, until: int, blobs: Mapping[str, str]) -> None:
        """Take in the log up to `until`; `log` must hold everything from `self.next` on.

        Args:
            log: The chat's log.
            until: Offset of the first entry not to be read.
            blobs: Contents that lie in the store, by hash.
        """
        for entry in log.after(self.next, until):
            self._apply(entry, log, blobs)
            self.next = entry.offset + 1

    def system(self, text: str) -> Item:
        """The system message as an item, made once."""
        if self._system is None or self._system.message["content"] != text:
            self._system = Item({"type": "SystemMessage", "content": text})
        return self._system

    def _apply(self, entry: Entry, log: Log, blobs: Mapping[str, str]) -> None:
        if entry.kind == "reset":
            self.items, self._unread, self._thought = [], [], None
            self._wire = {}
        elif entry.kind == "turn":
            if self.agent in entry.data["speakers"]:
                self.items += self._unread
                self._unread = []
        elif entry.kind in ("message", "event"):
            own = entry.data["message"]["source"] == self.agent and "call" in entry.data
            kind = entry.data["message"]["type"]
            if own:
                self._own(kind, message_of(self.uuid, entry, log.at, blobs))
            elif is_chat(kind):
                self._unread += self._heard(message_of(self.uuid, entry, log.at, blobs))

    def _heard(self, message: Mapping[str, Any]) -> list[Item]:
        """Another's message: what a handoff carries first, then its text (AutoGen: _add_messages_to_context)."""
        items = [Item(part) for part in message.get("context", ())]
        content = message["content"] if message["type"] == "MultiModalMessage" else _model_text(message)
        items.append(Item({"type": "UserMessage", "content": content, "source": message["source"]}))
        return items

    def _own(self, kind: str, message: Mapping[str, Any]) -> None:
        """What the agent itself said and did."""
        thought, self._thought = self._thought, None
        match kind:
            case "ThoughtEvent":
                self._thought = message["content"]
            case "ToolCallRequestEvent":
                self.items.append(self._said(message["content"], thought))
            case "ToolCallExecutionEvent":
                result = {"type": "FunctionExecutionResultMessage", "content": message["content"]}
                self.items.append(Item(result))
            case "ToolCallSummaryMessage" | "HandoffMessage":
                pass  # The calls and their results are in the context already; the summary is for the others.
            case _:
                if is_chat(kind):
                    self.items.append(self._said(_model_text(message), thought))

    def _said(self, content: Any, thought: str | None) -> Item:
        return Item({"type": "AssistantMessage", "content": content, "thought": thought, "source": self.agent})


def _model_text(message: Mapping[str, Any]) -> str:
    """What a model reads: structured answers as JSON, whatever form people see (AutoGen: to_model_message)."""
    return text_of({**message, "format_string": None} if "format_string" in message else message)
