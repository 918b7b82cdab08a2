"""Business processes over HTTP: started once, in the caller's name and tenant, signalled, and read to their end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from activities import ACTIVITIES, tools_for
from activities.contracts import PurchaseRules
from activities.tables import PurchaseOrder
from tests._support.application import company, count
from tests._support.errands import ERRAND, Errand
from tests._support.purchases import LARGE, Buyers, purchase_request
from tests._support.waiting import eventually
from tests.integration.conftest import unique, worker_on
from tests.integration.server.conftest import Api, ApiFactory, problem
from workflows import PROCESSES, WORKFLOWS


@pytest.fixture
async def api(apis: ApiFactory) -> AsyncIterator[Api]:
    """An instance with errands, and their worker."""
    api = await apis(worker=False, processes=[ERRAND])
    async with worker_on(api.site.client, api.site.queue, workflows=[Errand]):
        yield api


async def shown(client: httpx.AsyncClient, path: str, status: str) -> dict[str, Any]:
    """A process once it is of that status."""

    async def probe() -> dict[str, Any] | None:
        found = (await client.get(path)).json()
        return found if found["status"] == status else None

    found = await eventually(probe, what=f"{path} is {status}")
    assert found is not None
    return found


async def test_what_is_registered_is_listed_with_its_schemas(api: Api) -> None:
    client = await api.client(roles=["viewer"])
    (found,) = (await client.get("/processes")).json()["processes"]
    assert (found["name"], found["number"], found["by"]) == ("errand", "id", ["by"])
    assert set(found["request"]["required"]) == {"id", "what", "by"}
    assert found["signals"]["done"]["properties"]["result"]["maxLength"] == 100


async def test_a_process_is_started_once_signalled_and_read(api: Api) -> None:
    client, number = await api.client(roles=["operator"]), unique("E")
    body = {"id": number, "what": "buy bread"}
    answers = await asyncio.gather(*(client.post("/processes/errand", json=body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201], answers[0].text
    (created,) = [answer.json() for answer in answers if answer.status_code == 201]
    assert created == {"process": "errand", "number": number, "workflow_id": f"errand-{number}", "created": True}
    path = answers[0].headers["location"].removeprefix("/v1")
    running = (await client.get(path)).json()
    assert (running["status"], running["ended"], running["outcome"]) == ("running", None, None)
    assert running["state"] == {"what": "buy bread", "told": []}

    signal = f"{path}/signals/done"
    for _ in range(3):
        told = await client.post(signal, json={"result": "rye"}, headers={"Idempotency-Key": "rye"})
        assert told.status_code == 200, told.text
    await client.post(signal, json={"result": "home"})
    ended = await shown(client, path, "completed")
    assert ended["outcome"] == {"told": ["olga: rye", "olga: home"]}, "told once, by whoever asked"
    assert (ended["state"], ended["error"]) == (None, None)
    problem(await client.post(signal, json={"result": "late"}), 409, "Conflict")
    again = await client.post("/processes/errand", json=body)
    assert (again.status_code, again.json()["created"]) == (200, False), "and not begun again"


async def test_a_key_stands_for_the_number(api: Api) -> None:
    client = await api.client()
    body: dict[str, Any] = {"json": {"what": "x"}, "headers": {"Idempotency-Key": unique()}}
    first, second = [await client.post("/processes/errand", **body) for _ in range(2)]
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["number"] == second.json()["number"]


async def test_what_cannot_be_started_is_told(api: Api) -> None:
    client, number = await api.client(), unique("E")
    told = problem(await client.post("/processes/errand", json={"id": number, "what": 5}), 422, "BadCommandError")
    assert told == "no Request: what is 5, expected a valid string"
    problem(await client.post("/processes/errand", json={"what": "x"}), 422, "BadCommandError")
    await client.post("/processes/errand", json={"id": number, "what": "x"})
    told = problem(await client.post("/processes/errand", json={"id": number, "what": "y"}), 409, "Conflict")
    assert "is the process of another request" in told
    told = problem(await client.post("/processes/picnic", json={"id": number}), 404, "NotFound")
    assert told == "This server has no process 'picnic'; it has: errand."
    problem(await client.get(f"/processes/errand/{unique()}"), 404, "NotFound")
    path = f"/processes/errand/{number}/signals"
    problem(await client.post(f"{path}/done", json={"result": 5}), 422, "BadCommandError")
    problem(await client.post(f"{path}/undone", json={}), 404, "NotFound")
    # A chat is no process, though its workflow has such an id.
    chat = await api.site.moot.open(api.site.team("a"), f"errand-{number}-x")
    problem(await client.get(f"/processes/errand/{number}-x"), 404, "NotFound")
    await chat.close(force=True)


async def test_rights_and_tenants_are_those_of_chats(api: Api) -> None:
    number = unique("E")
    body = {"id": number, "what": "x"}
    problem(await (await api.client(roles=["viewer"])).post("/processes/errand", json=body), 403, "ForbiddenError")
    owner, stranger = await api.client(tenant="north"), await api.client("sam", tenant="south")
    assert (await owner.post("/processes/errand", json=body)).status_code == 201
    assert (await owner.get(f"/processes/errand/{number}")).json()["tenant"] == "north"
    problem(await stranger.get(f"/processes/errand/{number}"), 404, "NotFound")
    problem(await stranger.post(f"/processes/errand/{number}/signals/done", json={"result": "x"}), 404, "NotFound")
    told = problem(await stranger.post("/processes/errand", json={**body, "by": "sam"}), 409, "Conflict")
    assert "north" not in told


async def test_nobody_asks_in_somebody_elses_name(api: Api) -> None:
    client = await api.client("omar")
    body = {"id": unique("E"), "what": "x", "by": "rita"}
    told = problem(await client.post("/processes/errand", json=body), 403, "ForbiddenError")
    assert told == "'by' says who asks, which is 'omar'; leave it away."
    admin = await api.client("ada", ["admin"])
    assert (await admin.post("/processes/errand", json=body)).status_code == 201


async def test_without_a_worker_it_is_told_without_its_state(apis: ApiFactory) -> None:
    api = await apis(worker=False, processes=[ERRAND])
    client, number = await api.client(), unique("E")
    await client.post("/processes/errand", json={"id": number, "what": "x"})
    found = (await client.get(f"/processes/errand/{number}")).json()
    assert (found["status"], found["state"]) == ("running", None)
    path = f"/processes/errand/{number}"
    async with worker_on(api.site.client, api.site.queue, workflows=[Errand]):

        async def told() -> bool:
            return (await client.get(path)).json()["state"] is not None

        await eventually(told, what="a worker tells of it")
    # The server goes on naming a worker that has just gone.
    found = await client.get(path)
    assert (found.status_code, found.json()["state"]) == (200, None)


async def test_a_purchase_from_http_to_its_order(apis: ApiFactory, tmp_path: Path) -> None:
    """The shipped process: started by one person, decided by two others, all of them over HTTP."""
    buyers, tenant = Buyers(), unique("tenant")
    api = await apis(buyers, tools=tools_for(PurchaseRules()), worker=False, processes=PROCESSES)
    with company(f"sqlite:///{tmp_path / 'application.db'}") as database:
        async with worker_on(api.site.client, api.site.queue, workflows=WORKFLOWS, activities=ACTIVITIES):
            rita = await api.client("rita", ["operator", "director"], tenant)
            request = purchase_request(unique("R"), LARGE)
            buyers.plans[request.id] = LARGE
            started = await rita.post("/processes/purchase", json=request.model_dump(exclude={"requester"}))
            assert started.status_code == 201, started.text
            path = started.headers["location"].removeprefix("/v1")

            async def asked() -> list[dict[str, Any]]:
                return (await rita.get("/inbox", params={"whose": "all"})).json()["requests"]

            (item,) = await eventually(asked, what="people are asked, in the inbox of the tenant")
            place = f"/chats/{item['chat']}/requests"
            (shown_request,) = (await rita.get(place)).json()["requests"]
            answers = []
            for subject, role in (("rita", "director"), ("dora", "director"), ("finn", "finance")):
                voter = await api.client(subject, ["approver", role], tenant)
                body = {"verdict": "approve", "hash": shown_request["hash"]}
                answers.append((await voter.post(f"{place}/{item['request']}/decision", json=body)).status_code)
            assert answers == [409, 200, 200], "who asked for it does not decide"
            ended = await shown(rita, path, "completed")
            assert (ended["outcome"]["status"], ended["outcome"]["amount"]) == ("ordered", 12_990)
            assert count(database, PurchaseOrder) == 1
            body = {**request.model_dump(), "id": unique("R"), "cost_centre": "x"}
            refused = await rita.post("/processes/purchase", json=body)
            failed = await shown(rita, refused.headers["location"].removeprefix("/v1"), "failed")
            assert failed["error"].endswith("There is no cost centre 'x'.")


async def test_ids_of_processes_chats_are_kept_for_them(api: Api) -> None:
    client = await api.client()
    chat_id, kept = unique(), unique("errand")
    problem(await client.post("/chats", json={"team": api.spec("a"), "id": kept}), 409, "ChatExistsError")
    assert (await client.post("/chats", json={"team": api.spec("a"), "id": chat_id})).status_code == 201
    told = problem(await client.post(f"/chats/{chat_id}/fork", json={"id": kept}), 409, "ChatExistsError")
    assert "kept for a process" in told
