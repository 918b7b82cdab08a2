"""Logs as JSON of a real worker and API: what is known of chat, run, turn, agent, command and request; no secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from temporalio import activity, workflow
from temporalio.client import Plugin

from folkmoot import ChatFailedError, RoundRobinGroupChat
from folkmoot._local.ports import LOOPBACK, free_port
from folkmoot._spec import to_json
from folkmoot.server.app import create_app
from folkmoot.telemetry import Telemetry
from tests._support.command_line import CommandLine
from tests._support.watched import Watch, watch, watched
from tests.integration.conftest import KEY, unique
from tests.integration.server.conftest import served, settings
from tests.integration.test_metrics import caller

LOOK: dict[str, Any] = {"calls": [{"name": "look", "arguments": {"what": "it"}}]}


def look(what: str) -> str:
    """Look."""
    logging.getLogger("my.tool").warning("looking")
    return f"seen {what}"


class Lines:
    """What is logged."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def of(self, logger: str) -> list[dict[str, Any]]:
        return [line for line in self.all if line["logger"] == logger]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """This process's logs as JSON, down to debug."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    # What is put in their place is not to close them.
    root.handlers[:] = []
    found = Lines()
    Telemetry(log_format="json", log_level="debug").set_up_logs(stream=found.stream)
    yield found
    root.handlers[:] = handlers
    root.setLevel(level)
    workflow.logger.workflow_info_on_message = activity.logger.activity_info_on_message = True


async def test_lines_of_a_run_tell_where_they_belong(
    server_address: str, server_plugins: Sequence[Plugin], lines: Lines
) -> None:
    seen = watch(traces=True)
    script = [LOOK, "done", {"status": 400, "message": "no"}]
    async with watched(server_address, server_plugins, script, seen, tools=[look]) as site:
        app = create_app(site.moot, settings())
        agent = site.agent("writer", tools=["look"], max_tool_iterations=2)
        async with served(app) as (_, url), caller(url) as client:
            team = to_json(RoundRobinGroupChat([agent], max_turns=1))
            chat_id = (await client.post("/chats", json={"team": team, "id": unique()})).json()["id"]
            answer = await client.post(
                f"/chats/{chat_id}/runs",
                json={"task": "hush"},
                params={"wait": 30},
                headers={"X-Request-ID": "req-1", "Idempotency-Key": "my-command"},
            )
            assert answer.headers["X-Request-ID"] == "req-1"
        with pytest.raises(ChatFailedError):
            await (await site.moot.get(chat_id)).run(task="again")
    (tool,) = lines.of("my.tool")
    command = tool.pop("command")
    assert {name: value for name, value in tool.items() if name not in ("time", "trace")} == {
        "level": "warning",
        "logger": "my.tool",
        "message": "looking",
        "chat": chat_id,
        "activity": "folkmoot.tool",
        "attempt": 1,
        "agent": "writer",
        "run": 1,
        "turn": 1,
    }
    (ran,) = [span for span in seen.spans if span.name == "run" and (span.attributes or {})["folkmoot.run"] == 1]
    assert ran.context is not None
    assert (ran.attributes or {})["folkmoot.command"] == command
    assert tool["trace"] == f"{ran.context.trace_id:032x}"

    failed = [line for line in lines.of("temporalio.workflow") if line["level"] == "warning"]
    assert [(line["chat"], line["run"], line["turn"]) for line in failed] == [(chat_id, 2, 2)]
    opened, run = [line for line in lines.of("folkmoot.server.access") if line["level"] == "info"]
    assert (opened["message"], run["message"]) == ("POST /v1/chats 201", "POST /v1/chats/{id}/runs 200")
    assert (run["request"], run["chat"], run["status"]) == ("req-1", chat_id, 200)
    assert run["seconds"] > 0
    text = lines.stream.getvalue()
    assert "hush" not in text
    assert KEY not in text
    assert "Bearer" not in text


async def test_uncached_workflows_log_once(server_address: str, server_plugins: Sequence[Plugin], lines: Lines) -> None:
    worker = {"max_cached_workflows": 0}
    async with watched(server_address, server_plugins, ["one", "two"], Watch(Telemetry()), worker=worker) as site:
        chat = await site.open()
        await chat.run(task="go")
        await chat.run(task="go")
        ended = [line for line in lines.of("temporalio.workflow") if line["message"].startswith("run_ended")]
        assert [line["run"] for line in ended] == [1, 2]


def test_processes_log_and_count_as_their_environment_says(tmp_path: Path) -> None:
    ports = [free_port(), free_port()]
    common = {"FOLKMOOT_LOG_FORMAT": "json", "FOLKMOOT_LOG_LEVEL": "info", "FOLKMOOT_AUTH": "none"}
    cli = CommandLine(tmp_path, **common)
    try:
        cli.scripted_model([{"text": "yes", "repeat": True}])
        cli.start("dev", FOLKMOOT_METRICS_ADDRESS=f"{LOOPBACK}:{ports[0]}").kind("dev")
        serving = cli.start("serve", "--port", "0", FOLKMOOT_METRICS_ADDRESS=f"{LOOPBACK}:{ports[1]}")
        url = serving.kind("serve")["url"]
        assert httpx.get(f"{url}/v1/chats").status_code < 500
        worker, api = (httpx.get(f"http://{LOOPBACK}:{port}/metrics").text for port in ports)
        assert "temporal_num_pollers" in worker
        assert 'service_name="folkmoot-dev"' in worker
        assert "folkmoot_http_request_seconds_count" in api
        assert 'service_name="folkmoot-api"' in api
        assert httpx.get(f"{url}/metrics").status_code == 404
    finally:
        cli.close()
    for line in serving.stderr.splitlines():
        json.loads(line)
    assert '"route": ' in serving.stderr
