"""The verbs that look at a chat and steer it, on the server of a running `folkmoot dev`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests._support.command_line import CommandLine, Running, release, wait_for_requests

VERBS = ("show", "tail", "snapshots", "usage", "pause", "resume", "reset", "stop", "cancel", "close")

TEAM: dict[str, Any] = {
    "type": "RoundRobinGroupChat",
    "name": "pair",
    "participants": [
        {"type": "AssistantAgent", "name": "writer", "model_client": "m"},
        {"type": "AssistantAgent", "name": "critic", "model_client": "m"},
    ],
    "max_turns": 2,
}


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    cli = CommandLine(tmp_path_factory.mktemp("cli"))
    cli.write("team.json", TEAM)
    # Every answer for the task 'hold' waits for its own name.
    steps = [{"text": f"answer {n}", "hold": f"h{n}"} for n in range(1, 30)]
    cli.scripted_model(steps)
    cli.start("dev").kind("dev")
    yield cli
    cli.close()


class Held:
    """A chat whose run waits in a model call."""

    asked = 0

    def __init__(self, cli: CommandLine, chat_id: str) -> None:
        self.cli, self.id = cli, chat_id
        self.model = cli.environment["OPENAI_BASE_URL"].removesuffix("/v1")
        self.running: Running = cli.start("run", "team.json", "--task", "Write", "--id", chat_id)
        self.ask()

    def ask(self) -> None:
        """Wait for the next request."""
        Held.asked += 1
        wait_for_requests(self.model, Held.asked)

    def answer(self) -> None:
        """Let the answer that waits go."""
        release(self.model, f"h{Held.asked}")

    def finish(self) -> None:
        """Let the run end."""
        self.answer()
        self.ask()
        self.answer()
        assert self.running.end() == 0

    @property
    def status(self) -> str:
        return self.cli.json("show", self.id)[0]["status"]


def test_a_pause_holds_the_next_step_back_until_resume(cli: CommandLine) -> None:
    chat = Held(cli, "paused")
    assert cli.json("pause", "paused") == [{"chat": "paused", "command": "pause", "status": "pausing"}]
    chat.answer()
    cli.until(lambda: chat.status == "paused", "the pause")
    assert cli.run("resume", "paused").stdout == "paused: running\n"
    chat.ask()
    chat.answer()
    assert chat.running.end() == 0
    assert chat.status == "idle"


def test_pause_now_gives_the_call_up_and_resume_makes_it_again(cli: CommandLine) -> None:
    chat = Held(cli, "now")
    cli.run("pause", "now", "--now")
    cli.until(lambda: chat.status == "paused", "the pause")
    cli.run("resume", "now")
    chat.ask()
    chat.finish()


def test_stop_ends_the_run_after_the_turn(cli: CommandLine) -> None:
    chat = Held(cli, "stopped")
    cli.run("stop", "stopped")
    chat.answer()
    assert chat.running.end() == 0
    assert chat.running.kind("result")["stop_reason"] == "External termination requested"


def test_cancel_ends_the_run_now(cli: CommandLine) -> None:
    chat = Held(cli, "cancelled")
    cli.run("cancel", "cancelled")
    assert chat.running.end() == 1
    assert '"type": "ChatCancelled"' in chat.running.stderr
    assert chat.status == "idle"


def test_reset_is_refused_during_a_run_unless_forced(cli: CommandLine) -> None:
    chat = Held(cli, "reset")
    error = cli.error("reset", "reset")
    assert error.startswith("folkmoot: ")
    assert "running" in error
    assert cli.json("reset", "reset", "--force")[0]["status"] == "idle"
    assert chat.running.end() == 1
    assert cli.run("reset", "reset").stdout == "reset: idle\n"


def test_a_second_run_is_refused(cli: CommandLine) -> None:
    chat = Held(cli, "busy")
    assert "already running" in cli.error("run", "team.json", "--task", "Write", "--id", "busy")
    chat.finish()


def test_tail_follows_a_chat_until_it_is_closed(cli: CommandLine) -> None:
    chat = Held(cli, "followed")
    tail = cli.start("tail", "followed", "--follow")
    tail.kind("run_started")
    chat.finish()
    tail.kind("run_ended")
    assert cli.json("close", "followed") == [{"chat": "followed", "command": "close", "status": "closed"}]
    assert tail.end() == 0
    assert [line["offset"] for line in tail.lines] == list(range(len(tail.lines)))
    assert tail.lines[-1]["kind"] == "closed"
    said = [line["message"]["content"] for line in tail.lines if line["message"] is not None]
    assert said[0] == "Write"
    assert len(said) == 3

    rest = cli.json("tail", "followed", "--after", "2")
    assert [line["offset"] for line in rest] == [line["offset"] for line in tail.lines[3:]]
    (info,) = [line for line in cli.json("ls") if line["id"] == "followed"]
    assert (info["status"], info["team"]) == ("closed", "pair")
    assert "Chat 'followed' is closed" in cli.error("pause", "followed")


def test_snapshots_and_usage_are_told(cli: CommandLine) -> None:
    Held(cli, "counted").finish()
    found = cli.json("snapshots", "counted")
    assert [(item["turn"], item["speakers"], item["reason"]) for item in found] == [
        (1, ["writer"], "turn"),
        (2, ["critic"], "turn"),
    ]
    (usage,) = cli.json("usage", "counted")
    assert usage["chat"] == "counted"
    assert sorted(usage["agents"]) == ["critic", "writer"]
    assert all(counts["prompt_tokens"] > 0 for counts in usage["agents"].values())

    assert "Offset  Turn  Run  Speakers" in cli.run("snapshots", "counted").stdout
    table = cli.run("usage", "counted").stdout
    assert [line.split()[0] for line in table.splitlines()] == ["Agent", "writer", "critic", "total"]
    shown = cli.run("show", "counted").stdout
    assert "Last run ended  Maximum number of turns 2 reached." in shown
    log = cli.run("tail", "counted").stdout
    assert "  user: Write\n" in log
    assert "run_ended  run=1 status=stopped" in log


def test_ls_filters(cli: CommandLine) -> None:
    Held(cli, "listed").finish()
    cli.until(lambda: "listed" in [line["id"] for line in cli.json("ls", "--status", "idle")], "its place in the list")
    assert "listed" in cli.run("ls", "--team", "pair").stdout
    assert cli.run("ls", "--team", "none").stdout == "No chats.\n"
    assert len(cli.json("ls", "--limit", "1")) == 1
    assert cli.json("ls", "--filter", "ChatTurns > 1000") == []
    assert cli.error("ls", "--filter", "nonsense").startswith("folkmoot: The server refused the filter 'nonsense': ")


@pytest.mark.parametrize(
    "verb", ["show", "tail", "snapshots", "usage", "pause", "resume", "reset", "stop", "cancel", "close"]
)
def test_a_chat_that_does_not_exist_is_told(cli: CommandLine, verb: str) -> None:
    assert cli.error(verb, "nobody") == "folkmoot: There is no chat 'nobody'."
