"""The page of one chat: transcript, timeline, team, snapshots, state, and what can be done with it."""

from __future__ import annotations

from .page import pages

__all__ = ["pages"]
