"""Images, and contents over 64 kB, go into the store by their hash; the log holds references.

Where the store is away, what fits the log stays in it: nobody has to wait, and no work is done twice.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

from folkmoot._chat.entries import BLOB, STORED, is_image
from folkmoot._chat.plan import watched
from folkmoot.messages import Image, is_builtin_kind
from folkmoot.store import Store, StoreUnavailableError
from folkmoot.store.patient import PatientStore

from .call_store import FITS_THE_LOG
from .log_cache import CachedChat

__all__ = ["LARGE", "Put", "blob_content", "blob_reference", "putter", "store_contents", "store_large"]

LARGE = 65_536
"""Bytes up to which a text stays in the log."""
SMALL_IMAGE = 512
"""Characters of base64 up to which a reference to an image would save nothing."""

Put = Callable[[bytes], Awaitable[str]]
"""Puts bytes into the store as the chat's own, and gives their name."""
Words = Callable[[], Awaitable[tuple[str, ...]]]
"""Gives the texts that conditions watch for; asked only if a text is stored."""


def putter(store: Store | PatientStore | None, chat: str) -> Put | None:
    """How contents of the chat of that uuid get into the store, if there is one."""
    return None if store is None else partial(store.put, chat=chat)


async def store_large(text: str, chat: CachedChat, store: PatientStore | None) -> str | dict[str, Any]:
    """The text itself if it is small or there is no store, else a reference to it."""
    put = putter(store, chat.uuid)
    if put is None or not _is_large(text):
        return text
    return await blob_reference(text, watched(chat.team), put)


async def blob_reference(text: str, watched: tuple[str, ...], put: Put) -> str | dict[str, Any]:
    """Store a text and refer to it; texts that conditions watch for are noted, as the workflow cannot read it.

    Raises:
        StoreUnavailableError: The store is away, and the text is too large for the log.
    """
    data = text.encode("utf-8", "replace")
    name = await _named(data, put)
    if name is None:
        return text
    reference: dict[str, Any] = {BLOB: name, "size": len(data)}
    mentions = [word for word in watched if word in text]
    return {**reference, "mentions": mentions} if mentions else reference


async def store_contents(message: Mapping[str, Any], put: Put | None, words: Words) -> dict[str, Any]:
    """A message in log form, with references to what of it belongs into the store.

    The same image or text is there once, however often it is said. A content with a structure of the users' own stays
    in the log.

    Args:
        message: The message; it is left as it is.
        put: How; None: everything stays in the log.
        words: What conditions watch for.
    """
    stored = dict(message)
    if put is None:
        return stored
    content = message.get("content")
    if isinstance(content, str) and _is_large(content):
        reference = await blob_reference(content, await words(), put)
        if isinstance(reference, str) or is_builtin_kind(message["type"]):
            stored["content"] = reference
        else:
            del stored["content"]
            stored[STORED] = reference
    elif message["type"] == "MultiModalMessage":
        stored["content"] = await _store_parts(message["content"], put, words)
    if message["type"] == "HandoffMessage" and message.get("context"):
        stored["context"] = [await _store_carried(item, put, words) for item in message["context"]]
    return stored


async def _store_carried(item: Mapping[str, Any], put: Put, words: Words) -> Mapping[str, Any]:
    """An LLM message that a handoff carries."""
    content: object = item["content"]
    if item["type"] != "UserMessage" or not isinstance(content, list):
        return item
    return {**item, "content": await _store_parts(cast(list[Any], content), put, words)}


async def _store_parts(parts: Sequence[Any], put: Put, words: Words) -> list[Any]:
    return [await _store_part(part, put, words) for part in parts]


async def _store_part(part: Any, put: Put, words: Words) -> Any:
    if isinstance(part, str):
        return await blob_reference(part, await words(), put) if _is_large(part) else part
    text: str = part["data"]
    if len(text) <= SMALL_IMAGE:
        return part
    data = base64.b64decode(text)
    name = await _named(data, put)
    return part if name is None else {BLOB: name, "size": len(data), "media_type": Image(data=text).media_type}


async def _named(data: bytes, put: Put) -> str | None:
    """The blob's name; None if the store is away and the log can hold what it would have held."""
    try:
        return await put(data)
    except StoreUnavailableError:
        if len(data) > FITS_THE_LOG:
            raise
        return None


def _is_large(text: str) -> bool:
    return len(text) * 4 > LARGE and len(text.encode("utf-8", "replace")) > LARGE


def blob_content(reference: Mapping[str, Any], data: bytes) -> str:
    """What a reference stands for: a text, or an image as base64 text.

    Raises:
        UnicodeDecodeError: It is to be a text and is none; a ValueError.
    """
    return base64.b64encode(data).decode() if is_image(reference) else data.decode()
