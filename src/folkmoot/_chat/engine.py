"""The engine: commands and outcomes in, entries and wanted calls out. It never does anything itself.

The workflow drives it: `commands.handle` for each command, `outcome` for each finished call, `advance` until nothing
more can be written, then it compares `wanted()` with the calls in flight: it starts what is missing and cancels what is
not wanted any more. Pause, cancel, reset and recovery all follow from that one comparison.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from folkmoot.agents import AgentSpec
from folkmoot.teams import TeamSpec

from . import assistant
from .assistant import AgentFailure
from .fold import Fold
from .log import Entry, Log
from .state import ENGINE, ChatState, Turn, call_key

__all__ = ["Call", "Chat", "Failure"]

CANCELLED_TOOL = "The call was cancelled before it finished."


@dataclass(frozen=True, slots=True)
class Call:
    """A call the chat wants made now.

    Attributes:
        key: Its identity, the same until it is answered.
        kind: `model`, `tool` or `functions`.
        agent: Whose call it is; empty for functions.
        need: Offset of the entry it hangs on. What it may read ends at `until`.
        until: The log before this offset is its input.
        index: Which of the request's calls (tools).
        name: The tool's name.
        policy: Options of the tool that differ from the defaults.
        reflect: A model call that must answer with text.
    """

    key: str
    kind: str
    agent: str
    need: int
    until: int
    index: int = 0
    name: str = ""
    policy: Mapping[str, Any] | None = None
    reflect: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """How a call failed for good.

    Attributes:
        error_type: The exception's class name, e.g. `ModelCallError`.
        message: Its text, without traceback or credentials.
    """

    error_type: str
    message: str


class Chat:
    """One chat: its log, its state, and what happens next.

    Args:
        team: The spec of the team or single agent.
        uuid: Names the chat for ever; ids and idempotency keys are made from it.
        log: The held part of the log; it is folded on top of `base`.
        base: The state at the log's base.
    """

    def __init__(self, team: TeamSpec | AgentSpec, uuid: str, log: Log, base: ChatState | None = None) -> None:
        self.team = team
        self.uuid = uuid
        self.log = log
        self.base = base or ChatState()
        self.fold = Fold(team, uuid)
        self.state = self.base.model_copy(deep=True)
        for entry in log:
            self.fold.apply(self.state, log, entry)

    def append(self, time: str, kind: str, **fields: Any) -> Entry:
        """Write an entry and fold it."""
        entry = self.log.append({"kind": kind, "time": time, **fields})
        self.fold.apply(self.state, self.log, entry)
        return entry

    def refuse(self, verb: str, command: str, why: tuple[str, str], reply: Mapping[str, Any] | None, time: str) -> None:
        """Note that a command was refused: error type and text."""
        extra = {"reply": dict(reply)} if reply else {}
        error = {"type": why[0], "message": why[1]}
        self.append(time, "refused", command=command, verb=verb, error=error, **extra)

    def advance(self, time: str, in_flight: bool) -> None:
        """Write everything that follows by itself, until a call or a command is needed.

        Args:
            time: ISO 8601, UTC.
            in_flight: Whether calls are under way: a pause is complete when none is.
        """
        while self.state.running and (not self.state.pause or self._ends_while_paused()) and self._step(time):
            pass
        if self.state.pause == "pausing" and not in_flight:
            self.append(time, "paused")

    def _ends_while_paused(self) -> bool:
        """A stop asked for between two turns takes effect at once, paused or not: there is no turn to finish."""
        scope = self.state.root
        asked = self.state.stop and self.state.stop_run == self.state.run
        return asked and not scope.turns and scope.asked is None

    def _step(self, time: str) -> bool:
        """Write the next entry that needs nothing from outside; False if there is none."""
        state, scope = self.state, self.state.root
        if scope.ended or self._ends_while_paused():
            reason = scope.stop if scope.ended else "External termination requested"
            self.append(time, "run_ended", run=state.run, status="stopped", stop_reason=reason)
            return False
        if scope.asked is not None:
            return False
        if scope.turns:
            return self._finish_batch(time)
        batch = self.fold.speakers.choose(self.fold.names, scope)
        self.append(time, "turn", run=state.run, turn=state.turn + 1, speakers=batch)
        if isinstance(self.team, TeamSpec) and self.team.emit_team_events:
            event = {"type": "SelectSpeakerEvent", "source": self.team.manager_name, "content": batch}
            self.append(time, "event", run=state.run, turn=state.turn, role="team", message=event)
        return True

    def _finish_batch(self, time: str) -> bool:
        """Let every speaker write what needs nothing from outside; False if none could."""
        wrote = False
        for name, turn in list(self.state.root.turns.items()):
            wrote = self._finish_tools(name, turn, time) or wrote
        return wrote

    def _finish_tools(self, name: str, turn: Turn, time: str) -> bool:
        """Answer handoffs, and close a complete set of outcomes with its execution event and what follows it."""
        if turn.phase != "tools" or turn.request != turn.need:
            return False
        spec, calls = self.fold.assistant(name), self.calls_of(turn)
        for index, call in enumerate(calls):
            handoff = assistant.handoff_of(spec, call["name"])
            if handoff is not None and index not in turn.outcomes:
                self._tool_entry(name, turn, index, time, handoff.message)
        if len(turn.outcomes) < len(calls):
            return False
        outcomes = [turn.outcomes[index] for index in range(len(calls))]
        self._execution_event(name, turn, outcomes, time)
        answer = assistant.after_tools(spec, turn, calls, outcomes)
        if answer is not None:
            state = self.state
            self.append(time, "message", role="answer", run=state.run, turn=state.turn, call=turn.need, **answer)
        return True

    def _execution_event(self, name: str, turn: Turn, outcomes: list[int], time: str) -> None:
        event = {"type": "ToolCallExecutionEvent", "source": name}
        fields = {"run": self.state.run, "turn": self.state.turn, "call": turn.request, "results": outcomes}
        self.append(time, "event", message=event, **fields)

    def calls_of(self, turn: Turn) -> list[dict[str, Any]]:
        """The tool calls a turn waits for, in order."""
        assert turn.request is not None
        return self.log.at(turn.request).data["message"]["content"]

    def _tool_entry(self, agent: str, turn: Turn, index: int, time: str, content: Any, is_error: bool = False) -> None:
        call = self.calls_of(turn)[index]
        fields: dict[str, Any] = {"id": call["id"], "name": call["name"], "content": content}
        if is_error:
            fields["is_error"] = True
        where = {"agent": agent, "turn": self.state.turn, "call": turn.request, "index": index}
        self.append(time, "tool", **where, **fields)

    def wanted(self) -> list[Call]:
        """The calls that should be in flight now, in a fixed order. None while pausing or paused."""
        return [] if self.state.pause else self._needed()

    def _needed(self) -> list[Call]:
        state = self.state
        if not state.running:
            return []
        scope = state.root
        if scope.asked is not None:
            return [Call(call_key("functions", scope.asked), "functions", "", scope.checked, scope.asked + 1)]
        return [call for name, turn in scope.turns.items() for call in self._calls(name, turn)]

    def _calls(self, name: str, turn: Turn) -> list[Call]:
        if turn.phase != "tools":
            reflect = turn.phase == "reflect"
            key = call_key("model", turn.need, name)
            return [Call(key, "model", name, turn.need, turn.need + 1, reflect=reflect)]
        request = turn.need
        policies = self.log.at(request).data.get("policies", {})
        return [
            Call(
                call_key("tool", request, i), "tool", name, request, request + 1, i, call["name"], policies.get(str(i))
            )
            for i, call in enumerate(self.calls_of(turn))
            if i not in turn.outcomes
        ]

    def needs(self, call: Call) -> bool:
        """Whether a call's outcome is still of use, a pause left aside."""
        return any(call.key == needed.key for needed in self._needed())

    def outcome(self, call: Call, result: Mapping[str, Any] | Failure, time: str) -> None:
        """Take in what a call brought. A late one is kept for the audit and changes nothing."""
        failed = isinstance(result, Failure)
        if not self.needs(call):
            shown = {"error": {"type": result.error_type, "message": result.message}} if failed else dict(result)
            self.append(time, "late", call=call.key, agent=call.agent, outcome=shown)
            return
        if failed:
            self.fail(call.agent, result, time)
        elif call.kind == "functions":
            self.append(time, "checked", run=self.state.run, results=list(result["answers"]))
        elif call.kind == "tool":
            turn = self.state.root.turns[call.agent]
            self._tool_entry(call.agent, turn, call.index, time, result["content"], bool(result.get("is_error")))
        else:
            self._reply(call, result, time)

    def _reply(self, call: Call, reply: Mapping[str, Any], time: str) -> None:
        turn = self.state.root.turns[call.agent]
        try:
            fields = assistant.reply_entries(self.fold.assistant(call.agent), turn, reply)
        except AgentFailure as error:
            self.fail(call.agent, Failure(error.error_type, str(error)), time)
            return
        for field in fields:
            kind = field.pop("kind")
            self.append(time, kind, run=self.state.run, turn=self.state.turn, **field)

    def wait(self, call: Call, reason: str, since: str, error: str, time: str) -> None:
        """Note that a call waits for something outside, e.g. `worker:tool:lookup`."""
        self.append(time, "waiting", **{"call": call.key, "for": reason, "since": since, "error": error})

    def fail(self, agent: str, failure: Failure, time: str) -> None:
        """End the run with an error, not the chat (AutoGen raises RuntimeError in `run`)."""
        error = {"agent": agent, "type": failure.error_type, "message": failure.message}
        self._close_requests(time)
        self.append(time, "run_ended", run=self.state.run, status="failed", error=error)

    def cancel(self, command: str, time: str) -> None:
        """End the run now. No tool call is left without a result in a context."""
        self._close_requests(time)
        self.append(time, "run_ended", run=self.state.run, status="cancelled", command=command)

    def _close_requests(self, time: str) -> None:
        for name, turn in list(self.state.root.turns.items()):
            if turn.phase == "tools" and turn.request == turn.need:
                for index in range(len(self.calls_of(turn))):
                    if index not in turn.outcomes:
                        self._tool_entry(name, turn, index, time, CANCELLED_TOOL, is_error=True)
                self._execution_event(name, turn, [turn.outcomes[i] for i in sorted(turn.outcomes)], time)

    def begin(self, team: str, spec: str, time: str) -> None:
        """Write the chat's first entry."""
        self.append(time, "opened", uuid=self.uuid, team=team, spec=spec)

    def start_run(
        self, command: str, tasks: list[dict[str, Any]], echo: bool, reply: Mapping[str, Any] | None, time: str
    ) -> None:
        """Begin a run: the task enters the log at once, whole."""
        run = self.state.run + 1
        extra: dict[str, Any] = {} if echo else {"echo": False}
        if reply:
            extra["reply"] = dict(reply)
        self.append(time, "run_started", run=run, engine=ENGINE, command=command, tasks=len(tasks), **extra)
        for message in tasks:
            self.append(time, "message", run=run, role="task", message=message)
