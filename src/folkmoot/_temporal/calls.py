"""Calls in flight: starts the activities the engine wants, cancels those it does not, hands back what they brought."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypedDict

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    CancelledError,
    TimeoutType,
    is_cancelled_exception,
)
from temporalio.exceptions import (
    TimeoutError as CallTimeoutError,
)

from folkmoot._chat.calls import Call, Failure
from folkmoot._chat.engine import Chat
from folkmoot.options import ModelSpec, ToolOptions

from . import names
from .payloads import CallInput

__all__ = ["CANCELLED", "Calls", "Finished", "TimedOut"]

HEARTBEAT = timedelta(seconds=10)
"""A lost worker is noticed this long after its last heartbeat, however long the call may take."""
MODEL_TIMEOUT = 600.0
MODEL_ATTEMPTS = 10
MODEL_RETRY = {"initial": 1.0, "longest": 60.0}
TIMEOUTS = {"agent": 3_600.0, "code": 3_600.0, "input": 86_400.0}
"""Seconds for what takes longer than a model: whole turns of custom agents, agents' code, people at a keyboard."""
ACTIVITIES = {
    "agent": names.ACTIVITY_AGENT,
    "code": names.ACTIVITY_CODE,
    "format": names.ACTIVITY_FORMAT,
    "functions": names.ACTIVITY_FUNCTIONS,
    "input": names.ACTIVITY_INPUT,
    "manage": names.ACTIVITY_MANAGE,
    "model": names.ACTIVITY_MODEL,
    "select": names.ACTIVITY_SELECT,
    "tool": names.ACTIVITY_TOOL,
    "undo": names.ACTIVITY_UNDO,
}
"""Which activity makes which kind of call."""
CANCELLED = "cancelled"
WAITS = ("UnknownNameError", "StoreUnavailableError")
"""Failures before a call has done anything: it is made again, and the first detail says what is waited for."""


class TimedOut(Failure):
    """What became of it is not known: its worker was lost, or its time was over. No error of the call's own is one."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """A call that came back: with a result, a failure, `CANCELLED`, or because a worker lacks a name (`unknown`)."""

    call: Call
    result: Mapping[str, Any] | Failure | str
    unknown: str = ""


@dataclass
class Calls:
    """The activities of one chat that are under way, by call key, in the order they were started."""

    chat: Chat
    _handles: dict[str, tuple[Call, workflow.ActivityHandle[Any]]] = field(
        default_factory=dict[str, "tuple[Call, workflow.ActivityHandle[Any]]"]
    )

    def __len__(self) -> int:
        return len(self._handles)

    @property
    def keys(self) -> Collection[str]:
        """Of the calls under way."""
        return tuple(self._handles)

    @property
    def any_done(self) -> bool:
        """Whether `take` would give something."""
        return any(handle.done() for _, handle in self._handles.values())

    def take(self) -> Iterator[Finished]:
        """The finished calls in the order they were started: that of arrival inside one activation never matters."""
        for key, (call, handle) in list(self._handles.items()):
            if handle.done():
                del self._handles[key]
                yield _finished(call, handle)

    def reconcile(self, wanted: list[Call], postponed: set[str]) -> None:
        """Start what is wanted and missing; cancel what nobody needs any more.

        Args:
            wanted: What should be under way.
            postponed: Keys of calls that wait for their next attempt.
        """
        redo = self.chat.state.pause_now
        for call, handle in self._handles.values():
            if redo or not self.chat.needs(call):
                handle.cancel()
        for call in wanted:
            if call.key not in self._handles and call.key not in postponed:
                self._handles[call.key] = (call, self._start(call))

    def _start(self, call: Call) -> workflow.ActivityHandle[Any]:
        log, state = self.chat.log, self.chat.state
        # Others may have written since: what lies before a sealed part's end has no digest any more.
        until = max(call.until, log.base)
        data = CallInput(
            at=until,
            d=log.digest_at(until) or "",
            a=call.path,
            n=call.need,
            i=call.index,
            r=call.reflect,
            l=call.let,
            s="" if call.kind == "tool" else call.name,
        ).model_dump(exclude_defaults=True)
        who = self.chat.who(call)
        summary = f"turn {state.turn}: {who}" if who else "conditions"
        if call.kind == "tool":
            summary = f"{summary} → {call.name}"
        return workflow.start_activity(
            ACTIVITIES[call.kind],
            data,
            summary=summary[:200],
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            **(
                _tool_limits(call)
                if call.kind in ("tool", "undo") or call.policy is not None
                else _limits(call, self._model(call))
            ),
        )

    def _model(self, call: Call) -> ModelSpec | None:
        """The model that a call goes to, where the spec says more of it than its name."""
        plan = self.chat.plan
        owner = plan.nodes[call.path].team if call.node else plan.seats[call.path].agent
        client = getattr(owner, "model_client", None)
        return client if isinstance(client, ModelSpec) else None


class _Limits(TypedDict):
    start_to_close_timeout: timedelta
    heartbeat_timeout: timedelta
    retry_policy: RetryPolicy


def _tool_limits(call: Call) -> _Limits:
    options = ToolOptions.model_validate(call.policy or {})
    return {
        "start_to_close_timeout": timedelta(seconds=options.timeout),
        "heartbeat_timeout": timedelta(seconds=options.heartbeat_timeout),
        "retry_policy": RetryPolicy(
            initial_interval=timedelta(seconds=options.initial_interval),
            backoff_coefficient=options.backoff,
            maximum_attempts=options.max_attempts if options.retryable else 1,
        ),
    }


def _limits(call: Call, model: ModelSpec | None) -> _Limits:
    attempts = MODEL_ATTEMPTS if model is None or model.max_attempts is None else model.max_attempts
    timeout = TIMEOUTS.get(call.kind, MODEL_TIMEOUT)
    if model is not None and model.timeout is not None:
        timeout = model.timeout
    return {
        "start_to_close_timeout": timedelta(seconds=timeout),
        "heartbeat_timeout": HEARTBEAT,
        "retry_policy": RetryPolicy(
            initial_interval=timedelta(seconds=MODEL_RETRY["initial"]),
            maximum_interval=timedelta(seconds=MODEL_RETRY["longest"]),
            maximum_attempts=attempts,
        ),
    }


def _finished(call: Call, handle: workflow.ActivityHandle[Any]) -> Finished:
    try:
        return Finished(call, handle.result())
    except (ActivityError, asyncio.CancelledError) as error:
        if is_cancelled_exception(error):
            return Finished(call, CANCELLED)
        cause = error.__cause__ or error
    if isinstance(cause, ApplicationError):
        reason = cause.details[0] if cause.type in WAITS and cause.details else ""
        return Finished(call, Failure(cause.type or "ApplicationError", cause.message), str(reason))
    if isinstance(cause, CallTimeoutError):
        return Finished(call, _timed_out(call, cause))
    if isinstance(cause, CancelledError):
        return Finished(call, CANCELLED)
    return Finished(call, Failure(type(cause).__name__, str(cause)))


def _timed_out(call: Call, error: CallTimeoutError) -> TimedOut:
    lost = error.type == TimeoutType.HEARTBEAT
    why = "its worker was lost" if lost else "it took longer than its time limit"
    what = f"The tool {call.name!r}" if call.kind == "tool" else f"The {call.kind} call of {call.path!r}"
    return TimedOut("TimeoutError", f"{what} did not finish: {why}.")
