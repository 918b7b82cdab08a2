"""Server-sent events: how they are written, and a chat's log as a stream of them."""

from __future__ import annotations

__all__ = ["comment", "event"]


def event(name: str, data: str, *, id: int | None = None) -> bytes:
    """An event.

    Args:
        name: Its type.
        data: JSON, which has no line breaks.
        id: What a reader comes back with, as `Last-Event-ID`.
    """
    head = "" if id is None else f"id: {id}\n"
    return f"{head}event: {name}\ndata: {data}\n\n".encode()


def comment(text: str) -> bytes:
    """A line that readers pass over."""
    return f": {text}\n\n".encode()
