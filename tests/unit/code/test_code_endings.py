"""However a run of code ends, no process of it is left: time, cancel, shutdown, kill -9 of the worker."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from folkmoot._code import run_blocks
from folkmoot.messages import CodeBlock, CodeResult
from folkmoot.tools import CancellationToken
from tests._support.waiting import eventually

# A child in the background and one in a session of its own; the block says last who it is, once all else is said.
FAMILY = """
sh -c 'echo $$ > first; exec tail -f /dev/null' &
setsid sh -c 'echo $$ > second; exec tail -f /dev/null' &
while [ ! -s first ] || [ ! -s second ]; do :; done
echo begun
echo $$ > block
"""
WAITING = FAMILY + "wait"


async def run(folder: Path, code: str, timeout: float = 60, token: CancellationToken | None = None) -> CodeResult:
    return await run_blocks([CodeBlock(language="sh", code=code)], folder=folder, timeout=timeout, cancelled=token)


def pids(folder: Path) -> list[int]:
    files = [folder / name for name in ("first", "second", "block")]
    if not all(file.exists() and file.read_text().strip() for file in files):
        return []
    return [int(file.read_text()) for file in files]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def left(folder: Path) -> list[int]:
    found = pids(folder)
    assert len(found) == 3
    return [pid for pid in found if alive(pid)]


async def test_what_a_block_leaves_in_the_background_ends_with_it(tmp_path: Path) -> None:
    assert await run(tmp_path, FAMILY) == CodeResult(exit_code=0, output="begun\n")
    assert left(tmp_path) == []


async def test_the_timeout_kills_them_all(tmp_path: Path) -> None:
    assert await run(tmp_path, WAITING, timeout=2) == CodeResult(exit_code=124, output="begun\n\nTimeout")
    assert left(tmp_path) == []


async def test_no_block_follows_one_that_ran_too_long(tmp_path: Path) -> None:
    blocks = [CodeBlock(language="sh", code=code) for code in ("tail -f /dev/null", "echo no")]
    result = await run_blocks(blocks, folder=tmp_path, timeout=0.2)
    assert result == CodeResult(exit_code=124, output="\nTimeout")


async def test_cancelling_the_token_kills_them_all(tmp_path: Path) -> None:
    token = CancellationToken()
    running = asyncio.ensure_future(run(tmp_path, WAITING, token=token))
    await eventually(lambda: pids(tmp_path))
    token.cancel()
    assert await running == CodeResult(exit_code=125, output="begun\n\nCancelled")
    assert left(tmp_path) == []


async def test_a_token_cancelled_before_stops_at_once(tmp_path: Path) -> None:
    token = CancellationToken()
    token.cancel()
    assert (await run(tmp_path, "tail -f /dev/null", token=token)).exit_code == 125


async def test_cancelling_the_task_kills_them_all_first(tmp_path: Path) -> None:
    running = asyncio.ensure_future(run(tmp_path, WAITING))
    await eventually(lambda: pids(tmp_path))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert left(tmp_path) == []


async def test_a_killed_worker_leaves_nothing_behind(tmp_path: Path) -> None:
    program = (
        "import asyncio, pathlib, sys\n"
        "from folkmoot._code import run_blocks\n"
        "from folkmoot.messages import CodeBlock\n"
        "block = CodeBlock(language='sh', code=sys.argv[2])\n"
        "asyncio.run(run_blocks([block], folder=pathlib.Path(sys.argv[1]), timeout=600))\n"
    )
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", program, str(tmp_path), WAITING)
    try:
        await eventually(lambda: pids(tmp_path) or worker.returncode is not None)
        assert len(left(tmp_path)) == 3
    finally:
        worker.kill()
        await worker.wait()
    await eventually(lambda: left(tmp_path) == [], what="all processes of the block are gone")


async def test_runs_at_the_same_time_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """Each waits for a file that the other makes."""
    meet = "echo > {0}\nwhile [ ! -e {1} ]; do :; done\necho met"
    results = await asyncio.gather(run(tmp_path, meet.format("a", "b")), run(tmp_path, meet.format("b", "a")))
    assert [result.output for result in results] == ["met\n", "met\n"]
