"""An orchestrator that plans, keeps a ledger and tells each speaker what to do (AutoGen: MagenticOneGroupChat)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from folkmoot._chat.calls import AgentFailure, Call, cost_of
from folkmoot._chat.floor import Level
from folkmoot._chat.log import Entry, Log
from folkmoot._chat.plan import Link, Node
from folkmoot._chat.state import ChatState, Scope, call_key
from folkmoot.teams import MagenticOneGroupChat

from .base import Manager, Message, eligible

if TYPE_CHECKING:
    from folkmoot._chat.engine import Chat
    from folkmoot._chat.fold import Fold

__all__ = ["MAX_TRIES", "Magentic", "team_description"]

MAX_TRIES = 10
"""So often a ledger that cannot be read is asked for again (AutoGen)."""
_PLANNING = ("facts", "plan", "planned")


class Magentic(Manager):
    """Facts and plan, then ledger by ledger; stalls lead to a new plan, the end to a final answer.

    Where AutoGen starts over with every run, this one goes on: a new task after a finished one updates facts and plan;
    a task while the last one is unfinished is one more message to everybody, or part of the plan that is being made.

    State: `phase` (`facts`, `plan`, `planned`, `ledger`, `speak`, `final`; empty before the first task), `heard` and
    `tasks` (offsets of task messages: not yet planned for, and those that are worked on), `facts`, `plan` (offsets),
    `rounds`, `stalls`, `tries`, `next` and `instruct` (who is to do what), `reason`, `afresh` (a new plan resets
    everybody), `done` (the task is), `relay` (task messages go to everybody).
    """

    checks_tasks = False
    counts_turns = False

    def begin(self, node: Node, scope: Scope, tasked: bool) -> None:
        kept = scope.manager
        kept["relay"] = self.will_relay(scope, tasked)
        phase = kept.get("phase", "")
        if not phase or (tasked and kept.get("done")):
            kept.update(phase="facts", afresh=not phase, done=False, tasks=[])
        elif tasked:
            # What was planned or decided and not done yet did not know of this task.
            kept["phase"] = "facts" if phase in _PLANNING else "ledger"

    def rest(self, node: Node, scope: Scope) -> None:
        scope.manager.update(rounds=0, tries=0)

    def break_off(self, node: Node, scope: Scope) -> None:
        scope.manager["tries"] = 0

    def relays(self, scope: Scope) -> bool:
        return bool(scope.manager.get("relay"))

    def will_relay(self, scope: Scope, tasked: bool) -> bool:
        kept = scope.manager
        return tasked and kept.get("phase", "") not in ("", *_PLANNING) and not kept.get("done")

    def heard(self, node: Node, scope: Scope, level: Level, message: Message, offset: int) -> None:
        super().heard(node, scope, level, message, offset)
        if level.how == "task":
            # A team in a team hears it before the run that it is for has begun.
            outer = node.link in (None, Link.TOOL)
            name = "tasks" if (self.relays(scope) if outer else self.will_relay(scope, True)) else "heard"
            scope.manager[name] = [*scope.manager.get(name, ()), offset]

    def needs(self, scope: Scope) -> Sequence[int]:
        kept = scope.manager
        return [
            *kept.get("heard", ()),
            *kept.get("tasks", ()),
            *(kept[name] for name in ("facts", "plan") if name in kept),
        ]

    def moved(self, kept: Mapping[str, Any], move: Callable[[int], int]) -> dict[str, Any]:
        lists = {name: list(map(move, kept[name])) for name in ("heard", "tasks") if name in kept}
        return {**kept, **lists, **{name: move(kept[name]) for name in ("facts", "plan") if name in kept}}

    def refusal(self, node: Node, scope: Scope, tasks: Sequence[Mapping[str, Any]]) -> str | None:
        if not tasks and not scope.manager.get("phase"):
            return f"A {node.team.type} needs a task to begin with."
        return None

    def chosen(self, node: Node, scope: Scope, batch: list[str]) -> None:
        scope.manager["phase"] = "ledger"

    def fold(self, fold: Fold, state: ChatState, log: Log, node: Node, scope: Scope, entry: Entry) -> None:
        super().fold(fold, state, log, node, scope, entry)
        data, kept = entry.data, scope.manager
        match data["step"]:
            case "facts":
                kept["facts"], kept["phase"] = entry.offset, "plan"
                kept["tasks"] = [*kept["tasks"], *kept.pop("heard", ())]
            case "plan":
                kept["plan"], kept["phase"] = entry.offset, "planned"
            case "planned":
                # AutoGen does not: there the next ledger without progress plans anew again.
                kept["phase"], kept["stalls"], kept["afresh"] = "ledger", 0, False
                if data.get("afresh"):
                    fold.afresh(state, node, entry)
            case "ledger":
                self._ledger(_spec(node), kept, data)
            case "end":
                kept["done"], kept["phase"] = True, "ledger"
            case _:
                pass

    def _ledger(self, spec: MagenticOneGroupChat, kept: dict[str, Any], data: Mapping[str, Any]) -> None:
        if "problem" in data:
            kept["tries"] = kept.get("tries", 0) + 1
            return
        kept["tries"], kept["rounds"] = 0, kept.get("rounds", 0) + 1
        if data["satisfied"]:
            kept["phase"], kept["reason"] = "final", data["reason"]
            return
        stalls = kept.get("stalls", 0)
        kept["stalls"] = stalls + 1 if data["stalled"] else max(0, stalls - 1)
        if kept["stalls"] >= spec.max_stalls:
            kept["phase"], kept["afresh"] = "facts", True
        else:
            kept["phase"], kept["next"], kept["instruct"] = "speak", data["speaker"], data["instruction"]

    def choose(self, chat: Chat, node: Node, scope: Scope, time: str) -> list[str]:
        kept = scope.manager
        if kept.get("phase") == "planned":
            self._announce(chat, node, scope, time)
            return []
        if kept.get("phase") != "speak":
            return []
        if not eligible(node, kept, node.names):
            return self.nobody(chat, node, scope, time)
        self._say(chat, node, time, {"content": kept["instruct"]})
        return [kept["next"]]

    def _announce(self, chat: Chat, node: Node, scope: Scope, time: str) -> None:
        """Begin the inner loop: everybody hears task, facts and plan; after a stall, as if nothing had been before."""
        kept = scope.manager
        self.write(chat, node, time, "planned", **({"afresh": True} if kept.get("afresh") else {}))
        tasks = [part for offset in kept.get("tasks", ()) for part in (" ", offset)][1:]
        parts = ["We are working on this task:\n\n", *tasks, "\n\nThe team for it:\n\n", team_description(node)]
        parts += ["\n\nThe facts so far:\n\n", kept["facts"], "\n\nThe plan to follow:\n\n", kept["plan"]]
        self._say(chat, node, time, {}, parts=parts)

    def _say(self, chat: Chat, node: Node, time: str, content: Mapping[str, Any], **fields: Any) -> None:
        where = {"scope": node.path} if node.path else {}
        message = {"type": "TextMessage", "source": node.manager_name, **content}
        chat.append(time, "message", run=chat.state.run, role="manager", message=message, **where, **fields)

    def calls(self, node: Node, scope: Scope) -> Sequence[Call]:
        phase, kept = self._phase(node, scope), scope.manager
        if phase not in ("facts", "plan", "ledger", "final"):
            return ()
        key = call_key(phase, scope.at, node.path)
        return [
            Call(key, "manage", node.path, scope.at, scope.at + 1, index=kept.get("tries", 0), name=phase, node=True)
        ]

    def _phase(self, node: Node, scope: Scope) -> str:
        kept, limit = scope.manager, _spec(node).max_turns
        phase = kept.get("phase", "")
        over = phase == "ledger" and limit is not None and kept.get("rounds", 0) > limit
        return "final" if over else phase

    def take(self, chat: Chat, node: Node, scope: Scope, call: Call, result: Mapping[str, Any], time: str) -> None:
        paid = {"usage": result["usage"], **cost_of(result)}
        if call.name == "ledger":
            fields = {name: value for name, value in result.items() if name not in paid}
            if problem := _forbidden(node, scope, fields):
                fields = {"problem": problem}
            self.took(chat, node, call, time, "ledger", **paid, **fields)
            if scope.manager["tries"] >= MAX_TRIES:
                raise AgentFailure("ValueError", "Failed to parse ledger information after multiple retries.")
            return
        over = self._phase(node, scope) != scope.manager["phase"]
        reason = "Max rounds reached." if over else scope.manager.get("reason")
        self.took(chat, node, call, time, call.name, **paid, content=result["content"])
        if call.name == "final":
            self._say(chat, node, time, {}, parts=[chat.log.head - 1])
            self.write(chat, node, time, "end", stop_reason=reason)


def _forbidden(node: Node, scope: Scope, ledger: Mapping[str, Any]) -> str | None:
    """What the team's transitions have against the speaker a ledger names."""
    allowed = eligible(node, scope.manager, node.names)
    if "problem" in ledger or ledger["satisfied"] or not allowed or ledger["speaker"] in allowed:
        return None
    return f"next_speaker {ledger['speaker']!r} may not speak after {scope.manager['last']!r}"


def team_description(node: Node) -> str:
    """Names and descriptions of the participants, one on each line (AutoGen)."""
    lines = [f"{seat.name}: {seat.spec.description}" for seat in node.seats.values()]
    return "\n".join(re.sub(r"\s+", " ", line).strip() for line in lines)


def _spec(node: Node) -> MagenticOneGroupChat:
    assert isinstance(node.team, MagenticOneGroupChat)
    return node.team
