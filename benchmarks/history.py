"""Events and bytes of history per turn, window by window, beside a bare workflow that passes the newest message."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory

from . import floor
from .contestants import floor_runs, folkmoot_runs, run_chat
from .report import say, table

__all__ = ["history_table", "measure_bare", "measure_history", "runs_of"]

WINDOW = 50


async def measure_history(address: str, model_url: str, store: Path, turns: int) -> list[dict[str, Any]]:
    """Run one chat and one bare workflow of `turns` turns in one run each, and read their histories."""
    say(f"history of {turns} turns")
    client = await Client.connect(address)
    bare = await measure_bare(address, model_url, turns)
    async with folkmoot_runs(address, model_url, store) as runs:
        chat = await run_chat(runs.moot, turns)
        first = (await runs_of(client, chat.id))[0]
        history = await client.get_workflow_handle(chat.id, run_id=first["run_id"]).fetch_history()
        await chat.close()
    return [bare, _windows("folkmoot", history)]


async def measure_bare(address: str, model_url: str, turns: int) -> dict[str, Any]:
    """Run the bare workflow that passes the newest message, at least 51 turns, and read its history."""
    client = await Client.connect(address)
    async with floor_runs(address, model_url, turns):
        handle = await client.start_workflow(
            "Floor", args=[turns, True], id=f"newest-{uuid.uuid4()}", task_queue=floor.QUEUE
        )
        await handle.result()
        return _windows("bare, newest message passed", await handle.fetch_history())


def _windows(name: str, history: WorkflowHistory) -> dict[str, Any]:
    """Sum up every 50 turns; a turn ends with the completion of its activity."""
    windows: list[dict[str, int]] = []
    turns = events = size = 0
    started = False
    for event in history.events:
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
            turns += started
            if not started:
                # What comes before the first completion, starting and opening, is no turn's.
                started, events, size = True, 0, 0
        events, size = events + 1, size + event.ByteSize()
        if started and turns == WINDOW:
            windows.append({"events": events, "bytes": size})
            turns = events = size = 0
    return {"name": name, "window": WINDOW, "windows": windows}


async def runs_of(client: Client, workflow_id: str) -> list[dict[str, Any]]:
    """The runs of a chat, oldest first: events and bytes of history, carried input included."""
    handle = client.get_workflow_handle(workflow_id)
    run_id: str | None = (await handle.describe()).raw_description.workflow_execution_info.first_run_id
    runs: list[dict[str, Any]] = []
    while run_id:
        info = (await client.get_workflow_handle(workflow_id, run_id=run_id).describe()).raw_description
        execution = info.workflow_execution_info
        runs.append({"run_id": run_id, "events": execution.history_length, "bytes": execution.history_size_bytes})
        run_id = await _next_run(client, workflow_id, run_id)
    return runs


async def _next_run(client: Client, workflow_id: str, run_id: str) -> str | None:
    handle = client.get_workflow_handle(workflow_id, run_id=run_id)
    async for event in handle.fetch_history_events(skip_archival=True):
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
            return event.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
    return None


def history_table(results: Sequence[dict[str, Any]]) -> str:
    """One line per contestant and window."""
    lines: list[list[str]] = []
    for result in results:
        for number, window in enumerate(result["windows"]):
            span = f"{number * result['window'] + 1}–{(number + 1) * result['window']}"
            lines.append(
                [
                    result["name"],
                    span,
                    f"{window['events'] / result['window']:.2f}",
                    f"{window['bytes'] / result['window']:.0f}",
                ]
            )
    return table(("contestant", "turns", "events/turn", "bytes/turn"), lines)
