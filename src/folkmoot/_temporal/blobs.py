"""Images, and contents over 64 kB, go into the store by their hash; the log holds references."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, cast

from folkmoot._chat.entries import BLOB, STORED, is_image
from folkmoot._chat.plan import watched
from folkmoot.messages import Image, is_builtin_kind
from folkmoot.store import Store

from .log_cache import CachedChat

__all__ = ["LARGE", "blob_content", "blob_reference", "store_contents", "store_large"]

LARGE = 65_536
"""Bytes up to which a text stays in the log."""
SMALL_IMAGE = 512
"""Characters of base64 up to which a reference to an image would save nothing."""

Words = Callable[[], Awaitable[tuple[str, ...]]]
"""Gives the texts that conditions watch for; asked only if a text is stored."""


async def store_large(text: str, chat: CachedChat, store: Store | None) -> str | dict[str, Any]:
    """The text itself if it is small or there is no store, else a reference to it."""
    if store is None or not _is_large(text):
        return text
    return await blob_reference(text, watched(chat.team), store)


async def blob_reference(text: str, watched: tuple[str, ...], store: Store) -> dict[str, Any]:
    """Store a text and refer to it; texts that conditions watch for are noted, as the workflow cannot read it."""
    data = text.encode("utf-8", "replace")
    reference: dict[str, Any] = {BLOB: await store.put(data), "size": len(data)}
    mentions = [word for word in watched if word in text]
    return {**reference, "mentions": mentions} if mentions else reference


async def store_contents(message: Mapping[str, Any], store: Store | None, words: Words) -> dict[str, Any]:
    """A message in log form, with references to what of it belongs into the store.

    The same image or text is there once, however often it is said. A content with a structure of the users' own stays
    in the log.

    Args:
        message: The message; it is left as it is.
        store: Where to; None: everything stays in the log.
        words: What conditions watch for.
    """
    stored = dict(message)
    if store is None:
        return stored
    content = message.get("content")
    if isinstance(content, str) and _is_large(content):
        reference = await blob_reference(content, await words(), store)
        if is_builtin_kind(message["type"]):
            stored["content"] = reference
        else:
            del stored["content"]
            stored[STORED] = reference
    elif message["type"] == "MultiModalMessage":
        stored["content"] = await _store_parts(message["content"], store, words)
    if message["type"] == "HandoffMessage" and message.get("context"):
        stored["context"] = [await _store_carried(item, store, words) for item in message["context"]]
    return stored


async def _store_carried(item: Mapping[str, Any], store: Store, words: Words) -> Mapping[str, Any]:
    """An LLM message that a handoff carries."""
    content: object = item["content"]
    if item["type"] != "UserMessage" or not isinstance(content, list):
        return item
    return {**item, "content": await _store_parts(cast(list[Any], content), store, words)}


async def _store_parts(parts: Sequence[Any], store: Store, words: Words) -> list[Any]:
    return [await _store_part(part, store, words) for part in parts]


async def _store_part(part: Any, store: Store, words: Words) -> Any:
    if isinstance(part, str):
        return await blob_reference(part, await words(), store) if _is_large(part) else part
    text: str = part["data"]
    if len(text) <= SMALL_IMAGE:
        return part
    data = base64.b64decode(text)
    return {BLOB: await store.put(data), "size": len(data), "media_type": Image(data=text).media_type}


def _is_large(text: str) -> bool:
    return len(text) * 4 > LARGE and len(text.encode("utf-8", "replace")) > LARGE


def blob_content(reference: Mapping[str, Any], data: bytes) -> str:
    """What a reference stands for: a text, or an image as base64 text.

    Raises:
        UnicodeDecodeError: It is to be a text and is none; a ValueError.
    """
    return base64.b64encode(data).decode() if is_image(reference) else data.decode()
