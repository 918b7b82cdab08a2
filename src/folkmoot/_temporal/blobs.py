"""Contents over 64 kB go into the store by their hash; the log holds a reference."""

from __future__ import annotations

from typing import Any

from folkmoot._chat.entries import BLOB
from folkmoot._chat.plan import watched
from folkmoot.store import Store

from .log_cache import CachedChat

__all__ = ["LARGE", "blob_reference", "store_large"]

LARGE = 65_536


async def store_large(text: str, chat: CachedChat, store: Store | None) -> str | dict[str, Any]:
    """The text itself if it is small or there is no store, else a reference to it."""
    if len(text) * 4 <= LARGE or store is None or len(text.encode()) <= LARGE:
        return text
    return await blob_reference(text, watched(chat.team), store)


async def blob_reference(text: str, watched: tuple[str, ...], store: Store) -> dict[str, Any]:
    """Store a text and refer to it; texts that conditions watch for are noted, as the workflow cannot read it."""
    data = text.encode("utf-8", "replace")
    reference: dict[str, Any] = {BLOB: await store.put(data), "size": len(data)}
    mentions = [word for word in watched if word in text]
    return {**reference, "mentions": mentions} if mentions else reference
