"""A node's conversation: a view of the log for whoever chooses speakers or asks functions about what was said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from folkmoot.contexts import SummarizedChatCompletionContext
from folkmoot.messages import is_chat
from folkmoot.teams import TeamSpec

from .condensing import Condensed, Item
from .entries import content_of
from .floor import How, Level, level_at
from .listener import Listener, Message, as_llm
from .log import NOTHING, Entry, Log
from .plan import Node, Plan
from .saved import Saved

__all__ = ["Said", "ThreadView", "spoken"]

STEPS = 64
"""So many of a manager's own entries are kept at least."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message or event of a conversation.

    Attributes:
        message: In AutoGen's full JSON form.
        how: What it is to the node.
        seat: Through which participant it came; empty: none.
        entered: Offset of the entry with which it became part of the conversation.
    """

    message: Message
    how: How
    seat: str
    entered: int


class ThreadView(Listener):
    """The fold of one node's conversation (AutoGen: the manager's message thread).

    Attributes:
        thread: What was said, in the order it was taken in.
        steps: The manager's own entries, oldest first.
        tasks: Task messages that are worked on, of those teams that do not hand them on to their participants.
        untold: Those that came since.
        finished: What was worked on is done.
        condensed: The chat messages for the model that selects, with summaries in place of what they tell; None: its
            context is not of that kind.
    """

    def __init__(self, plan: Plan, uuid: str, node: Node) -> None:
        context = getattr(node.team, "model_context", None)
        self._condenses = isinstance(node.team, TeamSpec) and isinstance(context, SummarizedChatCompletionContext)
        super().__init__(plan, uuid, node)

    def begin(self) -> None:
        super().begin()
        self.thread: list[Said] = []
        self.steps: list[Mapping[str, Any]] = []
        self.tasks: list[Message] = []
        self.untold: list[Message] = []
        self.finished = False
        self.condensed = Condensed() if self._condenses else None

    def said(self, level: Level, message: Message, entered: int) -> None:
        if level.how == "task" and not self._relayed(level):
            self.untold.append(message)
        else:
            self.thread.append(Said(message, level.how, level.seat, entered))
            if self.condensed is not None and is_chat(message["type"]):
                self.condensed.items += map(Item, as_llm(message))
            if level.how == "task":
                self.tasks.append(message)

    def cleared(self, participants_only: bool) -> None:
        self.thread = []
        self.condensed = Condensed() if self._condenses else None
        if not participants_only:
            self.steps, self.tasks, self.untold, self.finished = [], [], [], False

    def loaded(self, saved: Saved, here: int) -> None:
        path = self.node.path
        said = saved.thread(path)
        # Of what functions were not asked about yet they will be told.
        first = len(said) - saved.unchecked(path)
        self.thread = [
            Said(message, how, seat, here if place >= first else NOTHING)
            for place, (how, seat, message) in enumerate(said)
        ]
        self.steps, self.tasks, self.untold = saved.steps(path), saved.tasks(path), saved.untold(path)
        self.finished = saved.finished(path)
        if self._condenses:
            items = [Item(item) for message in self.chat_messages() for item in as_llm(message)]
            self.condensed = saved.seen(path) or Condensed(items)

    def other(self, entry: Entry, log: Log, blobs: Mapping[str, str]) -> None:
        if entry.data.get("scope", "") != self.node.path:
            return
        if entry.kind == "summary" and self.condensed is not None and entry.data.get("manager"):
            self.condensed.take(entry.data, content_of(entry.data["content"], blobs))
        if entry.kind != "manager":
            return
        self.steps.append(_told(entry.data, blobs))
        if len(self.steps) > 2 * STEPS:
            # Of old ones only plans are looked at again; a selector writes one for every choice.
            plans = [step for step in self.steps[:-STEPS] if step["step"] in ("facts", "planned")]
            self.steps = [*plans[-4:], *self.steps[-STEPS:]]
        if entry.data["step"] == "facts":
            self.tasks, self.untold, self.finished = self.current_tasks, [], self.finished and not self.untold
        elif entry.data["step"] == "end":
            self.finished = True

    @property
    def current_tasks(self) -> list[Message]:
        """The tasks that are worked on: those that came after the last plan, else that plan's."""
        return self.untold if self.finished and self.untold else [*self.tasks, *self.untold]

    def chat_messages(self) -> list[Message]:
        """The chat messages, without events."""
        return [item.message for item in self.thread if is_chat(item.message["type"])]


def _told(data: Mapping[str, Any], blobs: Mapping[str, str]) -> Mapping[str, Any]:
    """A manager's entry with its content, wherever that lies."""
    return {**data, "content": content_of(data["content"], blobs)} if "content" in data else data


def spoken(plan: Plan, log: Log, node: Node, first: int, until: int) -> list[Entry]:
    """The chat messages that readers saw of a run of an inner node, by offset; its task is none of them.

    Args:
        plan: The chat's spec, laid out.
        log: The chat's log.
        node: Whose run.
        first: Offset of the run's first entry.
        until: Offset of the first entry not to be looked at.
    """
    found: list[Entry] = []
    for start, end in log.branch(until):
        for entry in log.after(max(first, _with_copied(log, start)), end):
            if "message" in (entry.kind, entry.data.get("as")) and is_chat(entry.data["message"]["type"]):
                level = level_at(plan, entry.data, node)
                if level is not None and level.how != "task":
                    found.append(entry)
    return found


def _with_copied(log: Log, start: int) -> int:
    """Where a stretch of a branch begins, with the entries that a saved state brought along: they stand before it."""
    while start > log.base and log.at(start - 1).kind == "copied":
        start -= 1
    return start
