"""An embedded server whose database a client has left interrupted for good: whoever notices has it started anew, and
all others just go on. The server is broken for real, by giving up requests at the wrong moment.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import signal
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from folkmoot._local import Server, ensure_server, register_search_attributes
from folkmoot._local.launch import listens
from folkmoot._local.locks import is_held
from folkmoot._local.mending import is_broken
from folkmoot._local.volatile import VolatileFolder
from folkmoot.errors import ServerUnavailableError

REQUEST = DescribeNamespaceRequest(namespace="default")
GIVING_UP = 4
BOUND = 60.0


@pytest.fixture(autouse=True)
def no_server_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder; a server that a failed test left on it is killed."""
    path = tmp_path / "data"
    yield path
    if is_held(path / "server.alive"):
        os.kill(server_pid(path), signal.SIGKILL)


def server_pid(folder: Path) -> int:
    return int(json.loads((folder / "server.json").read_text())["pid"])


async def share(folder: Path | None) -> Server:
    return await ensure_server(data_dir=folder, search_attributes={})


async def break_down(address: str) -> None:
    """Give up requests until the server's database refuses everything."""
    client = await Client.connect(address)

    async def give_up() -> None:
        while True:
            deadline = timedelta(microseconds=random.randint(100, 3000))
            try:
                await client.workflow_service.describe_namespace(REQUEST, timeout=deadline)
            except RPCError as error:
                if "interrupted (9)" in error.message:
                    return

    async with asyncio.timeout(BOUND):
        while not await is_broken(client):
            await asyncio.gather(*(give_up() for _ in range(GIVING_UP)))


@workflow.defn
class Doubles:
    """Doubles what it is told, until it is told to end."""

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._over = False

    @workflow.run
    async def run(self) -> list[int]:
        await workflow.wait_condition(lambda: self._over)
        return self._numbers

    @workflow.signal
    def tell(self, number: int) -> None:
        self._numbers.append(2 * number)

    @workflow.signal
    def end(self) -> None:
        self._over = True


async def test_a_sound_server_is_left_alone(folder: Path) -> None:
    async with await share(folder) as server:
        client = await Client.connect(server.address, plugins=server.plugins)
        pid = server_pid(folder)
        with pytest.raises(RPCError, match="not found"):
            await client.get_workflow_handle("nobody").describe()
        assert not await is_broken(client)
        elsewhere = await Client.connect(server.address, namespace="nowhere", plugins=server.plugins)
        with pytest.raises(RPCError, match="Namespace nowhere is not found"):
            await elsewhere.start_workflow("Chat", id="kept", task_queue="none")
        async with await share(folder):
            assert server_pid(folder) == pid


async def test_who_adopts_a_broken_server_has_it_started_anew(folder: Path) -> None:
    async with await share(folder) as first:
        client = await Client.connect(first.address)
        await client.start_workflow("Chat", id="kept", task_queue="none")
        pid = server_pid(folder)
        await break_down(first.address)
        second, third = await asyncio.gather(share(folder), share(folder))
        assert {second.address, third.address} == {first.address}
        assert server_pid(folder) != pid
        assert (await client.get_workflow_handle("kept").describe()).workflow_type == "Chat", "reconnected by itself"
        await second.stop()
        await third.stop()
        assert not await is_broken(client), "the first user still has its server"
    assert not is_held(folder / "server.alive")


async def test_who_gives_up_meanwhile_leaves_the_others_with_a_server(folder: Path) -> None:
    async with await share(folder) as server:
        client = await Client.connect(server.address)
        pid = server_pid(folder)
        await break_down(server.address)
        joining = asyncio.create_task(share(folder))

        class GivesUp(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                joining.cancel()

        handler = GivesUp(logging.WARNING)
        logging.getLogger("folkmoot.local").addHandler(handler)
        try:
            with pytest.raises(asyncio.CancelledError):
                await joining
        finally:
            logging.getLogger("folkmoot.local").removeHandler(handler)
        assert is_held(folder / "server.alive"), "a new one was started"
        async with await share(folder) as other:
            assert other.address == server.address
            assert server_pid(folder) != pid
        assert not await is_broken(client)


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.workflow_service.describe_namespace(REQUEST),
        lambda client: client.start_workflow("Chat", id="new", task_queue="none"),
        lambda client: client.get_workflow_handle("kept").describe(),
    ],
    ids=["raw", "starts", "reads"],
)
async def test_who_calls_a_broken_server_has_it_started_anew(
    folder: Path, ask: Callable[[Client], Awaitable[Any]]
) -> None:
    async with await share(folder) as server:
        client = await Client.connect(server.address, plugins=server.plugins)
        await client.start_workflow("Chat", id="kept", task_queue="none")
        pid = server_pid(folder)
        await break_down(server.address)
        assert server_pid(folder) == pid
        await ask(client)
        assert server_pid(folder) != pid
        assert (await client.get_workflow_handle("kept").describe()).workflow_type == "Chat"


async def test_all_users_go_on_and_it_is_started_anew_once(folder: Path) -> None:
    async with await share(folder) as one, await share(folder) as other:
        clients = [await Client.connect(server.address, plugins=server.plugins) for server in (one, other)]
        # Of a process that notices nothing by itself: its polls are the SDK's own.
        polling = await Client.connect(one.address)
        async with Worker(
            polling, task_queue="doubles", workflows=[Doubles], workflow_runner=UnsandboxedWorkflowRunner()
        ):
            handle = await clients[0].start_workflow(Doubles.run, id="doubles", task_queue="doubles")
            await handle.signal(Doubles.tell, 1)
            pids = {server_pid(folder)}
            await break_down(one.address)
            await asyncio.gather(
                *(
                    client.get_workflow_handle("doubles").signal("tell", number)
                    for number, client in enumerate([*clients, *clients], 2)
                )
            )
            pids.add(server_pid(folder))
            assert len(pids) == 2
            await clients[1].get_workflow_handle("doubles").signal("end")
            async with asyncio.timeout(BOUND):
                assert sorted(await handle.result()) == [2, 4, 6, 8, 10]
            assert server_pid(folder) in pids, "it was started anew once"


@pytest.mark.parametrize("files", [True, False], ids=["files in memory", "none"])
async def test_a_private_server_is_started_anew(
    files: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not files:
        monkeypatch.setattr(VolatileFolder, "make", lambda: None)
    async with await ensure_server(data_dir=None, namespace="moots", search_attributes={"Turns": "Int"}) as server:
        client = await Client.connect(server.address, namespace="moots", plugins=server.plugins)
        await client.start_workflow("Chat", id="first", task_queue="none")
        await break_down(server.address)
        starts = (client.start_workflow("Chat", id=name, task_queue="none") for name in ("one", "two", "three"))
        await asyncio.gather(*starts)
        (told,) = [record.getMessage() for record in caplog.records if record.name == "folkmoot.local"]
        assert (
            f"{server.address} refuses everything since a request was given up; the server is started anew there"
            in told
        )
        assert await register_search_attributes(client, {"Turns": "Int"}) == [], "it has what was asked of the first"
        assert (await client.get_workflow_handle("two").describe()).workflow_type == "Chat"
        first = client.get_workflow_handle("first")
        if files:
            assert (await first.describe()).workflow_type == "Chat"
        else:
            assert told.endswith("what it held is gone")
            with pytest.raises(RPCError, match="not found"):
                await first.describe()
    assert not await listens(*_host_and_port(server.address))


def _host_and_port(address: str) -> tuple[str, int]:
    host, port = address.split(":")
    return host, int(port)


async def test_a_broken_server_of_an_earlier_version_is_named(folder: Path) -> None:
    """It did not say how it was started."""
    async with await share(folder) as server:
        file = folder / "server.json"
        record = json.loads(file.read_text())
        file.write_text(json.dumps({key: value for key, value in record.items() if key != "command"}))
        await break_down(server.address)
        with pytest.raises(ServerUnavailableError, match=f"process {record['pid']}, refuses everything; end that"):
            await share(folder)
        client = await Client.connect(server.address, plugins=server.plugins)
        with pytest.raises(RPCError, match="interrupted"):
            await client.workflow_service.describe_namespace(REQUEST)
    assert not is_held(folder / "server.alive")
