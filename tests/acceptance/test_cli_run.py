"""`folkmoot run` on the embedded server: a team from a file or a module, shown live, kept for later verbs."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from folkmoot._local.locks import is_held
from tests._support.command_line import CommandLine, release, wait_for_requests

TEAM: dict[str, Any] = {
    "type": "RoundRobinGroupChat",
    "name": "pair",
    "participants": [
        {"type": "AssistantAgent", "name": "writer", "model_client": "m", "system_message": "You are writer."},
        {"type": "AssistantAgent", "name": "critic", "model_client": "m", "system_message": "You are critic."},
    ],
    "max_turns": 2,
}

MODULE = """
from folkmoot import AssistantAgent, RoundRobinGroupChat


def add(a: int, b: int) -> int:
    "Add two numbers."
    return a + b


def team():
    return RoundRobinGroupChat([AssistantAgent("writer", "m", tools=[add])], max_turns=1)
"""


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[CommandLine]:
    cli = CommandLine(tmp_path)
    yield cli
    cli.close()


def test_a_file_is_run_and_the_chat_is_there_afterwards(cli: CommandLine) -> None:
    cli.scripted_model({"writer": ["A note.", "A second note."], "critic": ["Fine.", "Still fine."]})
    team = cli.write("team.json", TEAM)
    said = cli.run("run", team, "--task", "Write", "--id", "c1").stdout
    assert "\nuser\nWrite\n\nwriter\nA note.\n\ncritic\nFine.\n" in said
    assert "Maximum number of turns 2 reached. · 3 messages · " in said
    # No server was left behind; the next verb starts it again, on the same data.
    assert not is_held(cli.data / "server.alive")

    lines = cli.json("run", team, "--id", "c1")
    assert [line["content"] for line in lines if line["kind"] == "message"] == ["A second note.", "Still fine."]
    result = lines[-1]
    assert (result["kind"], result["chat"], result["turns"], result["run"]) == ("result", "c1", 4, 2)
    assert result["stop_reason"] == "Maximum number of turns 2 reached."
    assert result["prompt_tokens"] > 0
    (shown,) = cli.json("show", "c1")
    assert (shown["status"], shown["turn"], shown["head"]) == ("idle", 4, result["head"])


def test_a_function_of_a_module_is_run_with_its_tool(cli: CommandLine) -> None:
    cli.scripted_model([{"calls": [{"name": "add", "arguments": {"a": 2, "b": 3}}]}])
    cli.write("my_team.py", MODULE)
    said = cli.run("run", "my_team:team", "--task", "-", stdin="Add").stdout
    assert '  → add({"a": 2, "b": 3})\n  ← add: 5\n5\n' in said


def test_in_memory_keeps_nothing(cli: CommandLine) -> None:
    cli.scripted_model(["One.", "Two."])
    assert "One." in cli.run("run", cli.write("team.json", TEAM), "--task", "Write", "--in-memory").stdout
    assert not cli.data.exists()


def test_a_running_dev_does_the_work(cli: CommandLine) -> None:
    cli.scripted_model([{"calls": [{"name": "add", "arguments": {"a": 2, "b": 3}}]}])
    cli.write("my_team.py", MODULE)
    cli.write("my_app.py", "from my_team import add\nsettings = {'tools': [add]}\n")
    cli.start("dev", "--app", "my_app:settings").kind("dev")
    team = {
        "type": "RoundRobinGroupChat",
        "participants": [{"type": "AssistantAgent", "name": "writer", "model_client": "m", "tools": ["add"]}],
        "max_turns": 1,
    }
    lines = cli.json("run", cli.write("team.json", team), "--task", "Add")
    assert lines[-2]["content"] == "5"


def test_ctrl_c_leaves_the_run_as_it_is(cli: CommandLine) -> None:
    model = cli.scripted_model([{"text": "Late.", "hold": "h"}, "Late.", "Fine."])
    team = cli.write("team.json", TEAM)
    cli.start("dev").kind("dev")
    running = cli.start("run", team, "--task", "Write", "--id", "c1")
    wait_for_requests(model, 1)
    assert running.end(signal.SIGINT) == 130
    assert "folkmoot tail -f c1" in running.stderr
    assert cli.json("show", "c1")[0]["status"] == "running"
    release(model, "h")
    cli.until(lambda: cli.json("show", "c1")[0]["status"] == "idle", "the run's end")
    assert [line["message"]["content"] for line in cli.json("tail", "c1") if line["message"]][1:] == ["Late.", "Late."]


def test_an_agent_that_fails_is_told(cli: CommandLine) -> None:
    cli.scripted_model([{"status": 401, "message": "no such key"}])
    error = cli.error("run", cli.write("team.json", TEAM), "--task", "Write", "--in-memory")
    assert error.startswith("folkmoot: Agent 'writer' failed: ModelCallError: ")
    assert "401" in error


def test_a_model_nobody_knows_is_told_and_no_chat_is_left(cli: CommandLine) -> None:
    cli.start("dev").kind("dev")
    error = cli.error("run", cli.write("team.json", TEAM), "--task", "Write", "--id", "c1")
    assert error.startswith("folkmoot: Unknown model 'm'; known: none. ")
    assert "OPENAI_API_KEY" in error
    cli.until(lambda: cli.json("ls") == [], "no list has the refused chat")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.json"], "There is no file 'missing.json'; expected a team's JSON file or module:attribute."),
        (["nonsense.json"], "Team file 'nonsense.json' is not JSON"),
        (["no_such_module:team"], "Importing 'no_such_module' for 'no_such_module:team' failed"),
    ],
)
def test_a_bad_team_is_told_before_a_server_is_started(cli: CommandLine, arguments: list[str], said: str) -> None:
    cli.write("nonsense.json", "{nonsense")
    assert said in cli.error("run", *arguments, "--task", "Write")
    assert not cli.data.exists()


def test_another_team_under_the_same_id_is_refused(cli: CommandLine) -> None:
    cli.scripted_model(["One.", "Two."])
    cli.start("dev").kind("dev")
    cli.run("run", cli.write("team.json", TEAM), "--task", "Write", "--id", "c1")
    other = cli.write("other.json", {**TEAM, "max_turns": 3})
    assert "Chat 'c1' lives with another team, 'pair'; take it as it is" in cli.error("run", other, "--id", "c1")
    cli.run("close", "c1")
    assert "open it with replace=True" in cli.error("run", other, "--id", "c1")
