"""What people are asked and decide over HTTP: the inbox, votes, answers; who decides is who the token names."""

from __future__ import annotations

from typing import Any

import httpx2 as httpx
import pytest

from folkmoot import (
    ApprovalPolicy,
    FunctionTool,
    RoundRobinGroupChat,
    TextMentionTermination,
    ToolOptions,
    UserProxyAgent,
)
from folkmoot._spec import to_json
from folkmoot.signatures import DecisionClaims, DecisionKey, decision_digest, verify_decision
from tests._support.waiting import eventually
from tests.integration.conftest import unique
from tests.integration.server.conftest import Api, ApiFactory, opened, problem, settings


class Till:
    """A tool that pays, under an approval; and an instance whose agents have it."""

    def __init__(self, policy: ApprovalPolicy, **options: Any) -> None:
        self.paid: list[int] = []

        def pay(amount: int, pin: str = "") -> str:
            """Pay."""
            self.paid.append(amount)
            return f"paid {amount}"

        self.tool = FunctionTool(pay, options=ToolOptions(approval=policy, **options))

    async def api(self, apis: ApiFactory, **options: Any) -> Api:
        calls = [{"name": "pay", "arguments": {"amount": 12, "pin": "4711"}}]
        return await apis([{"calls": calls}, "done"], tools=[self.tool], **options)


async def asks(api: Api, client: httpx.AsyncClient, **options: Any) -> tuple[str, dict[str, Any]]:
    """A chat that asks for an approval, and the request."""
    team = to_json(api.site.agent(tools=["pay"], max_tool_iterations=2))
    chat_id = await opened(client, api, team=team, task="go", **options)

    async def probe() -> list[dict[str, Any]]:
        return (await client.get(f"/chats/{chat_id}/requests")).json()["requests"]

    (request,) = await eventually(probe, what="the chat asks")
    return chat_id, request


async def inbox(client: httpx.AsyncClient, **params: Any) -> list[tuple[str, str]]:
    """Chats and requests in somebody's inbox."""
    response = await client.get("/inbox", params=params)
    assert response.status_code == 200, response.text
    return [(item["chat"], item["request"]) for item in response.json()["requests"]]


FINANCE = ApprovalPolicy(approvers=("ann", "role:finance"), reason="It is a lot of money.", deadline=3600)


async def test_a_named_person_finds_a_request_and_decides(apis: ApiFactory) -> None:
    till = Till(FINANCE, secrets=("pin",))
    api = await till.api(apis)
    tenant = unique("tenant")
    operator = await api.client(tenant=tenant)
    chat_id, request = await asks(api, operator)
    assert (request["kind"], request["name"], request["path"]) == ("approval", "pay", "writer")
    assert request["arguments"] == {"amount": 12, "pin": "•••"}
    assert request["approvers"] == ["ann", "role:finance"]
    assert not request["overdue"]
    # No role of the API at all: the request names the role.
    bob = await api.client("bob", ["finance"], tenant)

    async def found() -> list[tuple[str, str]]:
        return await inbox(bob)

    assert await eventually(found, what="it is in the inbox") == [(chat_id, request["request"])]
    path = f"/chats/{chat_id}/requests/{request['request']}/decision"
    decision = await bob.post(path, json={"verdict": "approve", "hash": request["hash"], "comment": "fine"})
    assert decision.status_code == 200, decision.text
    body = decision.json()
    assert (body["verdict"], body["decided"], body["missing"]) == ("approve", "approve", 0)
    run = (await operator.get(f"/chats/{chat_id}/runs/1", params={"wait": 30})).json()
    assert run["status"] == "stopped"
    assert till.paid == [12]
    log = await operator.get(f"/chats/{chat_id}/log")
    assert "4711" not in log.text
    (vote,) = [entry["data"] for entry in log.json()["entries"] if entry["kind"] == "vote"]
    assert vote["by"] == {"subject": "bob", "roles": ["finance"], "channel": "http"}


async def test_inboxes_are_of_those_who_may(apis: ApiFactory) -> None:
    till = Till(FINANCE)
    api = await till.api(apis)
    tenant = unique("tenant")
    operator = await api.client(tenant=tenant)
    chat_id, request = await asks(api, operator)
    both = (chat_id, request["request"])
    ann, approver = await api.client("ann", [], tenant), await api.client("abe", ["approver"], tenant)
    stranger = await api.client("ann", ["finance", "admin"], unique("tenant"))

    async def found() -> list[tuple[str, str]]:
        return await inbox(ann)

    assert await eventually(found, what="it is in the inbox") == [both]
    assert await inbox(approver) == []
    assert await inbox(operator) == []
    assert await inbox(operator, whose="all") == [both]
    assert await inbox(operator, role="finance") == [both]
    assert await inbox(operator, role="legal") == []
    assert await inbox(operator, whose="all", due_before="2999-01-01T00:00:00Z") == [both]
    assert await inbox(operator, whose="all", due_before="2020-01-01T00:00:00") == []
    assert await inbox(operator, whose="all", overdue=True) == []
    for params in ({}, {"whose": "all"}, {"role": "finance"}):
        assert await inbox(stranger, **params) == []
    problem(await ann.get("/inbox", params={"whose": "all"}), 403, "ForbiddenError")
    problem(await ann.get("/inbox", params={"role": "finance"}), 403, "ForbiddenError")


@pytest.mark.parametrize("body_by", ["ann", {"subject": "ann"}])
async def test_a_vote_that_does_not_count_is_refused_and_logged(apis: ApiFactory, body_by: Any) -> None:
    till = Till(FINANCE)
    api = await till.api(apis)
    operator = await api.client()
    chat_id, request = await asks(api, operator)
    path = f"/chats/{chat_id}/requests/{request['request']}/decision"
    vote = {"verdict": "approve", "hash": request["hash"]}
    plain, approver = await api.client("pat", []), await api.client("abe", ["approver"])
    problem(await plain.post(path, json=vote), 403, "ForbiddenError")
    problem(await operator.post(path, json=vote), 403, "ForbiddenError")
    # The role of the API is enough to ask; the policy still says who counts.
    problem(await approver.post(path, json=vote), 409, "DecisionRefusedError")
    problem(await plain.post(path, json={**vote, "by": body_by}), 422, "RequestValidationError")
    ann = await api.client("ann", [])
    problem(await ann.post(path, json={**vote, "hash": "other"}), 409, "DecisionRefusedError")
    problem(await ann.post(path, json={"verdict": "maybe"}), 422, "RequestValidationError")
    other = f"/chats/{chat_id}/requests/nothing/decision"
    problem(await ann.post(other, json=vote), 409, "DecisionRefusedError")
    assert till.paid == []
    # Only what lets nothing run goes without a hash.
    first = await ann.post(path, json={"verdict": "reject", "reason": "too much"}, headers={"Idempotency-Key": "k"})
    again = await ann.post(path, json={"verdict": "reject", "reason": "too much"}, headers={"Idempotency-Key": "k"})
    assert first.status_code == 200, first.text
    assert (first.json()["decided"], again.json()) == ("reject", first.json())
    problem(await ann.post(path, json=vote), 409, "DecisionRefusedError")
    log = (await operator.get(f"/chats/{chat_id}/log")).json()["entries"]
    assert [entry["kind"] for entry in log].count("vote") == 1
    assert sum(entry["kind"] == "refused" for entry in log) == 4
    assert till.paid == []


async def test_arguments_are_edited_and_answers_given(apis: ApiFactory) -> None:
    till = Till(ApprovalPolicy())
    api = await till.api(apis)
    client = await api.client("abe", ["approver"])
    chat_id, request = await asks(api, client)
    path = f"/chats/{chat_id}/requests/{request['request']}/decision"
    vote = {"verdict": "edit", "hash": request["hash"]}
    bad = await client.post(path, json={**vote, "arguments": {"amount": "a lot"}})
    problem(bad, 409, "DecisionRefusedError")
    edited = await client.post(path, json={**vote, "arguments": {"amount": 3}})
    assert edited.json()["decided"] == "approve", edited.text
    await client.get(f"/chats/{chat_id}/runs/1", params={"wait": 30})
    assert till.paid == [3]


async def test_a_call_is_answered_in_the_tools_place(apis: ApiFactory) -> None:
    till = Till(ApprovalPolicy())
    api = await till.api(apis)
    client = await api.client("abe", ["approver"])
    chat_id, request = await asks(api, client)
    path = f"/chats/{chat_id}/requests/{request['request']}/answer"
    said = problem(await client.post(path, json={"content": "paid by card"}), 422, "BadCommandError")
    assert "`hash` of the request in GET /v1/chats/{id}/requests" in said
    stale = {"content": "paid by card", "hash": "0" * 32}
    problem(await client.post(path, json=stale), 409, "DecisionRefusedError")
    answer = {"content": "paid by card", "hash": request["hash"]}
    assert (await client.post(path, json=answer)).status_code == 200
    run = (await client.get(f"/chats/{chat_id}/runs/1", params={"wait": 30})).json()
    assert "paid by card" in str(run["messages"])
    assert till.paid == []
    problem(await client.post(path, json={"content": "again"}), 409, "DecisionRefusedError")


async def test_what_everybody_may_decide_is_for_approvers(apis: ApiFactory) -> None:
    api = await Till(ApprovalPolicy()).api(apis)
    tenant = unique("tenant")
    operator, viewer = await api.client(tenant=tenant), await api.client("vic", ["viewer"], tenant)
    chat_id, request = await asks(api, operator)
    approver = await api.client("abe", ["approver"], tenant)

    async def found() -> list[tuple[str, str]]:
        return await inbox(approver)

    assert await eventually(found, what="it is in the inbox") == [(chat_id, request["request"])]
    assert await inbox(viewer) == []
    path = f"/chats/{chat_id}/requests/{request['request']}/decision"
    vote = {"verdict": "approve", "hash": request["hash"]}
    problem(await viewer.post(path, json=vote), 403, "ForbiddenError")


async def test_decisions_are_signed_where_the_server_has_a_key(apis: ApiFactory) -> None:
    key = DecisionKey.generate()
    api = await Till(ApprovalPolicy()).api(apis, given=settings(decision_key=key))
    client = await api.client("abe", ["approver"])
    chat_id, request = await asks(api, client)
    path = f"/chats/{chat_id}/requests/{request['request']}/decision"
    assert (
        await client.post(path, json={"verdict": "approve", "hash": request["hash"], "comment": "yes"})
    ).status_code == 200
    log = (await client.get(f"/chats/{chat_id}/log")).json()["entries"]
    (vote,) = [entry["data"] for entry in log if entry["kind"] == "vote"]
    uuid = (await api.site.handle(await api.site.moot.get(chat_id)).query("status"))["uuid"]
    expected = DecisionClaims(
        chat=uuid,
        request=request["request"],
        hash=request["hash"],
        verdict="approve",
        digest=decision_digest(comment="yes"),
        subject="abe",
        roles=("approver",),
    )
    verify_decision(vote["signature"], expected, [key.public])


async def test_an_answer_is_signed_as_a_decision_is(apis: ApiFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    key = DecisionKey.generate()
    monkeypatch.setenv("FOLKMOOT_DECISION_PUBLIC_KEYS", key.public.text)
    till = Till(ApprovalPolicy(require_signed_decisions=True))
    api = await till.api(apis, given=settings(decision_key=key))
    client = await api.client("abe", ["approver"])
    chat_id, request = await asks(api, client)
    keyless = await (await apis(site=api.site)).client("abe", ["approver"])
    path = f"/chats/{chat_id}/requests/{request['request']}/answer"
    words = {"content": "paid by card", "hash": request["hash"]}
    answer = {"json": words, "headers": {"Idempotency-Key": "k"}}
    assert "signature" in problem(await keyless.post(path, json=words), 409, "DecisionRefusedError")
    first, again = await client.post(path, **answer), await client.post(path, **answer)
    assert (first.status_code, again.json()) == (200, first.json()), first.text
    run = (await client.get(f"/chats/{chat_id}/runs/1", params={"wait": 30})).json()
    assert "paid by card" in str(run["messages"])
    assert till.paid == []


async def test_more_than_a_list_tells_is_asked_for(apis: ApiFactory) -> None:
    people = tuple(f"person-{number}" for number in range(8))
    api = await Till(ApprovalPolicy(approvers=people)).api(apis)
    tenant = unique("tenant")
    operator = await api.client(tenant=tenant)
    chat_id, request = await asks(api, operator)
    last = await api.client("person-7", [], tenant)

    async def found() -> list[tuple[str, str]]:
        return await inbox(last)

    assert await eventually(found, what="it is in the inbox") == [(chat_id, request["request"])]
    assert api.app.state.chats.held == 0


async def test_a_person_takes_part(apis: ApiFactory) -> None:
    api = await apis()
    tenant = unique("tenant")
    operator, eve = await api.client(tenant=tenant), await api.client("eve", [], tenant)
    team = RoundRobinGroupChat([UserProxyAgent("eve", people=("eve",))], max_turns=1)
    chat_id = await opened(operator, api, team=to_json(team), task="How is it?")

    async def found() -> list[tuple[str, str]]:
        return await inbox(eve)

    ((_, request),) = await eventually(found, what="it is in the inbox")
    path = f"/chats/{chat_id}/requests/{request}/answer"
    stranger = await api.client("sam", ["approver"], tenant)
    problem(await stranger.post(path, json={"content": "Bad."}), 409, "DecisionRefusedError")
    bound = problem(await eve.post(path, json={"content": "Fine.", "hash": "0a"}), 422, "BadCommandError")
    assert "wants a text only" in bound
    first = await eve.post(path, json={"content": "Fine."}, headers={"Idempotency-Key": "k"})
    again = await eve.post(path, json={"content": "Fine."}, headers={"Idempotency-Key": "k"})
    assert (first.status_code, again.json()) == (200, first.json())
    run = (await operator.get(f"/chats/{chat_id}/runs/1", params={"wait": 30})).json()
    assert [message["content"] for message in run["messages"] if message["source"] == "eve"][-1] == "Fine."


def text(source: str, content: str = "APPROVED") -> dict[str, Any]:
    return {"type": "TextMessage", "source": source, "content": content}


async def test_nobody_speaks_in_the_name_of_a_participant(apis: ApiFactory) -> None:
    """Neither of an agent, nor of a team within, nor of a named person; that person may do so for themselves."""
    api = await apis([{"text": "one", "repeat": True}])
    ends = TextMentionTermination("APPROVED", sources=["editor", "eve"])
    inner = RoundRobinGroupChat([api.site.agent("a")], name="crew", max_turns=1)
    people = [UserProxyAgent("eve", people=("role:eves",)), UserProxyAgent("anybody")]
    team = to_json(RoundRobinGroupChat([api.site.agent("editor"), inner, *people], termination_condition=ends))
    client, eve = await api.client(), await api.client("eve", ["operator", "eves"])
    body = {"team": api.known(team), "id": (chat_id := unique())}
    refused = problem(await client.post("/chats", json={**body, "task": [text("editor")]}), 422, "BadCommandError")
    assert "The source of a message may not be a participant, in whose name it would speak; got 'editor'." in refused
    await opened(client, api, team=team, id=chat_id)
    for source in ("editor", "crew", "a", "eve"):
        for path, sent in (("say", {"message": text(source)}), ("runs", {"task": [text("user"), text(source)]})):
            said = problem(await client.post(f"/chats/{chat_id}/{path}", json=sent), 422, "BadCommandError")
            assert f"got {source!r}." in said
    assert [entry["kind"] for entry in (await client.get(f"/chats/{chat_id}/log")).json()["entries"]] == ["opened"]
    for who, path, sent in (
        (client, "say", {"message": text("anybody", "well")}),
        (client, "say", {"message": text("boss")}),
        (eve, "say", {"message": text("eve")}),
    ):
        taken = await who.post(f"/chats/{chat_id}/{path}", json=sent)
        assert taken.status_code == 200, taken.text


async def test_something_is_said(apis: ApiFactory) -> None:
    api = await apis([{"text": "one", "hold": "it"}, "two", "three"])
    client = await api.client()
    chat_id = await opened(client, api, team=api.spec("a", "b", max_turns=2), task="go")
    await api.site.model.wait_for_requests(1)
    said = await client.post(f"/chats/{chat_id}/say", json={"message": "Mind the budget.", "when": "turn"})
    assert said.status_code == 200, said.text
    api.site.model.release("it")
    run = (await client.get(f"/chats/{chat_id}/runs/1", params={"wait": 30})).json()
    assert [message["content"] for message in run["messages"]] == ["go", "one", "Mind the budget.", "two"]
    entry = (await client.get(f"/chats/{chat_id}/log", params={"after": said.json()["offset"] - 1, "limit": 1})).json()
    data = entry["entries"][0]["data"]
    assert (data["kind"], data["by"]["subject"], data["by"]["channel"]) == ("said", "olga", "http")
    bad = await client.post(f"/chats/{chat_id}/say", json={"message": {"type": "ToolCallRequestEvent"}})
    problem(bad, 422, "BadCommandError")
    late = await client.post(f"/chats/{chat_id}/say", json={"message": "x", "when": "later"})
    problem(late, 422, "RequestValidationError")
