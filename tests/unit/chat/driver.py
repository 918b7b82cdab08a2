"""Drives a chat without Temporal: a clock that ticks by hand, and calls in flight that the test answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from folkmoot._chat.calls import Call, Failure
from folkmoot._chat.commands import handle
from folkmoot._chat.context import AgentContext
from folkmoot._chat.engine import Chat
from folkmoot._chat.entries import CHAT_KINDS, message_of
from folkmoot._chat.log import Entry, Log
from folkmoot.agents import AgentSpec, AssistantAgent
from folkmoot.teams import RoundRobinGroupChat, TeamSpec

UUID = "0123456789abcdef0123456789abcdef"
START = datetime(2026, 1, 1, tzinfo=UTC)

Json = dict[str, Any]


def agent(name: str, **options: Any) -> AssistantAgent:
    return AssistantAgent(name, "scripted", **options)


def team(*names: str, **options: Any) -> RoundRobinGroupChat:
    return RoundRobinGroupChat([agent(name) for name in names or ("a", "b")], **options)


def said(content: Any, usage: tuple[int, int] = (1, 1), **more: Any) -> Json:
    """A model's reply."""
    return {"content": content, "usage": list(usage), **more}


def asks(*names: str, **more: Any) -> Json:
    """A model's reply that calls tools; the call ids are `id0`, `id1`, ..."""
    return said([{"id": f"id{i}", "name": name, "arguments": "{}"} for i, name in enumerate(names)], **more)


def task(content: Any = "go", source: str = "user", kind: str = "TextMessage", **more: Any) -> Json:
    return {"type": kind, "source": source, "content": content, **more}


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Driver:
    """One chat, and what the workflow would do around it: start what is wanted, cancel what is not needed."""

    def __init__(self, spec: TeamSpec | AgentSpec) -> None:
        self.spec = spec
        self.chat = Chat(spec, UUID, Log())
        self.seconds = 0.0
        self.commands = 0
        self.flying: dict[str, Call] = {}
        self.chat.begin(spec.name, "digest", self.now)

    @property
    def now(self) -> str:
        return at(self.seconds)

    def tell(self, verb: str, **fields: Any) -> Entry:
        """Give a command; the entry it left."""
        self.commands += 1
        command, head = f"c{self.commands}", self.chat.log.head
        handle(self.chat, verb, command, fields, self.now)
        left = [entry for entry in self.chat.log.after(head) if entry.data.get("command") == command]
        self.settle()
        return left[-1]

    def settle(self) -> None:
        """Advance, then bring the calls in flight in line with what is wanted; cancelled ones are gone at once."""
        self.chat.advance(self.now, in_flight=list(self.flying))
        redo = self.chat.state.pause_now
        self.flying = {key: call for key, call in self.flying.items() if self.chat.needs(call) and not redo}
        self.chat.advance(self.now, in_flight=list(self.flying))
        for call in self.chat.wanted():
            self.flying.setdefault(call.key, call)

    def finish(self, call: Call, result: Json | Failure) -> None:
        """A call comes back, wanted or not."""
        self.flying.pop(call.key, None)
        self.chat.outcome(call, result, self.now)
        self.settle()

    @property
    def calls(self) -> list[Call]:
        """The calls in flight, oldest first."""
        return list(self.flying.values())

    def answer(self, *results: Json | Failure | str) -> None:
        """Answer the oldest call in flight, once for each result; a text is a reply, or a tool's result."""
        for result in results:
            call = self.calls[0]
            if isinstance(result, str):
                self.finish(call, {"content": result} if call.kind == "tool" else said(result))
            else:
                self.finish(call, result)

    def run(self, given: str | list[Json] | None = "go", *replies: Json | Failure | str) -> Entry:
        """Begin a run and answer its calls in order; the `run_started` entry (or the refusal)."""
        messages = [task(given)] if isinstance(given, str) else given
        entry = self.tell("run", task=messages)
        self.answer(*replies)
        return entry

    @property
    def speaking(self) -> list[str]:
        return self.chat.state.speakers

    @property
    def status(self) -> str:
        return self.chat.state.summary

    @property
    def stop_reason(self) -> str | None:
        return self.chat.state.stop_reason

    def kinds(self, after: int = 0) -> list[str]:
        return [entry.kind for entry in self.chat.log.after(after)]

    def entries(self, kind: str) -> list[Entry]:
        return [entry for entry in self.chat.log if entry.kind == kind]

    def messages(self, *types: str) -> list[Json]:
        """Messages and events in full, of these types only if some are named."""
        found = [message_of(UUID, entry, self.chat.log.at) for entry in self.chat.log if entry.kind in CHAT_KINDS]
        return [message for message in found if not types or message["type"] in types]

    def spoken(self) -> list[str]:
        """Who said what, as `source: content`, chat messages in text only."""
        return [f"{message['source']}: {message['content']}" for message in self.messages("TextMessage")]

    def view(self, name: str) -> list[Mapping[str, Any]]:
        """An agent's whole model context, folded from scratch."""
        context = AgentContext(self.chat.plan, UUID, self.chat.plan.seats[name])
        context.read(self.chat.log, self.chat.log.head, {})
        return [item.message for item in context.items]

    def heard(self, name: str) -> list[str]:
        """An agent's context in short: `type first letter: content`."""
        return [f"{item['type'][0]}: {item['content']}" for item in self.view(name)]


def dangling(items: Iterable[Mapping[str, Any]]) -> list[str]:
    """Ids of tool calls in a context that the next item does not answer."""
    found: list[str] = []
    waiting: list[str] = []
    for item in items:
        if item["type"] == "FunctionExecutionResultMessage":
            answered = [result["call_id"] for result in item["content"]]
            found += [call for call in waiting if call not in answered]
            waiting = []
        else:
            found, waiting = found + waiting, []
        if item["type"] == "AssistantMessage" and isinstance(item["content"], list):
            waiting = [call["id"] for call in item["content"]]
    return found + waiting
