"""One piece for every kind of team, and a model that plays all parts by the book.

A model has the name of the part it plays, and its n-th call of a performance the name `part:n`. Which call it is, is
told by what is asked: the very same question again is the same call made again, and gets the same answer. So two
performances of a piece come out alike, whatever is done to one of them, and `Play.counts` tells which calls were paid
for twice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from folkmoot import (
    AgentSpec,
    AgentTool,
    ApprovalRequest,
    ApprovalResponse,
    AssistantAgent,
    CodeExecutorAgent,
    CustomAgent,
    DiGraphBuilder,
    GraphFlow,
    LocalCommandLineCodeExecutor,
    MagenticOneGroupChat,
    MaxMessageTermination,
    RoundRobinGroupChat,
    SelectorGroupChat,
    SocietyOfMindAgent,
    Swarm,
    TeamSpec,
    TeamTool,
    TextMentionTermination,
    UserProxyAgent,
)

__all__ = ["CODE", "FINISHED", "PIECES", "Piece", "Play", "label", "neutral", "permit"]

Line = str | Mapping[str, Any]

CODE = """\
import os, pathlib, signal
begun = pathlib.Path("begun")
if "blocked" in "[*]" and not begun.exists():
    begun.with_suffix(".new").write_text(str(os.getpid()))
    begun.with_suffix(".new").rename(begun)
    signal.pause()
print("ran")
"""
"""What the coder runs. In a performance whose take is `blocked` the first attempt writes its process id and waits."""

FINISHED = "FINISHED"


@dataclass(frozen=True)
class Piece:
    """A team, and what its models say.

    Attributes:
        name: Letters only.
        team: The team.
        lines: What each part says, call by call. `[*]` stands for the performance's label, which a text gets anyway.
        parallel: Some speak at the same time, so that the log's order may differ.
    """

    name: str
    team: TeamSpec | AgentSpec
    lines: Mapping[str, Sequence[Line]]
    parallel: bool = False

    @property
    def calls(self) -> list[str]:
        """Every model call of a performance."""
        return [f"{part}:{n}" for part, lines in self.lines.items() for n in range(1, len(lines) + 1)]


def label(piece: str, take: str) -> str:
    """What stands in all texts of a performance: `[piece-take]`."""
    return f"[{piece}-{take}]"


def neutral(value: object, piece: str, take: str) -> str:
    """A value's JSON without the performance it is from."""
    return json.dumps(value, sort_keys=True).replace(label(piece, take), "[*]")


@dataclass
class Play:
    """Answers models' requests, for any number of performances, and notes what was asked.

    Attributes:
        held: Calls, as `piece-take:part:n`, whose answers wait until they are released.
        asked: How often each call was asked for.
        bodies: What is asked in each, without the performance's label.
    """

    held: set[str] = field(default_factory=set)
    asked: dict[str, int] = field(default_factory=dict)
    bodies: dict[str, str] = field(default_factory=dict)

    def __call__(self, body: dict[str, Any]) -> dict[str, Any]:
        part = body["model"]
        found = re.search(r"\[([a-z]+)-(\w+)\]", json.dumps(body["messages"]))
        assert found is not None, f"{part} was asked without knowing the performance: {body}"
        piece, take = found[1], found[2]
        question, n = neutral(body, piece, take), 1
        while self.bodies.setdefault(call := f"{piece}-{take}:{part}:{n}", question) != question:
            n += 1
        self.asked[call] = self.asked.get(call, 0) + 1
        lines = PIECES[piece].lines.get(part, ())
        if n > len(lines):
            return {"status": 400, "message": f"{call} is not in the book"}
        line = lines[n - 1]
        step = {"text": f"{line} [*]"} if isinstance(line, str) else line
        said: dict[str, Any] = json.loads(json.dumps(step).replace("[*]", label(piece, take)))
        return {**said, "hold": call} if call in self.held else said

    def counts(self, piece: str, take: str) -> dict[str, int]:
        """How often each call of a performance was asked for."""
        prefix = f"{piece}-{take}:"
        return {call.removeprefix(prefix): n for call, n in self.asked.items() if call.startswith(prefix)}

    def questions(self, piece: str, take: str) -> dict[str, str]:
        """What was asked in each call of a performance."""
        prefix = f"{piece}-{take}:"
        return {call.removeprefix(prefix): text for call, text in self.bodies.items() if call.startswith(prefix)}


def permit(_request: ApprovalRequest) -> ApprovalResponse:
    """Approves any code."""
    return ApprovalResponse(approved=True, reason="Go on.")


def _agent(name: str, **options: Any) -> AssistantAgent:
    return AssistantAgent(name, name, description=f"The {name}.", system_message=f"You are {name}.", **options)


def _rounds(*members: Any, turns: int, name: str | None = None) -> RoundRobinGroupChat:
    return RoundRobinGroupChat([*members], name=name, max_turns=turns)


def _call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments, "id": f"call_{name}"}


def _selector() -> Piece:
    """A model selects; once it names nobody, and is asked again."""
    team = SelectorGroupChat(
        [_agent("alice"), _agent("bob"), _agent("carol")],
        "selector",
        selector_prompt="Who of {participants} is next?\n{roles}\n{history}",
        termination_condition=MaxMessageTermination(4),
    )
    lines = {"selector": ["bob", "nobody", "alice", "carol"], "alice": ["a"], "bob": ["b"], "carol": ["c"]}
    return Piece("selector", team, lines)


def _swarm() -> Piece:
    """Two hand over to each other."""
    members = [_agent("alice", handoffs=["bob"]), _agent("bob", handoffs=["alice"])]
    team = Swarm(members, termination_condition=TextMentionTermination(FINISHED))
    lines = {
        "alice": [{"calls": [_call("transfer_to_bob")]}, FINISHED],
        "bob": [{"calls": [_call("transfer_to_alice")]}],
    }
    return Piece("swarm", team, lines)


def _graph() -> Piece:
    """Two speak at the same time, and a loop leads back to the beginning once."""
    plan, left, right, join, end = (_agent(name) for name in ("plan", "left", "right", "join", "end"))
    builder = DiGraphBuilder()
    builder.add_node(plan, activation="any").add_node(left).add_node(right).add_node(join).add_node(end)
    builder.add_edge(plan, left).add_edge(plan, right).add_edge(left, join).add_edge(right, join)
    builder.add_edge(join, plan, condition="AGAIN").add_edge(join, end, condition="READY")
    builder.set_entry_point(plan)
    team = GraphFlow(builder.get_participants(), graph=builder.build(), termination_condition=MaxMessageTermination(20))
    lines: dict[str, Sequence[Line]] = {name: [f"{name} 1", f"{name} 2"] for name in ("plan", "left", "right")}
    return Piece("graph", team, {**lines, "join": ["AGAIN", "READY"], "end": ["over"]}, parallel=True)


def _nested() -> Piece:
    """A team in a team in a team; each of them takes up its next run where the last one ended."""
    deep = _rounds(_agent("dora"), _agent("emil"), turns=2, name="deep")
    middle = _rounds(_agent("carl"), deep, turns=2, name="middle")
    lines = {name: [f"{name} 1", f"{name} 2"] for name in ("lead", "carl", "dora", "emil")}
    return Piece("nested", _rounds(_agent("lead"), middle, turns=4), lines)


def _society() -> Piece:
    """A society of mind, whose team starts afresh in its second turn."""
    mind = SocietyOfMindAgent("mind", _rounds(_agent("dora"), _agent("emil"), turns=2), "summary")
    lines = {name: [f"{name} 1", f"{name} 2"] for name in ("dora", "emil", "summary", "critic")}
    return Piece("society", _rounds(mind, _agent("critic"), turns=4), lines)


def _tools() -> Piece:
    """An agent, a team and a function as tools of one reply."""
    crew = TeamTool(_rounds(_agent("dora"), _agent("emil"), turns=2), "crew", "Ask the crew.")
    tools = [AgentTool(_agent("helper")), crew, "book"]
    boss = _agent("boss", tools=tools, reflect_on_tool_use=True)
    calls = [_call("helper", task="Help [*]"), _call("crew", task="Work [*]"), _call("book", item="hall [*]")]
    lines = {"boss": [{"calls": calls}, "so be it"], "critic": ["fine"], "helper": ["h"], "dora": ["d"], "emil": ["e"]}
    return Piece("tools", _rounds(boss, _agent("critic"), turns=2), lines, parallel=True)


def _ledger(*, done: bool = False, stuck: bool = False, speaker: str = "alice") -> dict[str, Any]:
    answers = {
        "is_request_satisfied": done,
        "is_in_loop": stuck,
        "is_progress_being_made": not stuck,
        "next_speaker": speaker,
        "instruction_or_question": f"It is your turn, {speaker} [*]",
    }
    return {
        "text": json.dumps({name: {"reason": "So it is [*]", "answer": answer} for name, answer in answers.items()})
    }


def _magentic() -> Piece:
    """Facts, plan, a speaker, a stall, facts and plan anew, another speaker, and the final answer."""
    team = MagenticOneGroupChat([_agent("alice"), _agent("bob")], "leader", max_stalls=1)
    work = ["facts", "plan", _ledger(), _ledger(stuck=True), "facts anew", "plan anew", _ledger(speaker="bob")]
    return Piece("magentic", team, {"leader": [*work, _ledger(done=True), "final"], "alice": ["a"], "bob": ["b"]})


def _custom() -> Piece:
    """An agent of the application's own, which counts its turns."""
    return Piece("custom", _rounds(CustomAgent("counter"), _agent("critic"), turns=4), {"critic": ["c 1", "c 2"]})


def _code() -> Piece:
    """An agent writes code, has it approved, runs it and puts the outcome into words."""
    executor = LocalCommandLineCodeExecutor()
    runner = CodeExecutorAgent("runner", executor, model_client="runner", approval_func="permit")
    lines = {"runner": [f"```python\n{CODE}```", "done"], "critic": ["c"]}
    return Piece("code", _rounds(runner, _agent("critic"), turns=2), lines)


def _person() -> Piece:
    """A person between two agents."""
    return Piece(
        "person",
        _rounds(_agent("alice"), UserProxyAgent("person"), _agent("bob"), turns=3),
        {"alice": ["a"], "bob": ["b"]},
    )


PIECES: dict[str, Piece] = {
    piece.name: piece
    for piece in (
        _selector(),
        _swarm(),
        _graph(),
        _nested(),
        _society(),
        _tools(),
        _magentic(),
        _custom(),
        _code(),
        _person(),
    )
}
"""By name. Workers need the tool `book`, the custom agent `counter` and the function `permit`."""
