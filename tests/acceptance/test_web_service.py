"""A web service: users with a chat each over HTTP, while the API and the worker are killed under them.

Real processes: `folkmoot serve` and `folkmoot worker`. Nothing is lost and nothing done twice.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import gt
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from temporalio.client import Client

from benchmarks.web_users import User, mistakes, task
from folkmoot._local.ports import free_port
from folkmoot.server.tokens import TokenKey, issue
from folkmoot.testing import ScriptedServer
from tests._support.command_line import SECONDS, CommandLine, Running
from tests._support.waiting import eventually
from tests.conftest import ClientFactory

KEY = "0123456789abcdef0123456789abcdef"
USERS = 30
NAMES = [f"u{number:02}" for number in range(USERS)]
FIRST = [task(name, 1) for name in NAMES[:10]]
SECOND, THIRD = [[task(name, number) for name in NAMES] for number in (2, 3)]
TEAM: dict[str, Any] = {
    "type": "RoundRobinGroupChat",
    "participants": [{"type": "AssistantAgent", "name": "writer", "model_client": "m"}],
    "max_turns": 1,
}


@dataclass
class Play:
    """Answers each task with its own name; first tasks of some and second ones of all wait until they are released."""

    asked: Counter[str] = field(default_factory=Counter[str])

    def __call__(self, body: dict[str, Any]) -> dict[str, Any]:
        text = body["messages"][-1]["content"]
        self.asked[text] += 1
        held = {**dict.fromkeys(FIRST, "first"), **dict.fromkeys(SECOND, "second")}
        return {"text": f"Done: {text}", **({"hold": held[text]} if text in held else {})}

    def begun(self, tasks: Sequence[str]) -> int:
        """How many of these have come to the model."""
        return sum(text in self.asked for text in tasks)


@dataclass
class Service:
    """The processes, and what they are killed by."""

    cli: CommandLine
    temporal: Client
    model: ScriptedServer
    play: Play
    url: str
    api: Running | None = None
    worker: Running | None = None

    async def start_api(self) -> None:
        """Start it on its port; it serves when this returns."""
        self.api = self.cli.start("serve")
        await asyncio.to_thread(self.api.kind, "serve")

    async def start_worker(self) -> None:
        """Start it; it polls when this returns."""
        self.worker = self.cli.start("worker")
        await asyncio.to_thread(self.worker.kind, "worker")

    async def started(self) -> bool:
        """Whether the server has a third of the chats."""
        queue = self.cli.environment["FOLKMOOT_TASK_QUEUE"]
        return (await self.temporal.count_workflows(f"TaskQueue = '{queue}'")).count >= USERS // 3

    def kill(self, process: Running | None) -> None:
        """kill -9."""
        assert process is not None
        assert process.process.poll() is None
        process.process.kill()


@pytest.fixture
def cli(tmp_path: Path, server_address: str) -> Iterator[CommandLine]:
    environment = {"FOLKMOOT_TASK_QUEUE": tmp_path.name, "FOLKMOOT_TOKEN_KEY": KEY, "OPENAI_API_KEY": "none"}
    cli = CommandLine(tmp_path, TEMPORAL_ADDRESS=server_address, **environment)
    yield cli
    cli.close()


@pytest.fixture
async def service(cli: CommandLine, client_factory: ClientFactory) -> AsyncIterator[Service]:
    port, play = free_port(), Play()
    async with ScriptedServer(play) as model:
        store = str(cli.folder / "store")
        cli.environment |= {"OPENAI_BASE_URL": model.base_url, "FOLKMOOT_API_PORT": str(port), "FOLKMOOT_STORE": store}
        service = Service(cli, await client_factory(), model, play, f"http://127.0.0.1:{port}")
        await service.start_api()
        yield service


def token(subject: str, tenant: str) -> str:
    return issue([TokenKey(KEY.encode())], subject, roles=["designer"], tenant=tenant)


async def _until(probe: Callable[[], Awaitable[bool] | bool], what: str) -> None:
    # Longer than others wait: many processes start in between.
    await eventually(probe, within=SECONDS, what=what)


# Seven starts of a process, one after the other: slow where others use the machine.
@pytest.mark.timeout(400)
async def test_api_and_worker_are_killed_under_load(service: Service) -> None:
    tenant = service.cli.folder.name
    users = [User(service.url, name, token(name, tenant), TEAM) for name in NAMES]
    said: dict[str, list[tuple[int, list[str]]]] = {}

    async def live(user: User) -> None:
        await user.open()
        following = asyncio.create_task(user.follow())
        runs = [await user.give() for _ in range(3)]
        texts = [[item.additional_properties["content"] for item in run.messages] for run in runs]
        said[user.name] = list(zip([run.run for run in runs], texts, strict=True))
        await user.close()
        await following

    async def strike() -> None:
        # Chats are being opened, or asked where they stand, which takes a worker: there is none yet.
        await _until(service.started, "chats have been started")
        assert all(user.waiting for user in users)
        service.kill(service.api)
        await asyncio.gather(service.start_api(), service.start_worker())
        # Some calls are under way in the worker; other users are anywhere before that.
        await _until(lambda: service.play.begun(FIRST) == len(FIRST), "some wait for the model")
        service.kill(service.api)
        service.kill(service.worker)
        await asyncio.gather(service.start_api(), service.start_worker())
        service.model.release("first")
        await _until(lambda: service.play.begun(SECOND) == USERS, "all wait for the model")
        assert all(user.waiting for user in users)
        before = [user.again for user in users]
        service.kill(service.api)
        await _until(lambda: all(map(gt, (user.again for user in users), before)), "all were cut off")
        await service.start_api()
        service.model.release("second")
        # Third tasks are sent, taken in, asked for and answered, all at the same time.
        await _until(lambda: service.play.begun(THIRD) > 0, "the first is at the last task")
        service.kill(service.api)
        await service.start_api()

    async with asyncio.TaskGroup() as group:
        group.create_task(strike())
        for user in users:
            group.create_task(live(user))

    for user in users:
        tasks = [task(user.name, number + 1) for number in range(3)]
        assert said[user.name] == [(number, [text, f"Done: {text}"]) for number, text in enumerate(tasks, 1)]
        log = await user.log()
        assert mistakes(user, log) == []
        await user.leave()
    assert all(service.play.asked[text] > 1 for text in FIRST), "the worker was killed in the midst of these"
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token('olga', tenant)}"}) as client:

        async def listed() -> set[str] | None:
            found = (await client.get(f"{service.url}/v1/chats", params={"limit": 500})).json()["chats"]
            return {chat["id"] for chat in found} if all(chat["status"] == "closed" for chat in found) else None

        # No chat was opened twice.
        assert await eventually(listed, what="the list knows that all are closed") == {user.chat for user in users}
