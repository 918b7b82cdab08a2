"""Whoever a request names, by id or by role, reads what they may decide, and nothing else; refusals are logged."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from folkmoot import ApprovalPolicy
from folkmoot._spec import to_json
from tests.integration.conftest import unique
from tests.integration.server.conftest import ApiFactory, opened, problem
from tests.integration.server.test_people import Till, asks

FINANCE = ApprovalPolicy(approvers=("ann", "role:finance"))


async def test_who_is_named_reads_the_request_and_nothing_else(apis: ApiFactory) -> None:
    till = Till(FINANCE, secrets=("pin",))
    api = await till.api(apis)
    tenant = unique("tenant")
    chat_id, request = await asks(api, await api.client(tenant=tenant))
    named = [await api.client("ann", [], tenant), await api.client("bob", ["finance"], tenant)]
    for client in named:
        found = await client.get(f"/chats/{chat_id}/requests")
        assert found.status_code == 200, found.text
        assert found.json()["requests"] == [request]
        for path in ("", "/log", "/events", "/usage", "/spec", "/runs/1", "/snapshots", "/state"):
            problem(await client.get(f"/chats/{chat_id}{path}"), 403, "ForbiddenError")
        problem(await client.get("/chats"), 403, "ForbiddenError")
    for stranger in (await api.client("sam", ["sales"], tenant), await api.client("pat", [], tenant)):
        said = problem(await stranger.get(f"/chats/{chat_id}/requests"), 403, "ForbiddenError")
        assert "takes the role 'viewer', or to be named by a request that is open" in said
    elsewhere = await api.client("ann", ["finance"], unique("tenant"))
    problem(await elsewhere.get(f"/chats/{chat_id}/requests"), 404, "ChatNotFoundError")
    ann = named[0]
    vote = {"verdict": "approve", "hash": (await ann.get(f"/chats/{chat_id}/requests")).json()["requests"][0]["hash"]}
    assert (await ann.post(f"/chats/{chat_id}/requests/{request['request']}/decision", json=vote)).status_code == 200
    # It is open no more: there is nothing for them to see.
    problem(await ann.get(f"/chats/{chat_id}/requests"), 403, "ForbiddenError")


async def test_a_worker_without_keys_says_that_no_signed_vote_will_count(
    apis: ApiFactory, caplog: pytest.LogCaptureFixture
) -> None:
    api = await Till(ApprovalPolicy(require_signed_decisions=True)).api(apis)
    with caplog.at_level(logging.WARNING, "folkmoot.worker"):
        await opened(await api.client(), api, team=to_json(api.site.agent("payer", tools=["pay"])))
    told = [record.getMessage() for record in caplog.records if "signed decisions" in record.getMessage()]
    (said,) = told
    assert said.startswith("team 'payer' takes signed decisions only, and this worker has no keys to check them with")
    assert said.endswith("expected FOLKMOOT_DECISION_PUBLIC_KEYS")


async def test_what_names_nobody_is_for_viewers(apis: ApiFactory) -> None:
    api = await Till(ApprovalPolicy()).api(apis)
    chat_id, _ = await asks(api, await api.client())
    problem(await (await api.client("pat", ["finance"])).get(f"/chats/{chat_id}/requests"), 403, "ForbiddenError")


@pytest.mark.parametrize(
    "vote", [{"verdict": "approve"}, {"verdict": "edit", "arguments": {"amount": 1}}, {"verdict": "answer"}]
)
async def test_what_lets_something_run_is_bound_to_what_was_looked_at(apis: ApiFactory, vote: dict[str, Any]) -> None:
    till = Till(FINANCE)
    api = await till.api(apis)
    chat_id, request = await asks(api, await api.client())
    path = f"/chats/{chat_id}/requests/{request['request']}/decision"
    ann = await api.client("ann", [])
    for missing in (vote, {**vote, "hash": None}, {**vote, "hash": ""}):
        found = await ann.post(path, json=missing)
        said = problem(found, 422, "RequestValidationError")
        assert "body.hash" in said
        assert "`hash` of the request in GET /v1/chats/{id}/requests" in said
    assert till.paid == []


async def test_a_mask_in_a_secrets_place_is_refused(apis: ApiFactory) -> None:
    till = Till(FINANCE, secrets=("pin",))
    api = await till.api(apis)
    chat_id, request = await asks(api, await api.client())
    path = f"/chats/{chat_id}/requests/{request['request']}/decision"
    ann = await api.client("ann", [])
    vote = {"verdict": "edit", "hash": request["hash"], "arguments": {**request["arguments"], "amount": 3}}
    assert "'•••' in place of a secret" in problem(await ann.post(path, json=vote), 422, "BadCommandError")
    whole = {**vote, "arguments": {"amount": 3, "pin": "0815"}}
    assert (await ann.post(path, json=whole)).status_code == 200


async def test_who_is_turned_away_is_logged(apis: ApiFactory, caplog: pytest.LogCaptureFixture) -> None:
    api = await Till(FINANCE).api(apis)
    operator = await api.client()
    chat_id, request = await asks(api, operator)
    path = f"/chats/{chat_id}/requests/{request['request']}/decision"
    vote = {"verdict": "approve", "hash": request["hash"], "comment": "hush"}
    pat = await api.client("pat", ["sales"])
    forged = {"Authorization": "Bearer forged-and-secret"}
    with caplog.at_level(logging.INFO, "folkmoot.server.refusals"):
        problem(await pat.post(path, json=vote), 403, "ForbiddenError")
        problem(await pat.post(path, json=vote, headers=forged), 401, "TokenRefusedError")
        assert (await operator.get(f"/chats/{chat_id}")).status_code == 200
    first, second = [record for record in caplog.records if record.name == "folkmoot.server.refusals"]
    told: dict[str, Any] = vars(first)["fields"]
    assert told.pop("token")
    assert told.pop("address")
    route = "/v1/chats/{id}/requests/{request}/decision"
    assert told == {
        "method": "POST",
        "route": route,
        "status": 403,
        "code": "ForbiddenError",
        "asked": request["request"],
        "subject": "pat",
        "roles": ["sales"],
    }
    assert "does not name you" in first.getMessage()
    anonymous = vars(second)["fields"]
    assert (anonymous["status"], anonymous["route"]) == (401, route)
    assert not anonymous.keys() & {"subject", "roles", "token"}
    for record in (first, second):
        text = f"{record.getMessage()} {vars(record)['fields']}"
        assert "secret" not in text
        assert "hush" not in text
        assert request["hash"] not in text
