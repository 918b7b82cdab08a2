"""Days pass: people decide over HTTP when everything was killed meanwhile, or nobody does.

On Temporal's production server, on PostgreSQL, which skips the time of a chat; worker, API, server and database are
processes of their own.
"""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest
import pytest_asyncio
from temporalio.client import WorkflowHandle
from temporalio.testing import TimeSkipper

from folkmoot import (
    AgentSpec,
    ApprovalPolicy,
    AssistantAgent,
    Budget,
    Chat,
    ChatEvent,
    Deadlines,
    Escalation,
    HistoryLimits,
    RoundRobinGroupChat,
    TeamSpec,
    Tool,
    ToolOptions,
    UserProxyAgent,
)
from folkmoot._spec import to_json
from folkmoot.server.tokens import TokenKey, issue
from tests._support.command_line import CommandLine, Running
from tests._support.production import ProductionServer
from tests._support.waiting import eventually
from tests.acceptance.kill.theatre import Theatre, WorkerProcess, theatre

# The first one starts PostgreSQL, the server, a worker and an API: on a busy machine that alone takes minutes.
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]

DAY = 86_400.0
AWAY = 0.75 * DAY
"""No time of a budget is near: where two are due at once, the server may skip past the one that it has not noticed."""
KEY = "0123456789abcdef0123456789abcdef"
OLGA = ("olga", "designer")
FINN = ("finn", "viewer", "finance")
ANN = ("ann", "approver")
BOSS = ("boss", "approver")


@dataclass
class Model:
    """Books what the task names, then says what came of it.

    Attributes:
        away: So many requests it first answers with: come back in `AWAY` seconds.
    """

    away: int = 0

    def __call__(self, body: dict[str, Any]) -> dict[str, Any]:
        """Answer a request of the wire."""
        if self.away:
            self.away -= 1
            return {"status": 429, "retry_after": AWAY, "message": "come back later"}
        last = body["messages"][-1]
        if last["role"] == "tool":
            return {"text": f"It says: {last['content']}"}
        if (named := re.search(r"Book (\S+)\.", json.dumps(body["messages"]))) is not None:
            return {"calls": [{"name": "book", "arguments": {"item": named[1]}, "id": "b"}]}
        return {"text": "hello"}


@dataclass
class Town:
    """A queue with a worker and an API, as processes; both, the server and its database can be killed."""

    house: Theatre
    line: CommandLine
    server: ProductionServer
    clock: TimeSkipper
    model: Model
    worker: WorkerProcess | None = None
    api: Running | None = None
    url: str = ""

    async def work(self) -> None:
        """Start those of worker and API that do not run."""
        await asyncio.gather(self._hire(), self._serve())

    async def _hire(self) -> None:
        if self.worker is None:
            self.worker = await self.house.worker()

    async def _serve(self) -> None:
        if self.api is None:
            api = self.line.start("serve")
            self.url = (await asyncio.to_thread(api.kind, "serve"))["url"]
            self.api = api

    async def lose_worker(self) -> None:
        """kill -9."""
        assert self.worker is not None
        await self.worker.kill()
        self.worker = None

    async def lose_api(self) -> None:
        """kill -9."""
        assert self.api is not None
        self.api.process.kill()
        await asyncio.to_thread(self.api.end)
        self.api = None

    async def call(self, who: tuple[str, ...], method: str, path: str, **body: Any) -> httpx.Response:
        """A request of the HTTP API, by somebody with roles."""
        token = issue([TokenKey(KEY.encode())], who[0], roles=who[1:])
        async with httpx.AsyncClient(base_url=f"{self.url}/v1", timeout=60) as http:
            headers = {"Authorization": f"Bearer {token}"}
            return await http.request(method, path, json=body or None, headers=headers)

    async def open(self, team: TeamSpec | AgentSpec, task: str = "") -> Chat:
        """A chat in which a run was asked for over HTTP, unless told otherwise one that books what is called as it."""
        name = unique()
        opened = await self.call(
            OLGA, "POST", "/chats", team=dict(to_json(team)), id=name, task=task or f"Book {name}."
        )
        assert opened.status_code == 201, opened.text
        return await self.house.moot.get(name)

    async def asks(self, policy: ApprovalPolicy) -> tuple[Chat, dict[str, Any]]:
        """A chat in which a booking has to be approved of, and what it asks, once it does."""
        chat = await self.open(booking(policy))
        return chat, await self.asked(chat)

    async def asked(self, chat: Chat) -> dict[str, Any]:
        """What people are asked, as the API tells it."""

        async def found() -> list[dict[str, Any]]:
            told = await self.call(OLGA, "GET", f"/chats/{chat.id}/requests")
            assert told.status_code == 200, told.text
            return told.json()["requests"]

        (request,) = await eventually(found, what="people are asked")
        return request

    async def decide(
        self, who: tuple[str, ...], chat: Chat, request: dict[str, Any], verdict: str = "approve", **more: Any
    ) -> httpx.Response:
        """A vote over HTTP."""
        path = f"/chats/{chat.id}/requests/{request['request']}/decision"
        return await self.call(who, "POST", path, verdict=verdict, hash=request["hash"], **more)

    async def pass_days(self, chat: Chat, days: float) -> None:
        """So much time passes for a chat."""
        assert await self.clock.fast_forward(self.handle(chat), timedelta(days=days))

    def handle(self, chat: Chat) -> WorkflowHandle[Any, Any]:
        """The chat's workflow."""
        return self.clock.client.get_workflow_handle(chat.id)

    def booked(self, chat: Chat) -> int:
        """How many attempts there were to book what the chat is to book."""
        path = self.house.folder / "bookings"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line)["item"] for line in lines].count(chat.id)


def booking(policy: ApprovalPolicy) -> AssistantAgent:
    """Somebody who books if they may."""
    tool = Tool("book", options=ToolOptions(approval=policy))
    return AssistantAgent("writer", "gpt", tools=[tool], max_tool_iterations=2)


def unique() -> str:
    return f"chat-{uuid.uuid4().hex[:8]}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def founded(production_server: ProductionServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """A town, for all tests: its processes take a while to start."""
    folder = tmp_path_factory.mktemp("town")
    clock = TimeSkipper(await production_server.ready())
    model = Model()
    async with theatre(production_server.address, folder, model) as house:
        line = CommandLine(
            folder,
            TEMPORAL_ADDRESS=production_server.address,
            FOLKMOOT_TASK_QUEUE=house.moot.queue,
            FOLKMOOT_STORE=str(folder / "store"),
            FOLKMOOT_TOKEN_KEY=KEY,
            FOLKMOOT_API_PORT="0",
        )
        try:
            yield Town(house, line, production_server, clock, model)
        finally:
            await asyncio.to_thread(line.close)


@pytest_asyncio.fixture(loop_scope="module")
async def town(founded: Town) -> Town:
    """The town at work, whatever a test before left of it."""
    founded.server.start()
    await founded.server.ready()
    await founded.work()
    return founded


async def log(chat: Chat) -> list[ChatEvent]:
    return [event async for event in chat.events(follow=False)]


async def ended(chat: Chat) -> list[ChatEvent]:
    """The log, once the run is over."""

    async def found() -> list[ChatEvent]:
        events = await log(chat)
        return events if any(event.kind == "run_ended" for event in events) else []

    return await eventually(found, what="the run is over", within=60)


def days(events: list[ChatEvent], kind: str, since: str = "request") -> list[float]:
    """How many days after the first entry of another kind those of a kind were written."""
    first = next(datetime.fromisoformat(event.time) for event in events if event.kind == since)
    times = [datetime.fromisoformat(event.time) - first for event in events if event.kind == kind]
    return [round(time / timedelta(days=1), 3) for time in times]


def last_word(events: list[ChatEvent]) -> str:
    return [event.message for event in events if event.message is not None][-1].to_text()


def reason(events: list[ChatEvent]) -> str:
    """Why the run ended."""
    return next(event.data["stop_reason"] for event in events if event.kind == "run_ended")


async def test_nobody_decides_within_seven_days(town: Town) -> None:
    chat, request = await town.asks(ApprovalPolicy(approvers=("ann",), deadline=7 * DAY))
    await town.pass_days(chat, 6.9)
    assert (await log(chat))[-1].kind == "request"
    await town.pass_days(chat, 0.2)
    events = await ended(chat)
    assert days(events, "expired") == [pytest.approx(7, abs=0.01)]
    assert last_word(events) == "It says: Rejected: nobody decided in time."
    late = await town.decide(ANN, chat, request)
    assert late.status_code == 409
    assert "it was settled" in late.json()["detail"]
    assert town.booked(chat) == 0


async def test_a_default_answer_after_thirty_days(town: Town) -> None:
    person = UserProxyAgent(
        "client", people=("carla",), deadlines=Deadlines(deadline=30 * DAY, remind_every=7 * DAY), default_answer="Yes."
    )
    chat = await town.open(RoundRobinGroupChat([person], max_turns=1), task="Is it all right?")
    request = await town.asked(chat)
    await town.pass_days(chat, 31)
    events = await ended(chat)
    assert last_word(events) == "Yes."
    assert days(events, "reminded") == [pytest.approx(time, abs=0.01) for time in (7, 14, 21, 28)]
    assert days(events, "run_ended") == [pytest.approx(30, abs=0.01)]
    path = f"/chats/{chat.id}/requests/{request['request']}/answer"
    assert (await town.call(("carla", "approver"), "POST", path, content="No!")).status_code == 409


async def test_a_request_outlives_many_runs_of_its_workflow(town: Town) -> None:
    """The reminders of a month make the history long: the chat continues as new while time passes."""
    limits = HistoryLimits(events=50, resting_events=50)
    policy = ApprovalPolicy(approvers=("ann",), remind_every=DAY)
    chat = await town.house.moot.open(booking(policy), id=unique(), limits=limits)
    run = asyncio.create_task(chat.run(task=f"Book {chat.id}."))
    request = await town.asked(chat)
    await town.pass_days(chat, 30.5)
    assert (await chat.status()).continued >= 3
    assert await town.asked(chat) == request
    assert (await town.decide(ANN, chat, request)).json()["decided"] == "approve"
    await run
    events = await log(chat)
    assert days(events, "reminded") == [pytest.approx(day, abs=0.01) for day in range(1, 31)]
    assert town.booked(chat) == 1


async def test_waiting_for_people_for_days_spends_no_time(town: Town) -> None:
    team = RoundRobinGroupChat(
        [booking(ApprovalPolicy(approvers=("ann",)))], max_turns=1, budget=Budget(seconds=2 * DAY)
    )
    chat = await town.open(team)
    request = await town.asked(chat)
    await town.pass_days(chat, 3)
    assert (await town.decide(ANN, chat, request)).json()["decided"] == "approve"
    events = await ended(chat)
    assert reason(events) == "Maximum number of turns 1 reached."
    (use,) = await chat.budgets()
    assert use.used < 600


async def test_a_budget_of_days_is_spent_by_a_model_that_is_away(town: Town) -> None:
    town.model.away = 3
    agents = [AssistantAgent(name, "gpt") for name in ("writer", "critic")]
    team = RoundRobinGroupChat(agents, max_turns=2, budget=Budget(seconds=2 * DAY, warn_at=0.5))
    chat = await town.open(team, task="Greet us.")
    await town.pass_days(chat, 5)
    events = await ended(chat)
    assert days(events, "budget_warned", "run_started") == [pytest.approx(1, abs=0.01)]
    assert days(events, "run_ended", "run_started") == [pytest.approx(2.25, abs=0.01)], "a call under way finishes"
    assert reason(events).startswith("Budget of the chat exceeded: seconds 1944")
    (use,) = await chat.budgets()
    assert use.used == pytest.approx(3 * AWAY, abs=600)


async def test_decided_three_days_after_everything_was_killed(town: Town) -> None:
    chat, request = await town.asks(ApprovalPolicy(approvers=("role:finance",), deadline=7 * DAY))
    assert request["arguments"] == {"item": chat.id}
    await town.lose_worker()
    await town.lose_api()
    town.server.kill()
    town.server.start()
    await town.server.ready()
    # There is no worker, and none is needed.
    await town.pass_days(chat, 3)
    await town.work()
    assert await town.asked(chat) == request, "what was asked is frozen"
    inbox = (await town.call(FINN, "GET", "/inbox")).json()["requests"]
    assert [(item["request"], item["who"]) for item in inbox] == [(request["request"], ["role:finance"])]
    assert town.booked(chat) == 0
    refused = await town.decide(("sam", "operator", "sales"), chat, request)
    assert (refused.status_code, refused.json()["code"]) == (403, "ForbiddenError")
    decided = await town.decide(FINN, chat, request, comment="Back from the mountains.")
    assert (decided.status_code, decided.json()["decided"]) == (200, "approve")
    events = await ended(chat)
    assert town.booked(chat) == 1
    assert last_word(events) == f"It says: booked {chat.id}"
    assert days(events, "decided") == [pytest.approx(3, abs=0.01)]
    again = await town.decide(FINN, chat, request)
    assert (again.status_code, again.json()["code"]) == (409, "DecisionRefusedError")
    assert town.booked(chat) == 1


async def test_two_people_days_apart(town: Town) -> None:
    chat, request = await town.asks(ApprovalPolicy(approvers=("ann", "ben", "role:finance"), quorum=2))
    first = await town.decide(ANN, chat, request)
    assert (first.status_code, first.json()["missing"]) == (200, 1)
    await town.lose_worker()
    await town.lose_api()
    await town.pass_days(chat, 2)
    await town.work()
    (vote,) = (await town.asked(chat))["votes"]
    assert (vote["subject"], vote["verdict"]) == ("ann", "approve")
    again = await town.decide(ANN, chat, request)
    assert again.status_code == 409
    assert "'ann' has voted already" in again.json()["detail"]
    changed = await town.decide(FINN, chat, {**request, "hash": "0" * 32})
    assert changed.status_code == 409, "what was looked at is not what is asked"
    assert town.booked(chat) == 0
    await town.pass_days(chat, 1)
    assert (await town.decide(FINN, chat, request)).json()["decided"] == "approve"
    events = await ended(chat)
    assert days(events, "vote") == [pytest.approx(0, abs=0.01), pytest.approx(3, abs=0.01)]
    assert town.booked(chat) == 1


async def test_reminders_and_escalation_over_days(town: Town) -> None:
    chain = (Escalation(after=2.5 * DAY, approvers=("boss",), replace=True),)
    policy = ApprovalPolicy(approvers=("ann",), reminders=(DAY / 2, DAY), remind_every=DAY, escalation=chain)
    chat, request = await town.asks(policy)
    await town.lose_worker()
    # The first reminder is due while nobody works: the chat waits for a worker with it.
    passing = asyncio.create_task(town.pass_days(chat, 4.2))
    begun = datetime.fromisoformat(request["since"])

    async def due() -> bool:
        return await town.clock.get_current_time(town.handle(chat)) - begun >= timedelta(days=0.5)

    await eventually(due, what="the first reminder is due")
    assert not passing.done()
    await town.work()
    await passing
    events = await log(chat)
    assert days(events, "reminded") == [pytest.approx(time, abs=0.01) for time in (0.5, 1, 2, 3, 4)]
    assert days(events, "escalated") == [pytest.approx(2.5, abs=0.01)]
    assert (await town.asked(chat))["approvers"] == ["boss"]
    late = await town.decide(ANN, chat, request)
    assert late.status_code == 409
    assert "'ann' may not decide this" in late.json()["detail"]
    assert (await town.decide(BOSS, chat, request)).json()["decided"] == "approve"
    await ended(chat)
    assert town.booked(chat) == 1
