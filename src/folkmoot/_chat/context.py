"""An agent's model context: a view of the log, folded on in the worker and kept between calls.

AutoGen: an agent gets what others said since its last turn when its turn begins, never its own words, and adds what
it says and does itself. So the context is the log read with that agent's ears. Each item is made once; whoever renders
it for a provider keeps the rendered bytes beside it (`Item.rendered`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from folkmoot.agents import filtered
from folkmoot.contexts import BufferedChatCompletionContext
from folkmoot.messages import is_chat
from folkmoot.teams import SelectorGroupChat

from .condensing import Begun, Condensed, Item
from .entries import content_of
from .listener import Listener, Message, as_llm, model_content
from .log import NOTHING, Entry, Log
from .plan import Plan, Seat
from .saved import Saved

__all__ = ["AgentContext", "Item", "Remembered"]

SLACK = 64
"""Items beyond a buffer's size that are kept, so that giving some up is seldom."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a memory said last.

    Attributes:
        offset: Of the entry that tells.
        results: The contents, as in the MemoryQueryEvent.
        context: What the model was shown of them, as LLM messages.
    """

    offset: int
    results: Any
    context: list[Any]


class AgentContext(Listener):
    """The fold of one seat's context.

    Args:
        plan: The chat's spec, laid out.
        uuid: The chat's uuid.
        seat: Whose context.

    Attributes:
        items: What the model has seen and said; summaries stand in place of what they tell.
        begun: A message among them that is summarised in pieces, and not done.
        new: The chat messages that the current turn began with.
        prefix: What the agent's spec puts before the conversation; None: not looked at yet.
        memories: What each of its memories said last, by the part of the event.
        unread: What it heard since its last turn began.
        unanswered: It has begun a turn and not finished it.
        suspended: A request for tools of a turn that was interrupted and will be made again.
    """

    def __init__(self, plan: Plan, uuid: str, seat: Seat) -> None:
        self.place = seat
        context = getattr(seat.agent, "model_context", None)
        self._shown = context.buffer_size if isinstance(context, BufferedChatCompletionContext) else None
        self.prefix: list[Item] | None = None
        self._system: Item | None = None
        super().__init__(plan, uuid, seat.node, seat.name)

    def begin(self) -> None:
        super().begin()
        self.items: list[Item] = []
        self.begun: Begun | None = None
        self.new: list[Message] = []
        self.memories: dict[str, Remembered] = {}
        self.unread: list[Message] = self._introduction()
        self.unanswered = False
        self.suspended: list[Item] = []
        self._thought: str | None = None
        self._wire: dict[str, list[bytes]] = {}

    def wire(self, model: str, render: Callable[[Mapping[str, Any]], bytes]) -> list[bytes]:
        """All items as rendered for a model; a call renders what is new. The caller must not change the list."""
        done = self._wire.setdefault(model, [])
        done += [render(item.message) for item in self.items[len(done) :]]
        return done

    def system(self, text: str) -> Item:
        """The system message as an item, made once."""
        if self._system is None or self._system.message["content"] != text:
            self._system = Item({"type": "SystemMessage", "content": text})
        return self._system

    def _introduction(self) -> list[Message]:
        """What tells everybody who takes part, if the team sends that (AutoGen 0.2: send_introductions)."""
        team = self.node.team
        if not isinstance(team, SelectorGroupChat) or not team.send_introductions:
            return []
        return [{"type": "TextMessage", "source": team.manager_name, "content": team.introduction}]

    def cleared(self, participants_only: bool) -> None:
        self.items, self.new, self.unread, self.suspended = [], [], self._introduction(), []
        self._thought, self.memories, self._wire = None, {}, {}
        self.unanswered, self.begun = False, None

    def loaded(self, saved: Saved, here: int) -> None:
        path = self.place.path
        tags = saved.memory_places(path)
        found = (
            {**message, "memory": tags[n]} if n in tags else message for n, message in enumerate(saved.context(path))
        )
        stands, self.begun = saved.summaries(path)
        self.items = [Item(message, stands=stands.get(n, "")) for n, message in enumerate(found)]
        self.suspended = [Item(message) for message in saved.suspended(path)]
        self.memories = {
            part: Remembered(NOTHING, results, context) for part, (results, context) in saved.memories(path).items()
        }
        self.new, self.unread = saved.begun(path), saved.unread(path)
        self.unanswered, self._thought, self._wire = bool(self.new), None, {}

    def interrupted(self) -> None:
        """No call is left without a result in what a model sees: the turn that goes on makes it again."""
        self._thought = None
        if self.items and self.items[-1].calls_tools:
            self.suspended = [self.items.pop()]
            for done in self._wire.values():
                del done[len(self.items) :]

    def turn(self, entry: Entry) -> None:
        if self.seat in entry.data["speakers"]:
            fresh, self.unread = self.unread, []
            for config in self.place.filters:
                fresh = filtered(fresh, config, lambda message: message["source"])
            self._trim()
            self.items += [Item(item) for message in fresh for item in as_llm(message)]
            # What a broken off turn began with is new to the next attempt as well (AutoGen: its buffer is kept).
            self.new = [*self.new, *fresh] if self.unanswered else fresh
            self.unanswered = True

    def _trim(self) -> None:
        """Give up what a buffer can never show again: the view of a chat without end stays small."""
        if self._shown is not None and len(self.items) > 2 * self._shown + SLACK:
            del self.items[: -self._shown - SLACK]
            self._wire = {}

    def other(self, entry: Entry, log: Log, blobs: Mapping[str, str]) -> None:
        if entry.kind == "summary" and "agent" in entry.data and self.plan.seat_of(entry.data) is self.place:
            self._condense(entry, blobs)
        # A run of a tool that ended is not taken up again.
        ended = entry.kind == "run_ended" or (entry.kind == "scope_ended" and self._within(entry.data["scope"]))
        if ended and self.plan.in_tool(self.node) and not self.rests:
            self.unanswered = False

    def _condense(self, entry: Entry, blobs: Mapping[str, str]) -> None:
        """A summary takes the place of what it tells, which is given up here."""
        condensed = Condensed(self.items, self.begun)
        condensed.take(entry.data, content_of(entry.data["content"], blobs))
        self.items, self.begun, self._wire = condensed.items, condensed.begun, {}

    def _within(self, path: str) -> bool:
        return f"{self.node.path}/".startswith(f"{path}/")

    def heard(self, message: Message) -> None:
        self.unread.append(message)

    def own(self, entry: Entry, message: Message) -> None:
        """What the agent itself said and did."""
        if entry.data.get("role") == "answer":
            self.unanswered = False
        thought, self._thought = self._thought, None
        kind = message["type"]
        match kind:
            case "ThoughtEvent":
                self._thought = message["content"]
            case "MemoryQueryEvent":
                self._remember(entry, message)
            case "ToolCallRequestEvent":
                again, self.suspended = self.suspended, []
                self.items += again or [self._said(message["content"], thought)]
            case "ToolCallExecutionEvent":
                result = {"type": "FunctionExecutionResultMessage", "content": message["content"]}
                self.items.append(Item(result))
            case "CodeGenerationEvent" if message["code_blocks"]:
                self.items.append(self._said(message["content"], thought))
            case "CodeExecutionEvent":
                output, source = message["result"]["output"], message["source"]
                self.items.append(Item({"type": "UserMessage", "content": output, "source": source}))
            case "ToolCallSummaryMessage" | "HandoffMessage":
                pass  # The calls and their results are in the context already; the summary is for the others.
            case _:
                if is_chat(kind):
                    self.items.append(self._said(model_content(message), thought))

    def _remember(self, entry: Entry, message: Message) -> None:
        """What a memory says now, in place of what it said before: AutoGen piles it up, turn by turn."""
        part = entry.data["part"]
        if "same" in entry.data:
            return
        last = self.memories.get(part)
        now = self.memories[part] = Remembered(entry.offset, message["content"], entry.data.get("context", []))
        if last is not None and (last.results, last.context) == (now.results, now.context):
            return  # It stands in the context as it came with a saved state.
        if last is not None:
            self.items, self._wire = self.without_memory(part), {}
        self.items += [Item({**item, "memory": part}) for item in now.context]

    def without_memory(self, part: str) -> list[Item]:
        """The items without what one of the memories said."""
        return [item for item in self.items if item.message.get("memory") != part]

    def _said(self, content: Any, thought: str | None) -> Item:
        return Item({"type": "AssistantMessage", "content": content, "thought": thought, "source": self.place.source})
