"""Object storage that takes connections and answers nothing: a reader is told so after ten seconds."""

from __future__ import annotations

import asyncio

import pytest

from folkmoot.store import StoreUnavailableError, open_store
from folkmoot.store.patient import PatientStore

LONGEST = 20.0
"""Seconds: ten, and what a busy machine needs besides; less than the library's own thirty."""


async def test_a_reader_is_told_in_time() -> None:
    connections: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: connections.append(writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    keys = "region=us-east-1&access_key_id=a&secret_access_key=b"
    store = open_store(f"s3://chats/x?endpoint=http://127.0.0.1:{port}&{keys}")
    try:
        async with asyncio.timeout(LONGEST):
            with pytest.raises(StoreUnavailableError, match="'s3://chats/x' cannot be used"):
                await PatientStore(store).get("a" * 64, chat="c" * 32)
        assert connections, "it was asked"
    finally:
        for writer in connections:
            writer.close()
        server.close()
