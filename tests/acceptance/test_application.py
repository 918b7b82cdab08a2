"""The application at the top level: `python worker.py` writes and publishes a note, by tool, chat and activity."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ApplicationError

from folkmoot import Folkmoot
from folkmoot._scripted.http import ScriptedServer

ROOT = Path(__file__).parents[2]
ASKS = {"calls": [{"name": "read_changes", "arguments": {"version": "1.2.0"}}]}
CHANGES = "# Changelog\n\n## [1.2.0]\n\n- Chats survive everything.\n\n## [1.1.0]\n\n- Less.\n"


class Application:
    """The application's worker under test, and where its model and notes are."""

    def __init__(self, client: Client, model: ScriptedServer, queue: str, notes: Path) -> None:
        self.client = client
        self.model = model
        self.queue = queue
        self.notes = notes

    async def write(self, version: str) -> str:
        """Run the process for a version; the path of the published note."""
        request = {"version": version, "model": "scripted"}
        workflow_id = f"release-{uuid.uuid4().hex[:8]}"
        return await self.client.execute_workflow("ReleaseNote", request, id=workflow_id, task_queue=self.queue)


@pytest.fixture
async def application(server_address: str, tmp_path: Path) -> AsyncIterator[Application]:
    queue, notes = f"application-{uuid.uuid4().hex[:8]}", tmp_path / "notes"
    (tmp_path / "CHANGELOG.md").write_text(CHANGES)
    async with ScriptedServer([]) as model:
        environment = {
            **os.environ,
            "FOLKMOOT_DATABASE_URL": f"sqlite:///{tmp_path / 'application.db'}",
            "TEMPORAL_ADDRESS": server_address,
            "FOLKMOOT_TASK_QUEUE": queue,
            "FOLKMOOT_STORE": str(tmp_path / "store"),
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_API_KEY": "sk-test",
            "APP_CHANGELOG": str(tmp_path / "CHANGELOG.md"),
            "APP_NOTES": str(notes),
        }
        command = [sys.executable, "worker.py"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment)  # noqa: ASYNC220 - returns at once
        try:
            async with await Folkmoot.connect(server_address) as moot:
                yield Application(moot.client, model, queue, notes)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0


async def test_an_approved_note_is_published_once(application: Application) -> None:
    application.model.script.replace([ASKS, "Draft.", "Mend it.", "Chats survive everything now.", "APPROVE"] * 2)
    path = Path(await application.write("1.2.0"))
    assert path == application.notes / "1.2.0.md"
    assert path.read_text() == "Chats survive everything now."
    # What the tool read reached the model.
    assert "Chats survive everything." in str(application.model.requests[1]["messages"])
    # The same note again is the same file: publishing is idempotent.
    assert await application.write("1.2.0") == str(path)


async def test_without_approval_nothing_is_published(application: Application) -> None:
    application.model.script.replace([*(["Draft.", "Mend it."] * 6)])
    with pytest.raises(WorkflowFailureError) as failure:
        await application.write("1.1.0")
    assert isinstance(failure.value.cause, ApplicationError)
    assert "was not approved: Maximum number of messages 12 reached" in failure.value.cause.message
    assert not application.notes.exists()
