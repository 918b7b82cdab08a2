"""A worker told to stop, two workers on one queue, and a server that is killed: the chat ends as an undisturbed one."""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from folkmoot._local import Server, ensure_server
from folkmoot._local.locks import is_held
from folkmoot._local.ports import free_port
from folkmoot._temporal.names import SEARCH_ATTRIBUTES
from folkmoot.errors import ServerUnavailableError
from tests._support.waiting import eventually
from tests.acceptance.kill.theatre import Theatre, entry, theatre


async def test_sigterm_gives_calls_in_flight_back(house: Theatre) -> None:
    """A model call and a tool call are under way; another worker makes them again without waiting for a timeout."""
    house.play.held = {"model:judges:1"}
    first = await house.worker({"WORKER_BLOCK": "tool-band2"})
    in_model, model_run = await house.perform("model")
    in_tool, tool_run = await house.perform("tool")
    await eventually(lambda: house.play.asked.get("model:judges:1"), what="the first waits for its model")
    await eventually(lambda: house.bookings("tool")["band2"], what="the second is inside a tool")
    await entry(in_tool, "tool", 3)
    assert await first.terminate() == 0
    house.model.release("model:judges:1")
    await house.worker()
    await model_run
    await tool_run
    await house.check(in_model, "model", asked_twice=("judges:1",))
    await house.check(in_tool, "tool", booked_twice=("band2",))


async def test_activities_and_workflow_in_two_processes(house: Theatre) -> None:
    """One process has the workflow; the other makes the calls and reads the log by query. The first one is killed."""
    thinker = await house.worker(no_remote_activities=True)
    chat, run = await house.perform("chat")
    await entry(chat, "turn")
    house.play.held = {"chat:drafts:2"}
    await house.worker(disable_eager_activity_execution=True)
    await eventually(lambda: house.play.asked.get("chat:drafts:2"), what="the calls are made")
    assert {attempt["pid"] for item in house.bookings("chat").values() for attempt in item} != {thinker.process.pid}
    await thinker.kill()
    house.model.release("chat:drafts:2")
    await run
    await house.check(chat, "chat")


async def test_the_server_is_killed_and_started_again_on_its_data(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Client and worker stay; a call that was answered meanwhile is not made again."""
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    data, port = tmp_path / "data", free_port()
    first = await ensure_server(data_dir=data, port=port, search_attributes=SEARCH_ATTRIBUTES)
    try:
        async with theatre(first.address, tmp_path) as house:
            house.play.held = {"chat:drafts:1"}
            await house.worker()
            chat, run = await house.perform("chat")
            await eventually(lambda: house.play.asked.get("chat:drafts:1"), what="a model call is in flight")
            os.kill(int(json.loads((data / "server.json").read_text())["pid"]), signal.SIGKILL)
            await eventually(lambda: not is_held(data / "server.alive"), what="the server is gone")
            await first.stop()
            house.model.release("chat:drafts:1")
            async with await _again(data, port):
                await run
                await house.check(chat, "chat")
    finally:
        await first.stop()


async def _again(data: Path, port: int) -> Server:
    """The server on the port it had, once a connection of somebody else's that got that port by chance is over."""

    async def started() -> Server | None:
        with suppress(ServerUnavailableError):
            return await ensure_server(data_dir=data, port=port, search_attributes=SEARCH_ATTRIBUTES)
        return None

    server = await eventually(started, within=90, what="the server is there again")
    assert server is not None
    return server
