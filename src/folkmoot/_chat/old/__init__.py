"""Chats that are resumed from nothing but their old messages (AutoGen 0.2: GroupChatManager.resume)."""

from .ending import Ending
from .formats import Messages
from .rehearsal import Pending, Rehearsal, rehearse
from .trimming import Count

__all__ = ["Count", "Ending", "Messages", "Pending", "Rehearsal", "rehearse"]
