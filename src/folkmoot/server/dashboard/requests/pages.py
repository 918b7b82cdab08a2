"""The addresses of the inbox: the list, a request's card, the decisions of a chat and their export."""

from __future__ import annotations

from pathlib import Path

from fastapi import Request, Response
from nicegui import app, ui

from folkmoot.server.dashboard.conversation import pages as conversation_pages
from folkmoot.server.dashboard.frame import Site
from folkmoot.server.dashboard.widgets import element, empty, link, text
from folkmoot.server.identity import Identity, Permission
from folkmoot.server.inbox import may_decide

from .card import Card
from .decisions import Settled, as_csv, as_json, decisions_of
from .listing import Asked, Listing
from .sight import find
from .wording import KINDS, subject_of, title_of

__all__ = ["pages"]
