"""Events and bytes of history per turn of every kind of team, early and late in a chat, beside the bare workflow.

A turn is one reply: of an agent's model, of a custom agent, or of a person. Steps between replies, such as a selection,
count towards the reply they lead to.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client
from temporalio.worker import Worker

from folkmoot import Chat, ChatCancelled, Folkmoot, FolkmootPlugin, HistoryLimits, Store
from folkmoot._client.workers import Workers
from folkmoot._scripted.http import ScriptedServer
from folkmoot._temporal import names
from folkmoot.messages import UserInputRequestedEvent

from .casts import KINDS, Kind, Prompter, agents, models
from .dialogue import REPLY, task
from .history import runs_of
from .report import say, table

__all__ = ["AT", "Window", "measure_teams", "rehearsal", "teams_table", "window_of", "windows"]

SIZES = (2, 10)
AT = (25, 100, 400)
LEAST = 20
"""Turns of a window, at least."""
NEVER = HistoryLimits(
    events=10**9,
    bytes=10**12,
    resting_events=10**9,
    forced_events=10**9,
    forced_bytes=10**12,
    forced_signals=10**9,
)
"""A chat goes on as new only where the server asks it to, after 4,096 events."""
REPLIES = (names.ACTIVITY_MODEL, names.ACTIVITY_AGENT)
TASKS = (
    EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
)
UPSERT = EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES


@dataclass(frozen=True, slots=True)
class Window:
    """What some turns in a row cost.

    Attributes:
        turns: How many.
        activities: Those that were completed.
        events: All events.
        bytes: Of all events.
        content: Bytes without workflow tasks and search attributes: how many of these there are depends on the clock.
    """

    turns: int
    activities: int
    events: int
    bytes: int
    content: int


@dataclass
class Rehearsal:
    """A worker on which chats of any kind run, one after the other."""

    moot: Folkmoot
    server: ScriptedServer
    prompter: Prompter = field(default_factory=lambda: Prompter(1, 1))

    async def history(self, kind: Kind, size: int, turns: int) -> list[HistoryEvent]:
        """The history, over all runs, of a chat that is cancelled after so many turns."""
        self.prompter = Prompter(size, turns + 1)
        self.server.script.replace(self.prompter)
        chat = await self.moot.open(kind.team(size), f"team-{uuid.uuid4()}", limits=NEVER)
        run = asyncio.create_task(self._run(chat))
        enough = asyncio.create_task(self.prompter.enough.wait())
        await asyncio.wait({run, enough}, return_when=asyncio.FIRST_COMPLETED)
        enough.cancel()
        if run.done():
            raise RuntimeError(f"{kind.name} of {size} ended before turn {turns}: {run.exception() or run.result()!r}")
        await chat.cancel()
        with contextlib.suppress(ChatCancelled):
            await run
        client, events = self.moot.client, list[HistoryEvent]()
        for one in await runs_of(client, chat.id):
            events += (await client.get_workflow_handle(chat.id, run_id=one["run_id"]).fetch_history()).events
        await chat.close()
        return events

    async def _run(self, chat: Chat) -> Any:
        item = None
        async for item in chat.run_stream(task=task(0)):
            # What is read after the last reply may have been withdrawn.
            if isinstance(item, UserInputRequestedEvent) and not self.prompter.enough.is_set():
                await chat.answer(item.request_id, REPLY)
                self.prompter.replied()
        return item


@asynccontextmanager
async def rehearsal(address: str, store: Store) -> AsyncIterator[Rehearsal]:
    """A worker and a model in this process, on a queue of their own."""
    async with (
        ScriptedServer([], record=0) as server,
        agents(server.base_url, lambda: found.prompter) as custom,
    ):
        plugin = FolkmootPlugin(models=models(server.base_url), agents=custom, store=store)
        client = await Client.connect(address, plugins=[plugin])
        # As long as the default name: it stands in two events of every turn.
        queue = uuid.uuid4().hex[: len(names.DEFAULT_QUEUE)]
        workers = Workers(client, queue)
        async with Folkmoot(client, plugin=plugin, queue=queue) as moot, Worker(client, task_queue=queue):
            while not await workers.any():
                await asyncio.sleep(0.01)
            found = Rehearsal(moot, server)
            yield found
        await plugin.close()


async def measure_teams(address: str, store: Store, bare: dict[str, Any], at: Sequence[int]) -> dict[str, Any]:
    """Run a chat of every kind and size, and look at the turns before each of `at`.

    Args:
        address: The server's.
        store: Where large states go.
        bare: What `history.measure_bare` says of the bare workflow.
        at: Numbers of turns.
    """
    teams: list[dict[str, Any]] = []
    async with rehearsal(address, store) as stage:
        for kind in KINDS:
            for size in SIZES:
                say(f"{kind.name}, {size} agents")
                cycle = kind.cycle(size)
                spans = [span(turn, cycle) for turn in at]
                history = await stage.history(kind, size, spans[-1][1])
                found = windows(history, spans)
                teams.append(
                    {
                        "name": kind.name,
                        "note": kind.note,
                        "agents": size,
                        "cycle": cycle,
                        "windows": [
                            {"at": turn, "turns": item.turns, "activities": item.activities}
                            | {"events": item.events, "bytes": item.bytes}
                            for turn, item in zip(at, found, strict=True)
                        ],
                    }
                )
    last = bare["windows"][-1]
    return {
        "bare": {"events": last["events"] / bare["window"], "bytes": last["bytes"] / bare["window"]},
        "teams": teams,
    }


def span(turn: int, cycle: int) -> tuple[int, int]:
    """Whole cycles, at least `LEAST` turns, up to about this turn; never the first turns, where all begin."""
    length = _up(LEAST, cycle)
    end = _up(max(turn, length + min(cycle, 5)), cycle)
    return end - length, end


def _up(number: int, cycle: int) -> int:
    return -(-number // cycle) * cycle


def windows(events: Sequence[HistoryEvent], spans: Sequence[tuple[int, int]]) -> list[Window]:
    """What the turns after the first number up to the second cost.

    Raises:
        ValueError: There were fewer turns.
    """
    ends, kinds = [0], dict[int, str]()
    for place, event in enumerate(events):
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            # A later run has the same ids for others.
            kinds[event.event_id] = event.activity_task_scheduled_event_attributes.activity_type.name
        if _is_reply(event, kinds):
            # Turn n ends with its reply; the events after it are the next one's.
            ends.append(place + 1)
    if len(ends) <= spans[-1][1]:
        raise ValueError(f"Expected {spans[-1][1]} replies in the history, got {len(ends) - 1}.")
    return [window_of(events[ends[first] : ends[last]], last - first) for first, last in spans]


def _is_reply(event: HistoryEvent, kinds: dict[int, str]) -> bool:
    if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
        return kinds[event.activity_task_completed_event_attributes.scheduled_event_id] in REPLIES
    signal = event.workflow_execution_signaled_event_attributes.signal_name
    return event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED and signal == "answer"


def window_of(events: Sequence[HistoryEvent], turns: int) -> Window:
    """Sum events up."""
    return Window(
        turns=turns,
        activities=sum(event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED for event in events),
        events=len(events),
        bytes=sum(event.ByteSize() for event in events),
        content=sum(event.ByteSize() for event in events if event.event_type not in (*TASKS, UPSERT)),
    )


def teams_table(results: dict[str, Any]) -> str:
    """One line per kind and size; ratios to the bare workflow are those of the last window."""
    bare = results["bare"]
    lines: list[list[str]] = []
    for team in results["teams"]:
        found = team["windows"]
        each = {
            what: [window[what] / window["turns"] for window in found] for what in ("events", "bytes", "activities")
        }
        lines.append(
            [
                f"{team['name']} ({team['note']})" if team["note"] else team["name"],
                str(team["agents"]),
                f"{each['activities'][-1]:.2f}",
                ", ".join(f"{number:.2f}" for number in each["events"]),
                f"{each['events'][-1] / bare['events']:.2f}",
                ", ".join(f"{number:.0f}" for number in each["bytes"]),
                f"{each['bytes'][-1] / bare['bytes']:.2f}",
            ]
        )
    at = ", ".join(str(window["at"]) for window in results["teams"][0]["windows"])
    head = ("team", "agents", "activities", f"events at {at}", "× bare", f"bytes at {at}", "× bare")
    return table(head, lines)
