"""`folkmoot worker --webhook`: notices leave the process signed, and once more, with the same id, after a kill."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests._support.command_line import CommandLine
from tests._support.receiver import Received, Receiver
from tests._support.waiting import eventually

TEAM: dict[str, Any] = {
    "type": "RoundRobinGroupChat",
    "participants": [{"type": "AssistantAgent", "name": "writer", "model_client": "m"}],
    "max_turns": 1,
    "notify": ["on-call"],
}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as made:
        yield made


@pytest.fixture
def cli(tmp_path: Path, server_address: str, receiver: Receiver) -> Iterator[CommandLine]:
    (tmp_path / "secret").write_text(receiver.secret)
    cli = CommandLine(
        tmp_path,
        TEMPORAL_ADDRESS=server_address,
        FOLKMOOT_TASK_QUEUE=tmp_path.name,
        FOLKMOOT_WEBHOOKS=f"on-call={receiver.url} unused=https://example.com/",
        FOLKMOOT_WEBHOOK_SECRET_ON_CALL_FILE=str(tmp_path / "secret"),
        FOLKMOOT_WEBHOOK_SECRET_UNUSED=receiver.secret,
    )
    cli.write("team.json", TEAM)
    yield cli
    cli.close()


async def test_a_worker_sends_webhooks(cli: CommandLine, receiver: Receiver) -> None:
    cli.scripted_model(["hello"])
    worker = cli.start("worker")
    await asyncio.to_thread(worker.kind, "worker")
    lines = await asyncio.to_thread(cli.json, "run", "team.json", "--task", "Go", "--id", cli.folder.name)
    assert lines[-2]["content"] == "hello"
    (ended,) = await receiver.until(1)
    assert (ended.type, ended.data["chat"]) == ("run_ended", cli.folder.name)
    assert await asyncio.to_thread(worker.end, signal.SIGTERM) == 0
    assert worker.stderr == ""


async def test_a_worker_killed_while_it_sends_is_followed_by_one_that_sends_the_same(
    cli: CommandLine, receiver: Receiver
) -> None:
    cli.scripted_model(["hello"])
    first = cli.start("worker")
    await asyncio.to_thread(first.kind, "worker")

    def kill(_: Received) -> None:
        receiver.on_request = None
        first.process.kill()

    # The receiver has it, and nobody will ever know.
    receiver.on_request = kill
    run = cli.start("run", "team.json", "--task", "Go", "--id", cli.folder.name)
    await eventually(lambda: receiver.received)
    await asyncio.to_thread(first.process.wait)
    await asyncio.to_thread(cli.start("worker").kind, "worker")
    await eventually(lambda: len(receiver.received) == 2, within=60)
    once, again = receiver.received
    assert (again.id, again.data) == (once.id, once.data)
    assert int(again.headers["webhook-timestamp"]) >= int(once.headers["webhook-timestamp"])
    await asyncio.to_thread(run.end)


async def test_without_a_secret_it_does_not_start(cli: CommandLine, receiver: Receiver) -> None:
    said = await asyncio.to_thread(cli.error, "worker", "--webhook", f"other={receiver.url}")
    assert said == (
        "folkmoot: Webhook 'other' has no secret; expected it in FOLKMOOT_WEBHOOK_SECRET_OTHER or "
        "FOLKMOOT_WEBHOOK_SECRET_OTHER_FILE."
    )
