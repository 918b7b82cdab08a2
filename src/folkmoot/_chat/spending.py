"""What was spent, and how much of a budget is left: views of the state, and how entries change it.

Amounts are whole numbers here: millionths of money, milliseconds of time, else pieces.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from folkmoot.budgets import LIMITS

from .deadlines import after
from .log import Entry
from .plan import Plan
from .state import Allowance, ChatState

__all__ = [
    "Line",
    "amount_of",
    "covers",
    "fold_clock",
    "fold_decided",
    "fold_warned",
    "lines_of",
    "thresholds",
    "told",
    "units_of",
]

UNITS = {"cost": 1_000_000, "seconds": 1_000}


class Line(NamedTuple):
    """One limit of a budget.

    Attributes:
        limit: Which.
        used: So far.
        max: How much there is, extensions included.
        warn: From where on it is warned about.
    """

    limit: str
    used: int
    max: int
    warn: int

    @property
    def reached(self) -> bool:
        """Whether nothing is left."""
        return self.used >= self.max


def units_of(limit: str, amount: float) -> int:
    """An amount as people write it, as a whole number; at least 1."""
    return max(1, round(amount * UNITS.get(limit, 1)))


def amount_of(limit: str, units: int) -> float:
    """The way back."""
    return units / UNITS[limit] if limit in UNITS else units


def covers(whose: str, path: str, team: bool = True) -> bool:
    """Whether what somebody spends is counted by a budget.

    Args:
        whose: The budget's place in `Plan.budgets`.
        path: Who spends.
        team: A path that a society of mind and its team share is the team's.
    """
    if whose.endswith("/"):
        return path.startswith(whose) or (team and path == whose[:-1])
    return not whose or path == whose or path.startswith(f"{whose}/")


def lines_of(plan: Plan, state: ChatState, whose: str, time: str) -> list[Line]:
    """A budget's limits.

    Args:
        plan: The chat's.
        state: The chat's.
        whose: Which budget.
        time: Up to when a clock that runs is counted; empty: to when it was counted last.
    """
    budget, kept = plan.budgets[whose], state.budgets.get(whose) or Allowance()
    spent: dict[str, int] = dict.fromkeys(LIMITS, 0)
    for who, use in state.usage.items():
        if covers(whose, who, team=False):
            spent["tokens"] += use.prompt_tokens + use.completion_tokens
            spent["cost"] += use.cost
            spent["tool_calls"] += use.tool_calls - use.unmade
            spent["model_calls"] += use.model_calls
    spent["seconds"] = kept.spent + (_between(kept.since, time) if kept.since and time else 0)
    found: list[Line] = []
    for limit, amount in budget.limits.items():
        most = units_of(limit, amount) + kept.granted.get(limit, 0)
        found.append(Line(limit, spent[limit], most, math.ceil(round(most * budget.warn_at, 6))))
    return found


def told(plan: Plan, state: ChatState) -> list[dict[str, Any]]:
    """All limits of all budgets as the query `usage` tells them; `since`: a clock runs, and its time is not in yet."""
    found: list[dict[str, Any]] = []
    for whose in plan.budgets:
        kept = state.budgets.get(whose) or Allowance()
        for line in lines_of(plan, state, whose, ""):
            amounts = {"used": line.used, "max": line.max, "extended": kept.granted.get(line.limit, 0)}
            item = {name: amount_of(line.limit, units) for name, units in amounts.items()}
            since = {"since": kept.since} if line.limit == "seconds" and kept.since else {}
            found.append({"path": whose, "limit": line.limit, **item, **since})
    return found


def thresholds(plan: Plan, state: ChatState) -> Iterator[str]:
    """When clocks that run will come to where it is warned, and to their ends."""
    for whose in plan.budgets:
        kept = state.budgets.get(whose)
        if kept is None or not kept.since:
            continue
        for line in lines_of(plan, state, whose, ""):
            if line.limit == "seconds":
                warn = () if kept.warned.get(line.limit) == line.max else (line.warn,)
                left = [mark - line.used for mark in (*warn, line.max)]
                yield from (after(kept.since, units / UNITS["seconds"]) for units in left if units > 0)


def _between(since: str, time: str) -> int:
    passed = datetime.fromisoformat(time) - datetime.fromisoformat(since)
    return max(0, passed // timedelta(milliseconds=1))


# --- The fold ---------------------------------------------------------------------------------------------------------


def fold_warned(state: ChatState, entry: Entry) -> None:
    """A limit is nearly reached."""
    data = entry.data
    kept = state.budgets.setdefault(data["path"], Allowance())
    kept.warned = {**kept.warned, data["limit"]: units_of(data["limit"], data["max"])}


def fold_clock(state: ChatState, entry: Entry) -> None:
    """From now on these clocks run, and no others; what they counted is known."""
    for kept in state.budgets.values():
        if kept.since:
            kept.spent, kept.since = kept.spent + _between(kept.since, entry.time), ""
    for whose in entry.data["on"]:
        state.budgets.setdefault(whose, Allowance()).since = entry.time


def fold_decided(plan: Plan, state: ChatState, data: Mapping[str, Any]) -> None:
    """People added something to a budget, or refused to; with no amounts said as much as it had at first."""
    kept = state.budgets.setdefault(data["path"], Allowance())
    if data["verdict"] != "approve":
        kept.refused = data["run"]
        return
    given = json.loads(data["arguments"]) if "arguments" in data else None
    more: Mapping[str, float] = plan.budgets[data["path"]].limits if given is None else given
    added = {limit: kept.granted.get(limit, 0) + units_of(limit, amount) for limit, amount in more.items()}
    kept.granted = {**kept.granted, **added}
