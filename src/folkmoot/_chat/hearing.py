"""What is said enters conversations: conditions take it in, managers note it, participants hear it.

What an inner team hears is the task of its next run. Its condition takes that in at once, not when the run begins: the
result is the same, and the state need not keep messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from folkmoot.agents import filtered
from folkmoot.messages import is_chat

from . import termination
from .entries import message_of
from .floor import Level, level_at
from .log import Entry, Log
from .managers import manager_of
from .plan import Node, Plan, Seat
from .roles import role_of, society_reminder
from .state import ChatState, Scope

__all__ = ["Hearing"]


class Hearing:
    """The part of the fold that follows what is said.

    Args:
        plan: The chat's spec, laid out.
        uuid: The chat's uuid.
    """

    def __init__(self, plan: Plan, uuid: str) -> None:
        self.plan = plan
        self.uuid = uuid

    def let_through(self, state: ChatState, log: Log, seat: Seat, scope: Scope) -> None:
        """What of the messages that a filtered participant heard reaches its team."""
        held, scope.held = scope.held, []
        entries = [log.at(offset) for offset in held]
        said = [(message_of(self.uuid, entry, log.at, None), entry) for entry in entries]
        for config in seat.filters:
            said = filtered(said, config, lambda item: item[0]["source"])
        assert seat.inner is not None
        for message, entry in said:
            self._hear_inside(state, seat.inner, message, entry)

    def remind(self, state: ChatState, node: Node, scope: Scope, heard: bool) -> None:
        """A society of mind tells its team what it heard in earlier turns as a handoff's context (AutoGen)."""
        seat = node.parent
        assert seat is not None
        notes = state.scopes[seat.node.path].notes.setdefault(seat.name, {})
        if notes.get("reminds"):
            termination.absorb(node.condition, scope.progress, society_reminder(seat.source, []))
        notes["reminds"] = heard or notes.get("reminds", False)

    def admit(self, state: ChatState, log: Log, node: Node, entry: Entry) -> None:
        """Take in what came earlier from one of several speakers."""
        level = level_at(self.plan, entry.data, node)
        assert level is not None
        self.enter(state, log, level, entry)

    def enter(self, state: ChatState, log: Log, level: Level, entry: Entry) -> None:
        """A message or event becomes part of a node's conversation."""
        node, scope = level.node, state.scopes[level.node.path]
        manager = manager_of(node)
        message = message_of(self.uuid, entry, log.at, None)
        if level.how != "manager" and (level.how != "task" or manager.checks_tasks):
            termination.absorb(node.condition, scope.progress, message)
        manager.heard(node, scope, level, message, entry.offset)
        if level.heard and is_chat(message["type"]) and (level.how != "task" or manager.relays(scope)):
            for seat in node.seats.values():
                if seat.name != level.seat:
                    self.hear(state, seat, message, entry)

    def hear(self, state: ChatState, seat: Seat, message: Mapping[str, Any], entry: Entry) -> None:
        """A participant hears a message. What it hears is the task of its inner team's next run."""
        role_of(seat).hear(state.scopes[seat.node.path].notes.setdefault(seat.name, {}), message)
        inner = seat.inner
        if inner is None:
            return
        if seat.filters:
            # What a filter lets through is told by all that was heard, when the turn begins.
            scope = state.scopes[inner.path]
            scope.held = [*scope.held, entry.offset]
            return
        self._hear_inside(state, inner, message, entry)

    def _hear_inside(self, state: ChatState, inner: Node, message: Mapping[str, Any], entry: Entry) -> None:
        """A message becomes part of the task of an inner team's next run."""
        scope, manager = state.scopes[inner.path], manager_of(inner)
        scope.pending += 1
        level = Level(inner, "", "task")
        if manager.checks_tasks:
            termination.absorb(inner.condition, scope.progress, message)
        manager.heard(inner, scope, level, message, entry.offset)
        if manager.will_relay(scope, True):
            for member in inner.seats.values():
                self.hear(state, member, message, entry)
