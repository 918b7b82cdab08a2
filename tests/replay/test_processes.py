"""The recorded histories of the business processes are replayed by today's code, in the sandbox their workers use."""

from __future__ import annotations

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.workflow import NondeterminismError

from folkmoot.testing import replay
from tests.replay.processes import HISTORIES, PATHS
from workflows import WORKFLOWS

FILES = sorted(HISTORIES.glob("*.json"))
KEPT = sorted(HISTORIES.glob("*/*.json"))
"""Those that releases have left."""


@pytest.mark.parametrize("file", [*FILES, *KEPT], ids=lambda file: f"{file.parent.name}-{file.stem}")
async def test_the_history_replays(file: Path) -> None:
    history = WorkflowHistory.from_json(file.stem, file.read_text())
    assert history.events[-1].event_id == len(history.events)
    await replay([history], workflows=WORKFLOWS)


async def test_a_history_of_other_code_does_not() -> None:
    """What the test above would say of a change that breaks processes under way."""
    text = (HISTORIES / "purchase_small.1.json").read_text().replace('"settle_purchase"', '"settle_elsewhere"')
    with pytest.raises(NondeterminismError, match="settle_purchase"):
        await replay([WorkflowHistory.from_json("changed", text)], workflows=WORKFLOWS)


def test_every_path_is_on_record() -> None:
    assert {file.stem.rpartition(".")[0] for file in FILES} == set(PATHS)
    assert (HISTORIES / "incident_handed_over.2.json").exists(), "it has continued as new"
