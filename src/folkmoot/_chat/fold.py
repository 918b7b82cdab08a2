"""The fold: how each entry of the log changes the state. Pure, incremental, total: it never refuses an entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from folkmoot.agents import AgentSpec, AssistantAgent
from folkmoot.teams import TeamSpec

from . import assistant, termination
from .entries import message_of
from .log import Entry, Log
from .speakers import participants_of, speakers_for
from .state import ChatState, Scope, Turn, Usage, Wait, call_key

__all__ = ["Fold", "check_members"]


def check_members(team: TeamSpec | AgentSpec) -> None:
    """Refuse a team the engine has no rules for.

    Raises:
        ValueError: A participant is of a kind that cannot take part.
    """
    for member in team.participants if isinstance(team, TeamSpec) else (team,):
        if not isinstance(member, AssistantAgent):
            raise ValueError(
                f"Participant {member.name!r} is a {member.type}, which cannot take part in a chat; "
                f"participants are {AssistantAgent.__name__}s."
            )


class Fold:
    """Folds entries of one chat into its state.

    Args:
        team: The spec of the chat's team, or of a single agent.
        uuid: The chat's uuid.
    """

    def __init__(self, team: TeamSpec | AgentSpec, uuid: str) -> None:
        self.team = team
        self.uuid = uuid
        self.names = participants_of(team)
        check_members(team)
        self.speakers = speakers_for(team)
        self.condition = team.termination_condition if isinstance(team, TeamSpec) else None
        self.functions = termination.functions_of(self.condition)
        self.kinds: Mapping[str, Callable[[ChatState, Log, Entry], None]] = {
            "opened": self._opened,
            "run_started": self._run_started,
            "message": self._message,
            "event": self._message,
            "turn": self._turn,
            "tool": self._tool,
            "late": self._late,
            "checked": self._checked,
            "waiting": self._waiting,
            "run_ended": self._run_ended,
            "pause": self._pause,
            "paused": self._paused,
            "resumed": self._resumed,
            "stop": self._stop,
            "reset": self._reset,
            "closed": self._closed,
        }

    def agent(self, name: str) -> AgentSpec:
        """The spec of a participant."""
        if isinstance(self.team, AgentSpec):
            return self.team
        return next(member for member in self.team.participants if member.name == name)  # type: ignore[return-value]

    def assistant(self, name: str) -> AssistantAgent:
        """The spec of a participant that is an assistant."""
        spec = self.agent(name)
        assert isinstance(spec, AssistantAgent)
        return spec

    def apply(self, state: ChatState, log: Log, entry: Entry) -> None:
        """Change `state` by one entry; `log` already holds it. Kinds of later releases change nothing."""
        handler = self.kinds.get(entry.kind)
        if handler is not None:
            handler(state, log, entry)

    def _opened(self, state: ChatState, log: Log, entry: Entry) -> None:
        state.opened = True
        state.scopes[""] = Scope(progress=termination.fresh(self.condition, entry.time))

    def _run_started(self, state: ChatState, log: Log, entry: Entry) -> None:
        data, scope = entry.data, state.root
        state.engine, state.run, state.first = data["engine"], data["run"], entry.offset
        state.running, state.status, state.stop_reason, state.error = True, "", None, None
        state.reply, state.command = data.get("reply"), data["command"]
        scope.tasks, scope.ended, scope.stop = data["tasks"], False, None

    def _message(self, state: ChatState, log: Log, entry: Entry) -> None:
        data, scope = entry.data, state.root
        stored = data["message"]
        source = stored["source"]
        if data.get("role") != "team":
            termination.absorb(self.condition, scope.progress, message_of(self.uuid, entry, log.at, None))
        if usage := stored.get("models_usage"):
            self._use(state, source, usage["prompt_tokens"], usage["completion_tokens"])
        if data.get("role") == "task":
            scope.tasks -= 1
            if not scope.tasks:
                self._ask(state, scope, entry)
        elif (turn := scope.turns.get(source)) is not None and data.get("turn") == state.turn:
            self._progress(state, scope, turn, entry)

    def _progress(self, state: ChatState, scope: Scope, turn: Turn, entry: Entry) -> None:
        """An entry of a speaker's own turn."""
        kind, source = entry.data["message"]["type"], entry.data["message"]["source"]
        state.waits.pop(call_key("model", entry.data.get("call"), source), None)
        if kind == "ToolCallRequestEvent":
            turn.phase, turn.request, turn.need, turn.outcomes = "tools", entry.offset, entry.offset, {}
        elif kind == "ToolCallExecutionEvent":
            turn.phase = assistant.phase_after_tools(self.assistant(source), turn)
            turn.iteration += 1
            turn.need = entry.offset
        elif entry.data.get("role") == "answer":
            del scope.turns[source]
            if not scope.turns:
                state.parent = entry.offset
                self._ask(state, scope, entry)

    def _turn(self, state: ChatState, log: Log, entry: Entry) -> None:
        state.turn = entry.data["turn"]
        scope = state.root
        scope.batch = list(entry.data["speakers"])
        scope.turns = {name: Turn(started=entry.offset, need=entry.offset) for name in scope.batch}
        self.speakers.chosen(self.names, scope, scope.batch)

    def _tool(self, state: ChatState, log: Log, entry: Entry) -> None:
        data = entry.data
        state.usage.setdefault(data["agent"], Usage()).tool_calls += 1
        turn = state.root.turns.get(data["agent"])
        if turn is not None and turn.request == data["call"]:
            turn.outcomes[data["index"]] = entry.offset
            state.waits.pop(call_key("tool", data["call"], data["index"]), None)

    def _use(self, state: ChatState, agent: str, prompt: int, completion: int) -> None:
        used = state.usage.setdefault(agent, Usage())
        used.prompt_tokens += prompt
        used.completion_tokens += completion
        used.model_calls += 1

    def _late(self, state: ChatState, log: Log, entry: Entry) -> None:
        """A reply nobody waited for any more was paid for all the same; it enters no other view."""
        outcome, agent = entry.data["outcome"], entry.data.get("agent")
        if agent and "usage" in outcome:
            prompt, completion = outcome["usage"]
            self._use(state, agent, prompt, completion)

    def _ask(self, state: ChatState, scope: Scope, entry: Entry) -> None:
        """A point where AutoGen calls the condition: after the task, and after each complete batch."""
        if self.functions:
            scope.asked = entry.offset
        else:
            self._check(state, scope, entry, ())

    def _checked(self, state: ChatState, log: Log, entry: Entry) -> None:
        scope = state.root
        state.waits.pop(call_key("functions", scope.asked), None)
        scope.checked = entry.offset if scope.asked is None else scope.asked + 1
        scope.asked = None
        self._check(state, scope, entry, tuple(entry.data["results"]))

    def _check(self, state: ChatState, scope: Scope, entry: Entry, answers: tuple[bool, ...]) -> None:
        now = termination.Check(entry.time, answers, external=state.stop)
        scope.stop = termination.check(self.condition, scope.progress, now)
        scope.ended = scope.stop is not None
        if scope.batch and not scope.ended:
            scope.rounds += 1
            limit = self.team.max_turns if isinstance(self.team, TeamSpec) else None
            if limit is not None and scope.rounds >= limit:
                scope.ended, scope.stop = True, f"Maximum number of turns {limit} reached."
            # An agent's run is one turn and has no stop reason (AutoGen: BaseChatAgent.run).
            scope.ended = scope.ended or isinstance(self.team, AgentSpec)
        scope.batch = []

    def _waiting(self, state: ChatState, log: Log, entry: Entry) -> None:
        data = entry.data
        state.waits[data["call"]] = Wait(reason=data["for"], since=data["since"], offset=entry.offset)
        state.parent = entry.offset

    def _run_ended(self, state: ChatState, log: Log, entry: Entry) -> None:
        data, scope = entry.data, state.root
        state.running, state.pause, state.pause_now, state.stop = False, "", False, False
        state.status, state.stop_reason, state.error = data["status"], data.get("stop_reason"), data.get("error")
        state.waits = {}
        if data["status"] == "stopped" or scope.ended:
            # A condition that fired is used up, even if the run was cancelled before it could end (paused).
            scope.progress = termination.fresh(self.condition, entry.time)
            scope.rounds = 0
            scope.checked = entry.offset
        elif scope.turns:
            # Progress and counts stay: `run(None)` takes the failed turn again as if nothing had happened.
            self.speakers.abandoned(self.names, scope, scope.batch)
        elif scope.batch:
            # Only the check after the turn is missing: the turn itself was taken, and counts.
            scope.rounds += 1
        scope.turns, scope.batch = {}, []
        scope.asked, scope.ended, scope.stop, scope.tasks = None, False, None, 0

    def _pause(self, state: ChatState, log: Log, entry: Entry) -> None:
        state.pause = "pausing"
        state.pause_now = bool(entry.data.get("now"))

    def _paused(self, state: ChatState, log: Log, entry: Entry) -> None:
        state.pause = "paused"

    def _resumed(self, state: ChatState, log: Log, entry: Entry) -> None:
        state.pause, state.pause_now = "", False

    def _stop(self, state: ChatState, log: Log, entry: Entry) -> None:
        state.stop, state.stop_run = True, state.run if state.running else 0

    def _reset(self, state: ChatState, log: Log, entry: Entry) -> None:
        state.scopes = {"": Scope(progress=termination.fresh(self.condition, entry.time), checked=entry.offset)}
        state.epoch = entry.offset
        state.stop, state.status, state.stop_reason, state.error, state.parent = False, "", None, None, None

    def _closed(self, state: ChatState, log: Log, entry: Entry) -> None:
        state.closed = True
