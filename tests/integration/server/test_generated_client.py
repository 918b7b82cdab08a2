"""The generated Python client against the real application: a chat from its opening to its saved state, and streams."""

from __future__ import annotations

import asyncio
import filecmp
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from folkmoot import ApprovalPolicy, FunctionTool, ToolOptions
from folkmoot._spec import to_json
from folkmoot.api_client import AuthenticatedClient, Client, ProblemError, Words, events, expect
from folkmoot.api_client.api.chats import get_chat, list_chats, open_chat
from folkmoot.api_client.api.health import get_health
from folkmoot.api_client.api.log import read_log
from folkmoot.api_client.api.people import decide, list_requests, show_inbox
from folkmoot.api_client.api.runs import get_run, start_run
from folkmoot.api_client.api.state import get_state, put_state
from folkmoot.api_client.api.steering import close_chat
from folkmoot.api_client.models import (
    Decide,
    Entry,
    JsonObject,
    OpenChat,
    PersonRequest,
    Problem,
    RunStatus,
    StartRun,
    Verdict,
)
from folkmoot.api_client.problems import ProblemError as Pickled
from folkmoot.server.claims import LEEWAY
from folkmoot.server.tokens import issue
from tests._support import client_generator
from tests._support.waiting import eventually
from tests.integration.conftest import unique
from tests.integration.server.conftest import SECRET, Api, ApiFactory, served

ClientFactory = Callable[..., AuthenticatedClient]


@pytest.fixture
async def clients() -> AsyncIterator[ClientFactory]:
    """Makes clients: `clients(api, subject, roles)`."""
    made: list[AuthenticatedClient] = []

    def make(
        api: Api, subject: str = "olga", roles: tuple[str, ...] = ("designer",), **more: Any
    ) -> AuthenticatedClient:
        client = AuthenticatedClient(api.url, issue([SECRET], subject, roles=roles, **more))
        if api.url == "http://api":
            transport = httpx.ASGITransport(api.app)
            headers = {"Authorization": f"Bearer {client.token}"}
            client.set_async_httpx_client(
                httpx.AsyncClient(transport=transport, base_url=api.url, headers=headers, timeout=60)
            )
        made.append(client)
        return client

    yield make
    for client in made:
        await client.get_async_httpx_client().aclose()


def spec(api: Api, *names: str) -> JsonObject:
    """A round robin as the client's models have it."""
    return JsonObject.from_dict(api.spec(*names))


async def opened(client: AuthenticatedClient, api: Api, *names: str, **more: Any) -> str:
    """The id of a new chat."""
    body = OpenChat(team=spec(api, *names), id=unique(), **more)
    return expect(await open_chat.asyncio(client=client, body=body)).id


async def test_the_document_is_current() -> None:
    assert client_generator.DOCUMENT.read_text() == await client_generator.document(), "run `make client`"


async def test_the_client_is_what_the_document_gives(tmp_path: Path) -> None:
    await asyncio.to_thread(client_generator.generate, client_generator.DOCUMENT.read_text(), tmp_path)
    for part in client_generator.GENERATED:
        assert differing(client_generator.CLIENT / part, tmp_path / part) == [], "run `make client`"


def differing(ours: Path, made: Path) -> list[str]:
    """The files that are not in both, or not the same."""
    if ours.is_file():
        return [] if filecmp.cmp(ours, made, shallow=False) else [ours.name]
    found = filecmp.dircmp(ours, made, ignore=["__pycache__"])
    _, wrong, odd = filecmp.cmpfiles(ours, made, found.common_files, shallow=False)
    inner = [name for folder in found.common_dirs for name in differing(ours / folder, made / folder)]
    return [*found.left_only, *found.right_only, *wrong, *odd, *inner]


def test_a_difference_is_seen(tmp_path: Path) -> None:
    for side, text in (("a", "1"), ("b", "2")):
        (tmp_path / side / "c").mkdir(parents=True)
        (tmp_path / side / "c" / "d.py").write_text(text)
    assert differing(tmp_path / "a", tmp_path / "b") == ["d.py"]
    (tmp_path / "a" / "c" / "e.py").write_text("")
    assert sorted(differing(tmp_path / "a", tmp_path / "b")) == ["d.py", "e.py"]
    assert differing(tmp_path / "a", tmp_path / "a") == []


async def test_a_chat_is_opened_run_read_and_its_state_taken_elsewhere(api: Api, clients: ClientFactory) -> None:
    client = clients(api)
    chat_id = unique()
    made = await open_chat.asyncio_detailed(client=client, body=OpenChat(team=spec(api, "a"), id=chat_id))
    assert (made.status_code, made.headers["location"]) == (201, f"/v1/chats/{chat_id}")
    assert expect(made.parsed).created
    run = expect(await start_run.asyncio(chat_id, client=client, body=StartRun(task="go"), wait=30))
    assert run.status is RunStatus.STOPPED
    assert run.error is None
    assert [message["content"] for message in run.messages] == ["go", "hello"]
    assert expect(await get_run.asyncio(chat_id, run.run, client=client)) == run

    page = expect(await read_log.asyncio(chat_id, client=client, after=run.offset - 1, limit=2))
    assert [entry.offset for entry in page.entries] == [run.offset, run.offset + 1]
    assert page.more
    shown = expect(await get_chat.asyncio(chat_id, client=client))
    assert (shown.run, shown.turn, shown.status) == (1, 1, "idle")

    state = expect(await get_state.asyncio(chat_id, client=client))
    assert state["type"] == "TeamState"
    other = await opened(client, api, "a")
    expect(await put_state.asyncio(other, client=client, body=state))
    taken = expect(await get_state.asyncio(other, client=client))
    assert taken["agent_states"] == state["agent_states"]

    async def listed() -> bool:
        found = expect(await list_chats.asyncio(client=client, prefix=chat_id))
        return [item.id for item in found.chats] == [chat_id]

    await eventually(listed, what="the chat is in the list")


async def test_an_approval_is_found_in_the_inbox_and_decided(apis: ApiFactory, clients: ClientFactory) -> None:
    paid: list[int] = []

    def pay(amount: int) -> str:
        """Pay."""
        paid.append(amount)
        return f"paid {amount}"

    tool = FunctionTool(pay, options=ToolOptions(approval=ApprovalPolicy(approvers=("role:finance",))))
    api = await apis([{"calls": [{"name": "pay", "arguments": {"amount": 12}}]}, "done"], tools=[tool])
    tenant = unique("tenant")
    operator, ann = clients(api, tenant=tenant), clients(api, "ann", ("finance",), tenant=tenant)
    team = JsonObject.from_dict(dict(to_json(api.site.agent(tools=["pay"], max_tool_iterations=2))))
    chat = expect(await open_chat.asyncio(client=operator, body=OpenChat(team=team, task="go")))
    assert chat.run is not None

    async def asked() -> list[str]:
        return [item.request for item in expect(await show_inbox.asyncio(client=ann)).requests]

    (request,) = await eventually(asked, what="it is in the inbox")
    (found,) = expect(await list_requests.asyncio(chat.id, client=operator)).requests
    assert isinstance(found, PersonRequest)
    assert (found.request, found.name, found.arguments) == (request, "pay", {"amount": 12})
    other = Decide(verdict=Verdict.APPROVE, hash_="sha256:0")
    refused = await decide.asyncio(chat.id, request, client=ann, body=other)
    assert isinstance(refused, Problem)
    assert (refused.status, refused.code) == (409, "DecisionRefusedError")
    vote = Decide(verdict=Verdict.APPROVE, hash_=found.hash_, comment="fine")
    decision = expect(await decide.asyncio(chat.id, request, client=ann, body=vote, idempotency_key="once"))
    again = expect(await decide.asyncio(chat.id, request, client=ann, body=vote, idempotency_key="once"))
    assert (decision.decided, decision.missing, again) == ("approve", 0, decision)
    run = expect(await get_run.asyncio(chat.id, 1, client=operator, wait=30))
    assert run.status is RunStatus.STOPPED
    assert paid == [12]


async def test_a_refusal_is_a_problem_or_an_error(api: Api, clients: ClientFactory) -> None:
    client = clients(api)
    found = await get_chat.asyncio("nowhere", client=client)
    assert isinstance(found, Problem)
    with pytest.raises(ProblemError, match=r"There is no chat 'nowhere'. \(404 ChatNotFoundError\)") as caught:
        expect(found)
    assert Pickled.from_details({**caught.value.details(), "message": ""}).problem == caught.value.problem
    body = OpenChat(team=JsonObject.from_dict({"type": "Nothing"}))
    with pytest.raises(ProblemError) as caught:
        expect(await open_chat.asyncio(client=client, body=body))
    assert caught.value.status == 422
    with pytest.raises(ValueError, match="none that the API gives"):
        expect(None)


async def test_it_works_without_a_loop(apis: ApiFactory, clients: ClientFactory) -> None:
    api = await apis(real=True)
    token = clients(api).token

    def talk() -> list[str]:
        with Client(api.url) as anybody:
            assert expect(get_health.sync(client=anybody)).status == "ok"
        with AuthenticatedClient(api.url, token) as client:
            chat = expect(open_chat.sync(client=client, body=OpenChat(team=spec(api), id=unique())))
            run = expect(start_run.sync(chat.id, client=client, body=StartRun(task="go"), wait=30))
            return [message["content"] for message in run.messages]

    assert await asyncio.to_thread(talk) == ["go", "hello"]


async def test_a_stream_goes_on_at_another_instance_and_ends_with_the_chat(
    apis: ApiFactory, clients: ClientFactory
) -> None:
    # A line for most readers of lines, but not for those of events.
    api = await apis([{"text": "one\u2028two\x85three", "repeat": True}])
    other = await apis(site=api.site)
    client = clients(api)
    chat_id = await opened(client, api, "a", task="go")
    expect(await get_run.asyncio(chat_id, 1, client=client, wait=30))
    head = expect(await get_chat.asyncio(chat_id, client=client)).head
    found: list[Entry] = []
    read = asyncio.Event()

    async def follow(reader: AuthenticatedClient) -> None:
        async for entry in events(reader, chat_id):
            found.append(entry)
            if len(found) == head:
                read.set()

    async with served(api.app) as (_, url):
        port = int(url.rpartition(":")[2])
        reader = AuthenticatedClient(url, client.token)
        following = asyncio.create_task(follow(reader))
        await asyncio.wait_for(read.wait(), 30)
    # What happens while nobody serves is not lost.
    await start_run.asyncio(chat_id, client=client, body=StartRun(task="again"), wait=30)
    async with served(other.app, on=port):
        await close_chat.asyncio(chat_id, client=client)
        await asyncio.wait_for(following, 60)
        assert [entry.offset for entry in found] == list(range(len(found)))
        log = expect(await read_log.asyncio(chat_id, client=client, limit=1000)).entries
        assert found == log
        texts = {entry.message["content"] for entry in found if entry.message is not None}
        assert texts == {"go", "again", "one\u2028two\x85three"}
        rest = [entry.offset async for entry in events(reader, chat_id, len(found) - 3)]
        assert rest == [len(found) - 2, len(found) - 1]
        assert [entry async for entry in events(reader, chat_id, len(found) - 1)] == []
    await reader.get_async_httpx_client().aclose()


async def test_a_stream_tells_what_is_refused_and_what_does_not_come_back(
    apis: ApiFactory, clients: ClientFactory
) -> None:
    api = await apis(real=True)
    client = clients(api)
    with pytest.raises(ProblemError) as caught:
        await anext(events(client, "nowhere"))
    assert caught.value.code == "ChatNotFoundError"
    chat_id = await opened(client, api)
    # It has expired, but so lately that the clocks may differ by as much.
    ended = datetime.now(UTC) - timedelta(seconds=LEEWAY - 4)
    short = clients(api, now=ended - timedelta(hours=1), lifetime=timedelta(hours=1))
    stream = events(short, chat_id)
    assert (await anext(stream)).offset == 0
    with pytest.raises(ProblemError) as caught:
        await anext(stream)
    assert caught.value.status == 401
    gone = AuthenticatedClient("http://127.0.0.1:1", client.token)
    with pytest.raises(httpx.TransportError):
        await anext(events(gone, chat_id, patience=0))
    await gone.get_async_httpx_client().aclose()


async def test_words_come_while_they_are_said(apis: ApiFactory, clients: ClientFactory) -> None:
    words = "Hear ye, hear ye, the moot is met."
    api = await apis([{"text": words, "chunks": 12, "chunk_delay": 0.1}], real=True)
    client = clients(api)
    team = JsonObject.from_dict(dict(to_json(api.site.agent(model_client_stream=True))))
    chat = expect(await open_chat.asyncio(client=client, body=OpenChat(team=team)))
    said: list[Words] = []
    async with aclosing(events(client, chat.id, partial=True)) as stream:
        async for found in stream:
            if isinstance(found, Words):
                said.append(found)
            elif found.offset == 0:
                await start_run.asyncio(chat.id, client=client, body=StartRun(task="go"))
            elif found.kind == "run_ended":
                break
    assert len(said) > 1
    assert words.startswith("".join(item.content for item in said))
    assert {(item.source, item.start) for item in said[:1]} == {("writer", 0)}


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(502, {}, b"<html>"), (200, {}, b"")], None),
        ([(503, {"Retry-After": "0"}, json.dumps({"detail": "away"}).encode()), (200, {}, b"")], None),
        ([(403, {}, b"<html>")], "HttpError"),
    ],
)
async def test_what_stands_before_the_server_is_borne_with(
    answers: list[tuple[int, dict[str, str], bytes]], code: str | None
) -> None:
    entry = {"offset": 0, "kind": "opened", "time": "", "data": {}, "message": None}
    lines = ["retry: 0", "", "id: 0", "event: entry", f"data: {json.dumps(entry)}", "", ": still here", ""]
    stream = "\r\n".join([*lines, "event: end", "data: {}", "", ""])
    left = [*answers]

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["last-event-id"] == "-1"
        status, headers, body = left.pop(0)
        return httpx.Response(status, headers={"Retry-After": "0", **headers}, content=body or stream.encode())

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://api")
    client = Client("http://api").set_async_httpx_client(http)
    if code is None:
        assert [entry.offset async for entry in events(client, "a")] == [0]
        assert left == []
    else:
        with pytest.raises(ProblemError) as caught:
            await anext(events(client, "a"))
        assert caught.value.code == code
    await http.aclose()
