"""Metrics for Prometheus, traces for OpenTelemetry, structured logs: what a process tells of itself.

    telemetry = Telemetry.from_environment()
    telemetry.set_up_logs()
    moot = await Folkmoot.connect(plugin=FolkmootPlugin(telemetry=telemetry))

Metrics and logs need nothing more, traces the extra `telemetry`. How-to: docs/howto/observe.md.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

from ._telemetry import meters, spans
from ._telemetry.logs import FORMATS, LEVELS, set_up
from ._telemetry.metrics import buckets

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

    from ._telemetry.otel import OpenTelemetryTracer

__all__ = ["Telemetry", "forwarded_logs"]

_METRICS = "FOLKMOOT_METRICS_ADDRESS"
_FORMAT = "FOLKMOOT_LOG_FORMAT"
_LEVEL = "FOLKMOOT_LOG_LEVEL"
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
_MISSING = "Traces need {name!r}; install it with: pip install 'folkmoot[telemetry]'"


class Telemetry:
    """What a process tells of itself. Given to a plugin, it begins when a client connects.

    Args:
        metrics_address: host:port on which Prometheus finds `/metrics`, the SDK's and ours; None: no metrics.
        otlp_endpoint: Base URL of an OTLP receiver over HTTP, such as `http://collector:4318`; None: no traces,
            unless there are `span_processors`.
        log_format: `text`, or `json`: one object a line.
        log_level: debug, info, warning, error or critical.
        service_name: Of traces, and a label of every metric.
        span_processors: Where spans go, in place of the receiver.

    Raises:
        ValueError: A value is none of those.
        ImportError: Traces are wanted, and the extra `telemetry` is not installed.
    """

    def __init__(
        self,
        *,
        metrics_address: str | None = None,
        otlp_endpoint: str | None = None,
        log_format: str = "text",
        log_level: str = "warning",
        service_name: str = "folkmoot",
        span_processors: Sequence[SpanProcessor] = (),
    ) -> None:
        self.metrics_address = None if not metrics_address else _address(metrics_address)
        self.log_format = _one_of("log format", log_format, FORMATS)
        self.log_level = _one_of("log level", log_level, LEVELS)
        self.service_name = service_name
        if otlp_endpoint and not otlp_endpoint.startswith(("http://", "https://")):
            raise ValueError(f"The OTLP endpoint is {otlp_endpoint!r}; expected a URL such as http://localhost:4318.")
        self.otlp_endpoint = otlp_endpoint or None
        self._processors = tuple(span_processors)
        self._runtime: Runtime | None = None
        self._tracer: OpenTelemetryTracer | None = None
        if self.otlp_endpoint or self._processors:
            self._tracer = self._make_tracer(self.otlp_endpoint)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, **options: Any) -> Telemetry:
        """What the environment says; what it does not say comes from `options`.

        `FOLKMOOT_METRICS_ADDRESS`, `FOLKMOOT_LOG_FORMAT`, `FOLKMOOT_LOG_LEVEL`, and OpenTelemetry's
        `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, `OTEL_TRACES_EXPORTER=none`,
        `OTEL_SDK_DISABLED`. Its other variables are read by OpenTelemetry itself.

        Args:
            environment: The variables; None: those of the process.
            options: As for `Telemetry`.

        Raises:
            ValueError: A variable's value is bad; names it.
            ImportError: See `Telemetry`.
        """
        env = os.environ if environment is None else environment
        given = {"metrics_address": _METRICS, "log_format": _FORMAT, "log_level": _LEVEL}
        found: dict[str, Any] = {**options, **{name: env[key] for name, key in given.items() if env.get(key)}}
        off = env.get("OTEL_SDK_DISABLED", "").lower() == "true" or env.get("OTEL_TRACES_EXPORTER") == "none"
        traced = not off and any(env.get(key) for key in _ENDPOINTS)
        if traced:
            for key in _PROTOCOLS:
                if env.get(key, "http/protobuf") != "http/protobuf":
                    raise ValueError(f"{key} is {env[key]!r}; Folkmoot sends traces by 'http/protobuf' only.")
            if not env.get(_ENDPOINTS[1]):
                found["otlp_endpoint"] = env[_ENDPOINTS[0]]
        telemetry = cls(**found)
        if traced and telemetry._tracer is None:
            # The address of traces alone is a whole URL, which the exporter takes from the environment by itself.
            telemetry._tracer = telemetry._make_tracer(None)
        return telemetry

    @property
    def tracer(self) -> OpenTelemetryTracer | None:
        """Makes the spans; None: there are none."""
        return self._tracer

    def runtime(self) -> Runtime | None:
        """The SDK's runtime with our metrics, for `Client.connect(runtime=...)`; None: no metrics.

        It is made once, and listens from then on.

        Raises:
            OSError: Something else listens on the address.
        """
        if self.metrics_address is None:
            return None
        if self._runtime is None:
            _check_free(self.metrics_address)
            metrics = PrometheusConfig(
                self.metrics_address, durations_as_seconds=True, histogram_bucket_overrides=buckets()
            )
            self._runtime = Runtime(
                telemetry=TelemetryConfig(
                    logging=forwarded_logs(),
                    metrics=metrics,
                    attach_service_name=False,
                    global_tags={"service_name": self.service_name},
                )
            )
        return self._runtime

    def start(self) -> None:
        """Begin to count and to trace in this process. Done twice, it is the same; a plugin does it.

        Raises:
            OSError: See `runtime`.
        """
        runtime = self.runtime()
        if runtime is not None:
            meters.use(runtime.metric_meter)
        if self._tracer is not None:
            spans.use(self._tracer)

    def set_up_logs(self, **options: Any) -> None:
        """Have the whole process log as this says. For programs, not for libraries.

        Args:
            options: `text`: the form of lines that are no JSON; `stream`: where to, if not to standard error.
        """
        set_up(self.log_format, self.log_level, **options)

    def stop(self) -> None:
        """Send the spans that wait, and trace no more. Metrics can be read as long as the process lives."""
        if self._tracer is not None:
            spans.use(None)
            self._tracer.provider.shutdown()

    def _make_tracer(self, endpoint: str | None) -> OpenTelemetryTracer:
        try:
            from ._telemetry.otel import OpenTelemetryTracer, provider_of

            provider = provider_of(self.service_name, endpoint, self._processors)
        except ModuleNotFoundError as error:
            raise ImportError(_MISSING.format(name=(error.name or "").partition(".")[0])) from error
        return OpenTelemetryTracer(provider)


def forwarded_logs() -> LoggingConfig:
    """Have the SDK's core log through Python: by itself it writes to standard output."""
    levels = TelemetryFilter(core_level="WARN", other_level="ERROR")
    return LoggingConfig(filter=levels, forwarding=LogForwardingConfig(logger=logging.getLogger("temporalio.core")))


def _one_of(what: str, value: str, known: Sequence[str]) -> str:
    if value.lower() not in known:
        raise ValueError(f"The {what} is {value!r}; expected one of {', '.join(known)}.")
    return value.lower()


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"The address of the metrics is {text!r}; expected host:port, such as 0.0.0.0:9464.")
    return text


def _check_free(address: str) -> None:
    """The SDK's own error does not name the address."""
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host.strip("[]"), int(port)), family=family).close()
    except OSError as error:
        raise OSError(f"Metrics cannot be served on {address}: {error.strerror or error}") from None
