"""Every history a release has left, and the current ones, are replayed by today's code: a chat survives the upgrade."""

from __future__ import annotations

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory

from folkmoot.testing import replay
from tests.replay.caller import Caller
from tests.replay.paths import PATHS
from tests.replay.record import CURRENT, HISTORIES

FILES = sorted(HISTORIES.glob("*/*.json"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
async def test_the_history_replays(file: Path) -> None:
    """No command of the workflow differs from what is on record."""
    history = WorkflowHistory.from_json(file.stem, file.read_text())
    assert history.events[-1].event_id == len(history.events)
    await replay([history], workflows=[Caller])


def test_every_path_is_on_record() -> None:
    """A path nobody recorded would be free to change."""
    recorded = {file.stem.rpartition(".")[0] for file in FILES if file.parent == CURRENT}
    assert recorded == set(PATHS)
    several = {file.stem.rpartition(".")[0] for file in FILES if file.stem.endswith(".3")}
    assert "continue_as_new_sealed" in several
