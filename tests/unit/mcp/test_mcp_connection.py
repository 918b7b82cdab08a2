"""The connection to an MCP server: opened when needed, opened again after the server died, closed for good."""

from __future__ import annotations

import asyncio
import os
import signal
from functools import partial
from pathlib import Path

import mcp
import pytest

from folkmoot import mcp as ours
from folkmoot._mcp import servers
from folkmoot.mcp import McpWorkbench, StdioServerParams, StreamableHttpServerParams
from tests._support.waiting import eventually
from tests.unit.mcp.servers import HttpServer, stdio

LOST = r"^MCP server 'bench' went away during the call of 'block'; whether it was carried out is not known\.$"


async def pid_of(bench: McpWorkbench) -> int:
    return int((await bench.call_tool("pid")).to_text())


async def blocked(bench: McpWorkbench, folder: Path) -> asyncio.Future[object]:
    file = folder / "state"
    running = asyncio.ensure_future(bench.call_tool("block", {"file": str(file)}))
    await eventually(lambda: file.exists() and file.read_text() == "begun")
    return running


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def legacy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers of the protocol that has sessions and a handshake."""
    monkeypatch.setattr(servers, "Client", partial(mcp.Client, mode="legacy"))


async def killed_mid_call(bench: McpWorkbench, folder: Path) -> int:
    running, pid = await blocked(bench, folder), await pid_of(bench)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(ConnectionError, match=LOST):
        await running
    return pid


async def test_a_killed_process_fails_its_calls_and_is_started_again(tmp_path: Path) -> None:
    async with McpWorkbench(stdio(), name="bench") as bench:
        assert await killed_mid_call(bench, tmp_path) != await pid_of(bench)


@pytest.mark.usefixtures("legacy")
async def test_so_it_is_with_servers_of_the_old_protocol(tmp_path: Path) -> None:
    async with McpWorkbench(stdio(), name="bench") as bench:
        assert await killed_mid_call(bench, tmp_path) != await pid_of(bench)


async def test_a_process_that_died_between_calls_is_started_again() -> None:
    async with McpWorkbench(stdio(), name="bench") as bench:
        pid = await pid_of(bench)
        connection = bench._connection
        assert connection is not None
        os.kill(pid, signal.SIGKILL)
        await connection.ended()
        assert await pid_of(bench) != pid


@pytest.mark.usefixtures("legacy")
async def test_so_it_is_with_addresses_of_the_old_protocol(http: HttpServer, tmp_path: Path) -> None:
    async with McpWorkbench(http.params(), name="bench") as bench:
        first = await killed_mid_call(bench, tmp_path)
        await http.kill()
        await http.start()
        assert await pid_of(bench) != first


async def test_a_killed_address_fails_its_calls_and_is_reached_again(http: HttpServer, tmp_path: Path) -> None:
    async with McpWorkbench(http.params(), name="bench") as bench:
        await killed_mid_call(bench, tmp_path)
        await http.kill()
        with pytest.raises(ConnectionError, match=r"^Cannot connect to MCP server 'bench': "):
            await bench.call_tool("pid")
        await http.start()
        assert http.process is not None
        assert await pid_of(bench) == http.process.pid


@pytest.mark.usefixtures("legacy")
async def test_a_session_that_a_restarted_server_forgot_is_opened_anew(http: HttpServer) -> None:
    async with McpWorkbench(http.params(terminate_on_close=False), name="bench") as bench:
        first = await pid_of(bench)
        await http.kill()
        await http.start()
        assert await pid_of(bench) != first


async def test_nothing_is_started_before_the_first_use(tmp_path: Path) -> None:
    bench = McpWorkbench(stdio(), name="bench")
    assert bench._connection is None
    assert len({await pid_of(bench), await pid_of(bench)}) == 1
    await bench.stop()


async def test_stop_ends_the_process_and_calls_in_flight(tmp_path: Path) -> None:
    bench = McpWorkbench(stdio(), name="bench")
    running, pid = await blocked(bench, tmp_path), await pid_of(bench)
    await bench.stop()
    assert not alive(pid)
    with pytest.raises(ConnectionError, match=LOST):
        await running
    # It may be used again, and stopped twice.
    assert await pid_of(bench) != pid
    await bench.stop()
    await bench.stop()


async def test_the_connection_may_be_closed_by_another_task_than_the_first_user() -> None:
    bench = McpWorkbench(stdio(), name="bench")
    pid = await asyncio.create_task(pid_of(bench))
    await asyncio.create_task(bench.stop())
    assert not alive(pid)


async def test_who_gives_up_waiting_does_not_end_it_for_others() -> None:
    bench = McpWorkbench(stdio(), name="bench")
    first, second = asyncio.create_task(pid_of(bench)), asyncio.create_task(pid_of(bench))
    await eventually(lambda: bench._connection is not None)
    first.cancel()
    assert await second == await pid_of(bench)
    assert first.cancelled()
    await bench.stop()


def test_each_event_loop_has_a_connection_of_its_own() -> None:
    bench = McpWorkbench(stdio(), name="bench")

    async def use() -> int:
        pid = await pid_of(bench)
        await bench.stop()
        return pid

    assert asyncio.run(use()) != asyncio.run(use())


async def test_a_command_that_is_not_there_is_named() -> None:
    bench = McpWorkbench(StdioServerParams(command="no-such-command"), name="bench")
    with pytest.raises(ConnectionError, match=r"^Cannot connect to MCP server 'bench': .*'no-such-command'"):
        await bench.start()
    await bench.stop()


async def test_a_program_that_ends_at_once_is_no_server() -> None:
    bench = McpWorkbench(StdioServerParams(command="true"), name="bench")
    with pytest.raises(ConnectionError, match=r"^Cannot connect to MCP server 'bench': Connection closed$"):
        await bench.list_tools()
    await bench.stop()


async def test_a_program_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "PATIENCE", 0.2)
    params = StdioServerParams(command="tail", args=["-f", "/dev/null"], read_timeout_seconds=0.2)
    bench = McpWorkbench(params, name="bench")
    with pytest.raises(ConnectionError, match=r"^Cannot connect to MCP server 'bench': .*0\.2 seconds|timed out"):
        await bench.call_tool("pid")
    await bench.stop()


async def test_a_call_that_takes_too_long_fails_alone(tmp_path: Path) -> None:
    async with McpWorkbench(stdio(read_timeout_seconds=1.5), name="bench") as bench:
        pid = await pid_of(bench)
        file = tmp_path / "state"
        with pytest.raises(TimeoutError, match=r"^MCP server 'bench' did not answer the call of 'block' within 1\.5 s"):
            await bench.call_tool("block", {"file": str(file)})
        await eventually(lambda: file.read_text() == "cancelled")
        assert await pid_of(bench) == pid


async def test_an_address_nobody_listens_at_is_said() -> None:
    bench = McpWorkbench(StreamableHttpServerParams(url="http://127.0.0.1:1/mcp"), name="bench")
    with pytest.raises(ConnectionError, match=r"^Cannot connect to MCP server 'bench': "):
        await bench.list_tools()
    await bench.stop()
