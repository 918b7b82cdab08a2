"""Counting tokens for token-limited contexts, in the worker only: it is impure (an encoding is loaded) and slow."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

__all__ = ["count_tokens"]

PER_MESSAGE = 4
"""Tokens chat endpoints add for a message's frame."""
BYTES_PER_TOKEN = 4
"""Used where no encoding can be loaded: the extra `tokens` is not installed, or its data cannot be fetched."""


@cache
def _encoder() -> Callable[[str], int]:
    try:
        import tiktoken

        encoding = tiktoken.get_encoding("o200k_base")
    except Exception:  # noqa: BLE001 - not installed, no network, damaged cache: all the same here
        return lambda text: -(-len(text.encode()) // BYTES_PER_TOKEN)
    return lambda text: len(encoding.encode(text, disallowed_special=()))


def count_tokens(message: Mapping[str, Any]) -> int:
    """Tokens of one LLM message, about: exact with the extra `tokens`, else a token for every four bytes."""
    content = message["content"]
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    return PER_MESSAGE + _encoder()(text)
