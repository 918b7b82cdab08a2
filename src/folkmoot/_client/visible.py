"""Texts of models and people as they are shown to whoever decides on them."""

from __future__ import annotations

__all__ = ["visible"]


def visible(text: str) -> str:
    """A text in which nothing hides, turns letters round or steers a terminal: such characters are told by numbers."""
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\u{{{ord(c):04x}}}" for c in text)
