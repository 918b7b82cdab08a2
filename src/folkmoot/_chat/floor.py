"""Who hears what, and when: the one rule that conditions, contexts and threads share.

What is said in a team reaches the team above by the way it hangs there (`Link`), and what the speakers of one batch
say is taken in batch order once all have spoken, in whatever order their answers came.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from .plan import OWNERLESS, Link, Node, Plan

__all__ = ["Floor", "How", "Level", "level_at", "levels"]

How = Literal["task", "answer", "inner", "said", "manager", "team", "shown", "again"]
"""What an entry is to a node.

`task`: what the run is about; everyone hears it. `answer`: a participant's message; the others hear it. `inner`: an
event of a participant's turn; the thread has it. `said`: by an inner team, as its answer. `manager`: the team's own
word to its participants. `team`, `shown`: for readers only. `again`: was said before, and is
said again where a turn goes on.
"""

IN_THREAD = frozenset({"task", "answer", "inner", "said", "manager"})
HEARD = frozenset({"task", "answer", "said", "manager"})


class Level(NamedTuple):
    """What an entry is at one node: through which seat it came there (empty: none), and how."""

    node: Node
    seat: str
    how: How

    @property
    def in_thread(self) -> bool:
        """Whether it belongs to the node's conversation."""
        return self.how in IN_THREAD

    @property
    def heard(self) -> bool:
        """Whether the node's other participants hear it, if it is a chat message."""
        return self.how in HEARD


def levels(plan: Plan, data: Mapping[str, Any]) -> list[Level]:
    """What a message or event entry is at its own node and at those above, as far as it reaches."""
    node = plan.nodes[data.get("scope", "")]
    role = data.get("role", "inner")
    how: How = role
    name: str = "" if role in OWNERLESS else data.get("agent") or data["message"]["source"]
    found = [Level(node, name, how)]
    while node.parent is not None and how != "again":
        if how == "task" and node.link is not Link.TOOL:
            break  # The team above said it, or heard it, itself.
        how = "said" if node.link is Link.TEAM else "inner" if node.link is Link.TOOL else "shown"
        found.append(Level(node.parent.node, node.parent.name, how))
        node = node.parent.node
    return found


def level_at(plan: Plan, data: Mapping[str, Any], node: Node) -> Level | None:
    """What a message or event entry is at one node; None if it does not reach it."""
    return next((level for level in levels(plan, data) if level.node is node), None)


class Floor(BaseModel):
    """Whose turn it is at one node, and what the speakers of the current batch have said so far.

    Attributes:
        batch: The speakers, in order.
        waiting: Those who have not finished.
        arrived: By speaker, the offsets of what came of a batch of several.
        left: Speakers whose turn was broken off: they are next, before anyone else is chosen.
    """

    model_config = ConfigDict(extra="ignore")

    batch: list[str] = Field(default_factory=list[str])
    waiting: list[str] = Field(default_factory=list[str])
    arrived: dict[str, list[int]] = Field(default_factory=dict[str, list[int]])
    left: list[str] = Field(default_factory=list[str])

    def begin(self, speakers: list[str]) -> bool:
        """A batch begins, or what is left of one goes on; False for the latter."""
        fresh = not self.left or not set(speakers) <= set(self.left)
        if fresh:
            self.batch, self.arrived = list(speakers), {}
        self.waiting, self.left = list(speakers), []
        return fresh

    def take(self, seat: str, offset: int) -> list[int]:
        """Something was said: the offsets that are to be taken in now."""
        if len(self.batch) <= 1 or seat not in self.batch:
            return [offset]
        self.arrived.setdefault(seat, []).append(offset)
        return []

    def done(self, seat: str) -> list[int]:
        """A speaker has finished: the offsets that are to be taken in now, in batch order."""
        self.waiting = [name for name in self.waiting if name != seat]
        if self.waiting:
            return []
        arrived, self.arrived = self.arrived, {}
        return [offset for name in self.batch for offset in arrived.get(name, ())]

    def close(self) -> None:
        """The batch is dealt with."""
        self.batch, self.waiting, self.arrived = [], [], {}

    def break_off(self, go_on: Collection[str] = ()) -> None:
        """The run ended in the middle: who has finished has, the others speak again.

        Args:
            go_on: Those who will go on where they stood: what they said is not said again, and counts.
        """
        if self.left and not self.waiting:
            return  # Nobody has gone on since.
        self.left = self.waiting + [name for name in self.left if name not in self.waiting]
        self.waiting = []
        kept = {name for name in self.arrived if name in go_on or name not in self.left}
        self.arrived = {name: offsets for name, offsets in self.arrived.items() if name in kept}
        if not self.left:
            self.close()
