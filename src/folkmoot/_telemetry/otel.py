"""Tracing with OpenTelemetry. The only module that imports it, and itself imported late."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from .carriers import Place
from .spans import Span, Value

__all__ = ["OpenTelemetryTracer", "provider_of"]

_KINDS = {"client": SpanKind.CLIENT, "server": SpanKind.SERVER, "internal": SpanKind.INTERNAL}
_W3C = TraceContextTextMapPropagator()


class _Ids(RandomIdGenerator):
    """Random ids, except where they are given: a run's span has one that its children knew before it was made."""

    def __init__(self) -> None:
        self.given = threading.local()

    def generate_span_id(self) -> int:
        """See `IdGenerator`."""
        return getattr(self.given, "span", None) or super().generate_span_id()

    def generate_trace_id(self) -> int:
        """See `IdGenerator`."""
        return getattr(self.given, "trace", None) or super().generate_trace_id()


def provider_of(service: str, endpoint: str | None, processors: Sequence[SpanProcessor]) -> TracerProvider:
    """What spans go through. OpenTelemetry's standard variables say the rest: headers, sampler, resource, batches.

    Args:
        service: The service's name, unless `OTEL_SERVICE_NAME` tells one.
        endpoint: Base URL of an OTLP receiver over HTTP; None: what the variables say.
        processors: In place of the one that sends spans there.
    """
    attributes = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": service}
    provider = TracerProvider(resource=Resource.create(attributes), id_generator=_Ids())
    if not processors:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        url = None if endpoint is None else f"{endpoint.rstrip('/')}/v1/traces"
        processors = [BatchSpanProcessor(OTLPSpanExporter(endpoint=url))]
    for processor in processors:
        provider.add_span_processor(processor)
    return provider


class OpenTelemetryTracer:
    """See `spans.Tracer`.

    Args:
        provider: Made by `provider_of`.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self.provider = provider
        self._tracer = provider.get_tracer("folkmoot")

    @contextmanager
    def begin(
        self,
        name: str,
        kind: str,
        attributes: Mapping[str, Value],
        headers: Mapping[str, str] | None = None,
        place: Place | None = None,
    ) -> Generator[Span]:
        """See `spans.Tracer`; `place` is that of the span above it, in place of the current one."""
        above = contexts.get_current()
        if headers is not None:
            above = _W3C.extract(dict(headers), Context())
        elif place is not None:
            above = _within(place)
        told = Span()
        with self._tracer.start_as_current_span(
            name,
            above,
            kind=_KINDS[kind],
            attributes=dict(attributes),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield told
            except BaseException as error:
                # Its text may quote what was said.
                told.failed = told.failed or type(error).__name__
                raise
            finally:
                span.set_attributes(told.attributes)
                if told.name:
                    span.update_name(told.name)
                if told.failed:
                    span.set_attribute("error.type", told.failed)
                    span.set_status(Status(StatusCode.ERROR, told.failed))

    def headers(self) -> Mapping[str, str]:
        """See `spans.Tracer`."""
        found: dict[str, str] = {}
        _W3C.inject(found)
        return found

    def tell(self, attributes: Mapping[str, Value]) -> None:
        """See `spans.Tracer`."""
        trace.get_current_span().set_attributes(dict(attributes))

    @property
    def place(self) -> Place | None:
        """That of the current span."""
        return Place.read(self.headers().get("traceparent"))

    @property
    def recording(self) -> bool:
        """Whether there is a current span that has not ended."""
        return trace.get_current_span().is_recording()

    def flags(self, trace_id: bytes) -> int:
        """Whether a trace that begins with a chat's run is to be recorded."""
        decision = self.provider.sampler.should_sample(None, int.from_bytes(trace_id), "run").decision
        return int(decision.is_sampled())

    def ended(
        self,
        name: str,
        place: Place,
        above: Place | None,
        begun: str,
        ended: str,
        attributes: Mapping[str, Value],
        failed: str,
    ) -> None:
        """Tell of what is over.

        Args:
            name: The span's.
            place: Its own.
            above: That of the one above it, if there is any.
            begun: ISO 8601.
            ended: ISO 8601.
            attributes: What it tells.
            failed: The type of its error; empty: there was none.
        """
        ids = self.provider.id_generator
        assert isinstance(ids, _Ids)
        ids.given.span, ids.given.trace = int.from_bytes(place.span), int.from_bytes(place.trace)
        try:
            context = Context() if above is None else _within(above)
            span = self._tracer.start_span(name, context, attributes=dict(attributes), start_time=_nanoseconds(begun))
        finally:
            ids.given.span = ids.given.trace = None
        if failed:
            span.set_attribute("error.type", failed)
            span.set_status(Status(StatusCode.ERROR, failed))
        span.end(_nanoseconds(ended))


def _within(place: Place) -> Context:
    flags = TraceFlags(place.flags)
    known = SpanContext(int.from_bytes(place.trace), int.from_bytes(place.span), is_remote=True, trace_flags=flags)
    return trace.set_span_in_context(NonRecordingSpan(known), Context())


def _nanoseconds(time: str) -> int:
    return round(datetime.fromisoformat(time).timestamp() * 1_000) * 1_000_000
