"""What the tests of models share: calls, and servers, scripted or with an answer of their own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from folkmoot._scripted.http import ScriptedServer
from folkmoot.models import Model, ModelRequest, ModelResult, OpenAIChatModel

KEY = "sk-test-0123456789abcdef"


def ignore(_: str) -> None:
    """Takes streamed text, for calls whose result alone matters."""


async def ask(model: Model, *messages: dict[str, Any], **fields: Any) -> ModelResult:
    """Make one call of `model`; a plain question without messages."""
    given = messages or ({"type": "UserMessage", "content": "Hello?", "source": "user"},)
    return await model.create(ModelRequest([model.render(message) for message in given], **fields))


@dataclass
class Bench:
    """A scripted server and a model that talks to it over HTTP."""

    server: ScriptedServer
    model: OpenAIChatModel

    async def ask(self, *messages: dict[str, Any], **fields: Any) -> ModelResult:
        """Make one call; a plain question without messages."""
        return await ask(self.model, *messages, **fields)


MakeBench = Callable[..., Awaitable[Bench]]
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(answer: Answer) -> AsyncGenerator[str]:
    """A server whose chat completions are what `answer` says; gives its endpoint."""
    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    # The handler of a caller that is gone ends, so that an answer may wait for ever.
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()
