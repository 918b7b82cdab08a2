"""A web service: many users with a chat each over HTTP, and an API and a worker that are killed under them.

First everybody works while the API, the worker or both are killed -9 every few seconds and started again: nothing may
be lost or done twice. Then one API process serves them undisturbed: its memory, and how long reads take, idle and under
load. Last the first reads of chats by an API that has just been started.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2 as httpx

from folkmoot._local.launch import spawner
from folkmoot._local.ports import free_port
from folkmoot.server.tokens import issue, parse_keys

from .folkmoot_side import QUEUE
from .lines import Child
from .report import say, table
from .web_crowd import TENANT, percentiles

__all__ = ["measure_web", "web_table"]

PACE = 4.0
"""Tasks a second of all users together."""
TASKS = 3
"""Of each user while processes are killed, and as many again while they are not."""
STRIKES = 15
KILL_SECONDS = 20.0
"""Between two strikes at the least."""
VICTIMS = (("api",), ("worker",), ("api", "worker"))
READS = 200
READ_SECONDS = 0.25
"""From one read to the next; less would be more than the API lets one caller ask for."""
PAGE = 50
SAMPLE_SECONDS = 5.0
KEY = "for-nothing-but-these-measurements"

FILES = 16_384
"""Open files: every user has two connections."""

Worker = tuple[str, str, str]
Result = dict[str, Any]


class Api:
    """`folkmoot serve` as a process.

    Args:
        worker: Arguments of the worker: the API has its server and its store.
    """

    def __init__(self, worker: Worker) -> None:
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("FOLKMOOT_", "TEMPORAL_"))},
            "TEMPORAL_ADDRESS": worker[0],
            "FOLKMOOT_STORE": worker[2],
            "FOLKMOOT_TASK_QUEUE": QUEUE,
            "FOLKMOOT_TOKEN_KEY": KEY,
            "FOLKMOOT_API_PORT": str(self._port),
        }
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; it serves when this returns."""
        # Its life is bound to ours, as that of the others is by their stdin.
        command = [
            *spawner("bound", str(os.getpid())),
            str(Path(sys.executable).with_name("folkmoot")),
            "serve",
            "--json",
        ]
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(*command, stdout=pipe, env=self._environment)
        assert self._process.stdout is not None
        if not await self._process.stdout.readline():
            raise RuntimeError(f"the API ended with code {await self._process.wait()}")

    async def kill(self) -> None:
        """kill -9."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    @property
    def rss(self) -> float:
        """Its resident bytes."""
        assert self._process is not None
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]) if sys.platform == "linux" else 0
        return float(pages * os.sysconf("SC_PAGE_SIZE"))


class Site:
    """API, worker and users.

    Args:
        worker: Arguments of the worker.
        users: How many.
    """

    def __init__(self, worker: Worker, users: int) -> None:
        self.arguments = worker
        self.users = users
        self.api = Api(worker)
        self.worker = self._new_worker()
        self.crowd = Child(
            "benchmarks.web_crowd",
            self.api.url,
            str(users),
            f"web-{users}",
            environment={"FOLKMOOT_TOKEN_KEY": KEY},
        )

    def _new_worker(self) -> Child:
        return Child("benchmarks.folkmoot_side", *self.arguments)

    async def __aenter__(self) -> Site:
        try:
            await asyncio.gather(self.api.start(), self.worker.__aenter__())
            await self.crowd.__aenter__()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        for child in (self.crowd, self.worker):
            if child.ready:
                with suppress(ProcessLookupError):
                    await child.kill()
        await self.api.kill()

    async def kill(self, *names: str) -> None:
        """kill -9 the API, the worker or both, and start them anew."""
        if "api" in names:
            await self.api.kill()
        if "worker" in names:
            await self.worker.kill()
        await asyncio.gather(*(self._start(name) for name in names))

    async def _start(self, name: str) -> None:
        if name == "api":
            await self.api.start()
            return
        self.worker = self._new_worker()
        await self.worker.__aenter__()

    def caller(self, api: Api) -> httpx.AsyncClient:
        """Somebody who reads, through an instance of the API."""
        token = issue(parse_keys(KEY), "reader", roles=["viewer"], tenant=TENANT)
        return httpx.AsyncClient(
            base_url=f"{api.url}/v1", headers={"Authorization": f"Bearer {token}"}, timeout=httpx.Timeout(120)
        )

    def chats(self, count: int, seed: int) -> list[str]:
        """Ids of some of the chats; of all if they are fewer."""
        numbers = random.Random(seed).sample(range(self.users), min(count, self.users))
        return [f"web-{self.users}-{number:04}" for number in numbers]


async def measure_web(folder: Path, worker: Worker, users: int) -> Result:
    """Run the parts that have no result yet; all results."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(FILES, hard)), hard))
    file = folder / f"web-{users}.json"
    results: Result = json.loads(file.read_text()) if file.exists() else {"users": users}
    parts: dict[str, Callable[[Site], Awaitable[Result]]] = {"killed": _killed, "served": _served}
    for name, part in parts.items():
        if name not in results:
            async with Site(worker, users) as site:
                results[name] = await part(site)
                file.write_text(json.dumps(results))
    return results


async def _killed(site: Site) -> Result:
    """Everybody arrives and works while processes are killed."""
    kills = {"api": 0, "worker": 0}

    async def work() -> Result:
        arrived = await site.crowd.ask("arrive")
        say(f"web: all have arrived after {arrived['seconds']:.0f} s")
        return await site.crowd.ask("work", until=TASKS, pace=PACE)

    working = asyncio.create_task(work())
    pause = max(KILL_SECONDS, TASKS * site.users / PACE / STRIKES)
    number = 0
    while not working.done():
        await asyncio.wait({working}, timeout=pause)
        if not working.done():
            names = VICTIMS[number % len(VICTIMS)]
            number += 1
            say(f"web: kill -9 of {' and '.join(names)}")
            await site.kill(*names)
            for name in names:
                kills[name] += 1
    worked = await working
    return {"kills": kills, **worked, **await site.crowd.ask("check")}


async def _served(site: Site) -> Result:
    """One API process: memory, and reads while nothing happens, under load, and at once after its start."""
    # So that all it has is of what follows.
    await site.crowd.ask("arrive")
    memory = [{"at": time.time(), "rss": site.api.rss, "what": "all follow"}]
    async with site.caller(site.api) as caller:
        await _reads(site, caller, 1)
        say("web: reads while nothing happens")
        idle = await _reads(site, caller, READS)
        memory.append({"at": time.time(), "rss": site.api.rss, "what": "idle"})
        say("web: reads under load")
        working = asyncio.create_task(site.crowd.ask("work", until=2 * TASKS, pace=PACE))
        sampling = asyncio.create_task(_sample(site.api, memory))
        loaded: dict[str, list[float]] = {"list": [], "log": []}
        while not working.done():
            for name, seconds in (await _reads(site, caller, 1, seed=len(loaded["log"]))).items():
                loaded[name] += seconds
        sampling.cancel()
        worked = await working
        checked = await site.crowd.ask("check")
    return {
        "memory": memory,
        "idle": idle,
        "loaded": loaded,
        "cold": {"API": await _cold(site, 1), "API and worker": await _cold(site, 2, "worker")},
        **worked,
        **checked,
    }


async def _sample(api: Api, memory: list[dict[str, Any]]) -> None:
    while True:
        await asyncio.sleep(SAMPLE_SECONDS)
        memory.append({"at": time.time(), "rss": api.rss, "what": "load"})


async def _reads(site: Site, caller: httpx.AsyncClient, count: int, seed: int = 0) -> dict[str, list[float]]:
    """Seconds of so many reads of the list, and of the log of a chat that is followed."""
    found: dict[str, list[float]] = {"list": [], "log": []}
    for place in range(count):
        (chat,) = site.chats(1, seed + place)
        found["list"].append(await _read(caller, "/chats", limit=PAGE))
        found["log"].append(await _read(caller, f"/chats/{chat}/log"))
    return found


async def _cold(site: Site, seed: int, *killed: str) -> list[float]:
    """Seconds of first reads of chats by an API that has just been started, with nobody else at it."""
    await site.kill(*killed)
    other = Api(site.arguments)
    await other.start()
    try:
        async with site.caller(other) as caller:
            await _read(caller, "/chats", limit=1)
            return [await _read(caller, f"/chats/{chat}/log") for chat in site.chats(READS, seed)]
    finally:
        await other.kill()


async def _read(caller: httpx.AsyncClient, path: str, **parameters: Any) -> float:
    """Seconds of a read, and a pause after it."""
    began = time.perf_counter()
    (await caller.get(path, params=parameters)).raise_for_status()
    seconds = time.perf_counter() - began
    await asyncio.sleep(READ_SECONDS)
    return seconds


def web_table(results: Result) -> str:
    """What became of the requests, and what reads and memory cost."""
    killed, served = results["killed"], results["served"]
    head = ("", "API and worker killed", "undisturbed")
    both = (killed, served)
    lines = [
        ["users, each with a chat and a stream", *(str(results["users"]) for _ in both)],
        ["kill -9 of the API, of the worker", f"{killed['kills']['api']}, {killed['kills']['worker']}", "0, 0"],
        ["tasks in the logs, each once and answered once", *(str(part["tasks"]) for part in both)],
        ["requests, attempts that were sent again", *(f"{part['sent']}, {part['again']}" for part in both)],
        ["requests that came to nothing", *(str(len(part["failed"])) for part in both)],
        ["logs or streams with something lost or twice", *(str(len(part["wrong"])) for part in both)],
        ["a task, s: median, p95", *(_told(part["took"], 1) for part in both)],
        ["an entry in the stream after, s: median, p95", *(_told(part["lags"], 1) for part in both)],
    ]
    reads: list[list[str]] = []
    names = {"list": f"list of {PAGE} chats", "log": "log of a followed chat"}
    for name, told in names.items():
        idle, loaded = (percentiles(served[part][name]) for part in ("idle", "loaded"))
        reads.append([told, _told(idle), _told(loaded), f"{loaded[1] / idle[1]:.2f}"])
    for name, values in served["cold"].items():
        reads.append([f"first read of a chat, new {name}", _told(percentiles(values)), "", ""])
    columns = ("read, ms: median, p95", "idle", f"{PACE:g} tasks/s", "p95, × idle")
    return "\n\n".join([table(head, lines), table(columns, reads), _memory_line(served["memory"])])


def _told(seconds: Sequence[float], scale: float = 1_000) -> str:
    places = 0 if scale > 1 else 2
    return ", ".join(f"{value * scale:.{places}f}" for value in seconds)


def _memory_line(memory: Sequence[dict[str, Any]]) -> str:
    """The API's memory at four places of its life."""
    load = [sample for sample in memory if sample["what"] == "load"] or [memory[-1]]
    places = {
        "when all follow": memory[0],
        "after a quarter of the load": load[len(load) // 4],
        "after half": load[len(load) // 2],
        "at its end": load[-1],
    }
    told = ", ".join(f"{sample['rss'] / 2**20:.0f} MiB {name}" for name, sample in places.items())
    return f"Memory of the API process: {told}."
