"""The verbs save, load and resume: what they print and write, and what they refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests._support.command_line import CommandLine

WRITER = {"type": "AssistantAgent", "name": "writer", "model_client": "m"}
TEAM: dict[str, Any] = {
    "type": "RoundRobinGroupChat",
    "name": "pair",
    "participants": [WRITER, {**WRITER, "name": "critic"}],
    "termination_condition": {"type": "TextMentionTermination", "text": "APPROVE"},
    "max_turns": 2,
}
OLD = [
    {"role": "user", "name": "user", "content": "Write"},
    {"role": "user", "name": "writer", "content": "A draft."},
    {"role": "user", "name": "boss", "content": "Fine. APPROVE"},
]


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    cli = CommandLine(tmp_path_factory.mktemp("state"))
    cli.write("team.json", TEAM)
    cli.write("other.json", {**TEAM, "name": "other", "participants": [{**WRITER, "name": "painter"}]})
    cli.write("old.json", OLD)
    held = {"text": "late", "hold": "for good", "repeat": True}
    cli.scripted_model({"You are slow": [held], "*": [{"text": "Words \u202e of “mine”.", "repeat": True}]})
    cli.start("dev").kind("dev")
    cli.json("run", "team.json", "--task", "Write", "--id", "first")
    cli.run("save", "first", "-o", "state.json")
    yield cli
    cli.close()


def heard(state: dict[str, Any], agent: str) -> list[str]:
    """What an agent's context holds."""
    return [item["content"] for item in state["agent_states"][agent]["agent_state"]["llm_context"]["messages"]]


def test_a_state_is_printed_or_written(cli: CommandLine) -> None:
    (printed,) = cli.json("save", "first")
    assert printed["type"] == "TeamState"
    assert heard(printed, "critic") == ["Write", "Words \u202e of “mine”.", "Words \u202e of “mine”."]
    (told,) = cli.json("save", "first", "--output", "again.json")
    text = (cli.folder / "again.json").read_text()
    assert told == {"chat": "first", "command": "save", "part": None, "file": "again.json", "bytes": len(text)}
    assert json.loads(text) == printed
    shown = cli.run("save", "first").stdout
    assert shown.isascii(), "a model's words would steer the terminal"
    assert json.loads(shown) == printed
    assert (
        cli.run("save", "first", "-o", "again.json").stdout == f"first: {len(text):,} bytes written to 'again.json'\n"
    )


def test_a_state_at_a_snapshot_and_one_part_of_it(cli: CommandLine) -> None:
    early, place = cli.json("save", "first", "--turn", "1")[0], cli.json("snapshots", "first")[0]["offset"]
    assert len(heard(early, "writer")) == 2
    assert cli.json("save", "first", "--at", str(place)) == [early]
    (part,) = cli.json("save", "first", "--turn", "1", "--part", "writer")
    assert part["llm_context"] == early["agent_states"]["writer"]["agent_state"]["llm_context"]
    (condition,) = cli.json("save", "first", "--part", "termination")
    assert condition["condition"]["text"] == "APPROVE"


def test_a_saved_state_is_loaded(cli: CommandLine) -> None:
    cli.json("run", "team.json", "--task", "Other words", "--id", "second")
    assert cli.json("load", "second", "state.json") == [
        {"chat": "second", "command": "load", "part": None, "status": "idle"}
    ]
    assert heard(cli.json("save", "second")[0], "critic") == heard(cli.json("save", "first")[0], "critic")
    assert cli.run("load", "second", "-", stdin=(cli.folder / "state.json").read_text()).stdout == "second: idle\n"


def test_one_part_is_loaded(cli: CommandLine) -> None:
    cli.json("run", "team.json", "--task", "Other words", "--id", "parts")
    cli.run("save", "first", "--part", "critic", "-o", "critic.json")
    cli.run("load", "parts", "critic.json", "--part", "critic", "--by", "Ann")
    (state,) = cli.json("save", "parts")
    assert heard(state, "critic")[0] == "Write"
    assert heard(state, "writer")[0] == "Other words"
    (loaded,) = [line for line in cli.json("tail", "parts") if line["kind"] == "loaded"]
    assert loaded["data"]["by"] == "Ann"


def test_a_chat_is_opened_with_a_state(cli: CommandLine) -> None:
    assert cli.run("load", "opened", "state.json", "--team", "team.json").stdout == "opened: idle\n"
    assert heard(cli.json("save", "opened")[0], "writer")[0] == "Write"
    # One that lives loads it, if its team is the same.
    cli.run("load", "opened", "state.json", "--team", "team.json")
    assert "lives with another team" in cli.error("load", "opened", "state.json", "--team", "other.json")


def test_a_state_of_another_team_opens_nothing(cli: CommandLine) -> None:
    error = cli.error("load", "never", "state.json", "--team", "other.json")
    assert error == "folkmoot: Agent state for painter not found in the saved state."
    assert cli.run("load", "never", "state.json", "--team", "team.json").stdout == "never: idle\n", "the id is free"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["load", "first", "nofile.json"], "There is no file 'nofile.json'."),
        (["load", "nobody", "state.json"], "There is no chat 'nobody'."),
        (["load", "first", "old.json"], "File 'old.json' holds no JSON object, but '["),
        (["load", "first", "bad.json"], "File 'bad.json' is not JSON: "),
        (["load", "first", "."], "File '.' cannot be read: "),
        (["load", "first", "team.json"], "Invalid state format."),
        (["load", "first", "none.json", "--part", "critic"], "Expected a state of type"),
        (["load", "first", "state.json", "--part", "critic", "--team", "team.json"], "give --part or --team, not both"),
        (["save", "first", "--part", "painter"], "There is no part 'painter'; known are writer, critic, termination."),
        (["save", "first", "--turn", "99"], "There is no snapshot of turn 99"),
        (
            ["save", "first", "--turn", "1", "--label", "x"],
            "one of offset, turn and label; got {'turn': 1, 'label': 'x'}",
        ),
        (["save", "first", "-o", "."], "File '.' cannot be written: Is a directory."),
        (["resume", "first", "nofile.json"], "There is no file 'nofile.json'."),
        (["resume", "nobody", "old.json"], "There is no chat 'nobody'."),
        (["resume", "first", "old.json"], "boss (messages[2])"),
        (["resume", "first", "bad.json"], "JSON"),
        (["resume", "first", "old.json", "--names", "boss"], "--names takes NAME=PARTICIPANT, got 'boss'."),
        (["resume", "first", "old.json", "--termination", "end"], "keep, remove or TEXT=REPLACEMENT, got 'end'."),
        (
            ["resume", "first", "--termination", "keep", "--max-tokens", "9"],
            "--termination, --max-tokens is for a FILE",
        ),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(cli: CommandLine, arguments: list[str], said: str) -> None:
    cli.write("bad.json", '{"type": ')
    cli.write("none.json", {"words": 1})
    head = cli.json("show", "first")[0]["head"]
    assert said in cli.error(*arguments)
    assert {line["kind"] for line in cli.json("tail", "first", "--after", str(head - 1))} <= {"refused"}


def test_a_chat_is_opened_with_old_messages(cli: CommandLine) -> None:
    arguments = ("old.json", "--team", "team.json", "--names", "boss=critic")
    done = cli.run("resume", "old", *arguments)
    assert done.stdout == "old: idle\n"
    assert done.stderr.startswith("warning: Last message meets termination criteria")
    assert len(done.stderr.splitlines()) == 1
    (view,) = cli.json("context", "old", "writer")
    assert [item["content"] for item in view["messages"][1:]] == ["Write", "A draft.", "Fine. APPROVE"]
    said = [line for line in cli.json("run", "team.json", "--id", "old") if line["kind"] == "message"]
    assert [line["source"] for line in said] == ["writer", "critic"]


@pytest.mark.parametrize(
    ("termination", "last"),
    [("keep", "Fine. APPROVE"), ("remove", "Fine."), ("APPROVE=Go on = now", "Fine. Go on = now")],
)
def test_what_becomes_of_the_end(cli: CommandLine, termination: str, last: str) -> None:
    chat_id = f"end-{termination[:4]}"
    arguments = (chat_id, "old.json", "--names", "boss=critic", "--termination", termination)
    (told,) = cli.json("resume", *arguments, "--team", "team.json")
    assert (told["chat"], told["command"], told["status"]) == (chat_id, "resume", "idle")
    assert told["warnings"] == []
    # Into the one that lives, with the newest messages only.
    (told,) = cli.json("resume", *arguments, "--max-tokens", "12")
    assert "left out to keep to 12 tokens" in told["warnings"][0]
    (view,) = cli.json("context", chat_id, "writer")
    assert view["messages"][-1]["content"] == last


def test_an_exported_chat_is_imported(cli: CommandLine) -> None:
    (told,) = cli.json("export", "first", "--turn", "1", "-o", "chat.json")
    assert (told["command"], told["file"]) == ("export", "chat.json")
    (printed,) = cli.json("export", "first", "--turn", "1")
    assert printed == json.loads((cli.folder / "chat.json").read_text())
    (told,) = cli.json("import", "chat.json", "imported", "--tenant", "acme")
    assert told == {"chat": "imported", "command": "import", "source": "first", "status": "idle"}
    assert heard(cli.json("save", "imported")[0], "writer") == heard(printed["state"], "writer")
    said = [line for line in cli.json("run", "team.json", "--id", "imported") if line["kind"] == "message"]
    assert [line["source"] for line in said] == ["critic"], "of two turns one was taken"
    assert "A chat 'imported' is there already." in cli.error("import", "chat.json", "imported")
    assert "Expected an exported chat" in cli.error("import", "state.json", "bad")
    cli.run("close", "imported")
    assert cli.run("import", "chat.json", "imported", "--replace").stdout == "imported: idle\n"


def test_what_a_model_would_see_is_shown(cli: CommandLine) -> None:
    cli.run("load", "seen", "state.json", "--team", "team.json")
    (view,) = cli.json("context", "seen", "critic")
    assert (view["chat"], view["agent"], view["whole"], view["unapplied"]) == ("seen", "critic", 3, [])
    assert [item["content"] for item in view["messages"][1:]] == heard(cli.json("save", "seen")[0], "critic")
    assert view["tokens"] > 0
    lines = cli.run("context", "seen", "critic").stdout.splitlines()
    assert lines[lines.index("user user") + 1] == "Write"
    assert "assistant critic" in lines
    assert "Words  of “mine”." in lines, "what steers terminals is left out"
    assert lines[-1] == f"4 messages, about {view['tokens']} tokens, of 3 in the conversation"
    assert "There is no model of 'painter'; known are writer, critic." in cli.error("context", "seen", "painter")


def test_resume_without_a_file_ends_a_pause(cli: CommandLine) -> None:
    cli.run("pause", "first")
    assert cli.json("resume", "first") == [{"chat": "first", "command": "resume", "status": "idle"}]


def test_nothing_is_loaded_into_a_run_unless_forced(cli: CommandLine) -> None:
    slow = {**WRITER, "name": "slow", "system_message": "You are slow"}
    cli.write("slow.json", {**TEAM, "participants": [slow]})
    running = cli.start("run", "slow.json", "--task", "Write", "--id", "slow")
    running.kind("chat")
    cli.until(lambda: cli.json("show", "slow")[0]["speakers"], "its turn")
    cli.run("save", "slow", "-o", "slow-state.json")
    assert "running" in cli.error("load", "slow", "slow-state.json")
    assert cli.json("load", "slow", "slow-state.json", "--force")[0]["status"] == "idle"
    assert running.end() == 1
