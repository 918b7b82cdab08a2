"""The forms of what the engine keeps freely of a team: its manager's, speakers' and conditions' state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StrictStr, TypeAdapter
from pydantic_core.core_schema import ValidationInfo
from typing_extensions import TypedDict

from folkmoot import conditions as c
from folkmoot.agents import AssistantAgent, CodeExecutorAgent, CustomAgent, SocietyOfMindAgent, UserProxyAgent
from folkmoot.teams import GraphFlow, MagenticOneGroupChat, RoundRobinGroupChat, SelectorGroupChat, Swarm

from .floor import How
from .forms import Count, FormError, Json, Path, check
from .plan import Node, Seat
from .state import Scope

__all__ = ["check_scope"]


def _member(name: str, info: ValidationInfo) -> str:
    if name not in cast(Sequence[str], info.context):
        raise ValueError(f"expected one of {list(cast(Sequence[str], info.context))}")
    return name


Offset = Count
"""A place in the list of entries."""
Member = Annotated[StrictStr, AfterValidator(_member)]
"""A participant of the team."""


# --- Managers ---------------------------------------------------------------------------------------------------------


class _Kept(TypedDict, total=False):
    """What a manager of any kind keeps; `last` is empty where nobody of the team spoke."""

    last: StrictStr


class _RoundRobin(_Kept, total=False):
    next: Count


class _Selector(_Kept, total=False):
    previous: Member | None
    drawn: Count
    tries: Count
    candidates: list[Member]
    pick: Member
    by: Literal["model", "function", "person"]


class _Swarm(_Kept, total=False):
    target: StrictStr
    """Not always a participant: a run with a handoff to a stranger is refused, and says so."""


class _GraphState(TypedDict):
    ready: list[Member]
    remaining: dict[Member, dict[str, StrictInt]]
    enqueued: list[tuple[Member, StrictStr]]
    triggered: dict[Member, list[StrictStr]]
    spoke: list[tuple[Member, How, list[StrictBool | None]]]


class _Graph(_Kept, total=False):
    graph: _GraphState


class _Magentic(_Kept, total=False):
    phase: Literal["", "facts", "plan", "planned", "ledger", "speak", "final"]
    heard: list[Offset]
    tasks: list[Offset]
    facts: Offset
    plan: Offset
    rounds: Count
    stalls: Count
    tries: Count
    next: Member
    instruct: StrictStr
    reason: StrictStr
    afresh: StrictBool
    done: StrictBool
    relay: StrictBool


_MANAGERS: Mapping[type, TypeAdapter[Any]] = {
    GraphFlow: TypeAdapter(_Graph),
    MagenticOneGroupChat: TypeAdapter(_Magentic),
    RoundRobinGroupChat: TypeAdapter(_RoundRobin),
    SelectorGroupChat: TypeAdapter(_Selector),
    Swarm: TypeAdapter(_Swarm),
}


# --- Speakers ---------------------------------------------------------------------------------------------------------


class _Again(TypedDict, total=False):
    unknown: list[Count]


class _AssistantAgain(_Again, total=False):
    phase: Literal["model", "tools", "reflect", "format", "again"]
    iteration: Count
    request: Offset | None
    outcomes: dict[Annotated[str, Field(pattern=r"^\d{1,9}$")], Offset]
    notes: dict[Literal["thought", "executed"], Offset]


class _CodeAgain(_Again, total=False):
    phase: Literal["model", "approve", "find", "ask", "run", "retry", "reflect"]
    iteration: Count
    notes: dict[Literal["code", "result", "let"], Offset]


class _TeamAgain(_Again, total=False):
    first: Offset
    turns: Count
    last: Offset


class _Heard(TypedDict):
    source: StrictStr
    target: StrictStr | None


class _UserAgain(_Again, total=False):
    last: _Heard | None
    asked: StrictBool


class _AssistantNotes(TypedDict, total=False):
    again: _AssistantAgain


class _CodeNotes(TypedDict, total=False):
    again: _CodeAgain


class _TeamNotes(TypedDict, total=False):
    again: _TeamAgain


class _UserNotes(TypedDict, total=False):
    again: _UserAgain
    last: _Heard | None


class _Notes(TypedDict, total=False):
    again: _Again


_TEAM_NOTES: TypeAdapter[Any] = TypeAdapter(_TeamNotes)
_NOTES: Mapping[type, TypeAdapter[Any]] = {
    AssistantAgent: TypeAdapter(_AssistantNotes),
    CodeExecutorAgent: TypeAdapter(_CodeNotes),
    CustomAgent: TypeAdapter(_Notes),
    UserProxyAgent: TypeAdapter(_UserNotes),
}
_NEEDED: Mapping[type, tuple[str, ...]] = {
    AssistantAgent: ("phase", "iteration", "request", "outcomes", "notes"),
    CodeExecutorAgent: ("phase", "iteration", "notes"),
    SocietyOfMindAgent: ("first", "turns"),
}
"""What a turn that goes on where it stood cannot do without."""

_FLOOR: TypeAdapter[Any] = TypeAdapter(list[Member])


def check_scope(node: Node, scope: Scope) -> None:
    """See that what a team's state keeps freely has the form the team's kind gives it.

    Raises:
        FormError: It has not.
    """
    at = ("state", "scopes", node.path)
    if scope.turns:
        raise FormError((*at, "turns"), list(scope.turns), "expected nobody, as turns are interrupted in saved states")
    for name in ("batch", "waiting", "left"):
        check(_FLOOR, getattr(scope.floor, name), (*at, "floor", name), node.names)
    check(_FLOOR, list(scope.floor.arrived), (*at, "floor", "arrived"), node.names)
    kind = type(node.team) if type(node.team) in _MANAGERS else RoundRobinGroupChat
    check(_MANAGERS[kind], scope.manager, (*at, "manager"), node.names)
    if kind is RoundRobinGroupChat and scope.manager.get("next", 0) >= len(node.names):
        text = f"expected a number below {len(node.names)}, the number of participants"
        raise FormError((*at, "manager", "next"), scope.manager["next"], text)
    if isinstance(node.team, GraphFlow) and "graph" in scope.manager:
        _check_graph(node.team, scope.manager["graph"], (*at, "manager", "graph"))
    for name, notes in scope.notes.items():
        _check_notes(node.seats[name], notes, (*at, "notes", name))
    _check_progress(node.condition, scope.progress, (*at, "progress"))
    if scope.before is not None:
        _check_progress(node.condition, scope.before, (*at, "before"))


def _check_graph(team: GraphFlow, kept: Mapping[str, Any], at: Path) -> None:
    """See that a graph's state is of this very graph."""
    groups = team.graph.get_remaining_map()
    for name, counts in groups.items():
        if set(kept["remaining"].get(name, {})) != set(counts):
            text = f"expected a number for each of {list(counts)}"
            raise FormError((*at, "remaining", name), kept["remaining"].get(name), text)
    named = [*kept["enqueued"], *((name, group) for name, found in kept["triggered"].items() for group in found)]
    for name, group in named:
        if group not in groups.get(name, {}):
            raise FormError(at, group, f"expected an activation group of {name!r}, one of {list(groups.get(name, {}))}")
    for place, (name, _, opens) in enumerate(kept["spoke"]):
        edges = len(team.graph.nodes[name].edges)
        if len(opens) != edges:
            raise FormError((*at, "spoke", place), opens, f"expected a value for each of the {edges} edges of {name!r}")


def _check_notes(seat: Seat, notes: Mapping[str, Any], at: Path) -> None:
    kind = _TEAM_NOTES if seat.inner is not None else _NOTES.get(type(seat.agent), _NOTES[CustomAgent])
    check(kind, notes, at)
    again: Mapping[str, Any] = notes.get("again") or {}
    needed = _NEEDED.get(type(seat.agent), ())
    if set(again) - {"unknown"} and (missing := [name for name in needed if name not in again]):
        raise FormError((*at, "again"), dict(again), f"expected {missing[0]!r} in it, too")


# --- Conditions -------------------------------------------------------------------------------------------------------


class _Progress(TypedDict, total=False):
    """Of any condition but one that holds others; `stop` where one that holds it has heard it stop."""

    count: Count
    prompt_tokens: Count
    completion_tokens: Count
    hit: StrictStr
    since: StrictStr
    stop: StrictStr


class _Several(TypedDict, total=False):
    of: list[Json]
    fired: list[StrictStr]
    stop: StrictStr


_PROGRESS: TypeAdapter[Any] = TypeAdapter(_Progress)
_SEVERAL: TypeAdapter[Any] = TypeAdapter(_Several)


def _check_progress(condition: c.TerminationCondition | None, progress: object, at: Path) -> None:
    if isinstance(condition, c.AndTerminationCondition | c.OrTerminationCondition):
        found = check(_SEVERAL, progress, at).get("of", ())
        if len(found) != len(condition.conditions):
            text = f"expected a list of {len(condition.conditions)}, one for each condition"
            raise FormError((*at, "of"), found, text)
        for place, (child, part) in enumerate(zip(condition.conditions, found, strict=True)):
            _check_progress(child, part, (*at, "of", place))
        return
    since = check(_PROGRESS, progress, at).get("since")
    if isinstance(condition, c.TimeoutTermination):
        try:
            good = datetime.fromisoformat(since or "").tzinfo is not None
        except ValueError:
            good = False
        if not good:
            raise FormError((*at, "since"), since, "expected a time in ISO 8601, UTC")
