"""The forms of what a saved state keeps under our key, and of what AutoGen saves of managers.

Whoever changed one by hand is told which value is wrong as it is loaded. The engine would find out in the middle of a
run, where nobody can be told: its step would fail again and again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NotRequired, cast

from pydantic import Field, StrictBool, StrictInt, StrictStr, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from .condensing import Stands
from .floor import How
from .plan import OWNERLESS, Plan
from .saved import KEY

__all__ = ["Count", "FormError", "Json", "Path", "check", "check_entry", "check_manager", "check_ours", "shortened"]

Path = tuple[str | int, ...]
"""Where a value stands under our key."""
Count = Annotated[StrictInt, Field(ge=0)]
Json = dict[str, Any]


class FormError(ValueError):
    """A value of a saved state has not the form it must have; the text names place and value, and what was expected."""

    def __init__(self, at: Sequence[str | int], value: object, why: str, where: str = "") -> None:
        place = "".join(f"[{part!r}]" for part in at if part != "[key]")
        super().__init__(f"{where or KEY}{place}: {why}, got {shortened(value)}.")


def shortened(value: object) -> str:
    """A value in an error's text."""
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}…"


def check(
    form: TypeAdapter[Any], value: object, at: Path, names: Sequence[str] = (), where: str = ""
) -> Mapping[str, Any]:
    """The value, if it has a form.

    Args:
        form: The form.
        value: The value.
        at: Its place.
        names: The participants of its team.
        where: What the place is in; empty: what stands under our key.

    Raises:
        FormError: It has not.
    """
    try:
        form.validate_python(value, context=names)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        why = first["msg"].removeprefix("Value error, ")
        raise FormError((*at, *first["loc"]), first["input"], why[:1].lower() + why[1:], where) from None
    return cast(Mapping[str, Any], value)


class _AutoGens(TypedDict, total=False):
    """What AutoGen saves of managers, as far as its kinds differ (a graph's is looked at in `loading`)."""

    next_speaker_index: StrictInt
    previous_speaker: StrictStr | None
    current_speaker: StrictStr
    task: StrictStr
    facts: StrictStr
    plan: StrictStr
    n_rounds: StrictInt
    n_stalls: StrictInt


_AUTOGENS: TypeAdapter[Any] = TypeAdapter(_AutoGens)


def check_manager(manager: Mapping[str, Any], where: str) -> None:
    """See that what AutoGen saved of a manager has the form it must have.

    Raises:
        FormError: It has not.
    """
    check(_AUTOGENS, manager, (), where=f"the manager of {where}")


# --- What AutoGen has no place for ------------------------------------------------------------------------------------


class _Summaries(TypedDict, total=False):
    summaries: list[tuple[Count, Stands]]
    summarising: tuple[Count, Count, Count, StrictStr]


class _Seat(_Summaries, total=False):
    agent: StrictStr
    begun: list[Json]
    suspended: list[Json]
    context: list[Json]
    memory: list[tuple[Count, StrictStr]]
    memories: dict[str, tuple[list[Any], list[Json]]]


class _Step(TypedDict):
    step: StrictStr
    content: NotRequired[StrictStr]


class _Node(_Summaries, total=False):
    places: list[tuple[How, StrictStr]]
    shape: StrictStr
    condition: StrictStr
    unchecked: Count
    relays: StrictBool
    seen: list[Json]
    tasks: list[Json]
    untold: list[Json]
    finished: StrictBool
    steps: list[_Step]
    reminders: list[Json]
    thread: list[Json]
    buffer: list[Json]


class _Entry(TypedDict, total=False):
    scope: StrictStr
    role: How
    agent: StrictStr
    step: StrictStr
    message: Json


class _Ours(TypedDict, total=False):
    state: Json
    turn: Count
    asks: StrictBool
    entries: list[_Entry]
    seats: dict[str, _Seat]
    nodes: dict[str, _Node]


_OURS: TypeAdapter[Any] = TypeAdapter(_Ours)


def check_ours(more: Mapping[str, Any]) -> None:
    """See that what stands under our key has the form it must have, but for the engine's state.

    Raises:
        FormError: It has not.
    """
    check(_OURS, more, ())


def check_entry(plan: Plan, entry: Mapping[str, Any], place: int) -> None:
    """See that an entry which the state refers to is of this chat.

    Raises:
        FormError: Nobody here could have written it.
    """
    scope = entry.get("scope", "")
    if scope not in plan.nodes:
        raise FormError(("entries", place, "scope"), scope, f"expected one of {list(plan.nodes)}")
    if "message" not in entry or entry.get("role") in OWNERLESS:
        return
    names = plan.nodes[scope].names
    if (seat := entry.get("agent") or entry["message"]["source"]) not in names:
        raise FormError(("entries", place), seat, f"expected a message of one of {names}")
