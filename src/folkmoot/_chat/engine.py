"""The engine: commands and outcomes in, entries and wanted calls out. It never does anything itself.

The workflow drives it: `commands.handle` for each command, `outcome` for each finished call, `advance` until nothing
more can be written, then it compares `wanted()` with the calls in flight: it starts what is missing and cancels what is
not wanted any more. Pause, cancel, reset and recovery all follow from that one comparison.

What a speaker's turn consists of is its kind's business (`roles`), who speaks next the team's (`managers`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any

from folkmoot.teams import TeamSpec

from . import aside, budgets
from .calls import AgentFailure, Call, Failure
from .fold import Fold
from .gates import ask_people, shut
from .log import Entry, Log
from .managers import manager_of
from .people import person_of
from .plan import Link, Node, Plan, Seat
from .roles import role_of
from .saying import begin_by_itself, tell
from .specs import Team
from .state import ENGINE, ChatState, Turn, call_key

__all__ = ["Call", "Chat", "Failure"]

_REFUSED_TOLD = ("request", "verdict", "hash")
"""What of a vote or an answer that was refused the log keeps, beside who gave it."""
_SHORT = 200
"""Characters of it: whoever sends nonsense is not to fill the log."""


class Chat:
    """One chat: its log, its state, and what happens next.

    Args:
        team: The spec of the team or single agent at the log's base.
        uuid: Names the chat for ever; ids and idempotency keys are made from it.
        log: The held part of the log; it is folded on top of `base`.
        base: The state at the log's base.
        engine: The number of the behaviour that its runs have from now on.
    """

    def __init__(self, team: Team, uuid: str, log: Log, base: ChatState | None = None, engine: int = ENGINE) -> None:
        self.base_team = team
        self.uuid = uuid
        self.engine = engine
        self.log = log
        self.base = base or ChatState()
        self.fold = Fold(team, uuid)
        self.in_flight: Collection[str] = ()
        """Keys of the calls under way, as they were told last."""
        self.halted: Collection[str] = ()
        """Keys of calls that budgets hold back."""
        self.state = self.base.model_copy(deep=True)
        for entry in log:
            self.fold.apply(self.state, log, entry)

    @property
    def team(self) -> Team:
        """The spec in force now."""
        return self.fold.team

    @property
    def plan(self) -> Plan:
        """It, laid out."""
        return self.fold.plan

    @cached_property
    def base_plan(self) -> Plan:
        """The spec at the log's base, laid out."""
        return self.plan if self.base_team == self.team else Plan(self.base_team)

    def append(self, time: str, kind: str, **fields: Any) -> Entry:
        """Write an entry and fold it."""
        entry = self.log.append({"kind": kind, "time": time, **fields})
        self.fold.apply(self.state, self.log, entry)
        return entry

    def place(self, seat: Seat, source: str | None = None) -> dict[str, Any]:
        """The fields that say whose entry it is; what the source of its message says already is left out."""
        scope = {"scope": seat.node.path} if seat.node.path else {}
        return scope if source == seat.name else {**scope, "agent": seat.name}

    def say(self, seat: Seat, time: str, kind: str, message: Mapping[str, Any], **fields: Any) -> Entry:
        """Write a message or event of a seat's turn."""
        where = {"run": self.state.run, "turn": self.state.scopes[seat.node.path].turn}
        return self.append(time, kind, **where, **self.place(seat, message["source"]), message=message, **fields)

    def refuse(self, verb: str, command: str, why: tuple[str, str], fields: Mapping[str, Any], time: str) -> None:
        """Note that a command was refused: error type and text, and for auditors who tried to decide what."""
        error = {"type": why[0], "message": why[1]}
        told: dict[str, Any] = {name: str(fields[name])[:_SHORT] for name in _REFUSED_TOLD if fields.get(name)}
        if (person := person_of(fields.get("by"))) is not None:
            told["by"] = person.dump()
        if fields.get("reply"):
            told["reply"] = dict(fields["reply"])
        self.append(time, "refused", command=command, verb=verb, error=error, **told)

    # --- What follows by itself --------------------------------------------------------------------------------------

    def advance(self, time: str, in_flight: Collection[str]) -> None:
        """Write everything that follows by itself, until a call or a command is needed.

        Args:
            time: ISO 8601, UTC.
            in_flight: Keys of the calls under way: a pause is complete when there are none.
        """
        self.in_flight = in_flight
        while self._advance(time):
            pass
        if self.state.pause == "pausing" and not in_flight and not self.state.hooks:
            self.append(time, "paused")
        if (self.plan.budgets or self.state.budgets) and not self.state.closed:
            budgets.settle(self, time)

    def _advance(self, time: str) -> bool:
        """Write what is next in the run under way, or begin the one that waits; False if there is nothing."""
        # A custom agent is paused, resumed or reset before anything new begins.
        if self.state.hooks or self.state.undo:
            return False
        if not self.state.running:
            return begin_by_itself(self, time)
        if self.state.pause and not self._ends_while_paused():
            return False
        return self._try(self.plan.root, time) or not self.state.running

    def _try(self, node: Node, time: str) -> bool:
        try:
            return self.step(node, time)
        except AgentFailure as error:
            self.fail(node.manager_path, Failure(error.error_type, str(error)), time)
            return False

    def _ends_while_paused(self) -> bool:
        """A stop asked for between two turns, or while only people are waited for, takes effect at once, paused or not.

        There is no turn to finish.
        """
        scope = self.state.root
        asked = self.state.stop and self.state.stop_run == self.state.run
        return asked and ((not scope.turns and scope.asked is None) or self._only_people())

    def _only_people(self) -> bool:
        return bool(self.state.requests) and all(call.key in self.halted for call in self.needed())

    def step(self, node: Node, time: str) -> bool:
        """Write a node's next entry that needs nothing from outside; False if there is none."""
        scope = self.state.scopes[node.path]
        if scope.ended or (node is self.plan.root and self._ends_while_paused()):
            self._end(node, scope.stop if scope.ended else "External termination requested", time)
            return node is not self.plan.root
        if scope.asked is not None or scope.tasks:
            return False
        if scope.turns:
            return self._turns(node, time)
        if node is self.plan.root and tell(self, time):
            return True
        batch = scope.floor.left or manager_of(node).choose(self, node, scope, time)
        if not batch:
            return bool(scope.ended)
        self._begin_turn(node, batch, time)
        return True

    def _begin_turn(self, node: Node, batch: list[str], time: str) -> None:
        where: dict[str, Any] = {"scope": node.path} if node.path else {}
        self.append(time, "turn", run=self.state.run, turn=self.state.turn + 1, speakers=batch, **where)
        if isinstance(node.team, TeamSpec) and node.team.emit_team_events:
            event = {"type": "SelectSpeakerEvent", "source": node.manager_name, "content": batch}
            self.append(time, "event", run=self.state.run, turn=self.state.turn, role="team", message=event, **where)

    def _turns(self, node: Node, time: str) -> bool:
        """Let every speaker write what needs nothing from outside; False if none could."""
        wrote = False
        for name, turn in list(self.state.scopes[node.path].turns.items()):
            seat = node.seats[name]
            if self.fold.turn_of(self.state, seat) is not turn:
                continue  # What another one wrote has ended it.
            try:
                wrote = ask_people(self, seat, turn, time) or wrote
                if not shut(seat, turn):
                    wrote = role_of(seat).settle(self, seat, turn, time) or wrote
            except AgentFailure as error:
                self.fail(seat.path, Failure(error.error_type, str(error)), time)
                return False
            if not self.state.running:
                return False
        return wrote

    def _end(self, node: Node, reason: str | None, time: str) -> None:
        if node.parent is None:
            self.end_run(reason, time)
            return
        said = list(self.state.scopes[node.path].said)
        self.end_scope(node, time, stop_reason=reason)
        if node.link is Link.TOOL:
            role_of(node.parent).tool_ended(self, node, said, None, time)

    def end_run(self, reason: str | None, time: str, **fields: Any) -> None:
        """End the run in good order; what is still under way is not waited for."""
        self._abort(self.plan.root, time)
        self.append(time, "run_ended", run=self.state.run, status="stopped", stop_reason=reason, **fields)

    def start_scope(self, node: Node, time: str, **fields: Any) -> None:
        """Begin a run of an inner node."""
        tasked = fields.get("tasks", 0) + self.state.scopes[node.path].pending > 0
        fields |= self._relay(node, tasked)
        self.append(time, "scope_started", scope=node.path, run=self.state.run, **fields)

    def _relay(self, node: Node, tasked: bool) -> dict[str, Any]:
        """Whether the participants hear the task, where it depends: views cannot tell."""
        manager = manager_of(node)
        relays = not manager.checks_tasks and manager.will_relay(self.state.scopes[node.path], tasked)
        return {"relay": True} if relays else {}

    def end_scope(self, node: Node, time: str, **fields: Any) -> None:
        """Note that a run of an inner node is over."""
        self.append(time, "scope_ended", scope=node.path, run=self.state.run, **fields)

    # --- Calls -------------------------------------------------------------------------------------------------------

    def wanted(self) -> list[Call]:
        """The calls that should be in flight now, in a fixed order. Of a paused chat only its agents' hooks."""
        if first := aside.wanted(self.state):
            return first
        return [] if self.state.pause else [call for call in self.needed() if call.key not in self.halted]

    def needed(self) -> list[Call]:
        """The calls whose outcomes are waited for, whether they may be made now or not."""
        if not self.state.running:
            return []
        # What became of some calls people have to find out first.
        unknown = {request.key for request in self.state.requests.values() if request.key}
        return [call for call in self.calls_of_node(self.plan.root) if call.key not in unknown]

    def calls_of_node(self, node: Node) -> list[Call]:
        """What a node, and all inside it, needs from outside."""
        scope = self.state.scopes[node.path]
        if not scope.open or scope.ended:
            return []
        if scope.asked is not None:
            key = call_key("functions", scope.asked, node.path)
            return [Call(key, "functions", node.path, scope.checked, scope.asked + 1, node=True)]
        if not scope.turns:
            return [] if scope.floor.left else list(manager_of(node).calls(node, scope))
        return [call for name, turn in scope.turns.items() for call in self.calls_of_seat(node.seats[name], turn)]

    def calls_of_seat(self, seat: Seat, turn: Turn) -> Sequence[Call]:
        """What a turn needs from outside; of people it may have to be let first."""
        return () if shut(seat, turn) else role_of(seat).calls(self, seat, turn)

    def needs(self, call: Call) -> bool:
        """Whether a call's outcome is still of use, a pause left aside."""
        if aside.aside(call):
            return aside.needs(self.state, call)
        return any(call.key == needed.key for needed in self.needed())

    def outcome(self, call: Call, result: Mapping[str, Any] | Failure, time: str) -> None:
        """Take in what a call brought. A late one is kept for the audit and changes nothing."""
        failed = isinstance(result, Failure)
        if not self.needs(call):
            shown = {"error": {"type": result.error_type, "message": result.message}} if failed else dict(result)
            self.append(time, "late", call=call.key, agent=self.who(call), outcome=shown)
            return
        if aside.aside(call):
            aside.take(self, call, result, time)
            return
        if failed:
            self.fail(self.who(call), result, time, call.path)
            return
        try:
            self._take(call, result, time)
        except AgentFailure as error:
            self.fail(self.who(call), Failure(error.error_type, str(error)), time, call.path)

    def who(self, call: Call) -> str:
        """Whose call it is, for people: a seat's path, or the manager's."""
        if not call.node:
            return call.path
        node = self.plan.nodes.get(call.path)
        # The chat may be one of another team by now.
        return "" if call.kind == "functions" or node is None else node.manager_path

    def _take(self, call: Call, result: Mapping[str, Any], time: str) -> None:
        if call.kind == "functions":
            where = {"scope": call.path} if call.path else {}
            edges = {"edges": result["edges"]} if result.get("edges") else {}
            self.append(time, "checked", run=self.state.run, results=list(result["answers"]), **edges, **where)
        elif call.node:
            node = self.plan.nodes[call.path]
            manager_of(node).take(self, node, self.state.scopes[node.path], call, result, time)
        else:
            seat = self.plan.seats[call.path]
            turn = self.fold.turn_of(self.state, seat)
            assert turn is not None
            role_of(seat).take(self, seat, turn, call, result, time)

    def wait(self, call: Call, reason: str, since: str, error: str, time: str) -> None:
        """Note that a call waits for something outside, e.g. `worker:tool:lookup`."""
        self.append(
            time, "waiting", **{"call": call.key, "path": call.path, "for": reason, "since": since, "error": error}
        )

    # --- Ends --------------------------------------------------------------------------------------------------------

    def fail(self, who: str, failure: Failure, time: str, path: str | None = None) -> None:
        """End the run with an error, not the chat (AutoGen raises RuntimeError in `run`).

        What fails inside an agent's tool is that tool's result, and the run goes on.

        Args:
            who: Whose failure it is, for people.
            failure: What went wrong.
            time: ISO 8601, UTC.
            path: Where it happened; None: `who` tells.
        """
        node = self._tool_around(who if path is None else path)
        if node is not None:
            self._abort(node, time)
            error = {"agent": who, "type": failure.error_type, "message": failure.message}
            self.end_scope(node, time, error=error)
            assert node.parent is not None
            role_of(node.parent).tool_ended(self, node, [], failure.message, time)
            return
        error = {"agent": who, "type": failure.error_type, "message": failure.message}
        self._abort(self.plan.root, time)
        self.append(time, "run_ended", run=self.state.run, status="failed", error=error)

    def _tool_around(self, path: str) -> Node | None:
        """The innermost tool run that a path lies in."""
        while path:
            node = self.plan.nodes.get(path)
            if node is not None and node.link is Link.TOOL and self.state.scopes[path].open:
                return node
            path = path.rpartition("/")[0]
        return None

    def cancel(self, command: str, time: str) -> None:
        """End the run now. No tool call is left without a result in a context."""
        self._abort(self.plan.root, time)
        self.append(time, "run_ended", run=self.state.run, status="cancelled", command=command)

    def abort(self, time: str) -> None:
        """Let nothing dangle of the turns in progress."""
        self._abort(self.plan.root, time)

    def _abort(self, node: Node, time: str) -> None:
        """Let nothing dangle of the turns in progress at a node and inside it, innermost first."""
        for path in reversed(self.plan.within(node.path)):
            inner = self.plan.nodes[path]
            for name, turn in list(self.state.scopes[path].turns.items()):
                role_of(inner.seats[name]).abort(self, inner.seats[name], turn, time)

    # --- Beginnings --------------------------------------------------------------------------------------------------

    def begin(self, team: str, spec: str, time: str) -> None:
        """Write the chat's first entry."""
        self.append(time, "opened", uuid=self.uuid, team=team, spec=spec)

    def start_run(
        self,
        command: str,
        tasks: list[dict[str, Any]],
        echo: bool,
        reply: Mapping[str, Any] | None,
        time: str,
        by: object = None,
    ) -> None:
        """Begin a run: the task enters the log at once, whole."""
        run = self.state.run + 1
        extra: dict[str, Any] = {} if echo else {"echo": False}
        if reply:
            extra["reply"] = dict(reply)
        if by:
            extra["by"] = by
        # What people said meanwhile comes first.
        said = [self.log.at(item.offset) for item in self.state.said]
        given: list[tuple[Mapping[str, Any], dict[str, int]]] = [
            *((entry.data["message"], {"said": entry.offset}) for entry in said),
            *((message, {}) for message in tasks),
        ]
        extra |= self._relay(self.plan.root, bool(given))
        self.append(time, "run_started", run=run, engine=self.engine, command=command, tasks=len(given), **extra)
        for message, origin in given:
            self.append(time, "message", run=run, role="task", message=message, **origin)
