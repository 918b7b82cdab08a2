"""Keep the current histories as those of this release: `make record-release`, once, when a version is released.

They are copied from `histories/current/` to `histories/VERSION/`, where nothing changes them any more, and every later
version has to replay them (`test_histories`).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Set
from pathlib import Path

from temporalio import workflow
from temporalio.client import WorkflowHistory

from folkmoot import __version__
from folkmoot.testing import replay
from tests.replay.caller import Caller
from tests.replay.paths import PATHS
from tests.replay.record import CURRENT


class ReleaseError(Exception):
    """The current histories cannot become those of the release; the text says why."""


async def keep(current: Path, version: str, paths: Set[str]) -> Path:
    """Copy the current histories to the folder of a version, beside theirs.

    Args:
        current: Their folder.
        version: The version that is released.
        paths: The names of all paths, each of which must be on record.

    Returns:
        The version's folder.

    Raises:
        ReleaseError: The version has its histories, or the current ones are not those of all paths and of this code.
    """
    target = current.with_name(version)
    if target.exists():
        raise ReleaseError(f"{version!r} has left its histories, which stay as they are; raise the version first.")
    files = sorted(current.glob("*.json"))
    recorded = {file.stem.rpartition(".")[0] for file in files}
    if recorded != paths:
        names = ", ".join(sorted(recorded ^ paths))
        raise ReleaseError(f"Recorded or there, but not both: {names}; run python -m tests.replay.record NAME.")
    for file in files:
        try:
            await replay([WorkflowHistory.from_json(file.stem, file.read_text())], workflows=[Caller])
        except (workflow.NondeterminismError, RuntimeError) as error:
            raise ReleaseError(f"{file.name} is of other code than this; record it anew.") from error
    # Whole or not at all: a part of a release's histories would pass for all of them.
    part = current.with_name(f".{version}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    for file in files:
        shutil.copyfile(file, part / file.name)
    part.rename(target)
    return target


def main() -> int:
    """Say where they are and give 0; or say why not and give 1."""
    try:
        target = asyncio.run(keep(CURRENT, __version__, PATHS.keys()))
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"{len(list(target.iterdir()))} histories of {__version__} are in {target}; add them to the release's commit."
    )
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # See exit_guard: a process that used the SDK may abort at the interpreter's exit.
    os._exit(code)
