"""The business processes as requests see them: those of the caller's tenant, in the caller's name."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from temporalio.api.common.v1 import Payloads, WorkflowExecution
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest
from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowQueryFailedError,
)
from temporalio.service import RPCError, RPCStatusCode

from folkmoot.processes import Process

from .chats import TENANT, Chats
from .identity import Identity, Permission
from .refusals import ForbiddenError
from .schemas.processes import ProcessState, ProcessStatus

__all__ = ["find_process", "send_signal", "signed_by", "status_of"]

_STATES = {
    WorkflowExecutionStatus.COMPLETED: ProcessState.COMPLETED,
    WorkflowExecutionStatus.FAILED: ProcessState.FAILED,
    WorkflowExecutionStatus.CANCELED: ProcessState.CANCELLED,
    WorkflowExecutionStatus.TERMINATED: ProcessState.TERMINATED,
    WorkflowExecutionStatus.TIMED_OUT: ProcessState.TIMED_OUT,
}
"""All others are under way."""
_PATIENCE = timedelta(seconds=3)
"""For what a process tells of itself; the rest is known without."""


async def find_process(
    client: Client, process: Process[Any], number: str, identity: Identity
) -> WorkflowExecutionDescription | None:
    """The process of that number, if the caller sees it; None: there is none, or it is another tenant's."""
    try:
        found = await process.handle(client, number).describe()
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        return None
    whose = found.typed_search_attributes.get(TENANT)
    return found if found.workflow_type == process.workflow and identity.sees(whose) else None


def signed_by(identity: Identity, process: Process[Any], model: type[BaseModel], data: Mapping[str, Any]) -> Any:
    """The data of a request or a signal, with who asks in the fields that say so.

    Args:
        identity: Who asks.
        process: Says which fields those are.
        model: What the data is to be.
        data: As it was sent.

    Raises:
        ForbiddenError: It was sent in somebody else's name, and not by an administrator.
    """
    fields = [name for name in process.by if name in model.model_fields]
    for name in fields:
        given = data.get(name, identity.subject)
        if given != identity.subject and not identity.may(Permission.ADMINISTER):
            raise ForbiddenError(f"{name!r} says who asks, which is {identity.subject!r}; leave it away.")
    return {**dict.fromkeys(fields, identity.subject), **data}


async def send_signal(client: Client, found: WorkflowExecutionDescription, name: str, data: BaseModel, id: str) -> None:
    """Send a signal to a process.

    Args:
        client: Connected.
        found: The process.
        name: The signal.
        data: What it takes.
        id: The server takes each signal of the same id in once; empty: it is not told apart.

    Raises:
        RPCError: The process has ended.
    """
    # The client's own way has no place for an id.
    payloads = await client.data_converter.encode([data])
    request = SignalWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=found.id),
        signal_name=name,
        input=Payloads(payloads=payloads),
        identity=client.identity,
        request_id=id,
    )
    await client.workflow_service.signal_workflow_execution(request, retry=True)


async def status_of(
    chats: Chats, process: Process[Any], number: str, found: WorkflowExecutionDescription
) -> ProcessStatus:
    """Where a process stands."""
    client = chats.moot.client
    handle = client.get_workflow_handle(found.id, run_id=found.run_id, result_type=process.outcome)
    status = _STATES.get(found.status or WorkflowExecutionStatus.RUNNING, ProcessState.RUNNING)
    state = outcome = error = None
    if status is ProcessState.RUNNING:
        # A query that nobody answers would take all the time there is.
        if await chats.worked(found.task_queue):
            # A worker that died a moment ago still counts as one.
            with suppress(WorkflowQueryFailedError, RPCError):
                state = await handle.query("state", result_type=process.state, rpc_timeout=_PATIENCE)
    else:
        try:
            outcome = await handle.result(follow_runs=False)
        except WorkflowFailureError as failure:
            error = _why(failure)
    return ProcessStatus(
        process=process.name,
        number=number,
        workflow_id=found.id,
        tenant=found.typed_search_attributes.get(TENANT) or "",
        status=status,
        started=found.start_time,
        ended=found.close_time,
        state=None if state is None else state.model_dump(mode="json"),
        outcome=None if outcome is None else outcome.model_dump(mode="json"),
        error=error,
    )


def _why(failure: WorkflowFailureError) -> str:
    """What went wrong first."""
    cause: BaseException = failure.cause
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return str(cause) or type(cause).__name__
