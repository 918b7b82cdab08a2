"""The verb `scripted-model`: an OpenAI-compatible endpoint whose words are written down beforehand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .serve import stop_signal
from .verbs import Invocation, verb

__all__ = ["VERBS"]


async def scripted_model(
    invocation: Invocation,
    script: Annotated[
        Path, typer.Argument(envvar="FOLKMOOT_SCRIPT", help="JSON file: a list of steps, or lists by name.")
    ],
    host: Annotated[str, typer.Option(envvar="FOLKMOOT_SCRIPTED_HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="FOLKMOOT_SCRIPTED_PORT", min=0, max=65535, help="Port; 0: any free one.")
    ] = 0,
) -> None:
    """Serve a scripted model over the OpenAI wire protocol, until Ctrl-C."""
    from folkmoot._scripted.http import ScriptedServer

    stop = stop_signal()
    async with ScriptedServer(script, host, port) as server:
        invocation.screen.emit({"kind": "scripted-model", "base_url": server.base_url}, server.base_url)
        await stop.wait()


VERBS = [verb("scripted-model", scripted_model)]
