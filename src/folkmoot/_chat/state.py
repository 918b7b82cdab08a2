"""The chat's folded state: what decides the next step, small however long the chat.

Everything here is the result of folding the log; nothing is set from outside. `dump` and `load` carry it over
continue-as-new and into sealed segments, so fields are only ever added and have defaults.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from .floor import Floor
from .usage import Allowance, Usage

__all__ = [
    "ENGINE",
    "Allowance",
    "ChatState",
    "Hook",
    "Request",
    "Said",
    "Scope",
    "Turn",
    "Undo",
    "Usage",
    "Vote",
    "Wait",
    "call_key",
]

ENGINE = 1
"""The number of the behaviour this release writes; each run keeps the number it started with."""


LASTING = ("engine", "run", "turn", "usage", "budgets", "undo", "labels", "opened", "closed")
"""What a rollback leaves as it is: it counts over all branches."""


def call_key(kind: str, *parts: object) -> str:
    """The identity of a call the chat wants: what kind it is of, and the entry it hangs on. Waits go by it."""
    return "-".join((kind, *map(str, parts)))


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Turn(_Part):
    """A speaker's turn in progress.

    Attributes:
        started: Offset of the `turn` entry.
        phase: What the turn waits for; which there are depends on the kind of agent (see `roles`).
        need: Offset of the entry the pending step hangs on: the step's identity.
        iteration: Rounds of this turn, e.g. model calls that asked for tools and were answered.
        request: Offset of the last ToolCallRequestEvent.
        outcomes: Index of a call in that request → offset of its outcome.
        notes: What else the kind of agent keeps. If the turn is broken off, the next attempt begins with it.
        summary: Offset of the last summary that the pending step had to wait for.
        gate: Whether the turn may begin, where people have to say so: empty (not asked), `asked` or `open`.
        let: Index of a call in that request, or 0 for code → offset of the decision that lets it be made.
        unknown: Indices of calls of which nobody knows whether they were made.
    """

    started: int
    phase: str = "model"
    need: int
    iteration: int = 0
    request: int | None = None
    outcomes: dict[int, int] = Field(default_factory=dict[int, int])
    notes: dict[str, Any] = Field(default_factory=dict[str, Any])
    summary: int = 0
    gate: Literal["", "asked", "open"] = ""
    let: dict[int, int] = Field(default_factory=dict[int, int])
    unknown: list[int] = Field(default_factory=list[int])

    @property
    def reads(self) -> int:
        """Offset before which the pending step reads the log."""
        return max(self.need, self.summary) + 1


class Scope(_Part):
    """One node's state (the chat itself is the node with the empty path).

    Attributes:
        open: A run of it is under way.
        floor: The current batch of speakers.
        turns: The turns in progress, by speaker.
        notes: What is kept for a speaker from one turn, or attempt, to the next.
        turn: Number of the current or last batch, counted over the whole chat.
        rounds: Batches since the last stop (AutoGen: current_turn).
        at: Offset of the entry after which the next speakers are to be chosen: that step's identity.
        manager: What the team kind keeps to choose the next speakers.
        progress: The termination condition's progress.
        before: The same when the current batch began: what a broken off turn added does not count.
        checked: Everything before this offset was shown to functional conditions.
        asked: Offset of the entry after which registered functions must answer before the check can be made.
        tasks: Task messages still to come before the check of the task.
        pending: Messages heard since its last run began (inner teams).
        held: Offsets of messages that a filter has still to let through.
        call: Offset of the tool call request a run of it answers, `index` which call of it.
        said: Offsets of the chat messages of the current run, if it answers a tool call.
        ended: The run is to end, with `stop` as its reason.
        stop: The check's text.
    """

    open: bool = False
    floor: Floor = Field(default_factory=Floor)
    turns: dict[str, Turn] = Field(default_factory=dict[str, Turn])
    notes: dict[str, dict[str, Any]] = Field(default_factory=dict[str, dict[str, Any]])
    turn: int = 0
    rounds: int = 0
    at: int = 0
    manager: dict[str, Any] = Field(default_factory=dict[str, Any])
    progress: dict[str, Any] = Field(default_factory=dict[str, Any])
    before: dict[str, Any] | None = None
    checked: int = 0
    asked: int | None = None
    tasks: int = 0
    pending: int = 0
    held: list[int] = Field(default_factory=list[int])
    call: int = 0
    index: int = 0
    said: list[int] = Field(default_factory=list[int])
    ended: bool = False
    stop: str | None = None


class Vote(_Part):
    """A person's vote on a request as it stands now.

    Attributes:
        subject: The person's id.
        verdict: What they want.
        offset: Of the `vote` entry.
    """

    subject: str
    verdict: str
    offset: int


class Request(_Part):
    """Something asked of people.

    Attributes:
        kind: `input` (a text is wanted), `speaker` (the name of who speaks next); to be decided are `approval` (of a
            tool call), `turn`, `code`, `outcome` (what became of a call is unknown) and `budget`.
        path: Who asks.
        prompt: What people are asked.
        since: When, ISO 8601 in UTC.
        offset: Of the `request` entry.
        call: Offset of the entry with what is to be decided.
        index: Which call of that entry.
        name: The tool's name.
        key: Of the call that waits (an outcome).
        hash: Of what is to be decided, as it stands now: a vote binds to it.
        revision: How often it was changed since it was asked.
        revised: Offset of the vote that changed it last.
        policy: Who decides and until when: an `ApprovalPolicy`, or as much of one as there is.
        votes: Those that count, on this revision.
        reminded: Reminders so far.
        escalated: Steps of the escalation chain taken so far.
        expired: The deadline is over.
    """

    kind: str
    path: str
    prompt: str
    since: str
    offset: int
    call: int = 0
    index: int = 0
    name: str = ""
    key: str = ""
    hash: str = ""
    revision: int = 0
    revised: int | None = None
    policy: dict[str, Any] = Field(default_factory=dict[str, Any])
    votes: list[Vote] = Field(default_factory=list[Vote])
    reminded: int = 0
    escalated: int = 0
    expired: bool = False

    @property
    def reason(self) -> str:
        """What the chat waits for: `user:NAME`, or the kind, with the path of who asks behind it."""
        kind = "user" if self.kind == "input" else self.kind
        return f"{kind}:{self.path}" if self.path else kind


class Hook(_Part):
    """A custom agent's `on_pause`, `on_resume` or `on_reset` that is to be called.

    Attributes:
        path: The agent's seat.
        name: The method.
        offset: Of the entry that asked for it.
    """

    path: str
    name: str
    offset: int


class Undo(_Part):
    """A tool call that was gone back behind and is to be undone.

    Attributes:
        offset: Of the call's outcome.
        path: The agent's seat then.
        name: The tool that undoes it.
        since: Offset of the rollback.
    """

    offset: int
    path: str
    name: str
    since: int


class Wait(_Part):
    """A step that waits for something outside: a worker that knows a name, later a person."""

    reason: str
    since: str
    offset: int
    path: str = ""
    """Whose step it is."""


class Said(_Part):
    """What a person said and nobody has heard yet.

    Attributes:
        offset: Of the `said` entry.
        when: `queue`, `turn` or `now`, see `saying`.
    """

    offset: int
    when: str


class ChatState(_Part):
    """The whole chat's state at an offset.

    Attributes:
        engine: Behaviour number of the current (or last) run.
        run: Number of the current or last run, 0 before the first.
        running: A run is under way (paused or not).
        first: Offset of that run's `run_started`.
        reply: Where the caller of that run, a workflow, wants its outcome.
        command: The id of the command that asked for it.
        requester: The id of the person who asked for that run, as far as it was told.
        turn: Number of the last turn, counted over the whole chat.
        pause: `` | pausing | paused. While idle `pausing` means that the next run starts paused.
        pause_now: Calls in flight are to be cancelled and redone on resume.
        stop: A graceful stop was asked for.
        stop_run: During which run; 0: while the chat was idle.
        epoch: Nothing before this offset is part of the thread (set by reset).
        scopes: Teams by path; the root is "".
        waits: Steps that wait, by call key.
        requests: What people are asked, by request id.
        said: What people said and nobody has heard yet, in order.
        held: The last run was cancelled or stopped: none begins by itself for what was said.
        hooks: Methods of custom agents that are to be called, in this order.
        undo: Tool calls that are to be undone, in this order.
        usage: By agent.
        budgets: What became of budgets, by whose they are (see `Plan.budgets`).
        parent: Offset of the last snapshot, the parent of the next one.
        spoke: The paths of those who took the last complete turn.
        jumps: Where the present conversation goes on after an earlier entry, as pairs of offsets: of the entry that
            says so, and the earlier one's.
        branch: Offset of the entry with which the current branch began, 0 for the first.
        labels: Names that people gave to snapshots, with their offsets.
        status: Of the last run: stopped, failed, cancelled, or empty.
        stop_reason: Of the last run.
        closed: The chat takes no more commands.
    """

    engine: int = ENGINE
    run: int = 0
    running: bool = False
    first: int = 0
    reply: dict[str, Any] | None = None
    command: str = ""
    requester: str = ""
    turn: int = 0
    pause: Literal["", "pausing", "paused"] = ""
    pause_now: bool = False
    stop: bool = False
    stop_run: int = 0
    epoch: int = 0
    scopes: dict[str, Scope] = Field(default_factory=dict)
    waits: dict[str, Wait] = Field(default_factory=dict)
    requests: dict[str, Request] = Field(default_factory=dict[str, Request])
    said: list[Said] = Field(default_factory=list[Said])
    held: bool = False
    hooks: list[Hook] = Field(default_factory=list[Hook])
    undo: list[Undo] = Field(default_factory=list[Undo])
    usage: dict[str, Usage] = Field(default_factory=dict)
    budgets: dict[str, Allowance] = Field(default_factory=dict[str, Allowance])
    parent: int | None = None
    spoke: list[str] = Field(default_factory=list[str])
    jumps: list[tuple[int, int]] = Field(default_factory=list[tuple[int, int]])
    branch: int = 0
    labels: dict[str, int] = Field(default_factory=dict[str, int])
    status: str = ""
    stop_reason: str | None = None
    error: dict[str, Any] | None = None
    opened: bool = False
    closed: bool = False

    def put_back(self, past: ChatState, branch: int) -> None:
        """Become what was at an earlier time, but for what counts over the whole chat.

        Args:
            past: The state then.
            branch: Offset of the entry that says so.
        """
        undone = {key: wait for key, wait in self.waits.items() if key.startswith("undo-")}
        for name in type(self).model_fields:
            if name not in LASTING:
                setattr(self, name, getattr(past, name))
        self.waits = {key: wait for key, wait in self.waits.items() if not key.startswith("undo-")} | undone
        self.branch = branch

    def dump(self) -> dict[str, Any]:
        """JSON without what is at its default."""
        return self.model_dump(mode="json", exclude_defaults=True)

    @classmethod
    def load(cls, data: dict[str, Any]) -> ChatState:
        """The way back; unknown fields of later releases are ignored."""
        return cls.model_validate(data)

    @property
    def root(self) -> Scope:
        """The outermost team's state."""
        return self.scopes[""]

    @property
    def tokens(self) -> int:
        """All tokens used so far."""
        return sum(use.prompt_tokens + use.completion_tokens for use in self.usage.values())

    @property
    def speakers(self) -> list[str]:
        """The paths of those who are speaking, outer teams first."""
        return [f"{path}/{name}" if path else name for path, scope in self.scopes.items() for name in scope.turns]

    @property
    def waiting_for(self) -> list[str]:
        """What the chat waits for outside of it, as `kind:name`."""
        asked = list(dict.fromkeys(request.reason for request in self.requests.values()))
        return [*(wait.reason for wait in self.waits.values()), *asked]

    @property
    def summary(self) -> str:
        """The chat's status: idle, running, pausing, paused, waiting or closed."""
        if self.closed:
            return "closed"
        if self.running and self.pause:
            return self.pause
        if self.pause:
            return "paused"
        if self.waiting_for:
            return "waiting"
        return "running" if self.running else "idle"
