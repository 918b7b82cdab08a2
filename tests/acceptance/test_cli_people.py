"""What people are asked: `pending` and `answer` from anywhere, and questions put at a real terminal of `run`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests._support.command_line import CommandLine
from tests._support.terminal import Terminal

WRITER = {"type": "AssistantAgent", "name": "writer", "model_client": "m"}
TEAM: dict[str, Any] = {
    "type": "RoundRobinGroupChat",
    "participants": [WRITER, {"type": "UserProxyAgent", "name": "editor"}],
    "termination_condition": {"type": "TextMentionTermination", "text": "ok", "sources": ["editor"]},
}
MANUAL: dict[str, Any] = {
    "type": "SelectorGroupChat",
    "participants": [WRITER, {**WRITER, "name": "critic"}],
    "speaker_selection_method": "manual",
    "max_turns": 1,
}


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    cli = CommandLine(tmp_path_factory.mktemp("people"))
    cli.scripted_model([{"text": "A draft.", "repeat": True}])
    cli.write("team.json", TEAM)
    cli.write("manual.json", MANUAL)
    cli.start("dev").kind("dev")
    yield cli
    cli.close()


def asked(cli: CommandLine, chat_id: str, besides: str = "") -> dict[str, Any]:
    """The only request that is open, once there is one other than `besides`."""

    def probe() -> list[dict[str, Any]]:
        return [line for line in cli.json("pending", chat_id) if line["request"] != besides]

    (found,) = cli.until(probe, "a request")
    return found


def test_a_request_is_listed_and_answered_from_elsewhere(cli: CommandLine) -> None:
    running = cli.start("run", "team.json", "--task", "Write", "--id", "c1")
    running.kind("chat")
    request = asked(cli, "c1")
    assert {key: request[key] for key in ("chat", "kind", "path")} == {"chat": "c1", "kind": "input", "path": "editor"}
    shown = cli.run("pending", "c1").stdout
    assert shown.splitlines()[0].split() == ["Request", "Kind", "Who", "Since", "Question"]
    assert request["request"] in shown

    (said,) = cli.json("answer", "c1", request["request"], "Kinder", "--by", "Ann")
    assert (said["chat"], said["command"], said["request"]) == ("c1", "answer", request["request"])
    second = asked(cli, "c1", besides=request["request"])
    assert cli.run("answer", "c1", second["request"], "-", stdin="ok").stdout.startswith("c1: ")
    assert running.end() == 0
    spoken = [(line["source"], line["content"]) for line in running.lines if line["kind"] == "message"]
    assert [text for source, text in spoken if source == "editor"] == ["Kinder", "ok"]
    # Who reads the output of a program is told how to answer, too.
    assert f"folkmoot answer c1 {request['request']} TEXT" in running.stderr
    answered = [line["data"] for line in cli.json("tail", "c1") if line["kind"] == "answered"]
    assert [entry.get("by", "") for entry in answered] == [{"subject": "Ann", "channel": "cli"}, ""]
    assert cli.run("pending", "c1").stdout == "Nobody is asked anything.\n"


def test_what_is_not_asked_is_told(cli: CommandLine) -> None:
    cli.start("run", "team.json", "--task", "Write", "--id", "c2").kind("chat")
    request = asked(cli, "c2")["request"]
    assert "nonsense" in cli.error("answer", "c2", "nonsense", "ok")
    cli.run("answer", "c2", request, "ok")
    assert request in cli.error("answer", "c2", request, "ok")
    assert cli.error("answer", "nobody", request, "ok") == "folkmoot: There is no chat 'nobody'."
    assert cli.error("pending", "nobody") == "folkmoot: There is no chat 'nobody'."


def test_questions_are_put_at_the_terminal(cli: CommandLine) -> None:
    terminal = Terminal(cli, "run", "team.json", "--task", "Write", "--id", "t1")
    terminal.wait_for("writer\nA draft.\n")
    terminal.wait_for("editor: Enter your response: ")
    terminal.type("Kinder\n")
    terminal.wait_for("editor\nKinder\n")
    terminal.wait_for("editor: Enter your response: ")
    terminal.type("ok\n")
    terminal.wait_for("Text 'ok' mentioned")
    assert terminal.end() == 0


def test_a_question_answered_elsewhere_is_not_asked_any_more(cli: CommandLine) -> None:
    terminal = Terminal(cli, "run", "team.json", "--task", "Write", "--id", "t2")
    terminal.wait_for("Enter your response: ")
    cli.run("answer", "t2", asked(cli, "t2")["request"], "Kinder")
    terminal.wait_for("(no longer asked)")
    terminal.wait_for("Enter your response: ")
    terminal.type("ok\n")
    assert terminal.end() == 0


def test_who_leaves_the_question_is_told_how_to_answer_it(cli: CommandLine) -> None:
    terminal = Terminal(cli, "run", "team.json", "--task", "Write", "--id", "t3")
    terminal.wait_for("Enter your response: ")
    terminal.type("\x04")
    request = asked(cli, "t3")["request"]
    terminal.wait_for(f"(folkmoot answer t3 {request} TEXT)")
    cli.run("answer", "t3", request, "ok")
    terminal.wait_for("Text 'ok' mentioned")
    assert terminal.end() == 0


def test_a_person_selects_the_speaker(cli: CommandLine) -> None:
    terminal = Terminal(cli, "run", "manual.json", "--task", "Write", "--id", "t4")
    terminal.wait_for("Who speaks next? One of: writer, critic ")
    terminal.type("nobody\n")
    terminal.wait_for("Who speaks next? One of: writer, critic ")
    terminal.type("critic\n")
    terminal.wait_for("critic\nA draft.\n")
    assert terminal.end() == 0
