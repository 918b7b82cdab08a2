"""What the tests of models share: a request builder and a model against the scripted server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from folkmoot._scripted.http import ScriptedServer
from folkmoot._scripted.script import ScriptSource
from folkmoot.models import Model, ModelRequest, ModelResult, OpenAIChatModel

KEY = "sk-test-0123456789abcdef"


@dataclass
class Bench:
    """A scripted server and a model that talks to it over HTTP."""

    server: ScriptedServer
    model: OpenAIChatModel

    async def ask(self, *messages: dict[str, Any], **fields: Any) -> ModelResult:
        """Make one call; a plain question without messages."""
        return await ask(self.model, *messages, **fields)


async def ask(model: Model, *messages: dict[str, Any], **fields: Any) -> ModelResult:
    """Make one call of `model`; a plain question without messages."""
    given = messages or ({"type": "UserMessage", "content": "Hello?", "source": "user"},)
    return await model.create(ModelRequest([model.render(message) for message in given], **fields))


MakeBench = Callable[..., Awaitable[Bench]]


@pytest.fixture
async def bench() -> AsyncIterator[MakeBench]:
    """Starts a server with a script, and a model with any of its options."""
    async with AsyncExitStack() as stack:

        async def make(script: ScriptSource, **options: Any) -> Bench:
            server = await stack.enter_async_context(ScriptedServer(script))
            model = OpenAIChatModel("gpt-test", base_url=server.base_url, **{"api_key": KEY, **options})
            stack.push_async_callback(model.close)
            return Bench(server, model)

        yield make
