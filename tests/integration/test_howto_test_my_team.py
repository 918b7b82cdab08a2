"""The tests that the how-to on testing writes pass, and fail for a history that the code does not follow."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from temporalio.worker import Worker
from temporalio.workflow import NondeterminismError

from folkmoot import AssistantAgent, Folkmoot, FolkmootPlugin
from folkmoot.testing import ScriptedModel
from tests._support.documents import python_blocks, run_block
from tests.integration.conftest import unique

_, KILLED, _, KEPT = python_blocks("docs/howto/test-my-team.md")


async def test_a_killed_worker(server_address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    queue = unique("queue")
    monkeypatch.setenv("TEMPORAL_ADDRESS", server_address)
    monkeypatch.setenv("FOLKMOOT_TASK_QUEUE", queue)
    monkeypatch.setenv("FOLKMOOT_STORE", str(tmp_path))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    # The server is shared with other tests: a chat and a queue of its own.
    program = KILLED.replace("connect()", f'connect(queue="{queue}")').replace('"killed"', f'"{queue}"')
    names = await run_block(program, {})
    await names["test_a_killed_worker_loses_nothing"]()


async def test_kept_histories(server_address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests" / "histories").mkdir(parents=True)
    plugin, queue = FolkmootPlugin(models={"m": ScriptedModel(["hello"], name="m")}), unique("queue")
    names = await run_block(KEPT, {})
    async with (
        await Folkmoot.connect(server_address, plugin=plugin, queue=queue) as moot,
        Worker(moot.client, task_queue=queue),
    ):
        chat = await moot.open(AssistantAgent("writer", "m"), id=queue)
        await chat.run(task="hi")
        await names["keep"](moot.client, queue)
    (kept,) = names["FOLDER"].glob("*.json")
    await names["test_kept_histories_replay"]()
    kept.write_text(kept.read_text().replace('"folkmoot.model"', '"folkmoot.tool"'))
    with pytest.raises(NondeterminismError):
        await names["test_kept_histories_replay"]()
