"""Keep the current histories as those of this release: `make record-release`, once, when a version is released.

Those of chats are copied from `histories/current/` to `histories/VERSION/`, and those of the business processes from
`process_histories/` to `process_histories/VERSION/`. There nothing changes them any more, and every later version has
to replay them (`test_histories`, `test_processes`).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temporalio import workflow
from temporalio.client import WorkflowHistory

from folkmoot import __version__
from folkmoot.testing import replay
from tests.replay import processes
from tests.replay.caller import Caller
from tests.replay.paths import PATHS
from tests.replay.record import CURRENT
from workflows import WORKFLOWS


class ReleaseError(Exception):
    """The current histories cannot become those of the release; the text says why."""


@dataclass(frozen=True)
class Kind:
    """Histories that are kept together.

    Attributes:
        current: The folder of the current ones.
        releases: The folder with one for each release.
        paths: The names of all paths, each of which must be on record.
        workflows: What replays them, besides the chat's workflow.
        recorder: The module that records them.
    """

    current: Path
    releases: Path
    paths: Set[str]
    workflows: Sequence[type[Any]]
    recorder: str


CHATS = Kind(CURRENT, CURRENT.parent, PATHS.keys(), [Caller], "tests.replay.record")
PROCESSES = Kind(processes.HISTORIES, processes.HISTORIES, processes.PATHS.keys(), WORKFLOWS, "tests.replay.processes")


async def keep(kinds: Sequence[Kind], version: str) -> list[Path]:
    """Copy the current histories to folders of a version: all of them, or none.

    Args:
        kinds: Which.
        version: The version that is released.

    Returns:
        The version's folders, one for each kind.

    Raises:
        ReleaseError: The version has its histories, or the current ones are not those of all paths and of this code.
    """
    for kind in kinds:
        await _check(kind, version)
    # Whole or not at all: a part of a release's histories would pass for all of them.
    parts = [kind.releases / f".{version}" for kind in kinds]
    for kind, part in zip(kinds, parts, strict=True):
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        for file in kind.current.glob("*.json"):
            shutil.copyfile(file, part / file.name)
    return [part.rename(part.with_name(version)) for part in parts]


async def _check(kind: Kind, version: str) -> None:
    if (kind.releases / version).exists():
        raise ReleaseError(f"{version!r} has left its histories, which stay as they are; raise the version first.")
    files = sorted(kind.current.glob("*.json"))
    recorded = {file.stem.rpartition(".")[0] for file in files}
    if recorded != kind.paths:
        names = ", ".join(sorted(recorded ^ kind.paths))
        raise ReleaseError(f"Recorded or there, but not both: {names}; run python -m {kind.recorder} NAME.")
    for file in files:
        try:
            await replay([WorkflowHistory.from_json(file.stem, file.read_text())], workflows=kind.workflows)
        except (workflow.NondeterminismError, RuntimeError) as error:
            raise ReleaseError(f"{file.name} is of other code than this; record it anew.") from error


def main() -> int:
    """Say where they are and give 0; or say why not and give 1."""
    try:
        targets = asyncio.run(keep([CHATS, PROCESSES], __version__))
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    for target in targets:
        count = len(list(target.iterdir()))
        print(f"{count} histories of {__version__} are in {target}; add them to the release's commit.")
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # See exit_guard: a process that used the SDK may abort at the interpreter's exit.
    os._exit(code)
