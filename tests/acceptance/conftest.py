"""Temporal's production server, for the tests that ask for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests._support.production import ProductionServer


@pytest.fixture(scope="session")
def production_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProductionServer]:
    """The production server on PostgreSQL, whose namespace `default` is ready for chats, and which can skip time."""
    server = ProductionServer(tmp_path_factory.mktemp("production"))
    try:
        server.start()
        asyncio.run(server.prepare())
        yield server
    finally:
        server.remove()
