"""The bench: a scripted server and a model that talks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from folkmoot._scripted.http import ScriptedServer
from folkmoot._scripted.script import ScriptSource
from folkmoot.models import OpenAIChatModel
from tests.unit.models.bench import KEY, Bench, MakeBench


@pytest.fixture
async def bench() -> AsyncIterator[MakeBench]:
    """Starts a server with a script, and a model with any of its options."""
    async with AsyncExitStack() as stack:

        async def make(script: ScriptSource, **options: Any) -> Bench:
            server = await stack.enter_async_context(ScriptedServer(script))
            options.setdefault("api_key", KEY)
            model = OpenAIChatModel("gpt-test", base_url=server.base_url, **options)
            stack.push_async_callback(model.close)
            return Bench(server, model)

        yield make
