"""`local()` ends though its worker does not: a call nothing ends is left, and the log tells what was waited for."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from folkmoot import AssistantAgent, RoundRobinGroupChat, local
from folkmoot._temporal import stopping
from folkmoot.testing import ScriptedModel
from tests.integration.conftest import unique


async def test_a_worker_that_never_stops_is_left(
    server_address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", server_address)
    monkeypatch.setattr(stopping, "LONGEST", 0.5)
    began, end = asyncio.Event(), asyncio.Event()

    async def dig() -> str:
        """Dig, and let nobody stop it."""
        began.set()
        while not end.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await end.wait()
        return "a hole"

    name = unique("local")
    model = ScriptedModel([{"calls": [{"name": "dig", "arguments": {}}]}, "dug"])
    team = RoundRobinGroupChat([AssistantAgent("a", model_client=model, tools=[dig])], max_turns=1)
    try:
        async with local(":memory:", queue=name) as moot:
            chat = await moot.open(team, name)
            run = asyncio.create_task(chat.run(task="dig"))
            await began.wait()
            run.cancel()
            await asyncio.wait([run])
    finally:
        end.set()
    (told,) = [record.getMessage() for record in caplog.records if record.name == "folkmoot.worker"]
    assert "has not stopped" in told
    assert "dig:" in told
