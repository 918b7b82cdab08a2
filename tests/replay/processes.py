"""Every path the business processes can take, and their histories: `python -m tests.replay.processes [PATH ...]`.

The histories are written to `process_histories/PATH.N.json`, one file for each run of the workflow; those of the chats
are not among them. What a path's history says, later code must do too, as processes last for months.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temporalio.client import Client, Plugin, WorkflowFailureError, WorkflowHandle
from temporalio.worker import Worker

from activities import ACTIVITIES, tools_for
from activities.contracts import PurchaseRules
from folkmoot import FolderStore, Folkmoot, FolkmootPlugin
from folkmoot._local import ensure_server
from folkmoot._temporal.names import SEARCH_ATTRIBUTES
from folkmoot.testing import ScriptedModel, fetch_histories
from tests._support.application import company
from tests._support.incidents import Desk, Responders
from tests._support.purchases import DIRECTOR, FINANCE, LARGE, MANAGER, MEDIUM, SMALL, Buyers, Office
from tests._support.waiting import eventually
from tests.replay.record import _clean
from workflows import WORKFLOWS, incident_response

HISTORIES = Path(__file__).parent / "process_histories"


@dataclass
class Stage:
    """Where the processes run.

    Attributes:
        office: Purchases.
        desk: Incidents.
        model: Speaks for both.
    """

    office: Office
    desk: Desk
    model: ScriptedModel


Step = Callable[[Stage], Awaitable[WorkflowHandle[Any, Any]]]


async def purchase_small(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Nobody is asked."""
    handle = await stage.office.ask(SMALL)
    assert (await handle.result()).status == "ordered"
    return handle


async def purchase_approved(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Two people approve."""
    handle = await stage.office.ask(LARGE)
    chat, request = await stage.office.asked_of_people(handle)
    await chat.approve(request.request, by=DIRECTOR)
    await chat.approve(request.request, by=FINANCE)
    assert (await handle.result()).status == "ordered"
    return handle


async def purchase_rejected(stage: Stage) -> WorkflowHandle[Any, Any]:
    """The manager says no."""
    handle = await stage.office.ask(MEDIUM)
    chat, request = await stage.office.asked_of_people(handle)
    await chat.reject(request.request, "no", by=MANAGER)
    assert (await handle.result()).status == "rejected"
    return handle


async def purchase_refused(stage: Stage) -> WorkflowHandle[Any, Any]:
    """The intake refuses it."""
    handle = await stage.office.ask(SMALL, cost_centre="garden")
    await _fails(handle)
    return handle


async def purchase_failed(stage: Stage) -> WorkflowHandle[Any, Any]:
    """The chat fails."""
    stage.model.script.replace([{"status": 400, "message": "no", "repeat": True}])
    handle = await stage.office.ask(SMALL)
    assert (await handle.result()).status == "failed"
    return handle


async def purchase_cancelled(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Cancelled while people are asked."""
    handle = await stage.office.ask(MEDIUM)
    await stage.office.asked_of_people(handle)
    await handle.cancel()
    await _fails(handle)
    return handle


async def purchase_chat_closed(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Somebody closes the chat."""
    handle = await stage.office.ask(MEDIUM)
    chat, _ = await stage.office.asked_of_people(handle)
    await chat.close(force=True)
    assert (await handle.result()).status == "cancelled"
    return handle


async def incident_resolved(stage: Stage) -> WorkflowHandle[Any, Any]:
    """One shift, and signals that cannot be read."""
    handle = await stage.desk.raise_alarm()
    await stage.desk.asked(handle, "ana")
    await handle.signal("hand_over", args=[[1]])
    await handle.signal("hand_over", {"to": 5})
    await stage.desk.resolve(handle, "ana")
    assert (await handle.result()).status == "resolved"
    return handle


async def incident_handed_over(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Several shifts, until the process continues as new."""
    handle = await stage.desk.raise_alarm()
    people = ("ana", "bo", "chidi")
    for number in range(incident_response.SHIFTS + 1):
        await stage.desk.asked(handle, people[number % 3])
        await handle.signal("hand_over", {"note": f"note {number}"})
    await stage.desk.resolve(handle, people[(incident_response.SHIFTS + 1) % 3])
    assert (await handle.result()).shifts == incident_response.SHIFTS + 2
    return handle


async def incident_failed(stage: Stage) -> WorkflowHandle[Any, Any]:
    """The chat fails."""
    stage.model.script.replace([{"status": 400, "message": "no", "repeat": True}])
    handle = await stage.desk.raise_alarm()
    assert (await handle.result()).status == "failed"
    return handle


async def incident_without_postmortem(stage: Stage) -> WorkflowHandle[Any, Any]:
    """The scribe fails."""
    responders = stage.desk.responders

    def tired(body: dict[str, Any]) -> dict[str, Any]:
        answer = responders(body)
        return {"status": 400, "message": "tired"} if "Postmortem" in answer.get("text", "") else answer

    stage.model.script.replace(tired)
    handle = await stage.desk.raise_alarm()
    await stage.desk.resolve(handle, "ana")
    assert (await handle.result()).postmortem is None
    return handle


async def incident_cancelled(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Cancelled while the person on call is asked."""
    handle = await stage.desk.raise_alarm()
    await stage.desk.asked(handle, "ana")
    await handle.cancel()
    await _fails(handle)
    return handle


async def _fails(handle: WorkflowHandle[Any, Any]) -> None:
    try:
        await handle.result()
    except WorkflowFailureError:
        return
    raise AssertionError(f"{handle.id} has not failed")


PATHS: dict[str, Step] = {
    step.__name__: step
    for step in (
        purchase_small,
        purchase_approved,
        purchase_rejected,
        purchase_refused,
        purchase_failed,
        purchase_cancelled,
        purchase_chat_closed,
        incident_resolved,
        incident_handed_over,
        incident_failed,
        incident_without_postmortem,
        incident_cancelled,
    )
}


@asynccontextmanager
async def stage(address: str, folder: Path, plugins: Sequence[Plugin] = ()) -> AsyncIterator[Stage]:
    """A stage on the server of that address, its database in the folder."""
    buyers, responders = Buyers(), Responders()

    def either(body: dict[str, Any]) -> dict[str, Any]:
        return (buyers if "Request R-" in json.dumps(body["messages"]) else responders)(body)

    model = ScriptedModel(either, name="scripted")
    tools = tools_for(PurchaseRules())
    plugin = FolkmootPlugin(models={"scripted": model}, tools=tools, store=FolderStore(folder / "store"))
    client = await Client.connect(address, plugins=[plugin, *plugins], identity="stage")
    queue = f"stage-{uuid.uuid4().hex[:12]}"
    with company(f"sqlite:///{folder / 'application.db'}") as database:
        async with (
            Folkmoot(client, queue=queue) as moot,
            Worker(client, task_queue=queue, workflows=WORKFLOWS, activities=ACTIVITIES),
        ):
            await eventually(moot._workers.any, what="the worker polls")
            yield Stage(Office(moot, database, buyers), Desk(moot, database, responders), model)


async def record(names: list[str]) -> None:
    """Take the paths and write what they leave."""
    HISTORIES.mkdir(exist_ok=True)
    async with await ensure_server(data_dir=None, search_attributes=SEARCH_ATTRIBUTES) as server:
        for name in names:
            with tempfile.TemporaryDirectory() as folder:
                async with stage(server.address, Path(folder), server.plugins) as taken:
                    handle = await PATHS[name](taken)
                    histories = await fetch_histories(taken.office.moot.client, handle.id)
            for old in HISTORIES.glob(f"{name}.*.json"):
                old.unlink()
            for number, history in enumerate(histories, 1):
                text = json.dumps(_clean(json.loads(history.to_json())), indent=1)
                (HISTORIES / f"{name}.{number}.json").write_text(text + "\n")
            print(f"{name}: {[len(history.events) for history in histories]} events")


if __name__ == "__main__":
    # The developer's own server is left alone, and its settings too.
    os.environ.pop("TEMPORAL_ADDRESS", None)
    asyncio.run(record(sys.argv[1:] or list(PATHS)))
    sys.stdout.flush()
    # See exit_guard: a process that used the SDK may abort at the interpreter's exit.
    os._exit(0)
