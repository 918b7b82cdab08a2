"""A real Temporal server for every test that asks for one.

Each pytest process, so each xdist worker, starts its own in memory when first needed: it takes 0.2 s, and two
processes were measured to be 20 % faster on two servers than on a shared one. `--temporal-address` names a
running server instead.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import settings
from temporalio.client import Client, Plugin
from temporalio.contrib.pydantic import pydantic_data_converter

from folkmoot._local import Server, ensure_server, register_search_attributes
from folkmoot._temporal.names import SEARCH_ATTRIBUTES
from tests._support.examples import EXPLORE, profile

pytest_plugins = ["tests._support.exit_guard", "tests._support.hang_guard", "tests._support.long_first"]

settings.register_profile("same", derandomize=True)
settings.register_profile(EXPLORE, derandomize=False)
settings.load_profile(profile())

ClientFactory = Callable[..., Awaitable[Client]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--temporal-address", metavar="HOST:PORT", help="test against this Temporal server, not an own one"
    )


def pytest_configure() -> None:
    # A shell that starts the tests in the background has SIGINT ignored, and children inherit that: the command line
    # under test would then never hear of a Ctrl-C.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def temporal_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A Temporal server whose namespace `default` has the search attributes of chats."""
    named: str | None = request.config.getoption("--temporal-address")
    if named:
        asyncio.run(_prepare(named))
        yield Server(named, None, "default", owned=False)
        return
    with pytest.MonkeyPatch.context() as patch:
        # What the developer's shell names is for the developer's chats.
        patch.delenv("TEMPORAL_ADDRESS", raising=False)
        server = asyncio.run(ensure_server(data_dir=None, search_attributes=SEARCH_ATTRIBUTES))
    yield server
    asyncio.run(server.stop())


async def _prepare(address: str) -> None:
    await register_search_attributes(await Client.connect(address), SEARCH_ATTRIBUTES)


@pytest.fixture(scope="session")
def server_address(temporal_server: Server) -> str:
    """The server's host:port."""
    return temporal_server.address


@pytest.fixture(scope="session")
def server_plugins(temporal_server: Server) -> Sequence[Plugin]:
    """For the server's clients: one that finds it broken has it started anew, empty, for the tests that follow."""
    return temporal_server.plugins


@pytest.fixture
def client_factory(server_address: str, server_plugins: Sequence[Plugin]) -> ClientFactory:
    """Connects clients to the server; takes `Client.connect`'s options, such as `plugins`."""

    async def connect(**options: Any) -> Client:
        # A plugin brings its own converter.
        defaults: dict[str, Any] = {} if "plugins" in options else {"data_converter": pydantic_data_converter}
        plugins = [*options.pop("plugins", []), *server_plugins]
        return await Client.connect(server_address, plugins=plugins, **(defaults | options))

    return connect
