"""Test your teams: a model whose words you write, processes killed where it hurts, and histories replayed.

A team is tested with the real workflow on a real server; only the model's words are made up:

    model = ScriptedModel(["A first draft.", {"text": "APPROVE", "when": {"system_contains": "critic"}}], name="gpt-4o")
    async with local(":memory:", models={"gpt-4o": model}) as moot:
        chat = await moot.open(team, id="test")
        result = await chat.run(task="Write the release note")
        assert result.stop_reason == "Text 'APPROVE' mentioned"
        assert len(model.requests) == 2

`ScriptedServer` says the same words over the OpenAI wire protocol, for workers in other processes (extra `testing`).
`kill_at` has such a worker killed at a place inside a turn; the chat must come to the same end with the next worker.
`fetch_histories` and `replay` hold a change of a worker's code against chats that are under way: keep some histories as
JSON files (`WorkflowHistory.to_json`, or `temporal workflow show --output json`) and replay them in a test.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer

from folkmoot._scripted import Script, ScriptedModel
from folkmoot._temporal.kill_points import PLACES, VARIABLE
from folkmoot.errors import ChatNotFoundError
from folkmoot.plugin import FolkmootPlugin

if TYPE_CHECKING:
    from folkmoot._scripted.http import ScriptedServer as ScriptedServer

__all__ = [
    "KILL_PLACES",
    "Script",
    "ScriptedModel",
    "ScriptedServer",
    "fetch_histories",
    "kill_at",
    "replay",
]

KILL_PLACES: Mapping[str, str] = PLACES
"""The places `kill_at` knows, and what has been done there and what has not."""


def __getattr__(name: str) -> Any:
    # Only the server needs aiohttp.
    if name == "ScriptedServer":
        from folkmoot._scripted.http import ScriptedServer

        return ScriptedServer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def kill_at(place: str, n: int = 1, *, once: Path | None = None) -> dict[str, str]:
    """The environment of a worker process that is to be killed (SIGKILL) at a place inside a turn.

    It is killed once: a process started with the same environment afterwards lives.

    Args:
        place: One of `KILL_PLACES`.
        n: At which passage of that place, counted in the process from 1.
        once: The file that marks that it has happened; None: a new name in the system's folder for temporary files.

    Returns:
        Variables to add to the process's environment.

    Raises:
        ValueError: There is no such place, or `n` is below 1.
    """
    if place not in PLACES:
        raise ValueError(f"There is no place {place!r}; known are {', '.join(PLACES)}.")
    if n < 1:
        raise ValueError(f"n counts passages from 1, got {n!r}.")
    mark = once if once is not None else Path(tempfile.gettempdir()) / f"folkmoot-killed-{uuid.uuid4().hex}"
    return {VARIABLE: f"{place}:{n}:{mark}"}


async def fetch_histories(client: Client, chat_id: str) -> list[WorkflowHistory]:
    """The histories of all runs of a chat's workflow, as continue-as-new made them, oldest first.

    Args:
        client: A Temporal client, such as `moot.client`.
        chat_id: The chat, living or closed.

    Raises:
        ChatNotFoundError: There is no such chat.
    """
    found: list[WorkflowHistory] = []
    run_id: str | None = None
    while True:
        try:
            history = await client.get_workflow_handle(chat_id, run_id=run_id).fetch_history()
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            if not found:
                raise ChatNotFoundError(f"There is no chat {chat_id!r}.", chat_id=chat_id) from None
            return found  # earlier runs are past the namespace's retention time
        found.insert(0, history)
        run_id = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
        if not run_id:
            return found


async def replay(
    histories: Sequence[WorkflowHistory],
    plugin: FolkmootPlugin | None = None,
    *,
    workflows: Sequence[type] = (),
) -> None:
    """Replay histories with the code of this process. Nothing is called: neither models nor tools.

    Args:
        histories: From `fetch_histories`, or `WorkflowHistory.from_json`.
        plugin: The worker's plugin; None: a plain one, which suits every chat.
        workflows: Your own workflow classes, if their histories are among them.

    Raises:
        temporalio.workflow.NondeterminismError: The code does something else than a history says.
        RuntimeError: A history cannot be replayed for another reason.
    """
    replayer = Replayer(workflows=workflows, plugins=[plugin or FolkmootPlugin()])
    await replayer.replay_workflows(_each(histories), raise_on_replay_failure=True)


async def _each(histories: Sequence[WorkflowHistory]) -> AsyncIterator[WorkflowHistory]:
    for history in histories:
        # A run that has done nothing yet tells nothing, and the SDK would wait for it for ever.
        if any(event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED for event in history.events):
            yield history
