"""The fold: how each entry of the log changes the state. Pure, incremental, total: it never refuses an entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from folkmoot.agents import AgentSpec
from folkmoot.messages import is_chat

from . import asked, going_back, runs, saying, spending, termination
from .condensing import fold_summary
from .floor import levels
from .hearing import Hearing
from .log import Entry, Log
from .managers import manager_of
from .people import person_of
from .plan import Link, Node, Plan, Seat
from .roles import hooked, role_of
from .specs import Team, team_in
from .state import ChatState, Hook, Scope, Turn, Usage, Wait, call_key

__all__ = ["Fold"]


class Fold:
    """Folds entries of one chat into its state.

    Args:
        team: The spec of the chat's team, or of a single agent.
        uuid: The chat's uuid.

    Raises:
        ValueError: A participant is of a kind that cannot take part.
    """

    def __init__(self, team: Team, uuid: str) -> None:
        self.uuid = uuid
        self.replan(team)
        self.kinds: Mapping[str, Callable[[ChatState, Log, Entry], None]] = {
            "opened": self._opened,
            "run_started": self._run_started,
            "scope_started": self._scope_started,
            "scope_ended": self._scope_ended,
            "message": self._message,
            "event": self._message,
            "turn": self._turn,
            "tool": self._tool,
            "step": self._step,
            "manager": self._manager,
            "summary": self._summary,
            "summarized": self._summarized,
            "late": self._late,
            "checked": self._checked,
            "waiting": self._waiting,
            "request": lambda state, log, entry: asked.request(self, state, log, entry),
            "answered": lambda state, _, entry: asked.settled(state, entry),
            "vote": lambda state, _, entry: asked.vote(state, entry),
            "reminded": lambda state, _, entry: asked.due(state, entry),
            "escalated": lambda state, _, entry: asked.due(state, entry),
            "expired": lambda state, _, entry: asked.due(state, entry),
            "decided": lambda state, log, entry: asked.decided(self, state, log, entry),
            "budget_warned": lambda state, _, entry: spending.fold_warned(state, entry),
            "clock": lambda state, _, entry: spending.fold_clock(state, entry),
            "agent_state": self._agent_state,
            "run_ended": self._run_ended,
            "said": lambda state, _, entry: saying.fold_said(state, entry),
            "interrupted": lambda state, _, entry: saying.fold_interrupted(self.plan, state, entry),
            "pause": self._pause,
            "paused": self._paused,
            "resumed": self._resumed,
            "stop": self._stop,
            "reset": self._reset,
            "rolled_back": lambda state, _, entry: going_back.rolled_back(self.plan, state, entry),
            "loaded": lambda state, _, entry: going_back.loaded(state, entry),
            "compensated": lambda state, _, entry: going_back.compensated(state, entry),
            "labelled": lambda state, _, entry: going_back.labelled(state, entry),
            "closed": self._closed,
        }

    def replan(self, team: Team) -> None:
        """From now on the chat is one of this team.

        Raises:
            ValueError: A participant is of a kind that cannot take part.
        """
        self.team = team
        self.plan = Plan(team)
        self.hearing = Hearing(self.plan, self.uuid)
        for seat in self.plan.seats.values():
            role_of(seat)

    def apply(self, state: ChatState, log: Log, entry: Entry) -> None:
        """Change `state` by one entry; `log` already holds it. Kinds of later releases change nothing."""
        if (team := team_in(entry)) is not None:
            self.replan(team)
        handler = self.kinds.get(entry.kind)
        if handler is not None:
            handler(state, log, entry)

    # --- Runs --------------------------------------------------------------------------------------------------------

    def _opened(self, state: ChatState, log: Log, entry: Entry) -> None:
        state.opened = True
        self.refresh(state, self.plan.root, entry)

    def refresh(self, state: ChatState, node: Node, entry: Entry) -> None:
        """Set a node and all inside it back to the beginning."""
        runs.refresh(self.plan, state, node, entry)

    def afresh(self, state: ChatState, node: Node, entry: Entry) -> None:
        """A team's participants forget what was, the team itself does not."""
        state.scopes[node.path].notes = {}
        for seat in node.seats.values():
            for path in self.plan.within(seat.path) if seat.inner or seat.tools else ():
                self.refresh(state, self.plan.nodes[path], entry)
        self._call_hooks(state, "on_reset", entry, node.path)

    def _run_started(self, state: ChatState, log: Log, entry: Entry) -> None:
        data, scope = entry.data, state.root
        state.engine, state.run, state.first = data["engine"], data["run"], entry.offset
        state.running, state.status, state.stop_reason, state.error, state.held = True, "", None, None, False
        state.reply, state.command = data.get("reply"), data["command"]
        person = person_of(data.get("by"))
        state.requester = "" if person is None else person.subject
        runs.begin(self.plan.root, scope, entry, data["tasks"])

    def _run_ended(self, state: ChatState, log: Log, entry: Entry) -> None:
        data, scope = entry.data, state.root
        state.held = data["status"] == "cancelled" or "budget" in data or (state.stop and state.stop_run == state.run)
        state.running, state.pause, state.pause_now, state.stop = False, "", False, False
        state.status, state.stop_reason, state.error = data["status"], data.get("stop_reason"), data.get("error")
        # A condition that fired is used up, even if the run was cancelled before it could end (paused).
        stopped = data["status"] == "stopped" or scope.ended
        runs.break_off(self.plan, state, self.plan.root, entry)
        if stopped:
            runs.rest(self.plan.root, scope, entry)
        scope.open = False

    def _scope_started(self, state: ChatState, log: Log, entry: Entry) -> None:
        data = entry.data
        node, scope = self.plan.nodes[data["scope"]], state.scopes[data["scope"]]
        assert node.parent is not None
        if node.link is Link.TOOL:
            scope.call, scope.index, scope.said = data["call"], data["index"], []
            runs.begin(node, scope, entry, data["tasks"])
            return
        turn = self.turn_of(state, node.parent)
        if turn is not None:
            turn.phase, turn.need = "inner", entry.offset
            turn.notes.setdefault("first", entry.offset)
            turn.notes.setdefault("turns", state.turn)
        self.hearing.let_through(state, log, node.parent, scope)
        heard, scope.pending = scope.pending, 0
        again = scope.open
        if node.link is Link.SOCIETY and not again:
            self.hearing.remind(state, node, scope, heard > 0)
        runs.begin(node, scope, entry, 0, heard)
        if not again and heard and manager_of(node).checks_tasks:
            self._ask(state, log, node, scope, entry)

    def _scope_ended(self, state: ChatState, log: Log, entry: Entry) -> None:
        node = self.plan.nodes[entry.data["scope"]]
        scope = state.scopes[node.path]
        runs.break_off(self.plan, state, node, entry)
        runs.rest(node, scope, entry)
        scope.open = False
        assert node.parent is not None
        turn = self.turn_of(state, node.parent)
        if turn is not None and node.link is not Link.TOOL:
            role_of(node.parent).fold(self, state, log, node.parent, turn, entry)

    # --- Turns -------------------------------------------------------------------------------------------------------

    def turn_of(self, state: ChatState, seat: Seat) -> Turn | None:
        """The seat's turn in progress."""
        return state.scopes[seat.node.path].turns.get(seat.name)

    def _turn(self, state: ChatState, log: Log, entry: Entry) -> None:
        data = entry.data
        node = self.plan.nodes[data.get("scope", "")]
        scope = state.scopes[node.path]
        state.turn = scope.turn = data["turn"]
        fresh = scope.floor.begin(list(data["speakers"]))
        scope.before = termination.copied(scope.progress)
        scope.turns = {}
        for name in data["speakers"]:
            seat = node.seats[name]
            again: dict[str, Any] | None = scope.notes.get(name, {}).pop("again", None)
            turn = scope.turns[name] = Turn(started=entry.offset, need=entry.offset)
            turn.unknown = list(again.get("unknown", ())) if again else []
            role_of(seat).begin(state, seat, turn, again)
        if fresh:
            manager_of(node).chosen(node, scope, scope.floor.batch)

    def done(self, state: ChatState, log: Log, seat: Seat, entry: Entry) -> None:
        """A speaker has finished its turn with `entry`."""
        scope = state.scopes[seat.node.path]
        del scope.turns[seat.name]
        for offset in scope.floor.done(seat.name):
            self.hearing.admit(state, log, seat.node, log.at(offset))
        if not scope.turns:
            self._ask(state, log, seat.node, scope, entry)

    def _message(self, state: ChatState, log: Log, entry: Entry) -> None:
        data = entry.data
        stored = data["message"]
        for level in levels(self.plan, data):
            scope = state.scopes[level.node.path]
            for offset in scope.floor.take(level.seat, entry.offset) if level.in_thread else ():
                self.hearing.enter(state, log, level, log.at(offset))
            if scope.open and level.node.link is Link.TOOL and level.how != "task" and is_chat(stored["type"]):
                # What the tool's result will be made of.
                scope.said = [*scope.said, entry.offset]
        seat = self.plan.seat_of(data)
        if usage := stored.get("models_usage"):
            who = seat.path if seat is not None else stored["source"]
            self.use(state, who, (usage["prompt_tokens"], usage["completion_tokens"]), data)
        elif seat is not None and (spent := data.get("usage")):
            self.use(state, seat.path, spent, data)
        if "said" in data:
            saying.fold_heard(state, entry)
        if data.get("role") == "manager":
            # What is asked next is asked of a log that has it.
            state.scopes[data.get("scope", "")].at = entry.offset
        if data.get("role") == "task":
            self._task(state, log, self.plan.nodes[data.get("scope", "")], entry)
        elif seat is not None and data.get("turn") == state.scopes[seat.node.path].turn:
            self._progress(state, log, seat, entry)

    def _progress(self, state: ChatState, log: Log, seat: Seat, entry: Entry) -> None:
        turn = self.turn_of(state, seat)
        if turn is not None:
            self._came(state, seat, turn)
            role_of(seat).fold(self, state, log, seat, turn, entry)

    def _came(self, state: ChatState, seat: Seat, turn: Turn) -> None:
        """What a step of a turn waited for is there; outcomes of tools come one by one."""
        step = f"-{turn.need}-{seat.path}"
        for key in [key for key in state.waits if key.endswith(step) and not key.startswith("tool-")]:
            del state.waits[key]

    def _task(self, state: ChatState, log: Log, node: Node, entry: Entry) -> None:
        scope = state.scopes[node.path]
        scope.tasks = max(0, scope.tasks - 1)
        if not scope.tasks:
            scope.at = entry.offset
            if manager_of(node).checks_tasks:
                self._ask(state, log, node, scope, entry)

    def _tool(self, state: ChatState, log: Log, entry: Entry) -> None:
        data = entry.data
        seat = self.plan.seat_of(data)
        if seat is None:
            return
        used = state.usage.setdefault(seat.path, Usage())
        used.tool_calls += 1
        used.unmade += 1 if data.get("unmade") else 0
        turn = self.turn_of(state, seat)
        if turn is not None and turn.request == data["call"]:
            turn.outcomes[data["index"]] = entry.offset
            turn.unknown = [index for index in turn.unknown if index != data["index"]]
            state.waits.pop(call_key("tool", data["call"], data["index"]), None)

    def _step(self, state: ChatState, log: Log, entry: Entry) -> None:
        """A step of a speaker's turn that is no message."""
        seat = self.plan.seat_of(entry.data)
        if seat is None or (turn := self.turn_of(state, seat)) is None:
            return
        if usage := entry.data.get("usage"):
            self.use(state, seat.path, usage, entry.data)
        self._came(state, seat, turn)
        role_of(seat).fold(self, state, log, seat, turn, entry)

    def _manager(self, state: ChatState, log: Log, entry: Entry) -> None:
        """A step of a team's manager."""
        node = self.plan.nodes[entry.data.get("scope", "")]
        scope = state.scopes[node.path]
        if usage := entry.data.get("usage"):
            self.use(state, node.manager_path, usage, entry.data)
        state.waits.pop(entry.data.get("key", ""), None)
        scope.at = entry.offset
        manager_of(node).fold(self, state, log, node, scope, entry)

    def _summary(self, state: ChatState, log: Log, entry: Entry) -> None:
        fold_summary(self, state, entry)

    def _summarized(self, state: ChatState, log: Log, entry: Entry) -> None:
        if usage := entry.data.get("usage"):
            self.use(state, self.plan.root.manager_path, usage, entry.data)

    def use(self, state: ChatState, who: str, usage: Sequence[int], told: Mapping[str, Any]) -> None:
        """Count a model call; `told` has its `cost`, if there is a price function: None if that failed."""
        used, cost = state.usage.setdefault(who, Usage()), told.get("cost", 0)
        used.prompt_tokens += usage[0]
        used.completion_tokens += usage[1]
        used.model_calls += 1
        used.cost, used.unpriced = used.cost + (cost or 0), used.unpriced + (cost is None)

    def _late(self, state: ChatState, log: Log, entry: Entry) -> None:
        """A reply nobody waited for any more was paid for all the same; it enters no other view."""
        outcome, agent = entry.data["outcome"], entry.data.get("agent")
        if agent and "usage" in outcome:
            self.use(state, agent, outcome["usage"], outcome)

    # --- Checks ------------------------------------------------------------------------------------------------------

    def _ask(self, state: ChatState, log: Log, node: Node, scope: Scope, entry: Entry) -> None:
        """A point where AutoGen calls the condition: after the task, and after each complete batch."""
        if node.functions or manager_of(node).functions(node, scope):
            scope.asked = entry.offset
        else:
            self._check(state, node, scope, entry, ())

    def _checked(self, state: ChatState, log: Log, entry: Entry) -> None:
        node = self.plan.nodes[entry.data.get("scope", "")]
        scope = state.scopes[node.path]
        state.waits.pop(call_key("functions", scope.asked, node.path), None)
        scope.checked = entry.offset if scope.asked is None else scope.asked + 1
        scope.asked = None
        manager_of(node).answered(node, scope, entry.data.get("edges", ()))
        self._check(state, node, scope, entry, tuple(entry.data["results"]))

    def _check(self, state: ChatState, node: Node, scope: Scope, entry: Entry, answers: tuple[bool, ...]) -> None:
        manager = manager_of(node)
        # A task that comes before a broken off batch is taken up again is no end of that batch.
        spoke = bool(scope.floor.batch) and not scope.floor.left
        scope.stop = manager.complete(node, scope)
        if scope.stop is None:
            now = termination.Check(entry.time, answers, external=state.stop)
            scope.stop = termination.check(node.condition, scope.progress, now)
        scope.ended = scope.stop is not None
        if spoke and not scope.ended:
            scope.rounds += 1
            limit = node.max_turns if manager.counts_turns else None
            if limit is not None and scope.rounds >= limit:
                scope.ended, scope.stop = True, f"Maximum number of turns {limit} reached."
            # An agent's run is one turn and has no stop reason (AutoGen: BaseChatAgent.run).
            scope.ended = scope.ended or isinstance(node.team, AgentSpec)
        if spoke:
            state.spoke = [node.seats[name].path for name in scope.floor.batch]
            state.parent = entry.offset
            scope.floor.close()
        scope.at, scope.before = entry.offset, None

    # --- The world outside -------------------------------------------------------------------------------------------

    def _waiting(self, state: ChatState, log: Log, entry: Entry) -> None:
        data = entry.data
        state.waits[data["call"]] = Wait(
            reason=data["for"], since=data["since"], offset=entry.offset, path=data.get("path", "")
        )
        state.parent = entry.offset

    def _agent_state(self, state: ChatState, log: Log, entry: Entry) -> None:
        """A custom agent's state is a view of its entries; here only the hook that brought it counts."""
        if (hook := entry.data.get("hook")) is not None:
            path = entry.data["path"]
            state.waits.pop(call_key("hook", hook, path), None)
            state.hooks = [item for item in state.hooks if (item.path, item.offset) != (path, hook)]

    def _call_hooks(self, state: ChatState, name: str, entry: Entry, under: str = "") -> None:
        prefix = f"{under}/" if under else ""
        state.hooks = state.hooks + [
            Hook(path=path, name=name, offset=entry.offset)
            for path, seat in self.plan.seats.items()
            if path.startswith(prefix) and hooked(seat)
        ]

    def _pause(self, state: ChatState, log: Log, entry: Entry) -> None:
        if not state.pause:
            self._call_hooks(state, "on_pause", entry)
        state.pause = "pausing"
        state.pause_now = bool(entry.data.get("now"))

    def _paused(self, state: ChatState, log: Log, entry: Entry) -> None:
        state.pause = "paused"

    def _resumed(self, state: ChatState, log: Log, entry: Entry) -> None:
        state.pause, state.pause_now = "", False
        self._call_hooks(state, "on_resume", entry)

    def _stop(self, state: ChatState, log: Log, entry: Entry) -> None:
        state.stop, state.stop_run = True, state.run if state.running else 0

    def _reset(self, state: ChatState, log: Log, entry: Entry) -> None:
        self.refresh(state, self.plan.root, entry)
        state.epoch, state.said = entry.offset, []
        state.stop, state.status, state.stop_reason, state.error, state.parent = False, "", None, None, None
        self._call_hooks(state, "on_reset", entry)

    def _closed(self, state: ChatState, log: Log, entry: Entry) -> None:
        state.closed, state.hooks = True, []
