"""Places where a test can have this process killed (see `folkmoot.testing`); without the variable they do nothing."""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any, NoReturn

from temporalio import workflow
from temporalio.worker import (
    ContinueAsNewInput,
    ExecuteWorkflowInput,
    WorkflowInboundInterceptor,
    WorkflowOutboundInterceptor,
)

__all__ = ["PLACES", "VARIABLE", "ContinuePoints", "armed", "reach"]

VARIABLE = "FOLKMOOT_KILL_AT"
"""`place:n:file`: SIGKILL this process the n-th time it reaches the place, unless the file exists; it is made first."""

PLACES = {
    "model.before": "the log has been read, the model not yet called",
    "model.after": "the model has replied, nothing has been reported",
    "summary.before": "the log has been read, the model that is to write a summary not yet called",
    "summary.after": "it has written the summary, nothing has been reported",
    "agent.before": "a custom agent is about to take its turn",
    "agent.after": "it has taken its turn, nothing has been reported",
    "code.before": "an agent's code is about to run",
    "code.after": "it has run, nothing has been reported",
    "undo.before": "a rollback is in history, the tool that undoes a call not yet called",
    "undo.after": "the tool that undoes a call is done, its outcome not yet in history",
    "tool.before": "the request for the tool is in history, the tool not yet called",
    "tool.after": "the tool has returned, nothing has been reported",
    "prepare.before": "a command is to be looked at, and the log has been read",
    "prepare.after": "it has been looked at, nothing has been reported",
    "notify.before": "a notice is about to go to a sink",
    "notify.after": "the sink has it, nothing has been reported",
    "seal.before": "a part of the log is to be put into the store",
    "seal.after": "it is in the store, nothing has been reported",
    "continue.before": "the chat is about to continue as new",
    "continue.after": "the chat has continued as new, its first task is under way",
}

_counts: Counter[str] = Counter()


def armed() -> bool:
    """Whether this process is to be killed somewhere."""
    return VARIABLE in os.environ


def reach(place: str) -> None:
    """Pass a place; the process ends here if it was asked to."""
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        return
    name, count, file = wanted.split(":", 2)
    if name != place:
        return
    _counts[place] += 1
    if _counts[place] == int(count) and not Path(file).exists():
        Path(file).write_text(place)
        os.kill(os.getpid(), signal.SIGKILL)


class ContinuePoints(WorkflowInboundInterceptor):
    """Passes the places around continue-as-new. An interceptor, because workflow code must not look at its process."""

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        """See `temporalio.worker.WorkflowInboundInterceptor`."""
        super().init(_Outbound(outbound))

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        """See `temporalio.worker.WorkflowInboundInterceptor`."""
        if workflow.info().continued_run_id is not None and not workflow.unsafe.is_replaying():
            reach("continue.after")
        return await super().execute_workflow(input)


class _Outbound(WorkflowOutboundInterceptor):
    def continue_as_new(self, input: ContinueAsNewInput) -> NoReturn:
        if not workflow.unsafe.is_replaying():
            reach("continue.before")
        super().continue_as_new(input)
