"""The dashboard's own style sheet and script, with names that change with what is in them."""

from __future__ import annotations

import hashlib
from pathlib import Path

__all__ = ["FOLDER", "HEAD", "ICON"]

FOLDER = Path(__file__).parent / "static"
_PATH = "/dashboard/static"


def _address(name: str) -> str:
    digest = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:12]
    return f"{_PATH}/{name}?{digest}"


ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Crect width='16' height='16' rx='3' fill='%230b5cad'/%3E"
    "%3Cpath d='M5 3.5h6.5v2h-4v2h3v2h-3v3H5z' fill='white'/%3E%3C/svg%3E"
)
HEAD = f'<script src="{_address("dashboard.js")}"></script>\n<link rel="stylesheet" href="{_address("dashboard.css")}">'
"""What every page has in its head; the script comes first, so that a page is never drawn in another theme."""
