"""What budgets lead to: a warning, then no new call, then people are asked for more, or the run is stopped.

Calls that are under way finish. Where several budgets hold a call back, the outermost one is asked about first. A run
is stopped once nothing goes on any more but what is held back: others who speak at the same time, under budgets of
their own, finish their turns.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from folkmoot.budgets import MOST

from .calls import Call
from .requests import ask, request_id
from .spending import Line, amount_of, covers, lines_of, thresholds
from .state import Request

if TYPE_CHECKING:
    from .engine import Chat

__all__ = ["due", "extension", "misfit", "settle", "unmade"]

COUNTED = {"tool_calls": ("tool",), "model_calls": ("model", "select", "manage", "agent")}
"""Which kinds of calls are held back by a limit on how many there are; only as many begin as are left."""
FREE = ("functions", "format", "input")
"""Kinds of calls that no limit holds back: with them a turn or a run comes to its end."""

Lines = Mapping[str, Sequence[Line]]


def settle(chat: Chat, time: str) -> None:
    """Write what follows from what was spent, and note in `halted` which calls are not to be made.

    Args:
        chat: The chat; everything else that follows by itself has been written.
        time: ISO 8601, UTC.
    """
    lines = {whose: lines_of(chat.plan, chat.state, whose, time) for whose in chat.plan.budgets}
    _warn(chat, lines, time)
    needed = chat.needed()
    held = _held(chat, lines, needed)
    chat.halted = frozenset(held)
    if chat.state.running and not chat.state.pause:
        _ask_or_stop(chat, lines, needed, held, time)
    _clocks(chat, lines, time)
    if not chat.state.pause:
        # From here on they are under way, until the chat is told otherwise.
        begun = (call.key for call in chat.needed() if call.key not in held)
        chat.in_flight = dict.fromkeys((*chat.in_flight, *begun))


def _warn(chat: Chat, lines: Lines, time: str) -> None:
    for whose, line in ((whose, line) for whose, found in lines.items() for line in found):
        kept = chat.state.budgets.get(whose)
        if line.used >= line.warn and (kept is None or kept.warned.get(line.limit) != line.max):
            used, most = amount_of(line.limit, line.used), amount_of(line.limit, line.max)
            chat.append(time, "budget_warned", path=whose, limit=line.limit, used=used, max=most)


def _held(chat: Chat, lines: Lines, needed: Iterable[Call]) -> dict[str, str]:
    """Keys of the calls that must not be made now, with the budget that holds each back."""
    left = {
        (whose, line.limit): line.max - line.used
        for whose, found in lines.items()
        for line in found
        if line.limit in COUNTED
    }
    spent = {whose for whose, found in lines.items() if any(line.reached and _general(line) for line in found)}
    held: dict[str, str] = {}
    # Those under way have their place, then come the oldest.
    for call in sorted(needed, key=lambda call: (call.key not in chat.in_flight, call.need)):
        if call.kind in FREE:
            continue
        around = [whose for whose in lines if covers(whose, call.path, call.node)]
        places = [(whose, limit) for whose in around for limit, kinds in COUNTED.items() if call.kind in kinds]
        full = {place[0] for place in places if left.get(place, 1) <= 0}
        by = next((whose for whose in around if whose in spent or whose in full), None)
        if by is not None and call.key not in chat.in_flight:
            held[call.key] = by
            continue
        for place in places:
            if place in left:
                left[place] -= 1
    return held


def _general(line: Line) -> bool:
    return line.limit not in COUNTED


def _ask_or_stop(chat: Chat, lines: Lines, needed: Sequence[Call], held: Mapping[str, str], time: str) -> None:
    state, over = chat.state, all(call.key in held for call in needed)
    if held and state.stop and state.stop_run == state.run:
        # There is no turn that could be finished.
        if over:
            chat.end_run("External termination requested", time)
        return
    asked = {request.path for request in state.requests.values() if request.kind == "budget"}
    for whose in (whose for whose in lines if whose in held.values()):
        found = [line for line in lines[whose] if line.reached]
        if not found or whose in asked:
            # What holds calls back may only be that others are under way.
            continue
        budget, kept = chat.plan.budgets[whose], state.budgets.get(whose)
        if budget.extend is not None and (kept is None or kept.refused != state.run):
            _ask(chat, whose, lines[whose], time)
        elif over:
            chat.end_run(f"Budget of {_name(whose)} exceeded: {_words(found)}", time, budget=whose)
            return


def _ask(chat: Chat, whose: str, lines: Sequence[Line], time: str) -> None:
    budget = chat.plan.budgets[whose]
    assert budget.extend is not None
    told = {
        "used": {line.limit: amount_of(line.limit, line.used) for line in lines},
        "limits": {line.limit: amount_of(line.limit, line.max) for line in lines},
    }
    who = "The chat" if not whose else _name(whose)
    prompt = f"{who} has used up its budget: {_words([line for line in lines if line.reached])}. May it go on?"
    name = request_id(chat, "budget", whose, chat.log.head)
    arguments, policy = json.dumps(told), budget.extend.to_json()
    ask(chat, None, time, "budget", name, prompt, arguments=arguments, policy=policy, manager=True, path=whose)


def _name(whose: str) -> str:
    if not whose:
        return "the chat"
    return f"the team of {whose[:-1]}" if whose.endswith("/") else whose


def _words(lines: Iterable[Line]) -> str:
    return ", ".join(
        f"{line.limit.replace('_', ' ')} {_number(line.limit, line.used)} of {_number(line.limit, line.max)}"
        for line in lines
    )


def _number(limit: str, units: int) -> str:
    amount = amount_of(limit, units)
    return str(amount) if isinstance(amount, int) else f"{amount:.6f}".rstrip("0").rstrip(".")


# --- Time -------------------------------------------------------------------------------------------------------------


def due(chat: Chat) -> str | None:
    """When a clock comes to where something follows from it, None if none runs."""
    return min(thresholds(chat.plan, chat.state), default=None) if chat.state.budgets else None


def _clocks(chat: Chat, lines: Lines, time: str) -> None:
    """Let clocks run while something is being done that their budgets count, and note when they come to their ends."""
    state = chat.state
    timed = [whose for whose, found in lines.items() if any(line.limit == "seconds" for line in found)]
    busy = [call for call in chat.needed() if _busy(chat, call)] if timed else []
    on = [whose for whose in timed if any(covers(whose, call.path, call.node) for call in busy)]
    running = [whose for whose, kept in state.budgets.items() if kept.since]
    if set(on) != set(running) or any(_ends(chat, lines[whose], whose) for whose in on):
        chat.append(time, "clock", on=on)


def _busy(chat: Chat, call: Call) -> bool:
    if call.kind == "input":
        # A function that asks a person.
        return False
    return call.key in chat.in_flight or not (chat.state.pause or call.key in chat.halted)


def _ends(chat: Chat, lines: Sequence[Line], whose: str) -> bool:
    """Whether a clock has come to its end since it was last counted: it is not to wake the chat again for that."""
    counted = chat.state.budgets[whose].spent
    return any(line.limit == "seconds" and line.reached and counted < line.max for line in lines)


# --- What others need -------------------------------------------------------------------------------------------------


def unmade(chat: Chat) -> dict[str, Any]:
    """The field of a tool's outcome that says that the call was not made; none in chats without budgets."""
    return {"unmade": True} if chat.plan.budgets else {}


def misfit(chat: Chat, request: Request, given: object) -> str | None:
    """What is wrong with the amounts that a vote wants to add to a budget; None if nothing is."""
    limits = chat.plan.budgets[request.path].limits
    if not isinstance(given, dict):
        return f"What a budget is extended by is a JSON object of {', '.join(limits)}; got {given!r}."
    for limit, amount in cast(dict[str, object], given).items():
        if limit not in limits:
            return f"The budget has no limit {limit!r} that could be extended; it has {', '.join(limits)}."
        whole = limit not in ("cost", "seconds")
        number = amount if isinstance(amount, int | float) and not isinstance(amount, bool) else 0
        if not 0 < number <= MOST or (whole and number != int(number)):
            what = "a whole number" if whole else "a number"
            return f"{limit!r} can be extended by {what} above 0 and up to {MOST}, got {amount!r}."
    return None


def extension(chat: Chat, request: Request, votes: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The `arguments` of a decision: what all who approved agree to, of each limit the least that one of them named.

    Whoever names no amounts agrees to as much as there was at first.
    """
    limits = chat.plan.budgets[request.path].limits
    said = [json.loads(vote["arguments"]) if "arguments" in vote else limits for vote in votes]
    if not said or all(amounts == limits for amounts in said):
        return {}
    least = {limit: min(amounts[limit] for amounts in said) for limit in limits if all(limit in one for one in said)}
    return {"arguments": json.dumps(least)}
