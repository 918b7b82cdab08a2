"""Whom the names in old messages mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from folkmoot._chat.plan import Link, Node, Plan, Seat
from folkmoot.agents import AgentSpec
from folkmoot.messages import is_own_kind
from folkmoot.messages.task import unregistered
from folkmoot.teams import MagenticOneGroupChat, TeamSpec

from .formats import Old

__all__ = ["Cast", "Part", "direct"]

_OUTSIDE = ("user", "chat_manager")
"""The person outside, and what AutoGen 0.2 calls a manager by default."""


@dataclass(frozen=True, slots=True)
class Part:
    """An old message with who said it.

    Attributes:
        old: The message.
        seat: The participant.
        node: A team whose orchestrator it was. Without either it is a task: a user's, an admin's or a manager's.
    """

    old: Old
    seat: Seat | None = None
    node: Node | None = None

    @property
    def is_task(self) -> bool:
        """Whether it came from outside the team."""
        return self.seat is None and self.node is None


class Cast:
    """The participants of a chat, by the names they may have in old messages.

    Direct participants come first; those of inner teams and of societies of mind are found by their own names where
    only one has it. Who speaks inside an agent's tool takes no part in the conversation.

    Args:
        plan: The chat's spec, laid out.
        admin_name: A name of the person outside (AutoGen 0.2: GroupChat.admin_name).
        names: Names in the old messages that mean others: a participant's, or `user`.
    """

    def __init__(self, plan: Plan, admin_name: str, names: Mapping[str, str]) -> None:
        self.root = plan.root
        self.names = names
        self.outside = {*_OUTSIDE, admin_name, plan.root.manager_name}
        self.seats: dict[str, list[Seat]] = {}
        self.orchestrators: dict[str, list[Node]] = {}
        self.in_tools: set[str] = set()
        for node in plan.nodes.values():
            if plan.in_tool(node):
                self.in_tools |= {name for seat in node.seats.values() for name in (seat.name, seat.source)}
                continue
            if isinstance(node.team, MagenticOneGroupChat):
                self.orchestrators.setdefault(node.manager_name, []).append(node)
            for seat in node.seats.values():
                for name in dict.fromkeys((seat.name, seat.source)):
                    self.seats.setdefault(name, []).append(seat)
        if strangers := [name for name in names.values() if name not in self.seats and name not in self.outside]:
            raise ValueError(f"names lead to {strangers}, who take no part; {self._known()}")

    def part(self, old: Old) -> Part | None:
        """Who said a message; None if it was said inside a tool.

        Raises:
            ValueError: Nobody of that name takes part (AutoGen 0.2's text), several do, or the team takes no such
                messages.
        """
        # AutoGen's runs begin with a task of `user`, whoever else has that name; in 0.2 a participant begins.
        kind = old.message["type"]
        team = self.root.team
        if isinstance(team, TeamSpec) and is_own_kind(kind) and kind not in team.custom_message_types:
            raise ValueError(f"{old.where}: {unregistered(repr(kind))}")
        name = None if old.name is None else self.names.get(old.name, old.name)
        if name is None and isinstance(team, AgentSpec):
            name = team.name  # Of a chat with one agent, an answer without a name is that agent's.
        seat = None if name is None else self._seat(old, name)
        if seat is not None and not (old.place == 0 and name == "user" and not old.dictionary):
            return Part(_said_by(old, seat.source), seat)
        nodes = self.orchestrators.get(name or self.root.manager_name, [])
        if old.kind == "message" and nodes:
            if len(nodes) > 1 and nodes[0] is not self.root:
                paths = ", ".join(node.path for node in nodes)
                raise ValueError(f"{old.where}: {name!r} is the manager of several teams ({paths}).")
            return Part(_said_by(old, nodes[0].manager_name), None, nodes[0])
        if name is None or name in self.outside:
            return Part(_said_by(old, name or self.root.manager_name))
        if name in self.in_tools:
            return None
        raise ValueError(
            f"Agent name in message doesn't exist as agent in group chat: {name} ({old.where}); {self._known()}"
        )

    def _seat(self, old: Old, name: str) -> Seat | None:
        found = self.seats.get(name, [])
        direct = [seat for seat in found if seat.node is self.root]
        if len(direct or found) > 1:
            paths = ", ".join(seat.path for seat in found)
            raise ValueError(f"{old.where}: {name!r} is the name of several participants ({paths}).")
        return next(iter(direct or found), None)

    def _known(self) -> str:
        return f"known are {', '.join([*self.seats, *sorted(self.outside - set(self.seats))])}."


def _said_by(old: Old, source: str) -> Old:
    return replace(old, message={**old.message, "source": source})


def direct(part: Part, node: Node) -> str | None:
    """Through which participant of `node` a message came there; None: it was said elsewhere."""
    where = part.node if part.seat is None else part.seat.node
    name = None if part.seat is None else part.seat.name
    while where is not None and where is not node:
        name = None if where.parent is None or where.link is Link.TOOL else where.parent.name
        where = None if where.parent is None else where.parent.node
    return None if where is None else name
