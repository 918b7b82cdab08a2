"""Reading the log from one place: what is said at a node, and what a seat hears. Contexts and threads build on it.

The fold keeps no messages, so whoever needs them (a model's context, a selection function) reads the log again, in the
worker, with the same rules (`floor`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from folkmoot.agents import SocietyOfMindAgent, filtered
from folkmoot.contexts import limited
from folkmoot.messages import is_chat, model_text_of
from folkmoot.teams import MagenticOneGroupChat

from .entries import message_of
from .floor import Floor, Level, level_at, levels
from .log import Entry, Log
from .plan import Link, Node, Plan
from .roles import role_of, society_reminder
from .runs import tool_around
from .saved import Saved, state_in
from .state import ChatState

__all__ = ["Listener", "Message", "as_llm"]

Message = Mapping[str, Any]
"""A message in AutoGen's full JSON form."""


class Listener:
    """Reads a chat's log as it is heard at one node, by one of its seats if a name is given.

    Args:
        plan: The chat's spec, laid out.
        uuid: The chat's uuid.
        node: Where.
        seat: The name of a seat of that node; empty: nobody's ears.

    Attributes:
        next: The offset up to which the log has been read.
        rests: The node works for a call of an interrupted turn that has not gone on yet.
    """

    def __init__(self, plan: Plan, uuid: str, node: Node, seat: str = "") -> None:
        self.plan = plan
        self.uuid = uuid
        self.node = node
        self.seat = seat
        chain = plan.chain(node)
        self._chain = {item.path: item for item in chain}
        # At each node of the way, whose ears count: the seat that the next node hangs on, at last our own.
        self._below = {item.path: below for item, below in pairwise(chain)}
        self._ears = {path: below.parent.name for path, below in self._below.items() if below.parent}
        self._ears[node.path] = seat
        self._tool = tool_around(plan, node)
        self.begin()

    def begin(self) -> None:
        """As it is before anything was read."""
        self.next = 0
        self._floors = {path: Floor() for path in self._chain}
        self._queues: dict[str, list[Message]] = {path: [] for path in self._chain}
        self._reminders: dict[str, list[Message]] = {path: [] for path in self._chain}
        self._open: dict[str, bool] = {}
        self._relays: dict[str, bool] = {}
        self.rests = False

    def read(self, log: Log, until: int, blobs: Mapping[str, str]) -> None:
        """Take in the log up to `until`; `log` must hold everything from `self.next` on.

        Args:
            log: The chat's log.
            until: Offset of the first entry not to be read.
            blobs: Contents that lie in the store, by hash.
        """
        if log.turns_back(self.next, until):
            # What was read may belong to another branch.
            self.begin()
        for first, end in log.branch(until):
            for entry in log.each(max(first, self.next), end):
                self._apply(entry, log, blobs)
                self.next = entry.offset + 1

    def queue(self, path: str) -> list[Message]:
        """What was heard for the next run of an inner node on the way to this one."""
        return self._queues[path]

    def reminders(self, path: str) -> list[Message]:
        """What a society of mind on the way heard in earlier turns."""
        return self._reminders[path]

    def relays(self, path: str) -> bool:
        """Whether participants hear the tasks of a node on the way."""
        return self._relays.get(path, True)

    # --- What a view makes of it -------------------------------------------------------------------------------------

    def said(self, level: Level, message: Message, entered: int) -> None:
        """A message or event became part of the node's conversation with the entry at offset `entered`."""

    def heard(self, message: Message) -> None:
        """The seat heard a chat message."""

    def own(self, entry: Entry, message: Message) -> None:
        """The seat itself said or did something."""

    def turn(self, entry: Entry) -> None:
        """A batch of the node begins."""

    def cleared(self, participants_only: bool) -> None:
        """What was is forgotten: by the whole node, or by its participants only."""

    def loaded(self, saved: Saved, here: int) -> None:
        """A saved state takes the place of all that was, with the entry at offset `here`."""

    def interrupted(self) -> None:
        """What was under way will be taken up again."""

    def other(self, entry: Entry, log: Log, blobs: Mapping[str, str]) -> None:
        """An entry of another kind."""

    # --- Reading -----------------------------------------------------------------------------------------------------

    def _apply(self, entry: Entry, log: Log, blobs: Mapping[str, str]) -> None:
        data = entry.data
        path = data.get("scope", "")
        match entry.kind:
            case "message" | "event":
                self._message(entry, log, blobs)
            case "turn" if path in self._chain:
                self._floors[path].begin(list(data["speakers"]))
                self._goes_on(path, data["speakers"])
                if path == self.node.path:
                    self.turn(entry)
            case "run_started" | "scope_started" if path in self._chain:
                self._started(entry, self._chain[path])
            case "scope_ended" if path in self._chain:
                self._ended(entry, self._chain[path], log, blobs)
            case "run_ended":
                for inner, node in self._chain.items():
                    self._floors[inner].break_off()
                    if self.plan.in_tool(node) and not self.rests:
                        self._floors[inner], self._open[inner] = Floor(), False
            case "rolled_back":
                # A turn under way goes on in the next run; tools that are at work, too.
                for inner, floor in self._floors.items():
                    seats = self._chain[inner].seats
                    floor.break_off([name for name in floor.waiting if role_of(seats[name]).goes_on])
                self._rest()
                self.interrupted()
            case "loaded":
                self._load(entry, blobs)
            case "reset":
                self._clear(self.plan.root)
            case "manager" if data.get("afresh") and path in self._chain:
                self._clear(self._chain[path], participants_only=True)
            case _:
                pass
        self.other(entry, log, blobs)

    def _message(self, entry: Entry, log: Log, blobs: Mapping[str, str]) -> None:
        data = entry.data
        role = data.get("role")
        owner = self.plan.nodes[data.get("scope", "")]
        if self.seat and owner is self.node and "call" in data:
            seat = self.plan.seat_of(data)
            if seat is not None and seat.name == self.seat:
                self.own(entry, message_of(self.uuid, entry, log.at, blobs))
        for level in levels(self.plan, data):
            if level.in_thread and level.node.path in self._chain:
                for offset in self._floors[level.node.path].take(level.seat, entry.offset):
                    self._enter(level, log.at(offset), entry.offset, log, blobs)
        if role == "answer" and owner.path in self._chain:
            self._done(owner, data.get("agent") or data["message"]["source"], entry.offset, log, blobs)

    def _done(self, node: Node, seat: str, entered: int, log: Log, blobs: Mapping[str, str]) -> None:
        for offset in self._floors[node.path].done(seat):
            entry = log.at(offset)
            level = level_at(self.plan, entry.data, node)
            assert level is not None
            self._enter(level, entry, entered, log, blobs)

    def _enter(self, level: Level, entry: Entry, entered: int, log: Log, blobs: Mapping[str, str]) -> None:
        ears = self._ears[level.node.path]
        chat = is_chat(entry.data["message"]["type"])
        hears = level.heard and chat and level.seat != ears and self._relayed(level)
        if not hears and level.node is not self.node:
            return
        message = message_of(self.uuid, entry, log.at, blobs)
        if level.node is self.node:
            self.said(level, message, entered)
        if hears:
            self._hear(level.node, message)

    def _relayed(self, level: Level) -> bool:
        return level.how != "task" or self._relays.get(level.node.path, True)

    def _hear(self, node: Node, message: Message) -> None:
        """The ears at `node` hear a message: our seat's, or those of the seat that leads to it."""
        if node is self.node:
            if self.seat:
                self.heard(message)
        elif self._below[node.path].link is not Link.TOOL:
            self._queues[self._below[node.path].path].append(message)

    def _started(self, entry: Entry, node: Node) -> None:
        """A run begins; an inner team's has as its task what its seat heard since the last one."""
        self._relays[node.path] = bool(entry.data.get("relay")) or not isinstance(node.team, MagenticOneGroupChat)
        again = self._open.get(node.path, False)
        self._open[node.path] = True
        if node.link not in (Link.TEAM, Link.SOCIETY):
            return
        tasks, self._queues[node.path] = self._queues[node.path], []
        assert node.parent is not None
        for config in node.parent.filters:
            tasks = filtered(tasks, config, lambda message: message["source"])
        if node.link is Link.SOCIETY and not again:
            before = self._reminders[node.path]
            self._reminders[node.path] = [*before, *tasks]
            tasks = [*self._reminder(node, before), *tasks]
        for message in tasks:
            if node is self.node:
                self.said(Level(node, "", "task"), message, entry.offset)
            if self._relays[node.path]:
                self._hear(node, message)

    def _reminder(self, node: Node, before: list[Message]) -> list[Message]:
        assert node.parent is not None
        agent = node.parent.agent
        assert isinstance(agent, SocietyOfMindAgent)
        context = limited([item for message in before for item in as_llm(message)], agent.model_context)
        return [society_reminder(node.parent.source, context)] if context else []

    def _ended(self, entry: Entry, node: Node, log: Log, blobs: Mapping[str, str]) -> None:
        self._open[node.path] = False
        self._floors[node.path] = Floor()
        parent = node.parent
        if node.link is Link.SOCIETY:
            self._clear(node)
        if node.link is Link.TEAM and parent is not None and parent.node.path in self._chain:
            self._done(parent.node, parent.name, entry.offset, log, blobs)

    def _load(self, entry: Entry, blobs: Mapping[str, str]) -> None:
        """A saved state takes the place of what was said."""
        saved, engine = Saved(self.plan, state_in(entry, blobs)), ChatState.load(entry.data["engine"])
        for path, node in self._chain.items():
            scope = engine.scopes[path]
            self._floors[path] = scope.floor.model_copy(deep=True)
            self._open[path] = scope.open
            self._relays[path] = saved.relays(path)
            self._reminders[path] = saved.reminders(path)
            if node.parent is not None and node.link is not Link.TOOL:
                self._queues[path] = saved.buffer(node.parent.path)
        self._rest()
        self.loaded(saved, entry.offset)

    def _rest(self) -> None:
        self.rests = self._tool is not None and self._open.get(self._tool.path, False)

    def _goes_on(self, path: str, speakers: Sequence[str]) -> None:
        owner = None if self._tool is None else self._tool.parent
        if owner is not None and owner.node.path == path and owner.name in speakers:
            self.rests = False

    def _clear(self, node: Node, participants_only: bool = False) -> None:
        """`node`, or its participants, forget, and all inside."""
        for path in self.plan.within(node.path):
            if path not in self._chain:
                continue
            if path != node.path or not participants_only:
                self._floors[path] = Floor()
                self._open[path] = False
            if path != node.path:
                self._queues[path], self._reminders[path] = [], []
        self.cleared(participants_only and node is self.node)


def as_llm(message: Message) -> list[dict[str, Any]]:
    """What a model is told of another's message: what a handoff carries, then its text (AutoGen)."""
    items = [dict(part) for part in message.get("context") or ()]
    content = message["content"] if message["type"] == "MultiModalMessage" else model_content(message)
    return [*items, {"type": "UserMessage", "content": content, "source": message["source"]}]


def model_content(message: Message) -> str:
    """What a model reads: structured answers as JSON, whatever form people see (AutoGen: to_model_message)."""
    return model_text_of({**message, "format_string": None} if "format_string" in message else message)
