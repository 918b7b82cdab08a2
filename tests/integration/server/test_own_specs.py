"""Whose specs count over HTTP: a spec says what needs approval, so who brings one needs a right, or nobody has it."""

from __future__ import annotations

from typing import Any

import pytest

from folkmoot import ApprovalPolicy, FunctionTool
from folkmoot._spec import to_json
from tests._support.waiting import eventually
from tests.integration.conftest import unique
from tests.integration.server.conftest import Api, ApiFactory, opened, problem, settings

PAID: list[int] = []


def pay(amount: int) -> str:
    """Pay."""
    PAID.append(amount)
    return f"paid {amount}"


async def paying(apis: ApiFactory, **options: Any) -> tuple[Api, dict[str, Any], dict[str, Any]]:
    """An instance, a team that asks before each of its turns, and the same without its policy."""
    PAID.clear()
    api = await apis(
        [{"calls": [{"name": "pay", "arguments": {"amount": 12}}]}, {"text": "done", "repeat": True}],
        tools=[FunctionTool(pay)],
        given=settings(**options),
    )
    strict = to_json(
        api.site.agent(tools=["pay"], max_tool_iterations=2, turn_approval=ApprovalPolicy(approvers=("ann",)))
    )
    lax = {name: value for name, value in strict.items() if name != "turn_approval"}
    api.app.state.teams.named["strict"] = api.app.state.teams.named[api.known(strict)]
    return api, dict(strict), lax


@pytest.mark.parametrize("role", ["operator", "approver"])
async def test_without_the_right_nobody_takes_a_policy_away(apis: ApiFactory, role: str) -> None:
    api, _, lax = await paying(apis)
    client, designer = await api.client("olga", [role]), await api.client("dora", ["designer"])
    chat_id = await opened(client, api, team="strict")
    document = (await client.get(f"/chats/{chat_id}/export")).json()
    said = problem(await client.post("/chats", json={"team": lax, "id": (i := unique()), "task": "go"}), 403, FORBIDDEN)
    assert "takes the role 'designer', or the name of a team of this server (" in said
    assert "strict" in said
    assert f"yours is {role!r}" in said
    problem(await designer.get(f"/chats/{i}"), 404, "ChatNotFoundError")
    problem(await client.post(f"/chats/{chat_id}/change", json={"team": lax}), 403, FORBIDDEN)
    problem(await client.post(f"/chats/{chat_id}/change", json={"team": "strict"}), 403, FORBIDDEN)
    problem(await client.post("/chats/import", json={"document": {**document, "spec": lax}}), 403, FORBIDDEN)
    assert (await client.get(f"/chats/{chat_id}/spec")).json()["turn_approval"]["approvers"] == ["ann"]
    await client.post(f"/chats/{chat_id}/runs", json={"task": "go"})

    async def asks() -> Any:
        return (await client.get(f"/chats/{chat_id}/requests")).json()["requests"]

    assert await eventually(asks, what="it asks before its turn")
    assert PAID == []


@pytest.mark.parametrize("role", ["designer", "admin"])
async def test_who_has_the_right_brings_specs_and_changes_teams(apis: ApiFactory, role: str) -> None:
    api, strict, lax = await paying(apis)
    client = await api.client("dora", [role])
    made = await client.post("/chats", json={"team": lax, "id": (chat_id := unique())})
    assert made.status_code == 201, made.text
    changed = await client.post(f"/chats/{chat_id}/change", json={"team": strict})
    assert changed.status_code == 200, changed.text
    assert (await client.get(f"/chats/{chat_id}/spec")).json()["turn_approval"]["approvers"] == ["ann"]
    document = (await client.get(f"/chats/{chat_id}/export")).json()
    assert (await client.post("/chats/import", json={"document": document})).status_code == 201


async def test_a_server_of_named_teams_takes_no_other(apis: ApiFactory) -> None:
    api, strict, lax = await paying(apis, named_teams=True)
    operator, admin = await api.client("olga", ["operator"]), await api.client("ada", ["admin"])
    chat_id = await opened(operator, api, team="strict")
    document = (await admin.get(f"/chats/{chat_id}/export")).json()
    for spec in (strict, lax):
        said = problem(await admin.post("/chats", json={"team": spec}), 403, FORBIDDEN)
        assert "of its own teams only" in said
        assert "strict" in said
        problem(await admin.post(f"/chats/{chat_id}/change", json={"team": spec}), 403, FORBIDDEN)
        problem(await admin.post("/chats/import", json={"document": {**document, "spec": spec}}), 403, FORBIDDEN)
    state = (await admin.get(f"/chats/{chat_id}/state")).json()
    for refused in (
        await admin.put(f"/chats/{chat_id}/state", json=state),
        await admin.post("/chats", json={"team": "strict", "state": state}),
        await admin.post("/chats/import", json={"document": document}),
    ):
        assert "of its own teams only" in problem(refused, 403, FORBIDDEN)
    api.app.state.teams.named["other"] = api.app.state.teams.named[api.known(api.spec("a"))]
    changed = await admin.post(f"/chats/{chat_id}/change", json={"team": "other"})
    assert changed.status_code == 200, changed.text


FORBIDDEN = "ForbiddenError"
