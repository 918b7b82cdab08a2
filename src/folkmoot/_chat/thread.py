"""A node's conversation: a view of the log for whoever chooses speakers or asks functions about what was said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from folkmoot.messages import is_chat

from .floor import How, Level, level_at
from .listener import Listener, Message
from .log import Entry, Log
from .plan import Node, Plan

__all__ = ["Said", "ThreadView", "spoken"]


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
        tasks: Task messages, of those teams that do not hand them on to their participants.
    """

    def __init__(self, plan: Plan, uuid: str, node: Node) -> None:
        super().__init__(plan, uuid, node)

    def begin(self) -> None:
        super().begin()
        self.thread: list[Said] = []
        self.steps: list[Entry] = []
        self.tasks: list[Message] = []
        self._heard: list[Message] = []
        self._finished = False

    def said(self, level: Level, message: Message, entered: int) -> None:
        if level.how == "task" and not self._relayed(level):
            self._heard.append(message)
        else:
            self.thread.append(Said(message, level.how, level.seat, entered))
            if level.how == "task":
                self.tasks.append(message)

    def cleared(self, participants_only: bool) -> None:
        self.thread = []
        if not participants_only:
            self.steps, self.tasks, self._heard, self._finished = [], [], [], False

    def other(self, entry: Entry, log: Log, blobs: Any) -> None:
        if entry.kind != "manager" or entry.data.get("scope", "") != self.node.path:
            return
        self.steps.append(entry)
        if entry.data["step"] == "facts":
            self.tasks, self._heard, self._finished = self.current_tasks, [], self._finished and not self._heard
        elif entry.data["step"] == "end":
            self._finished = True

    @property
    def current_tasks(self) -> list[Message]:
        """The tasks that are worked on: those that came after the last plan, else that plan's."""
        return self._heard if self._finished and self._heard else [*self.tasks, *self._heard]

    def chat_messages(self) -> list[Message]:
        """The chat messages, without events."""
        return [item.message for item in self.thread if is_chat(item.message["type"])]


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
    for entry in log.after(first, until):
        if entry.kind == "message" and is_chat(entry.data["message"]["type"]):
            level = level_at(plan, entry.data, node)
            if level is not None and level.how != "task":
                found.append(entry)
    return found
