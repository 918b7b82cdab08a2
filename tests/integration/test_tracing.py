"""Traces of a real server, worker and API: from the HTTP request to the model's, one trace a run, none for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode
from temporalio.api.enums.v1 import EventType
from temporalio.client import Plugin, WorkflowHistory
from temporalio.worker import Replayer

from folkmoot import ChatFailedError, Folkmoot, FolkmootPlugin, HistoryLimits, RoundRobinGroupChat
from folkmoot._spec import to_json
from folkmoot._telemetry.carriers import HEADER
from folkmoot._temporal.tracing import Tracing
from folkmoot.server.app import create_app
from folkmoot.telemetry import Telemetry
from folkmoot.testing import fetch_histories, replay
from tests._support.watched import Collector, Model, Watch, watch, watched
from tests.integration.callers import Asker
from tests.integration.conftest import Site, unique
from tests.integration.server.conftest import served, settings
from tests.integration.test_metrics import PAY, asked, caller
from tests.integration.test_workflow_callers import CALLERS, ask
from tests.replay.caller import Caller
from tests.replay.record import HISTORIES

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = f"00-{TRACE}-b7ad6b7169203331-01"
OLD = sorted(HISTORIES.glob("*/*.json"))
LOOK: dict[str, Any] = {"calls": [{"name": "look", "arguments": {"what": "a secret thing"}}]}


def look(what: str) -> str:
    """Look."""
    return f"seen {what}"


def names(spans: Sequence[ReadableSpan]) -> list[str]:
    return [span.name for span in spans]


def of(spans: Sequence[ReadableSpan], name: str) -> list[ReadableSpan]:
    return [span for span in spans if span.name == name]


def trace_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def path(spans: Sequence[ReadableSpan], span: ReadableSpan) -> list[str]:
    """The names of a span and of those above it; of the topmost's parent its id, if it has one."""
    known = {each.context.span_id: each for each in spans if each.context is not None}
    found = [span.name]
    while span.parent is not None:
        above = known.get(span.parent.span_id)
        if above is None:
            return [*found, f"{span.parent.span_id:016x}"]
        span = above
        found.append(span.name)
    return found


async def test_one_trace_from_the_request_to_the_models(server_address: str, server_plugins: Sequence[Plugin]) -> None:
    seen = watch(traces=True)
    script = [LOOK, "the answer"]
    async with watched(server_address, server_plugins, script, seen, tools=[look]) as site:
        agent = site.agent("writer", tools=["look"], max_tool_iterations=2)
        app = create_app(site.moot, settings())
        async with served(app) as (_, url), caller(url) as client:
            team = to_json(RoundRobinGroupChat([agent], max_turns=1))
            chat_id = (await client.post("/chats", json={"team": team, "id": unique()})).json()["id"]
            run = await client.post(
                f"/chats/{chat_id}/runs", json={"task": "hush"}, params={"wait": 30}, headers={"traceparent": CALLER}
            )
            assert run.json()["status"] == "stopped"
    spans = [span for span in seen.spans if trace_of(span) == TRACE]

    above = ["run", "UpdateWorkflow:run", "POST /v1/chats/{id}/runs", "b7ad6b7169203331"]
    first, second = of(spans, "chat scripted")
    for model in (first, second):
        assert path(spans, model) == ["chat scripted", "RunActivity:folkmoot.model", *above]
    (tool,) = of(spans, "execute_tool look")
    assert path(spans, tool) == ["execute_tool look", "RunActivity:folkmoot.tool", *above]
    assert isinstance(site.model, Model)
    ids = [f"00-{TRACE}-{span.context.span_id:016x}-01" for span in (first, second) if span.context is not None]
    assert site.model.traceparents == ids, "the model's endpoint goes on with the trace"

    told = dict(second.attributes or {})
    assert told["gen_ai.operation.name"] == "chat"
    assert told["gen_ai.request.model"] == "scripted"
    assert told["gen_ai.agent.name"] == "writer"
    assert isinstance(told["gen_ai.usage.input_tokens"], int)
    assert (told["folkmoot.run"], told["folkmoot.turn"]) == (1, 1)
    (run_span,) = of(spans, "run")
    assert dict(run_span.attributes or {}) | {"folkmoot.command": ""} == {
        "folkmoot.chat": chat_id,
        "folkmoot.command": "",
        "folkmoot.run": 1,
        "folkmoot.status": "stopped",
        "folkmoot.team": "RoundRobinGroupChat",
    }
    everything = repr(
        [(span.name, dict(span.attributes or {}), span.events, span.status.description) for span in spans]
    )
    assert not any(text in everything for text in ("hush", "secret thing", "seen", "the answer"))


async def test_each_run_is_the_trace_of_who_asked_for_it(server_address: str, server_plugins: Sequence[Plugin]) -> None:
    seen = watch(traces=True)
    limits = HistoryLimits(events=40, resting_events=20, resting_age=0)
    script = [{"text": "yes", "repeat": True}]
    # Nothing is cached: what a later task of a run tells has to be the same as what the first one did.
    async with watched(server_address, server_plugins, script, seen, worker={"max_cached_workflows": 0}) as site:
        chat = await site.open(site.team("a", "b", max_turns=4), limits=limits)
        for _ in range(4):
            await chat.run(task="go")
        assert (await chat.status()).continued > 0
        runs = of(seen.spans, "run")
        assert len({trace_of(run) for run in runs}) == 4
        for run in runs:
            within = [span for span in seen.spans if trace_of(span) == trace_of(run)]
            assert path(within, run) == ["run", "UpdateWorkflow:run"]
            models = of(within, "chat scripted")
            assert len(models) == 4
            assert {tuple(path(within, model)[1:]) for model in models} == {
                ("RunActivity:folkmoot.model", "run", "UpdateWorkflow:run")
            }


async def test_a_run_nobody_traced_is_a_trace_of_its_own(server_address: str, server_plugins: Sequence[Plugin]) -> None:
    seen = watch(traces=True)
    async with (
        watched(server_address, server_plugins, ["one", "two"], seen) as site,
        watched(server_address, server_plugins, [], None) as other,
    ):
        untraced = Folkmoot(other.client, queue=site.queue)
        chat = await untraced.open(site.team("a", "b", max_turns=2), id=unique())
        await chat.run(task="go")
        (run,) = of(seen.spans, "run")
        assert run.parent is None
        assert {trace_of(span) for span in of(seen.spans, "chat scripted")} == {trace_of(run)}


async def test_a_decision_is_its_own_trace_and_the_run_goes_on_in_its(
    server_address: str, server_plugins: Sequence[Plugin]
) -> None:
    seen = watch(traces=True)
    script = [{"calls": [{"name": "pay", "arguments": {"amount": 12}}]}, "done"]
    async with watched(server_address, server_plugins, script, seen, tools=[PAY]) as site:
        chat = await site.open(site.agent(tools=["pay"], max_tool_iterations=2))
        run = asyncio.create_task(chat.run(task="go"))
        await chat.approve(await asked(chat), by="ann")
        await run
        (decided,) = of(seen.spans, "SignalWorkflow:decide")
        (ran,) = of(seen.spans, "run")
        assert trace_of(decided) != trace_of(ran)
        assert {trace_of(span) for span in of(seen.spans, "execute_tool pay")} == {trace_of(ran)}


async def test_errors_are_told_without_their_texts(server_address: str, server_plugins: Sequence[Plugin]) -> None:
    seen = watch(traces=True)
    script = [{"status": 400, "message": "you said 'hush'"}]
    async with watched(server_address, server_plugins, script, seen) as site:
        chat = await site.open()
        with pytest.raises(ChatFailedError):
            await chat.run(task="hush")
        (model,), (run,) = of(seen.spans, "chat scripted"), of(seen.spans, "run")
        assert (model.status.status_code, model.status.description) == (StatusCode.ERROR, "client")
        assert (run.status.status_code, run.status.description) == (StatusCode.ERROR, "ModelCallError")
        assert "hush" not in repr([(span.attributes, span.events, span.status.description) for span in seen.spans])


async def headers_and_size(site: Site, turns: int) -> tuple[int, float]:
    """Events with a header of ours, and the bytes of a turn, of a chat of so many turns."""
    chat = await site.open(site.team("a", "b", max_turns=turns))
    await chat.run(task="go")
    (history,) = await fetch_histories(site.client, chat.id)
    await replay([history], FolkmootPlugin())
    carried = [event for event in history.events if HEADER.encode() in event.SerializeToString()]
    starts = [
        place
        for place, event in enumerate(history.events)
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    ]
    size = sum(event.ByteSize() for event in history.events[starts[0] : starts[-1]])
    return len(carried), size / (len(starts) - 1)


async def test_what_tracing_adds_to_histories(server_address: str, server_plugins: Sequence[Plugin]) -> None:
    script = [{"text": "x" * 400, "repeat": True}]
    async with watched(server_address, server_plugins, script, None) as site:
        none, plain = await headers_and_size(site, 10)
    async with watched(server_address, server_plugins, script, watch(traces=True)) as site:
        some, traced = await headers_and_size(site, 10)
    print(f"plain {plain:.0f}, traced {traced:.0f}")
    assert none == 0
    assert some == 12, "the start, the update, and ten calls"
    assert traced - plain <= 80


async def test_histories_replay_with_tracing_on_that_was_off(
    server_address: str, server_plugins: Sequence[Plugin]
) -> None:
    seen = watch(traces=True)
    async with watched(server_address, server_plugins, ["one", "two"], None) as site:
        chat = await site.open(site.team("a", "b", max_turns=2))
        await chat.run(task="go")
        histories = await fetch_histories(site.client, chat.id)
    traced = FolkmootPlugin(telemetry=seen.telemetry)
    await replay(histories, traced)
    assert not seen.spans


async def test_spans_go_to_a_collector_as_the_environment_says(
    server_address: str, server_plugins: Sequence[Plugin]
) -> None:
    async with Collector() as collector:
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        telemetry = Telemetry.from_environment(environment, service_name="folkmoot-test")
        async with watched(server_address, server_plugins, ["one"], Watch(telemetry)) as site:
            chat = await site.open()
            await chat.run(task="go")
            assert telemetry.tracer is not None
            await asyncio.to_thread(telemetry.tracer.provider.force_flush)
        assert collector.services == {"folkmoot-test"}
        found = {span.name: span for span in collector.spans}
        assert {"UpdateWorkflow:run", "run", "RunActivity:folkmoot.model", "chat scripted"} <= set(found)
        assert found["run"].span_id == found["RunActivity:folkmoot.model"].parent_span_id


async def test_a_workflow_takes_its_trace_to_the_chats_it_asks(
    server_address: str, server_plugins: Sequence[Plugin]
) -> None:
    seen = watch(traces=True)
    worker = {"workflows": CALLERS, "max_cached_workflows": 0}
    async with watched(server_address, server_plugins, ["one", "two"], seen, worker=worker) as site:
        chat_id = unique()
        answer = await ask(site, Asker, {"chat": chat_id, "task": "go", "turns": 2})
        assert answer["texts"] == ["go", "one", "two"]
    (asked_for,) = of(seen.spans, "StartWorkflow:Asker")
    (run,) = of(seen.spans, "run")
    assert path(seen.spans, run) == ["run", "StartWorkflow:Asker"]
    assert {trace_of(span) for span in of(seen.spans, "chat scripted")} == {trace_of(asked_for)}


async def test_old_histories_replay_under_the_interceptor() -> None:
    seen = watch(traces=True)
    assert seen.telemetry.tracer is not None

    async def old() -> AsyncIterator[WorkflowHistory]:
        for file in OLD:
            yield WorkflowHistory.from_json(file.stem, file.read_text())

    interceptor = Tracing(seen.telemetry.tracer)
    replayer = Replayer(workflows=[Caller], plugins=[FolkmootPlugin()], interceptors=[interceptor])
    results = await replayer.replay_workflows(old(), raise_on_replay_failure=True)
    assert not results.replay_failures
    assert OLD
    assert not seen.spans
