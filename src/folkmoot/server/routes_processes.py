"""The application's business processes: which there are, starting one, how it stands, signals to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, HTTPException, Path, Request, Response
from temporalio.client import WorkflowExecutionDescription
from temporalio.service import RPCError, RPCStatusCode

from folkmoot.processes import AlreadyStartedError, Process

from .bodies import StrictRoute
from .dependencies import CHANGES, READS, AllChats, Key, Operator, Reader
from .handles import command_id
from .identity import Identity
from .problems import refusing_bad_input
from .processes import find_process, send_signal, signed_by, status_of
from .schemas import ID_PATTERN, JsonObject
from .schemas.processes import ProcessKind, ProcessKinds, ProcessStarted, ProcessStatus

__all__ = ["router"]

router = APIRouter(route_class=StrictRoute, prefix="/processes", tags=["processes"])

Kind = Annotated[str, Path(min_length=1, max_length=64, pattern=ID_PATTERN, description="The process's name.")]
Number = Annotated[
    str, Path(min_length=1, max_length=200, pattern=ID_PATTERN, description="Which one: the number of its request.")
]


@router.get("", summary="List the business processes", responses=READS)
async def list_processes(request: Request, _: Reader) -> ProcessKinds:
    """The kinds of processes that the application has registered, with what they are started with."""
    return ProcessKinds(processes=[_told(process) for _, process in sorted(_processes(request).items())])


@router.post(
    "/{kind}",
    summary="Start a business process",
    status_code=201,
    responses={**CHANGES, 200: {"description": "There was one of that very request.", "model": ProcessStarted}},
)
async def start_process(
    request: Request,
    response: Response,
    kind: Kind,
    identity: Operator,
    chats: AllChats,
    body: Annotated[JsonObject, Body(description="The request, as the list of processes tells its schema.")],
    key: Key = None,
) -> ProcessStarted:
    """Start the process of a request, or find the one that was started with the very same request.

    There is one process for a number. A request without one gets one of the Idempotency-Key.
    """
    process = _process(request, kind)
    data: dict[str, Any] = dict(signed_by(identity, process, process.request, body))
    if key and process.number not in data:
        data[process.number] = command_id(key, identity.tenant, identity.subject, request.url.path)[-20:]
    with refusing_bad_input():
        given = process.read(data)
    try:
        started = await process.start(chats.moot.client, given, queue=chats.moot.queue, tenant=identity.tenant)
    except AlreadyStartedError as error:
        raise HTTPException(409, str(error)) from None
    number = str(getattr(given, process.number))
    response.status_code = 201 if started.created else 200
    response.headers["Location"] = request.url_for("get_process", kind=kind, key=number).path
    return ProcessStarted(process=kind, number=number, workflow_id=process.workflow_id(number), created=started.created)


@router.get("/{kind}/{key}", summary="Show a business process", responses=READS)
async def get_process(request: Request, kind: Kind, key: Number, identity: Reader, chats: AllChats) -> ProcessStatus:
    """Where a process stands, and what came of it. What it asks people is in the inbox, as of any chat."""
    process = _process(request, kind)
    return await status_of(chats, process, key, await _found(chats, process, key, identity))


@router.post("/{kind}/{key}/signals/{signal}", summary="Signal a business process", responses=CHANGES)
async def signal_process(
    request: Request,
    kind: Kind,
    key: Number,
    signal: Annotated[str, Path(min_length=1, max_length=200, description="The signal's name.")],
    identity: Operator,
    chats: AllChats,
    body: Annotated[JsonObject, Body(description="What the signal takes, as the list of processes tells its schema.")],
    once: Key = None,
) -> ProcessStatus:
    """Tell a process something. What it makes of it, it tells by its state, maybe later than this answer."""
    process = _process(request, kind)
    if signal not in process.signals:
        raise HTTPException(404, f"The process {kind!r} has no signal {signal!r}.")
    found = await _found(chats, process, key, identity)
    with refusing_bad_input():
        data = process.read_signal(signal, signed_by(identity, process, process.signals[signal], body))
    try:
        await send_signal(chats.moot.client, found, signal, data, command_id(once, identity.subject, request.url.path))
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        raise HTTPException(409, f"The {kind} {key!r} has ended.") from None
    return await status_of(chats, process, key, found)


def _processes(request: Request) -> Mapping[str, Process[Any]]:
    return request.app.state.processes


def _process(request: Request, kind: str) -> Process[Any]:
    known = _processes(request)
    if kind not in known:
        raise HTTPException(404, f"This server has no process {kind!r}; it has: {', '.join(sorted(known)) or 'none'}.")
    return known[kind]


async def _found(
    chats: AllChats, process: Process[Any], number: str, identity: Identity
) -> WorkflowExecutionDescription:
    found = await find_process(chats.moot.client, process, number, identity)
    if found is None:
        raise HTTPException(404, f"There is no {process.name} {number!r}.")
    return found


def _told(process: Process[Any]) -> ProcessKind:
    return ProcessKind(
        name=process.name,
        description=process.description,
        number=process.number,
        by=list(process.by),
        request=process.request.model_json_schema(),
        signals={name: model.model_json_schema() for name, model in process.signals.items()},
    )
