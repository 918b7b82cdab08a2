"""The verbs that go back in time: branches, label, diff, rollback and fork, also at a terminal."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests._support.command_line import CommandLine
from tests.acceptance.test_cli_people import Terminal

WRITER = {"type": "AssistantAgent", "name": "writer", "model_client": "m", "system_message": "You are writer"}
TEAM: dict[str, Any] = {
    "type": "RoundRobinGroupChat",
    "name": "pair",
    "participants": [WRITER, {**WRITER, "name": "critic"}],
    "max_turns": 2,
}
POSTERS: dict[str, Any] = {
    "type": "RoundRobinGroupChat",
    "participants": [{**WRITER, "name": "poster", "tools": ["post"], "system_message": "You are poster"}],
    "max_turns": 1,
}
APP = '''
from folkmoot import ToolOptions, tool

@tool(options=ToolOptions(side_effects=True, compensate="take_down"))
def post(text: str) -> str:
    """Puts a text on the notice board."""
    return "posted " + text

@tool
def take_down(text: str) -> str:
    """Takes it down again."""
    return "took down " + text

plugin = {"tools": [post, take_down]}
'''


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    cli = CommandLine(tmp_path_factory.mktemp("history"))
    cli.write("team.json", TEAM)
    cli.write("posters.json", POSTERS)
    cli.write("app.py", APP)
    post = {"calls": [{"name": "post", "arguments": {"text": "hello"}}], "repeat": True}
    cli.scripted_model({"You are poster": [post], "*": [{"text": "words", "repeat": True}]})
    cli.start("dev", "--app", "app:plugin").kind("dev")
    yield cli
    cli.close()


def talked(cli: CommandLine, chat_id: str, team: str = "team.json", runs: int = 1) -> list[int]:
    """Have a chat run; the offsets of its snapshots."""
    for _ in range(runs):
        cli.run("run", team, "--task", "Write", "--id", chat_id)
    return [item["offset"] for item in cli.json("snapshots", chat_id)]


def speakers(cli: CommandLine, chat_id: str, team: str = "team.json") -> list[str]:
    """Who speaks in a run that goes on."""
    return [line["source"] for line in cli.json("run", team, "--id", chat_id) if line["kind"] == "message"]


def test_back_at_a_label_and_on(cli: CommandLine) -> None:
    first, second = talked(cli, "back")
    (named,) = cli.json("label", "back", "good", "--turn", "1", "--by", "Ann")
    assert (named["label"], named["snapshot"]["offset"], named["snapshot"]["labels"]) == ("good", first, ["good"])
    (done,) = cli.json("rollback", "back", "--label", "good")
    assert (done["chat"], done["command"], done["crossed"], done["status"]) == ("back", "rollback", [], "idle")
    assert done["snapshot"]["offset"] == first
    # Of two turns the run had taken one.
    assert speakers(cli, "back") == ["critic"]

    found = cli.json("snapshots", "back")
    assert [(item["turn"], item["current"], item["labels"]) for item in found] == [
        (1, True, ["good"]),
        (2, False, []),
        (3, True, []),
    ]
    assert [item["branch"] for item in found] == [0, 0, done["offset"]]
    shown = cli.run("snapshots", "back").stdout.splitlines()
    assert shown[0].split()[-2:] == ["Branch", "Labels"]
    assert shown[1].split()[-3:] == ["0", "*", "good"]
    assert shown[2].split()[-1] == "0"

    old, new = cli.json("branches", "back")
    assert [item["offset"] for item in old["snapshots"]] == [first, second]
    assert (old["parent"], new["parent"], new["offset"], new["current"]) == (None, first, done["offset"], True)
    tree = cli.run("branches", "back").stdout.splitlines()
    assert tree[0] == "back"
    assert tree[2].endswith(f"; the chat stands at {new['snapshots'][0]['offset']}")
    assert tree[1] == f"└── 0 *: turns 1 to 2, 2 snapshots, {first} to {second}; good at {first}"
    assert tree[2].startswith(f"    └── {done['offset']} * after {first}: turn 3, snapshot ")

    # The other branch is still there, and the chat is on it again.
    assert cli.run("rollback", "back", str(second)).stdout == f"back: idle, back at the snapshot at {second}, turn 2\n"
    tree = cli.run("branches", "back").stdout.splitlines()
    assert tree[1].endswith(f"good at {first}; the chat stands at {second}")
    assert "stands" not in tree[2]
    assert speakers(cli, "back") == ["writer", "critic"]


def test_a_label_is_given_moved_and_taken_away(cli: CommandLine) -> None:
    first, second = talked(cli, "labelled")
    assert cli.run("label", "labelled", "x").stdout == f"labelled: 'x' is the snapshot at {second}, turn 2\n"
    cli.run("label", "labelled", "x", "--at", str(first))
    assert [item["labels"] for item in cli.json("snapshots", "labelled")] == [["x"], []]
    (gone,) = cli.json("label", "labelled", "x", "--remove")
    assert gone == {"chat": "labelled", "command": "label", "label": "x", "snapshot": None}
    cli.run("label", "labelled", "y")
    assert cli.run("label", "labelled", "y", "--remove").stdout == "labelled: 'y' was taken away\n"
    assert "'x'" in cli.error("label", "labelled", "x", "--remove")


def test_two_snapshots_are_compared(cli: CommandLine) -> None:
    first, second = talked(cli, "compared")
    cli.run("label", "compared", "good", "--at", str(first))
    cli.run("rollback", "compared", str(first))
    last = talked(cli, "compared")[-1]
    (found,) = cli.json("diff", "compared", str(second), str(last))
    assert found["shared"] == first
    assert [item["source"] for item in found["first"]["messages"]] == ["critic"]
    assert [item["source"] for item in found["second"]["messages"]] == ["user", "critic"]
    assert found["first"]["tokens"] > 0
    assert found["state"]["turn"] == [2, 3]
    lines = cli.run("diff", "compared", "good", str(last)).stdout.splitlines()
    assert lines[0] == f"the same up to entry {first}"
    assert lines[1] == f"--- {first}, turn 1: 0 messages and events, 0 tool calls, 0 tokens"
    assert lines[2].startswith(f"+++ {last}, turn 3: 2 messages and events, 0 tool calls, ")
    assert lines[3:5] == ["+ user: Write", "+ critic: words"]
    assert "turn: 1 | 3" in lines
    assert "spoke: writer | critic" in lines
    assert not [line for line in lines if line.startswith(("scopes", "jumps", "usage"))], "nobody knows the engine's"
    assert lines[-1].endswith("of the engine's own state, which --json shows")


def test_a_label_may_be_a_number(cli: CommandLine) -> None:
    first, second = talked(cli, "numbers")
    cli.run("label", "numbers", "2024", "--at", str(first))
    (found,) = cli.json("diff", "numbers", "2024", str(second))
    assert found["first"]["snapshot"]["offset"] == first
    cli.run("label", "numbers", str(second), "--at", str(first))
    assert f"say @{first} or @{second}" in cli.error("diff", "numbers", "2024", str(second))
    (found,) = cli.json("diff", "numbers", f"@{first}", f"@{second}")
    assert (found["first"]["snapshot"]["offset"], found["second"]["snapshot"]["offset"]) == (first, second)


def test_a_fork_goes_on_by_itself(cli: CommandLine) -> None:
    first, _ = talked(cli, "source")
    (done,) = cli.json("fork", "source", "copy", "--turn", "1", "--tenant", "acme")
    assert done == {
        "chat": "copy",
        "command": "fork",
        "source": "source",
        "offset": first,
        "crossed": [],
        "status": "idle",
    }
    assert speakers(cli, "copy") == ["critic"]
    assert cli.run("fork", "source", "present").stdout == "present: idle, forked from source\n"
    assert speakers(cli, "present") == ["writer", "critic"]
    assert next(item["offset"] for item in cli.json("snapshots", "source")) == first
    assert "'copy' is there already" in cli.error("fork", "source", "copy")


def test_crossed_calls_are_told(cli: CommandLine) -> None:
    first, _ = talked(cli, "posts", "posters.json", runs=2)
    done = cli.run("fork", "posts", "posts-copy", "--at", str(first))
    assert done.stderr.splitlines()[0] == "tool calls with side effects that were made after it:"
    (call,) = done.stderr.splitlines()[1:]
    assert call.endswith('poster: post({"text": "hello"}), which take_down undoes')
    # Nobody sits at a terminal: it does not ask.
    (done,) = cli.json("rollback", "posts", "--turn", "1")
    (crossed,) = done["crossed"]
    assert (crossed["agent"], crossed["name"], crossed["is_error"]) == ("poster", "post", False)
    assert done["compensated"] == []


def test_crossed_calls_are_undone_if_asked_for(cli: CommandLine) -> None:
    first, _ = talked(cli, "undone", "posters.json", runs=2)
    done = cli.run("rollback", "undone", str(first), "--compensate")
    assert done.stderr.splitlines()[-1].endswith(": took down hello")
    assert done.stdout == f"undone: idle, back at the snapshot at {first}, turn 1\n"


def test_at_a_terminal_crossed_calls_are_confirmed(cli: CommandLine) -> None:
    first, second = talked(cli, "asked", "posters.json", runs=2)
    question = f"Go back to the snapshot at {first}, turn 1? [y/N] "
    for typed in ("\n", "no\n", "\x04"):
        terminal = Terminal(cli, "rollback", "asked", str(first))
        terminal.wait_for('poster: post({"text": "hello"})')
        terminal.wait_for(question)
        terminal.type(typed)
        terminal.wait_for("left as it was")
        assert terminal.end() == 1
    interrupted = Terminal(cli, "rollback", "asked", str(first))
    interrupted.wait_for(question)
    interrupted.process.send_signal(signal.SIGINT)
    assert interrupted.end() == 130
    assert [item["current"] for item in cli.json("snapshots", "asked")] == [True, True]

    terminal = Terminal(cli, "rollback", "asked", str(first))
    terminal.wait_for(question)
    terminal.type("y\n")
    terminal.wait_for("asked: idle, back at the snapshot at")
    assert terminal.end() == 0
    cli.run("rollback", "asked", str(second))
    unasked = Terminal(cli, "rollback", "asked", str(first), "--yes")
    unasked.wait_for('poster: post({"text": "hello"})')
    unasked.wait_for("asked: idle, back at the snapshot at")
    assert unasked.end() == 0


def test_what_a_person_was_asked_is_asked_again(cli: CommandLine) -> None:
    team = {**TEAM, "participants": [WRITER, {"type": "UserProxyAgent", "name": "editor"}]}
    cli.write("people.json", team)
    cli.start("run", "people.json", "--task", "Write", "--id", "people").kind("chat")
    (request,) = cli.until(lambda: cli.json("pending", "people"), "a request")
    (wait,) = [item for item in cli.json("snapshots", "people") if item["reason"] == "wait"]
    assert "force" in cli.error("rollback", "people", str(wait["offset"]))
    cli.run("answer", "people", request["request"], "ok")
    cli.until(lambda: cli.json("show", "people")[0]["status"] == "idle", "the end of the run")
    (done,) = cli.json("rollback", "people", str(wait["offset"]))
    assert done["status"] in ("running", "waiting")
    (again,) = cli.until(lambda: cli.json("pending", "people"), "the request again")
    assert again["request"] != request["request"]
    assert again["path"] == "editor"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rollback", "c"], "one of offset, turn and label; got none of them"),
        (["rollback", "c", "3", "--turn", "1"], "one of offset, turn and label; got {'offset': 3, 'turn': 1}"),
        (["rollback", "c", "3"], "no snapshot 3; `snapshots` lists them"),
        (["rollback", "c", "--turn", "9"], "There is no snapshot of turn 9"),
        (["rollback", "c", "--label", "x"], "No snapshot has the label 'x'"),
        (["rollback", "nobody", "3"], "There is no chat 'nobody'."),
        (["fork", "c", "c"], "'c' is there already"),
        (["fork", "c", "new", "--at", "3"], "no snapshot 3"),
        (["fork", "nobody", "new"], "There is no chat 'nobody'."),
        (["branches", "nobody"], "There is no chat 'nobody'."),
        (["label", "c", "x", "--at", "3"], "no snapshot 3"),
        (["label", "c", "x" * 101], "100 characters"),
        (["label", "c", "x", "--at", "4", "--remove"], "leave --at and --turn away"),
        (["diff", "c", "3", "4"], "no snapshot 3"),
        (["diff", "c", "x", "4"], "No snapshot has the label 'x'"),
    ],
)
def test_what_cannot_be_is_refused(cli: CommandLine, arguments: list[str], said: str) -> None:
    if not [line for line in cli.json("ls") if line["id"] == "c"]:
        talked(cli, "c")
    assert said in cli.error(*arguments)
