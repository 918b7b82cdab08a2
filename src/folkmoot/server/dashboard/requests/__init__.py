"""What people are asked, and what they decide: the inbox, a card for each request, the decisions of a chat."""

from __future__ import annotations

from .pages import pages

__all__ = ["pages"]
