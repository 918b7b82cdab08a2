"""Every example as users run it: its program, and its JSON by `folkmoot run`; the model's words come over real HTTP."""

from __future__ import annotations

import asyncio
import importlib
import itertools
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from examples.__main__ import FOLDER, team_json
from folkmoot._scripted.http import ScriptedServer
from folkmoot.cli.loading import load_team
from tests._support.command_line import SECONDS, CommandLine

ROOT = Path(__file__).parents[2]
LEAD = "MagenticOneOrchestrator"


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    """A step that asks for a tool."""
    return {"calls": [{"name": tool, "arguments": arguments}]}


def ledger(speaker: str, *, done: bool = False) -> str:
    """What an orchestrator's model says of the progress."""
    answers: dict[str, Any] = {
        "is_request_satisfied": done,
        "is_progress_being_made": True,
        "is_in_loop": False,
        "next_speaker": speaker,
        "instruction_or_question": f"Your turn, {speaker}.",
    }
    return json.dumps({key: {"reason": "so it is", "answer": answer} for key, answer in answers.items()})


@dataclass(frozen=True)
class Example:
    """What an example's models say, by the words of their instructions (`*`: all others), and what comes of it."""

    says: dict[str, list[Any]]
    shown: Sequence[str]
    """Who spoke, in order: a text where nothing else is said, else the kind of message or event and its source."""
    last: str
    """The last message's text."""
    together: Sequence[str] = ()
    """Those who speak at the same time: in any order."""
    first_run: int | None = None
    """How many of those shown are the first run's, where the program makes two."""
    stdin: str = ""


def used(agent: str, end: str = "ToolCallSummaryMessage {}") -> list[str]:
    """What is shown of an agent that uses a tool."""
    return [f"ToolCallRequestEvent {agent}", f"ToolCallExecutionEvent {agent}", end.format(agent)]


def handed(agent: str) -> list[str]:
    """What is shown of an agent that hands over."""
    return used(agent, "HandoffMessage {}")


EXAMPLES: dict[str, Example] = {
    "round_robin": Example(
        {"You are writer": ["A note.", "A better note."], "You are critic": ["Dull.", "APPROVE"]},
        ["user", "writer", "critic", "writer", "critic"],
        "APPROVE",
    ),
    "selector": Example(
        {
            "You are planner": ["measurer, then judge.", "Too cold. DONE"],
            "You are measurer": [call("temperatures", office="Oslo")],
            "You are judge": ["17.5 is below 19."],
            "*": ["planner", "measurer", "judge", "planner"],
        },
        ["user", "planner", *used("measurer"), "judge", "planner"],
        "Too cold. DONE",
    ),
    "speaker_control": Example(
        {
            "You are planner": ["Divide by 4, 100, 400."],
            "You are coder": ["def leap(y): ...", "def leap(y): return ..."],
            "You are tester": ["1900 FAILED", "PASSED"],
            # Asked once only: afterwards the table leaves no choice, or the function chooses.
            "*": ["planner"],
        },
        ["user", "planner", "coder", "tester", "coder", "tester"],
        "PASSED",
    ),
    "swarm": Example(
        {
            "You are clerk": [call("transfer_to_customer"), call("transfer_to_cashier"), call("transfer_to_customer")],
            "You are cashier": [call("refund", order="77"), call("transfer_to_clerk")],
        },
        [
            *("user", *handed("clerk")),
            *("HandoffMessage customer", *handed("clerk")),
            *(*used("cashier"), *handed("cashier"), *handed("clerk")),
        ],
        "Transferred to customer, adopting the role of customer immediately.",
        first_run=4,
    ),
    "graph": Example(
        {
            "You are writer": ["Draft one.", "Draft two."],
            "You are language": ["Fine.", "Fine."],
            "You are facts": ["True.", "True."],
            "You are editor": ["REVISE: say more.", "APPROVE"],
            "You are publisher": ["# Export"],
        },
        [
            *("user", "writer", "facts", "language", "editor"),
            *("writer", "facts", "language", "editor", "publisher"),
        ],
        "# Export",
        together=("facts", "language"),
    ),
    "magentic_one": Example(
        {
            "You are painter": ["Ten cans."],
            "You are storekeeper": [call("in_stock", article="red paint")],
            "*": [*("FACTS", "PLAN"), *map(ledger, ("painter", "storekeeper")), ledger("painter", done=True), "Yes."],
        },
        ["user", LEAD, LEAD, "painter", LEAD, *used("storekeeper"), LEAD],
        "Yes.",
    ),
    "nested_teams": Example(
        {
            "You are writer": ["Wheels for all.", "Ride on, ride far."],
            "You are critic": ["READY", "READY"],
            "You are client": ["Too short.", "BOUGHT"],
        },
        ["user", "writer", "critic", "client", "writer", "critic", "client"],
        "BOUGHT",
    ),
    "society_of_mind": Example(
        {
            "You are pro": ["People rest."],
            "You are contra": ["Customers wait."],
            "You are secretary": ["Dear all: try it."],
            "*": ["Try it for three months."],
        },
        ["user", "pro", "contra", "advisor", "secretary"],
        "Dear all: try it.",
    ),
    "custom_agent": Example(
        {"You are writer": ["word " * 13, "The release is in May, and there is a new logo."]},
        ["user", "writer", "length_check", "writer", "length_check"],
        "Draft 2: APPROVE",
    ),
    "agent_tools": Example(
        {
            "You are host": [
                call("kitchen", task="two vegetarians"),
                call("cellar", task="lentil stew"),
                "Stew, cider.",
            ],
            "You are cook": ["Stew."],
            "You are dietician": ["Lentil stew."],
            "You are cellar": ["Cider."],
        },
        [
            *("user", "ToolCallRequestEvent host", "user", "cook", "dietician", "ToolCallExecutionEvent host"),
            *("ToolCallRequestEvent host", "user", "cellar", "ToolCallExecutionEvent host", "host"),
        ],
        "Stew, cider.",
    ),
    "mcp_tools": Example(
        {"You are porter": [call("read_note", name="wifi"), "Join the network moot."]},
        ["user", *used("porter", "{}")],
        "Join the network moot.",
    ),
    "code_executor": Example(
        {"You are coder": ["```python\nprint(6 * 7)\n```", "It is 42. DONE"]},
        ["user", "coder", "runner", "coder"],
        "It is 42. DONE",
    ),
    "person": Example(
        {"You are writer": ["Come.", "Please come."]},
        ["user", "writer", "editor", "writer", "editor"],
        "ok",
        stdin="Kinder, please\nok\n",
    ),
    "saved_state": Example(
        {
            "You are writer": ["What crosses, and stays?", "What stands, and leads on?"],
            "You are solver": ["A bridge."] * 2,
        },
        ["user", "writer", "solver", "writer", "solver"],
        "A bridge.",
        first_run=3,
    ),
    "go_back": Example(
        {
            "You are writer": ["Bicycle for sale."],
            "You are publisher": [call("post", text="Bicycle for sale."), call("post", text="Bicycle, 90 euros.")],
        },
        ["user", "writer", *used("publisher"), "user", *used("publisher")],
        "It is on the board.",
        first_run=5,
    ),
    "resume_old_messages": Example(
        {"You are namer": ["The Embers."], "You are owner": ["TAKEN"]},
        ["user", "namer", "owner"],
        "TAKEN",
    ),
    "autogen_component": Example(
        {"You are writer": ["New tram", "The tram comes"], "You are critic": ["It is no sentence.", "APPROVE"]},
        ["user", "writer", "critic", "writer", "critic"],
        "APPROVE",
    ),
}
HELPERS = {"__init__", "__main__", "notes_server"}


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """A server in the data folder, which all examples find there."""
    cli = CommandLine(tmp_path_factory.mktemp("examples"))
    # Its worker is on another queue: each example brings its own.
    cli.start("dev", "--queue", "elsewhere").kind("dev")
    yield cli
    cli.close()


def run_program(cli: CommandLine, name: str, stdin: str, environment: Mapping[str, str]) -> str:
    """What an example's program prints."""
    done = subprocess.run(
        [sys.executable, FOLDER / f"{name}.py"],
        cwd=cli.folder,
        env={**cli.environment, **environment},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert not done.stderr, done.stderr
    return done.stdout


def in_order(shown: Iterable[tuple[str, str]], together: Sequence[str]) -> list[str]:
    """Who spoke, as an `Example` tells it."""
    names = [source if kind == "TextMessage" else f"{kind} {source}" for kind, source in shown]
    parts = itertools.groupby(names, lambda name: name in together)
    return [name for same, part in parts for name in (sorted(part) if same else part)]


def endpoint(server: ScriptedServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "none"}


def test_every_example_is_tested() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} - HELPERS == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_json_is_the_program_s_team(name: str) -> None:
    path = FOLDER / f"{name}.json"
    text = path.read_text(encoding="utf-8")
    assert load_team(str(path)) == importlib.import_module(f"examples.{name}").team
    assert '"provider"' in text or text == team_json(name), "run python -m examples"


@pytest.mark.parametrize("name", EXAMPLES)
async def test_the_program_runs(cli: CommandLine, name: str) -> None:
    example = EXAMPLES[name]
    async with ScriptedServer(example.says) as server:
        out = await asyncio.to_thread(run_program, cli, name, example.stdin, endpoint(server))
        assert server.script.left == 0
    shown = re.findall(r"-{10} (\w+) \((\w+)\) -{10}\n", out)
    assert in_order(shown, example.together) == list(example.shown)
    assert out.rstrip().endswith(example.last)


@pytest.mark.parametrize("name", [name for name, example in EXAMPLES.items() if not example.stdin])
async def test_the_json_runs(cli: CommandLine, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    example, text = EXAMPLES[name], (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    # As the program's own first lines say, but for the task.
    (command,) = re.findall(r"^    folkmoot (run .*) --task \"", text, re.MULTILINE)
    monkeypatch.setattr(cli, "folder", ROOT)
    async with ScriptedServer(example.says) as server:
        arguments = [*command.replace("/tmp/code", str(cli.data / "code")).split(), "--task", "Go"]
        lines = await asyncio.to_thread(cli.json, *arguments, **endpoint(server))
    said = [(line["type"], line["source"]) for line in lines if line["kind"] in ("message", "event")]
    assert in_order(said, example.together) == list(example.shown)[: example.first_run]
    assert [line["content"] for line in lines if line["kind"] == "message"][-1] == example.last
