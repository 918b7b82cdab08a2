"""What people are asked over all chats, and what they decide: the inbox, a card per request, the decisions of a chat."""

from __future__ import annotations

from .pages import pages

__all__ = ["pages"]
