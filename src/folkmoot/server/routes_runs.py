"""Runs: started, and read until their end."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response

from .bodies import StrictRoute
from .dependencies import CHANGES, READS, CommandedChat, ReadChat
from .handles import RequestChat
from .messages import task_of
from .problems import refusing_bad_input
from .runs import RunState
from .schemas import Run, RunStatus, StartRun, message_json

__all__ = ["router", "run_of"]

router = APIRouter(route_class=StrictRoute, prefix="/chats/{id}/runs", tags=["runs"])

Wait = Annotated[float, Query(ge=0, le=60, allow_inf_nan=False, description="Seconds to wait for the run's end.")]


@router.post(
    "",
    summary="Start a run",
    status_code=202,
    responses={**CHANGES, 200: {"description": "It has ended.", "model": Run}},
)
async def start_run(request: Request, response: Response, chat: CommandedChat, body: StartRun, wait: Wait = 0) -> Run:
    """Start a run. It goes on whoever waits for it; one at a time.

    `Location` is where its state and result can be read.
    """
    with refusing_bad_input():
        number, offset = await chat.start(task_of(body.task), echo=body.output_task_messages)
    path = request.url_for("get_run", id=chat.id, number=number).path
    response.headers["Location"] = f"{path}?after={offset}"
    run = await _run(chat, number, offset, wait) if wait else None
    if run is None:
        return run_of(chat.id, number, offset)
    response.status_code = 202 if run.status is RunStatus.RUNNING else 200
    return run


@router.get("/{number}", summary="Show a run", responses=READS)
async def get_run(
    chat: ReadChat,
    number: Annotated[int, Path(ge=1, le=2**53, description="The run's number.")],
    after: Annotated[
        int, Query(ge=0, le=2**53, description="Offset of the entry it began with: the log before is not looked at.")
    ] = 0,
    wait: Wait = 0,
) -> Run:
    """What became of a run: its state, and its messages so far."""
    run = await _run(chat, number, after, wait)
    if run is None:
        raise HTTPException(404, f"Chat {chat.id!r} has no run {number} from offset {after} on.")
    return run


def run_of(chat_id: str, number: int, offset: int) -> Run:
    """A run that has just begun."""
    return Run(chat=chat_id, run=number, offset=offset, status=RunStatus.RUNNING)


async def _run(chat: RequestChat, number: int, after: int, wait: float) -> Run | None:
    found = await chat.run_state(number, after, wait)
    return None if found is None else _told(chat.id, found)


def _told(chat_id: str, found: RunState) -> Run:
    messages = [message_json(event.message) for event in found.messages if event.message is not None]
    return Run(
        chat=chat_id,
        run=found.run,
        offset=found.offset,
        status=RunStatus(found.status),
        stop_reason=found.stop_reason,
        error=None if found.error is None else dict(found.error),  # pyright: ignore[reportArgumentType]
        messages=messages,
    )
