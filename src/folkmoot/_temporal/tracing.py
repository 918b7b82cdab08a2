"""How traces get through Temporal: from clients by headers to chats, and from chats to what they call.

A chat lives for months and must not become one trace. So each run is part of the trace of the command that asked for
it, and what is called in the run lies below the run's span. That span is told of when the run ends, but its id is known
from the beginning: it is derived from the trace and the command. So nothing in a history depends on tracing but the
headers, and those the SDK does not compare on replay.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NoReturn, Protocol, cast

from temporalio import activity, client, worker, workflow
from temporalio.api.common.v1 import Payload

from folkmoot._telemetry import spans
from folkmoot._telemetry.carriers import Place, derived, place_in, with_place
from folkmoot._telemetry.otel import OpenTelemetryTracer

from . import names
from .chat_workflow import GroupChat

__all__ = ["Tracing"]

MOST = 16
"""Commands whose places are remembered, the latest: those of the run under way and of what waits behind it."""

CARRIED = 3
"""Besides that of the run under way, those of so many commands are carried over continue-as-new."""

_place: ContextVar[Place | None] = ContextVar("folkmoot.place", default=None)
"""Of workflows other than chats: that of whoever started it, or sent what is handled."""


class _WithHeaders(Protocol):
    headers: Mapping[str, Payload]


class Tracing(client.Interceptor, worker.Interceptor):
    """The interceptor of clients and workers.

    Args:
        tracer: Makes the spans.
    """

    def __init__(self, tracer: OpenTelemetryTracer) -> None:
        self.tracer = tracer

    def intercept_client(self, next: client.OutboundInterceptor) -> client.OutboundInterceptor:
        """See `temporalio.client.Interceptor`."""
        return _Client(next, self.tracer)

    def intercept_activity(self, next: worker.ActivityInboundInterceptor) -> worker.ActivityInboundInterceptor:
        """See `temporalio.worker.Interceptor`."""
        return _Activity(next, self.tracer)

    def workflow_interceptor_class(
        self,
        input: worker.WorkflowInterceptorClassInput,  # noqa: ARG002 - what workflows need, the class has
    ) -> type[_Workflow]:
        """See `temporalio.worker.Interceptor`."""
        tracer = self.tracer

        class Traced(_Workflow):
            def __init__(self, next: worker.WorkflowInboundInterceptor) -> None:
                super().__init__(next, tracer)

        return Traced


class _Client(client.OutboundInterceptor):
    def __init__(self, next: client.OutboundInterceptor, tracer: OpenTelemetryTracer) -> None:
        super().__init__(next)
        self._tracer = tracer

    async def start_workflow(self, input: client.StartWorkflowInput) -> client.WorkflowHandle[Any, Any]:
        with self._calling(f"StartWorkflow:{input.workflow}", input.id, input):
            return await super().start_workflow(input)

    async def signal_workflow(self, input: client.SignalWorkflowInput) -> None:
        with self._calling(f"SignalWorkflow:{input.signal}", input.id, input):
            await super().signal_workflow(input)

    async def start_workflow_update(self, input: client.StartWorkflowUpdateInput) -> client.WorkflowUpdateHandle[Any]:
        with self._calling(f"UpdateWorkflow:{input.update}", input.id, input):
            return await super().start_workflow_update(input)

    async def start_update_with_start_workflow(
        self, input: client.StartWorkflowUpdateWithStartInput
    ) -> client.WorkflowUpdateHandle[Any]:
        start, update = input.start_workflow_input, input.update_workflow_input
        with self._calling(f"UpdateWithStartWorkflow:{update.update}", start.id, start, update):
            return await super().start_update_with_start_workflow(input)

    async def query_workflow(self, input: client.QueryWorkflowInput) -> Any:
        if not self._tracer.recording:
            # Who follows a chat asks again and again, long after the request that had it follow.
            return await super().query_workflow(input)
        with self._calling(f"QueryWorkflow:{input.query}", input.id):
            return await super().query_workflow(input)

    @contextmanager
    def _calling(self, name: str, id: str, *inputs: _WithHeaders) -> Generator[None]:
        with self._tracer.begin(name, "client", {"folkmoot.chat": id}):
            for given in inputs:
                given.headers = with_place(given.headers, self._tracer.place)
            yield


class _Activity(worker.ActivityInboundInterceptor):
    def __init__(self, next: worker.ActivityInboundInterceptor, tracer: OpenTelemetryTracer) -> None:
        super().__init__(next)
        self._tracer = tracer

    async def execute_activity(self, input: worker.ExecuteActivityInput) -> Any:
        info = activity.info()
        told: dict[str, spans.Value] = {"folkmoot.attempt": info.attempt}
        if info.workflow_id is not None:
            which = "chat" if info.workflow_type == names.WORKFLOW else "workflow"
            told[f"folkmoot.{which}"] = info.workflow_id
        with self._tracer.begin(f"RunActivity:{info.activity_type}", "internal", told, place=place_in(input.headers)):
            return await super().execute_activity(input)


class _Workflow(worker.WorkflowInboundInterceptor):
    """See the module. Nothing of it is a span but a run that has ended."""

    def __init__(self, next: worker.WorkflowInboundInterceptor, tracer: OpenTelemetryTracer) -> None:
        super().__init__(next)
        self._tracer = tracer
        self._asked: dict[str, Place] = {}
        """Where the latest commands came from."""

    def init(self, outbound: worker.WorkflowOutboundInterceptor) -> None:
        super().init(_Outbound(outbound, self))

    async def execute_workflow(self, input: worker.ExecuteWorkflowInput) -> Any:
        _place.set(place_in(input.headers))
        for name, payload in input.headers.items():
            command = name.removeprefix(_CARRIED)
            if command != name and (place := Place.decode(payload.data)) is not None:
                self._asked.setdefault(command, place)
        spans.RUN.set(self)
        return await super().execute_workflow(input)

    async def handle_signal(self, input: worker.HandleSignalInput) -> None:
        place = place_in(input.headers)
        _place.set(place)
        await super().handle_signal(input)
        self._remember(place)

    async def handle_update_handler(self, input: worker.HandleUpdateInput) -> Any:
        place = place_in(input.headers)
        _place.set(place)
        found = await super().handle_update_handler(input)
        self._remember(place)
        return found

    def _remember(self, place: Place | None) -> None:
        chat = workflow.instance()
        if place is None or not isinstance(chat, GroupChat) or not chat.latest:
            return
        self._asked.setdefault(chat.latest, place)
        while len(self._asked) > MOST:
            running = chat.where.get("command")
            del self._asked[next(command for command in self._asked if command != running)]

    def now(self) -> Place | None:
        """The place of what is started now."""
        chat = workflow.instance()
        if not isinstance(chat, GroupChat):
            return _place.get()
        where = chat.where
        command, run = where.get("command", ""), where.get("run", 0)
        return self._run(command, run)[0] if run and where.get("of_run") else self._asked.get(command)

    def _run(self, command: str, run: int) -> tuple[Place, Place | None]:
        """The place of a run, and of the command that asked for it; None: whoever asked does not trace."""
        info = workflow.info()
        above = self._asked.get(command)
        trace = derived(16, info.first_execution_run_id, str(run), command) if above is None else above.trace
        flags = self._tracer.flags(trace) if above is None else above.flags
        return Place(trace, derived(8, trace, info.workflow_id, str(run), command), flags), above

    def ended(
        self, run: int, command: str, begun: str, ended: str, attributes: Mapping[str, spans.Value], failed: str
    ) -> None:
        """See `spans.RunSpans`."""
        place, above = self._run(command, run)
        chat_id = workflow.info().workflow_id
        told = {"folkmoot.chat": chat_id, "folkmoot.run": run, "folkmoot.command": command, **attributes}
        self._tracer.ended("run", place, above, begun or ended, ended, told, failed)

    def carried(self, headers: Mapping[str, Payload]) -> Mapping[str, Payload]:
        """Headers with which the workflow continues as new."""
        chat = workflow.instance()
        if not isinstance(chat, GroupChat):
            return with_place(headers, _place.get())
        running = chat.where.get("command")
        kept = {running, *list(self._asked)[-CARRIED:]}
        places = {name: place for name, place in self._asked.items() if name in kept}
        return {**headers, **{f"{_CARRIED}{name}": Payload(data=place.encoded) for name, place in places.items()}}


_CARRIED = "trace-"
"""Before the command, in the headers that continue-as-new carries."""


class _Outbound(worker.WorkflowOutboundInterceptor):
    def __init__(self, next: worker.WorkflowOutboundInterceptor, inbound: _Workflow) -> None:
        super().__init__(next)
        self._inbound = inbound

    def start_activity(self, input: worker.StartActivityInput) -> workflow.ActivityHandle[Any]:
        self._tell(input)
        return super().start_activity(input)

    def start_local_activity(self, input: worker.StartLocalActivityInput) -> workflow.ActivityHandle[Any]:
        self._tell(input)
        return super().start_local_activity(input)

    async def start_child_workflow(
        self, input: worker.StartChildWorkflowInput
    ) -> workflow.ChildWorkflowHandle[Any, Any]:
        self._tell(input)
        return await super().start_child_workflow(input)

    async def signal_child_workflow(self, input: worker.SignalChildWorkflowInput) -> None:
        self._tell(input)
        await super().signal_child_workflow(input)

    async def signal_external_workflow(self, input: worker.SignalExternalWorkflowInput) -> None:
        self._tell(input)
        await super().signal_external_workflow(input)

    def continue_as_new(self, input: worker.ContinueAsNewInput) -> NoReturn:
        input.headers = self._inbound.carried(input.headers)
        super().continue_as_new(input)

    def _tell(self, input: object) -> None:
        given = cast(_WithHeaders, input)
        given.headers = with_place(given.headers, self._inbound.now())
