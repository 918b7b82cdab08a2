"""Sites that tell of themselves: a worker and a client with metrics and traces, and ways to read both."""

from __future__ import annotations

import asyncio
import gzip
import re
import urllib.request
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio.client import Client, Plugin

from folkmoot import Folkmoot, FolkmootPlugin, OpenAIChatModel
from folkmoot._local.ports import LOOPBACK, free_port
from folkmoot._scripted.http import ScriptedServer
from folkmoot.telemetry import Telemetry
from tests.integration.conftest import KEY, MODEL, Site, unique, worker_on

_LINE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_OF_THE_SDK = ("service_name", "namespace", "task_queue", "workflow_type", "activity_type")


@dataclass(frozen=True)
class Sample:
    """A line of a scrape."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass
class Watch:
    """What a process tells of itself."""

    telemetry: Telemetry
    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)

    async def scrape(self) -> list[Sample]:
        """What Prometheus would read now."""
        url = f"http://{self.telemetry.metrics_address}/metrics"
        text = await asyncio.to_thread(lambda: urllib.request.urlopen(url).read().decode())
        lines = filter(None, map(_LINE.fullmatch, text.splitlines()))
        return [Sample(line[1], dict(_LABEL.findall(line[2] or "")), float(line[3])) for line in lines]

    async def values(self, *names: str) -> dict[tuple[str, ...], float]:
        """The values of our metrics by name and the values of their own labels, in the labels' order by name.

        Args:
            names: Only of these; none: of all but sums and buckets.
        """
        found: dict[tuple[str, ...], float] = {}
        for sample in await self.scrape():
            wanted = sample.name in names if names else not sample.name.endswith(("_sum", "_bucket"))
            if sample.name.startswith("folkmoot_") and wanted:
                own = [value for label, value in sorted(sample.labels.items()) if label not in _OF_THE_SDK]
                key = (sample.name.removeprefix("folkmoot_"), *own)
                found[key] = found.get(key, 0) + sample.value
        return found

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        """Those that have ended, in that order."""
        return self.exporter.get_finished_spans()


class Model(ScriptedServer):
    """One that keeps the trace header of each request."""

    def __init__(self, script: Any) -> None:
        super().__init__(script)
        self.traceparents: list[str | None] = []

    async def _completions(self, request: web.Request) -> web.StreamResponse:
        self.traceparents.append(request.headers.get("traceparent"))
        return await super()._completions(request)


class Collector:
    """A receiver of OTLP over HTTP."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.services: set[str] = set()
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/traces", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, 0).start()
        self.url = f"http://{LOOPBACK}:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        data = await request.read()
        if request.headers.get("Content-Encoding") == "gzip":
            data = gzip.decompress(data)
        for resource in ExportTraceServiceRequest.FromString(data).resource_spans:
            found = {item.key: item.value.string_value for item in resource.resource.attributes}
            self.services.add(found["service.name"])
            for scope in resource.scope_spans:
                self.spans += scope.spans
        return web.Response(content_type="application/x-protobuf")


def watch(*, traces: bool = False, **options: Any) -> Watch:
    """A telemetry with metrics on a port of its own."""
    exporter = InMemorySpanExporter()
    processors = [SimpleSpanProcessor(exporter)] if traces else []
    telemetry = Telemetry(metrics_address=f"{LOOPBACK}:{free_port()}", span_processors=processors, **options)
    return Watch(telemetry, exporter)


@asynccontextmanager
async def watched(
    address: str, plugins: Sequence[Plugin], script: Any, seen: Watch | None, **options: Any
) -> AsyncIterator[Site]:
    """A site whose worker and client tell of themselves.

    Args:
        address: The server's.
        plugins: The server's.
        script: What the model says.
        seen: What they tell; None: nothing.
        options: `worker`: arguments of the worker; the rest are the plugin's.
    """
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(Model(script))
        models = {MODEL: OpenAIChatModel(MODEL, base_url=model.base_url, api_key=KEY)}
        worker = options.pop("worker", {})
        telemetry = None if seen is None else seen.telemetry
        if telemetry is not None:
            stack.callback(telemetry.stop)
        plugin = FolkmootPlugin(models=models, telemetry=telemetry, **options)
        client = await Client.connect(address, plugins=[plugin, *plugins])
        queue = unique("queue")
        moot = await stack.enter_async_context(Folkmoot(client, plugin=plugin, queue=queue, store=plugin.store))
        await stack.enter_async_context(worker_on(client, queue, **worker))
        stack.callback(model.script.replace, ["bye"])
        yield Site(moot, client, model, plugin, queue, address)
