"""The embedded server: private ones die with their process; shared ones are adopted, outlive crashes, and are
stopped by their last user; and what cannot be started says why. Real servers and real processes throughout.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import ListNamespacesRequest
from temporalio.client import Client

from folkmoot._local import Server, ensure_server, register_search_attributes
from folkmoot._local.launch import listens
from folkmoot._local.locks import is_held
from folkmoot._local.ports import free_port
from folkmoot._temporal.names import SEARCH_ATTRIBUTES
from folkmoot.errors import ServerUnavailableError
from tests._support.waiting import eventually

USER = """
import asyncio, sys
from pathlib import Path
from folkmoot._local import ensure_server

async def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    server = await ensure_server(data_dir=folder, search_attributes={})
    print(server.address, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop()
    print("stopped", flush=True)

asyncio.run(main())
"""


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


async def share(folder: Path | None, **options: object) -> Server:
    return await ensure_server(data_dir=folder, **({"search_attributes": {}} | options))  # type: ignore[arg-type]


@asynccontextmanager
async def other_user(folder: Path | None) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """Another process that uses the server; its address and itself."""
    arguments = [] if folder is None else [str(folder)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        USER,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip(), process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def is_up(address: str) -> bool:
    host, port = address.split(":")
    return await listens(host, int(port))


async def is_gone(address: str) -> bool:
    return not await is_up(address)


async def test_a_private_server_has_the_namespace_and_the_search_attributes() -> None:
    async with await ensure_server(data_dir=None, namespace="moots", search_attributes=SEARCH_ATTRIBUTES) as server:
        assert server.owned
        assert server.ui_url is None
        client = await Client.connect(server.address, namespace="moots")
        listed = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="moots"))
        assert SEARCH_ATTRIBUTES.keys() <= listed.custom_attributes.keys()
        assert await register_search_attributes(client, SEARCH_ATTRIBUTES) == []
    assert await is_gone(server.address)
    await server.stop()


async def test_the_ui_is_served_where_the_server_says() -> None:
    async with await share(None, ui=True) as server:
        assert server.ui_url is not None
        host, port = server.ui_url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET / HTTP/1.0\r\nHost: test\r\n\r\n")
        assert b"200 OK" in await reader.readline()
        writer.close()


async def test_private_servers_are_apart() -> None:
    async with await share(None) as first, await share(None) as second:
        client = await Client.connect(first.address)
        await client.start_workflow("Chat", id="only-here", task_queue="none")
        elsewhere = await Client.connect(second.address)
        assert [chat.id async for chat in client.list_workflows()] == ["only-here"]
        assert [chat.id async for chat in elsewhere.list_workflows()] == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
async def test_a_private_server_dies_with_its_killed_process() -> None:
    async with other_user(None) as (address, process):
        assert await is_up(address)
        process.kill()
        await eventually(lambda: is_gone(address))


async def test_a_port_can_be_asked_for_and_is_refused_when_taken() -> None:
    port = free_port()
    async with await share(None, port=port) as server:
        assert server.address == f"127.0.0.1:{port}"
        with pytest.raises(ServerUnavailableError, match=f"Port {port} is in use"):
            await share(None, port=port)


async def test_a_second_user_adopts_and_the_last_one_stops(folder: Path) -> None:
    first = await share(folder)
    second = await share(folder)
    assert second.address == first.address
    assert second.owned
    await first.stop()
    assert await is_up(second.address)
    await second.stop()
    assert await is_gone(second.address)
    assert not (folder / "server.json").exists()


async def test_users_are_counted_over_processes(folder: Path) -> None:
    async with other_user(folder) as (address, process):
        ours = await share(folder)
        assert ours.address == address
        await ours.stop()
        assert await is_up(address)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        assert await process.stdout.readline() == b"stopped\n"
    assert await is_gone(address)


async def test_a_server_outlives_the_killed_process_that_started_it(folder: Path) -> None:
    async with other_user(folder) as (address, process):
        ours = await share(folder)
        process.kill()
        await process.wait()
    assert await is_up(address)
    await ours.stop()
    assert await is_gone(address), "a killed user does not count"


async def test_a_server_whose_users_were_all_killed_is_adopted(folder: Path) -> None:
    async with other_user(folder) as (address, process):
        process.kill()
        await process.wait()
    async with await share(folder) as server:
        assert server.address == address
    assert await is_gone(address)


async def test_data_outlives_the_server(folder: Path) -> None:
    async with await share(folder) as server:
        client = await Client.connect(server.address)
        await client.start_workflow("Chat", id="kept", task_queue="none")
    async with await share(folder) as server:
        client = await Client.connect(server.address)
        assert (await client.get_workflow_handle("kept").describe()).workflow_type == "Chat"


async def test_after_a_killed_server_a_new_one_has_its_data(folder: Path) -> None:
    first = await share(folder)
    client = await Client.connect(first.address)
    await client.start_workflow("Chat", id="kept", task_queue="none")
    os.kill(server_pid(folder), signal.SIGKILL)
    await eventually(lambda: not is_held(folder / "server.alive"))
    assert (folder / "server.json").exists(), "the stale file that must not mislead"
    async with await share(folder) as second:
        client = await Client.connect(second.address)
        assert (await client.get_workflow_handle("kept").describe()).workflow_type == "Chat"
        await first.stop()
        assert await is_up(second.address), "the user of the dead server does not stop the new one"


async def test_a_nonsense_address_file_without_a_server_is_ignored(folder: Path) -> None:
    folder.mkdir()
    (folder / "server.json").write_text('{"address": "127.0.0.1:1", "ui_url": null, "pid": 1}')
    async with await share(folder) as server:
        assert server.address != "127.0.0.1:1"
        assert await is_up(server.address)


async def test_two_processes_at_once_start_one_server(folder: Path) -> None:
    async with other_user(folder) as (first, _), other_user(folder) as (second, _):
        assert first == second
    servers = await asyncio.gather(*(share(folder) for _ in range(4)))
    assert {server.address for server in servers} == {first}
    await asyncio.gather(*(server.stop() for server in servers))
    assert await is_gone(first)


async def test_a_user_brings_its_namespace_and_attributes_to_a_running_server(folder: Path) -> None:
    async with (
        await share(folder),
        await share(folder, namespace="late", search_attributes={"Late": "Int"}) as server,
    ):
        client = await Client.connect(server.address, namespace="late")
        await client.start_workflow("Chat", id="one", task_queue="none")
        names = await client.workflow_service.list_namespaces(ListNamespacesRequest())
        assert "late" in {each.namespace_info.name for each in names.namespaces}
        listed = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="late"))
        assert "Late" in listed.custom_attributes


async def test_an_attribute_of_another_type_is_named(folder: Path) -> None:
    async with await share(folder, search_attributes={"Turns": "Int"}) as server:
        with pytest.raises(ServerUnavailableError, match="'Turns' has type Int on the server; expected Keyword"):
            await share(folder, search_attributes={"Turns": "Keyword"})
        client = await Client.connect(server.address)
        with pytest.raises(ValueError, match="'Turns' has type 'Number'; expected one of Text, Keyword"):
            await register_search_attributes(client, {"Turns": "Number"})
    assert await is_gone(server.address), "the refused user does not count"


async def test_the_named_server_is_used_and_left_alone(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    async with await share(None) as running:
        monkeypatch.setenv("TEMPORAL_ADDRESS", running.address)
        for place in (None, folder):
            server = await share(place)
            assert server.address == running.address
            assert not server.owned
            await server.stop()
        assert await is_up(running.address)


async def test_the_server_of_the_folder_comes_before_the_named_one(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    async with await share(folder) as running:
        monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
        async with await share(folder) as server:
            assert server.address == running.address


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("127.0.0.1:1", "No server answers on '127.0.0.1:1', which TEMPORAL_ADDRESS names"),
        ("temporal", "TEMPORAL_ADDRESS is 'temporal'; expected host:port"),
    ],
)
async def test_a_named_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch, address: str, says: str) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", address)
    with pytest.raises(ServerUnavailableError, match=says):
        await share(None)


@pytest.mark.parametrize("shared", [False, True])
async def test_a_cli_that_does_not_serve_is_quoted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Path, shared: bool
) -> None:
    broken = tmp_path / "temporal"
    broken.write_text("#!/bin/sh\necho unknown command start-dev >&2\nexit 2\n")
    broken.chmod(0o755)
    monkeypatch.setenv("FOLKMOOT_TEMPORAL_CLI", str(broken))
    with pytest.raises(ServerUnavailableError, match="unknown command start-dev"):
        await share(folder if shared else None)
    monkeypatch.delenv("FOLKMOOT_TEMPORAL_CLI")
    async with await share(folder):
        assert is_held(folder / "server.alive"), "the failure left nothing in the way"
