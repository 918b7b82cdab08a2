"""The Temporal server that runs in production, and its schema tool: built once, by Go, into the cache folder.

`python -m tests._support.temporal_server` builds them. The files of the schema are inside the tool (`SCHEMAS`).
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from folkmoot._local import build
from folkmoot._local.__main__ import _Printer
from folkmoot._local.environment import cache_folder
from folkmoot._local.locks import FileLock
from folkmoot._local.progress import Progress, reporter
from folkmoot.errors import ServerUnavailableError

__all__ = ["SCHEMAS", "SERVER", "SQL_TOOL", "VERSION", "build_it"]

VERSION = "v1.32.0"
"""The first one that can skip time."""
SERVER = cache_folder() / "bin" / f"temporal-server-{VERSION}"
SQL_TOOL = cache_folder() / "bin" / f"temporal-sql-tool-{VERSION}"
SCHEMAS = {"temporal": "postgresql/v12/temporal", "temporal_visibility": "postgresql/v12/visibility"}
"""By database, the tool's `--schema-name`; the same files are below `schema/` in the module."""

_SOURCES = {SERVER: "go.temporal.io/server/cmd/server", SQL_TOOL: "go.temporal.io/server/cmd/tools/sql"}
_PACKAGES = 1450
"""Packages compiled, by `go list -deps`; for the share shown as progress only."""


async def build_it(on_progress: Progress | None = None) -> None:
    """Build both by the Go that builds the Temporal CLI, some 5 minutes on two cores, unless they are there.

    Args:
        on_progress: Told what is being fetched and compiled.

    Raises:
        ServerUnavailableError: There is no Go and none can be installed, or the build failed.
    """
    report = reporter(on_progress)
    folder = SERVER.parent
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "temporal-server.lock", on_wait=lambda: report("waiting for another build", None))
    async with lock:
        if all(path.is_file() for path in _SOURCES):
            return
        go = await build._find_go() or await build._install_go(report)
        report(f"fetching the modules of the Temporal server {VERSION}", None)
        # Beside the targets: a rename is atomic only within one file system.
        with tempfile.TemporaryDirectory(dir=folder, prefix="build-") as made:
            sources = [f"{source}@{VERSION}" for source in _SOURCES.values()]
            # The module may want a newer Go than there is; Go fetches that as a module itself.
            environment = build._go_environment(made) | {"GOTOOLCHAIN": "auto"}
            await build._run([str(go), "install", "-v", *sources], _Lines(report), environment)
            for path, source in _SOURCES.items():
                (Path(made) / source.rpartition("/")[2]).replace(path)


class _Lines:
    """Counts what `go install -v` says: after `go: ...` lines for modules, one line per package compiled."""

    def __init__(self, report: Progress) -> None:
        self._report = report
        self._compiled = 0

    def __call__(self, line: str) -> None:
        if not line.startswith("go:"):
            self._compiled += 1
            self._report(f"building the Temporal server {VERSION}", min(self._compiled / _PACKAGES, 0.99))


def main() -> int:
    """Print the paths and give 0; or say why there is none and give 1."""
    try:
        asyncio.run(build_it(_Printer()))
    except ServerUnavailableError as error:
        print(f"The Temporal server {VERSION} cannot be built: {error}", file=sys.stderr)
        return 1
    print(SERVER, SQL_TOOL, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
