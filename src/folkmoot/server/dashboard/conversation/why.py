"""Why it was this speaker's turn, as far as the log tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from folkmoot._chat.plan import Node, Plan
from folkmoot.chat import ChatEvent
from folkmoot.messages import HandoffMessage
from folkmoot.teams import GraphFlow, MagenticOneGroupChat, RoundRobinGroupChat, SelectorGroupChat, Swarm

__all__ = ["Choice", "Choices"]

_PROBLEMS = {
    "none": "named nobody",
    "several": "named several",
    "repeated": "named the last speaker again, which is not allowed",
    "not eligible": "named one who may not speak now",
}


@dataclass(slots=True)
class Choice:
    """How a turn came to its speakers.

    Attributes:
        turn: Its number.
        offset: Of the `turn` entry.
        scope: Path of the team.
        speakers: Their names.
        reason: In one sentence.
        steps: What was asked and answered on the way, oldest first.
    """

    turn: int
    offset: int
    scope: str
    speakers: tuple[str, ...]
    reason: str
    steps: list[str] = field(default_factory=list[str])


@dataclass
class _Before:
    """What has happened in a team since its last turn."""

    steps: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    handoff: HandoffMessage | None = None
    last: tuple[str, ...] = ()
    cut: bool = False


class Choices:
    """Reads the choices off the log.

    Args:
        plan: The team laid out.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._before: dict[str, _Before] = {}
        self._turns: list[tuple[int, str, tuple[str, ...]]] = []

    def read(self, events: Iterable[ChatEvent]) -> list[Choice]:
        """The choices in these entries."""
        return [choice for event in events if (choice := self.add(event)) is not None]

    def add(self, event: ChatEvent) -> Choice | None:
        """Take in an entry; the choice that it is, if it is one."""
        data = event.data
        scope = str(data.get("scope") or "")
        before = self._before.setdefault(scope, _Before())
        match event.kind:
            case "manager":
                before.steps.append(data)
            case "message" if isinstance(event.message, HandoffMessage):
                before.handoff = event.message
            case "interrupted":
                self._cut()
            case "run_ended" if data["status"] != "stopped":
                self._cut()
            case "rolled_back":
                self._go_back(data["to"])
            case "turn":
                return self._choice(event, scope, before)
            case _:
                pass
        return None

    def _cut(self) -> None:
        for other in self._before.values():
            other.cut = True

    def _go_back(self, offset: int) -> None:
        """Whose turns were the last before an offset; what came later was on a branch that was left."""
        self._turns = [turn for turn in self._turns if turn[0] <= offset]
        self._before = {scope: _Before(last=speakers) for _, scope, speakers in self._turns}

    def _choice(self, event: ChatEvent, scope: str, before: _Before) -> Choice:
        speakers = tuple(event.data["speakers"])
        node = self._plan.nodes.get(scope)
        reason = "The team has changed since." if node is None else _reason(node, speakers, before)
        steps = [text for step in before.steps if (text := _step(step))]
        self._before[scope] = _Before(last=speakers)
        self._turns.append((event.offset, scope, speakers))
        return Choice(event.data["turn"], event.offset, scope, speakers, reason, steps)


def _reason(node: Node, speakers: tuple[str, ...], before: _Before) -> str:
    named = _joined(speakers)
    if before.cut and before.last == speakers:
        return f"The turn of {named} was not finished, and is taken up again."
    team = node.team
    if isinstance(team, RoundRobinGroupChat):
        return f"{named} is next in the order {', '.join(node.names)}." if len(node.names) > 1 else f"Only {named}."
    if isinstance(team, SelectorGroupChat):
        return _selected(team, named, before)
    if isinstance(team, Swarm):
        if before.handoff is not None and before.handoff.target in speakers:
            return f"{before.handoff.source} handed off to {named}: {_short(before.handoff.content)}"
        return f"{named} has the floor until handing off."
    if isinstance(team, GraphFlow):
        return _edges(team, speakers, before)
    if isinstance(team, MagenticOneGroupChat):
        asked = next((step.get("instruction") for step in reversed(before.steps) if step.get("step") == "ledger"), "")
        return f"The orchestrator's ledger names {named}{f', who is asked: {_short(asked)}' if asked else '.'}"
    return f"Only {named} takes part."


def _selected(team: SelectorGroupChat, named: str, before: _Before) -> str:
    chosen = next((step for step in reversed(before.steps) if step.get("speaker")), None)
    if chosen is not None:
        return f"The selector function named {named}." if chosen["by"] == "function" else f"The model named {named}."
    tries = sum("reply" in step for step in before.steps)
    if tries:
        return f"{tries} answers of the model named nobody who may speak; so the fallback, {named}."
    method = team.speaker_selection_method
    if method == "auto":
        return f"{named} was the only one who could speak."
    return {
        "random": f"{named} was drawn at random.",
        "round_robin": f"{named} is next in the order of participants.",
        "manual": f"A person named {named}.",
    }[method]


def _edges(team: GraphFlow, speakers: tuple[str, ...], before: _Before) -> str:
    named = _joined(speakers)
    found: list[str] = []
    for node, edge in team.graph.edges():
        if edge.target in speakers and node.name in before.last:
            told = edge.condition if isinstance(edge.condition, str) else getattr(edge.condition, "function", None)
            found.append(f"{node.name} → {edge.target}" + (f" (if “{told}”)" if told else ""))
    if found:
        return f"{named} was reached by {', '.join(found)}."
    if not before.last:
        return f"The graph begins with {named}."
    return f"All edges that {named} waits for have been taken."


def _step(step: Mapping[str, Any]) -> str:
    """What a step of the team's manager was, for people."""
    if step.get("step") == "selected":
        who = f"asked about {', '.join(step['candidates'])}; " if step.get("candidates") else ""
        if "reply" not in step:
            return f"{who}a function named {step.get('speaker', 'nobody')}" if step.get("by") else f"{who}".rstrip("; ")
        problem = step.get("problem")
        verdict = f" ({_PROBLEMS.get(problem, problem)})" if problem else ""
        return f"{who}the model answered “{_short(step['reply'])}”{verdict}"
    content = step.get("content") or step.get("instruction") or step.get("problem")
    return f"{step.get('step')}: {_short(content)}" if content else str(step.get("step") or "")


def _joined(names: tuple[str, ...]) -> str:
    return " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"


def _short(text: object, most: int = 300) -> str:
    words = str(text)
    return words if len(words) <= most else f"{words[:most]}…"
