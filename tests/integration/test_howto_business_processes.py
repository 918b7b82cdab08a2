"""The program in the how-to on business processes runs as it stands."""

from __future__ import annotations

import importlib
import uuid
from pathlib import Path

import pytest
from temporalio.worker import Worker

from folkmoot import Folkmoot, FolkmootPlugin
from folkmoot.testing import ScriptedModel
from tests._support.documents import python_blocks
from tests._support.waiting import eventually


async def test_hiring(server_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (program,) = python_blocks("docs/howto/business-processes.md")
    (tmp_path / "howto_hiring.py").write_text(program)
    # The sandbox imports it again for each instance.
    monkeypatch.syspath_prepend(tmp_path)
    hiring = importlib.import_module("howto_hiring")
    script = [{"calls": [{"name": "hire", "arguments": {"name": "Ann"}, "id": "1"}]}, "Done."]
    models = {"gpt-4o-mini": ScriptedModel(script, name="gpt-4o-mini")}
    plugin, queue = FolkmootPlugin(models=models, tools=[hiring.hire]), f"hiring-{uuid.uuid4().hex[:8]}"
    async with (
        await Folkmoot.connect(server_address, plugin=plugin, queue=queue) as moot,
        Worker(moot.client, task_queue=queue, workflows=[hiring.Hiring], activities=[hiring.hired]),
    ):
        handle = await moot.client.start_workflow(hiring.Hiring.run, "gardener", id=queue, task_queue=queue)

        async def asked() -> list[str]:
            opened = [True async for _ in moot.client.list_workflows(f"WorkflowId = '{queue}-chat'")]
            return [request.request for request in await (await moot.get(f"{queue}-chat")).pending()] if opened else []

        (request,) = await eventually(asked, what="a lead is asked")
        assert hiring.HIRED == {}
        await (await moot.get(f"{queue}-chat")).approve(request, by={"subject": "lee", "roles": ["lead"]})
        assert await handle.result() == "Ann"
