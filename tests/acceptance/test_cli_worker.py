"""`folkmoot worker` and the other verbs on a server that TEMPORAL_ADDRESS names; which is left alone."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from folkmoot._local.ports import free_port
from tests._support.command_line import CommandLine

APP = """
from folkmoot import FolkmootPlugin


def add(a: int, b: int) -> int:
    "Add two numbers."
    return a + b


def plugin():
    return FolkmootPlugin(tools=[add])
"""

TEAM: dict[str, Any] = {
    "type": "RoundRobinGroupChat",
    "participants": [{"type": "AssistantAgent", "name": "writer", "model_client": "m", "tools": ["add"]}],
    "max_turns": 1,
}


@pytest.fixture
def cli(tmp_path: Path, server_address: str) -> Iterator[CommandLine]:
    cli = CommandLine(tmp_path, TEMPORAL_ADDRESS=server_address, FOLKMOOT_TASK_QUEUE=tmp_path.name)
    cli.write("team.json", TEAM)
    yield cli
    cli.close()
    assert not cli.data.exists()


def test_a_worker_works_until_sigterm(cli: CommandLine, server_address: str) -> None:
    cli.scripted_model([{"calls": [{"name": "add", "arguments": {"a": 2, "b": 3}}]}])
    cli.write("my_app.py", APP)
    worker = cli.start("worker", "--app", "my_app:plugin")
    said = worker.kind("worker")
    assert (said["address"], said["queue"]) == (server_address, cli.environment["FOLKMOOT_TASK_QUEUE"])
    lines = cli.json("run", "team.json", "--task", "Add", "--id", cli.folder.name)
    assert lines[-2]["content"] == "5"
    assert cli.json("show", cli.folder.name)[0]["status"] == "idle"
    assert worker.end(signal.SIGTERM) == 0
    assert worker.stderr == ""


def test_an_unknown_tool_is_told_with_those_known(cli: CommandLine) -> None:
    cli.scripted_model([])
    cli.start("worker").kind("worker")
    assert cli.error("run", "team.json", "--task", "Add").startswith("folkmoot: Unknown tool 'add'; known: none.")


def test_a_queue_without_a_worker_is_told(cli: CommandLine) -> None:
    queue = cli.environment["FOLKMOOT_TASK_QUEUE"]
    error = cli.error("run", "team.json", "--task", "Add", "--id", "unopened")
    assert error.startswith(f"folkmoot: No worker polls task queue {queue!r} in namespace 'default'; start one with ")
    assert cli.error("show", "unopened") == "folkmoot: There is no chat 'unopened'."


@pytest.mark.parametrize("verb", [["ls"], ["show", "c"], ["worker"], ["run", "team.json"]])
def test_a_server_that_does_not_answer_is_told(cli: CommandLine, verb: list[str]) -> None:
    address = f"127.0.0.1:{free_port()}"
    assert cli.error(*verb, "--address", address).startswith(f"folkmoot: No Temporal server answers at {address!r}; ")


def test_an_address_without_a_port_is_told(cli: CommandLine) -> None:
    assert cli.error("ls", "--address", "localhost") == (
        "folkmoot: The address of the Temporal server is 'localhost'; expected host:port."
    )


def test_without_any_server_or_data_readers_say_what_to_do(cli: CommandLine) -> None:
    error = cli.error("ls", TEMPORAL_ADDRESS="")
    assert error.startswith(f"folkmoot: There are no chats in {str(cli.data)!r} and TEMPORAL_ADDRESS is not set; ")


def test_a_bad_script_is_told(cli: CommandLine) -> None:
    cli.write("bad.json", '[{"txt": "x"}]')
    assert "'bad.json' is not a script: step 1 has an unknown field 'txt'" in cli.error("scripted-model", "bad.json")
    assert "missing.json" in cli.error("scripted-model", "missing.json")
