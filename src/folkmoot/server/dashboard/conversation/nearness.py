"""How near a run is to its end: its conditions, its limit of turns, and its budgets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from folkmoot import conditions as c
from folkmoot._chat.plan import Node, Plan
from folkmoot.budgets import BudgetUse

__all__ = ["Near", "budgets_of", "conditions_of"]


@dataclass(frozen=True, slots=True)
class Near:
    """How near something is.

    Attributes:
        text: What it is.
        told: How near, in words.
        part: From 0 to 1, where it can be measured.
        reached: It has fired, or is used up.
        depth: How far it is inside of `and` and `or`.
    """

    text: str
    told: str
    part: float | None = None
    reached: bool = False
    depth: int = 0


def conditions_of(plan: Plan, state: Mapping[str, Any], now: str) -> list[tuple[str, list[Near]]]:
    """For each team that has any: its conditions and its limit of turns.

    Args:
        plan: The team laid out.
        state: The chat's folded state, as the query `state` gives it.
        now: ISO 8601, UTC.
    """
    found: list[tuple[str, list[Near]]] = []
    scopes: Mapping[str, Any] = state.get("scopes", {})
    for path, node in plan.nodes.items():
        scope: Mapping[str, Any] = scopes.get(path, {})
        lines = list(_lines(node, scope, bool(state.get("stop")), now))
        if lines:
            found.append((path, lines))
    return found


def _lines(node: Node, scope: Mapping[str, Any], stop: bool, now: str) -> Iterator[Near]:
    if node.max_turns is not None:
        rounds = scope.get("rounds", 0)
        yield _counted("Limit of turns", rounds, node.max_turns, "turns")
    if node.condition is not None:
        yield from _condition(node.condition, scope.get("progress", {}), stop, now, 0)


def _counted(text: str, count: float, most: float, what: str, depth: int = 0) -> Near:
    return Near(
        text, f"{count:,.0f} of {most:,.0f} {what}", min(1.0, count / most) if most else 1.0, count >= most, depth
    )


def _condition(
    condition: c.TerminationCondition, progress: Mapping[str, Any], stop: bool, now: str, depth: int
) -> Iterator[Near]:
    match condition:
        case c.AndTerminationCondition() | c.OrTerminationCondition():
            parts: Sequence[Mapping[str, Any]] = progress.get("of", [{}] * len(condition.conditions))
            every = isinstance(condition, c.AndTerminationCondition)
            fired = sum("stop" in part for part in parts)
            told = f"{fired} of {len(parts)} have fired" if every else ""
            yield Near("All of these" if every else "Any of these", told, depth=depth)
            for child, part in zip(condition.conditions, parts, strict=False):
                for near in _condition(child, part, stop, now, depth + 1):
                    done = near.depth == depth + 1 and "stop" in part
                    yield Near(near.text, str(part["stop"]), 1.0, True, near.depth) if done else near
        case c.MaxMessageTermination():
            what = "messages and events" if condition.include_agent_event else "messages"
            yield _counted("Number of messages", progress.get("count", 0), condition.max_messages, what, depth)
        case c.TokenUsageTermination():
            yield from _tokens(condition, progress, depth)
        case c.TimeoutTermination():
            since = progress.get("since")
            passed = _seconds(since, now) if since else 0.0
            yield _counted("Time", passed, condition.timeout_seconds, "seconds", depth)
        case c.ExternalTermination():
            yield Near("A stop from outside", "asked for" if stop else "not asked for", reached=stop, depth=depth)
        case c.FunctionalTermination():
            yield Near(f"Function {condition.func}", "is asked after every turn", depth=depth)
        case _:
            hit = progress.get("hit")
            yield Near(_named(condition), str(hit or "not yet"), reached=hit is not None, depth=depth)


def _tokens(condition: c.TokenUsageTermination, progress: Mapping[str, Any], depth: int) -> Iterator[Near]:
    prompt, completion = progress.get("prompt_tokens", 0), progress.get("completion_tokens", 0)
    for text, limit, used in (
        ("Tokens", condition.max_total_token, prompt + completion),
        ("Prompt tokens", condition.max_prompt_token, prompt),
        ("Completion tokens", condition.max_completion_token, completion),
    ):
        if limit is not None:
            yield _counted(text, used, limit, "tokens", depth)


def _named(condition: c.TerminationCondition) -> str:
    match condition:
        case c.TextMentionTermination():
            by = f" by {', '.join(condition.sources)}" if condition.sources else ""
            return f"“{condition.text}” is said{by}"
        case c.StopMessageTermination():
            return "A stop message"
        case c.TextMessageTermination():
            return f"A text message from {condition.source}" if condition.source else "A text message"
        case c.HandoffTermination():
            return f"A hand-off to {condition.target}"
        case c.SourceMatchTermination():
            return f"{' or '.join(condition.sources)} speaks"
        case c.FunctionCallTermination():
            return f"Tool {condition.function_name} is called"
        case _:
            return condition.type


def _seconds(since: str, now: str) -> float:
    return max(0.0, (datetime.fromisoformat(now) - datetime.fromisoformat(since)).total_seconds())


_UNITS = {
    "tokens": "tokens",
    "cost": "",
    "seconds": "seconds",
    "tool_calls": "tool calls",
    "model_calls": "model calls",
}


def budgets_of(uses: Sequence[BudgetUse]) -> list[Near]:
    """How far budgets are used."""
    found: list[Near] = []
    for use in uses:
        whose = use.path.rstrip("/") or "The chat"
        added = f" ({use.extended:,.6g} of it added)" if use.extended else ""
        told = f"{use.used:,.6g} of {use.max:,.6g} {_UNITS[use.limit]}".strip() + added
        name = f"{whose}: {use.limit.replace('_', ' ')}"
        found.append(Near(name, told, min(1.0, use.used / use.max) if use.max else 1.0, use.used >= use.max))
    return found
