"""Speakers who hand over to each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from folkmoot._chat.calls import AgentFailure
from folkmoot._chat.floor import Level
from folkmoot._chat.plan import Node
from folkmoot._chat.state import Scope

from .base import Manager, Message, eligible

if TYPE_CHECKING:
    from folkmoot._chat.engine import Chat

__all__ = ["Handoffs"]


class Handoffs(Manager):
    """The last handoff anywhere in the conversation decides; without one the same agent goes on (AutoGen: Swarm)."""

    def heard(self, node: Node, scope: Scope, level: Level, message: Message, offset: int) -> None:
        super().heard(node, scope, level, message, offset)
        # What an agent's tool said inside is no handoff of this team.
        if level.how != "inner" and message["type"] == "HandoffMessage" and message["target"]:
            scope.manager["target"] = message["target"]
            if level.how == "task" and scope.floor.left not in ([], [message["target"]]):
                # Whoever was broken off gives way to whom the task is handed.
                scope.floor.left = []
                scope.floor.close()

    def forget_strangers(self, node: Node, scope: Scope) -> None:
        if scope.manager.get("target") not in node.seats:
            scope.manager.pop("target", None)

    def refusal(self, node: Node, scope: Scope, tasks: Sequence[Mapping[str, Any]]) -> str | None:
        """A run that nobody could begin: its last handoff, or the conversation's, goes to a stranger."""
        handoffs = [message["target"] for message in tasks if message["type"] == "HandoffMessage"]
        if handoffs:
            strangers = [target for target in handoffs if target not in node.seats]
            return (
                None
                if not strangers
                else (
                    f"The target {strangers[0]} is not one of the participants {node.names}. "
                    "If you are resuming Swarm with a new HandoffMessage make sure to set the target to a valid "
                    "participant as the target."
                )
            )
        target = scope.manager.get("target")
        if target is None or target in node.seats:
            return None
        return (
            f"The existing handoff target {target} is not one of the participants {node.names}. "
            "If you are resuming Swarm with a new task make sure to include in your task a HandoffMessage with a valid "
            "participant as the target."
        )

    def choose(self, chat: Chat, node: Node, scope: Scope, time: str) -> list[str]:
        target = scope.manager.get("target", node.names[0])
        if target not in node.seats:
            raise AgentFailure(
                "ValueError",
                f"The handoff target {target!r} is not one of the participants {node.names}; end the run with a "
                f"HandoffTermination({target!r}) where somebody else is meant.",
            )
        if target != scope.manager.get("last") and target not in eligible(node, scope.manager, node.names):
            raise AgentFailure("ValueError", f"{scope.manager['last']!r} may not hand over to {target!r}.")
        return [target]
