"""Every Python block of the README runs as it stands; only addresses and folders are those of the test."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.worker import Worker

import folkmoot
from folkmoot import Folkmoot, FolkmootPlugin
from folkmoot._scripted import ScriptedModel
from folkmoot._scripted.http import ScriptedServer
from folkmoot._temporal.pollers import fresh_pollers
from tests._support.documents import python_blocks, run_block
from tests._support.waiting import eventually
from tests.integration.conftest import KEY

BLOCKS = python_blocks("README.md")


def test_there_are_three() -> None:
    assert len(BLOCKS) == 3


def test_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    script = {"gpt-4o-mini": ["A draft.", "APPROVE", "Short.", "APPROVE"]}

    async def serve_until(stop: asyncio.Event, ready: asyncio.Future[str]) -> None:
        async with ScriptedServer(script) as server:
            ready.set_result(server.base_url)
            await stop.wait()

    async def main() -> None:
        stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve_until(stop, ready))
        monkeypatch.setenv("OPENAI_BASE_URL", await ready)
        # The block calls asyncio.run, as a user's script does, so it runs in a thread of its own.
        await asyncio.to_thread(exec, BLOCKS[0], {"__name__": "readme"})
        stop.set()
        await serving

    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("FOLKMOOT_DATA_DIR", str(tmp_path))
    asyncio.run(main())
    printed = capsys.readouterr().out.split()
    assert printed == ["APPROVE", "TextMessage", "TextMessage", "TextMessage", "TaskResult"]


async def test_workers_apart(server_address: str, tmp_path: Path) -> None:
    def here(block: str) -> str:
        block = block.replace("temporal.internal:7233", server_address).replace('"agents"', '"default"')
        return block.replace("/mnt/chats", str(tmp_path))

    def look_up(word: str) -> str:
        """Look up a word."""
        return word

    names = {**vars(folkmoot), "Client": Client, "Worker": Worker}
    model = ScriptedModel(["hello"], name="house")
    connected = await run_block(here(BLOCKS[1]), names)
    moot = connected["moot"]
    assert isinstance(moot, Folkmoot)

    worker_block = here(BLOCKS[2]).replace('"folkmoot"', '"readme"')
    task = asyncio.create_task(run_block(worker_block, {**names, "house_model": model, "look_up": look_up}))
    try:
        await eventually(lambda: fresh_pollers(moot.client, "readme"), what="the worker polls")
        agent = folkmoot.AssistantAgent("writer", "house", tools=[folkmoot.Tool("look_up")])
        chats = Folkmoot(moot.client, plugin=FolkmootPlugin(), queue="readme")
        result = await (await chats.open(agent, id="readme-workers-apart")).run(task="hi")
        assert result.messages[-1].to_text() == "hello"
        await chats.close()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await moot.close()
