"""Speakers in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from folkmoot._chat.plan import Node
from folkmoot._chat.state import Scope

from .base import Manager, eligible

if TYPE_CHECKING:
    from folkmoot._chat.engine import Chat

__all__ = ["RoundRobin"]


class RoundRobin(Manager):
    """List order, wrapping; the index goes on over runs and restarts at a reset (AutoGen: RoundRobinGroupChat)."""

    def choose(self, chat: Chat, node: Node, scope: Scope, time: str) -> list[str]:
        place = scope.manager.get("next", 0)
        names = eligible(node, scope.manager, [*node.names[place:], *node.names[:place]])
        return names[:1] or self.nobody(chat, node, scope, time)

    def chosen(self, node: Node, scope: Scope, batch: list[str]) -> None:
        scope.manager["next"] = (node.names.index(batch[0]) + 1) % len(node.names)
