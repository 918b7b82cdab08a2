"""Telemetry from arguments and the environment: what is wrong is told at once, by its name."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import Any

import pytest

from folkmoot import FolkmootPlugin
from folkmoot._local.ports import LOOPBACK, free_port
from folkmoot.telemetry import Telemetry
from tests._support.documents import python_blocks, run_block


def test_nothing_is_told_unless_asked_for() -> None:
    telemetry = Telemetry.from_environment({})
    assert telemetry.runtime() is None
    assert telemetry.tracer is None
    assert (telemetry.log_format, telemetry.log_level) == ("text", "warning")
    assert FolkmootPlugin().telemetry is None


def test_the_environment_comes_before_what_the_program_says() -> None:
    telemetry = Telemetry.from_environment(
        {"FOLKMOOT_METRICS_ADDRESS": "127.0.0.1:1", "FOLKMOOT_LOG_FORMAT": "JSON", "FOLKMOOT_LOG_LEVEL": "DEBUG"},
        log_format="text",
        log_level="info",
        service_name="api",
    )
    assert (telemetry.metrics_address, telemetry.log_format, telemetry.log_level) == ("127.0.0.1:1", "json", "debug")
    assert telemetry.service_name == "api"


@pytest.mark.parametrize(
    ("environment", "match"),
    [
        ({"FOLKMOOT_METRICS_ADDRESS": "9464"}, r"metrics is '9464'; expected host:port"),
        ({"FOLKMOOT_METRICS_ADDRESS": "host:99999"}, r"metrics is 'host:99999'; expected host:port"),
        ({"FOLKMOOT_LOG_FORMAT": "xml"}, r"log format is 'xml'; expected one of text, json"),
        ({"FOLKMOOT_LOG_LEVEL": "loud"}, r"log level is 'loud'; expected one of debug, info"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317"}, r"endpoint is 'collector:4317'; expected a URL"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            r"OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc'; Folkmoot sends traces by 'http/protobuf' only",
        ),
    ],
)
def test_bad_values(environment: dict[str, str], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        Telemetry.from_environment(environment)


@pytest.mark.parametrize("off", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}])
def test_opentelemetrys_switches_hold(off: dict[str, str]) -> None:
    assert Telemetry.from_environment({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", **off}).tracer is None


def test_an_address_that_is_in_use_is_told_of() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        address = f"{LOOPBACK}:{taken.getsockname()[1]}"
        with pytest.raises(OSError, match=rf"Metrics cannot be served on {address}: .*in use"):
            Telemetry(metrics_address=address).start()


def test_the_runtime_is_made_once() -> None:
    telemetry = Telemetry(metrics_address=f"{LOOPBACK}:{free_port()}")
    assert telemetry.runtime() is telemetry.runtime()


_WITHOUT = """
import sys
sys.modules["opentelemetry"] = None
from folkmoot import FolkmootPlugin
from folkmoot.telemetry import Telemetry
FolkmootPlugin(telemetry=Telemetry(metrics_address="127.0.0.1:1", log_format="json"))
try:
    Telemetry(otlp_endpoint="http://localhost:4318")
except ImportError as error:
    print(error)
"""


def test_traces_need_the_extra_and_nothing_else_does() -> None:
    done = subprocess.run([sys.executable, "-c", _WITHOUT], capture_output=True, text=True, check=True)
    assert done.stdout == "Traces need 'opentelemetry'; install it with: pip install 'folkmoot[telemetry]'\n"


def test_a_plugin_keeps_the_telemetry_it_has() -> None:
    own, other = Telemetry(), Telemetry()
    plugin: Any = FolkmootPlugin(telemetry=own)
    plugin.observe(other)
    assert plugin.telemetry is own


async def test_the_program_of_the_how_to_is_one() -> None:
    (program,) = python_blocks("docs/howto/observe.md")
    names = await run_block(program, {})
    assert names["telemetry"].metrics_address == "127.0.0.1:9464"
    assert callable(names["main"])
