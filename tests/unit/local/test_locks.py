"""File locks hold between processes, end with their holder however it ends, and can be handed to a child."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from folkmoot._local.locks import FileLock, is_held
from tests._support.waiting import eventually

HOLDER = """
import sys
from pathlib import Path
from folkmoot._local.locks import FileLock
lock = FileLock(Path(sys.argv[1]), shared=sys.argv[2] == "shared")
print(lock.try_acquire(), flush=True)
sys.stdin.read()
"""


def hold_elsewhere(path: Path, mode: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    return process


def test_a_lock_excludes_another_of_the_same_process(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.try_acquire()
    assert first.try_acquire(), "who holds it holds it"
    assert not second.try_acquire()
    first.release()
    assert second.try_acquire()
    second.release()
    second.release()


def test_shared_holders_do_not_exclude_each_other(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first, second = FileLock(path, shared=True), FileLock(path, shared=True)
    assert first.try_acquire()
    assert second.try_acquire()
    first.release()
    assert is_held(path)
    second.release()
    assert not is_held(path)


def test_asking_does_not_make_the_file(tmp_path: Path) -> None:
    assert not is_held(tmp_path / "lock")
    assert not (tmp_path / "lock").exists()


@pytest.mark.parametrize("mode", ["shared", "unshared"])
def test_a_killed_holder_holds_nothing(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "lock"
    with hold_elsewhere(path, mode) as holder:
        assert is_held(path)
        holder.kill()
        holder.wait()
    assert not is_held(path)


def test_a_child_that_was_given_the_file_goes_on_holding(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = FileLock(path)
    assert lock.try_acquire()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=(lock.fd,)) as child:
        lock.release()
        assert is_held(path)
        child.kill()
        child.wait()
    assert not is_held(path)


def test_the_file_of_a_lock_that_is_not_held_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="is not held"):
        _ = FileLock(tmp_path / "lock").fd


async def test_waiting_says_so_once_and_ends_when_the_lock_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    waits: list[str] = []

    async def enter() -> str:
        async with FileLock(path, on_wait=lambda: waits.append("waiting")):
            return "entered"

    async with FileLock(path):
        task = asyncio.create_task(enter())
        await eventually(lambda: waits)
        assert not task.done()
    assert await task == "entered"
    assert waits == ["waiting"]


async def test_waiting_can_be_cancelled(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    async with FileLock(path):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), FileLock(path):
                raise AssertionError("two hold one lock")
    assert not is_held(path)
