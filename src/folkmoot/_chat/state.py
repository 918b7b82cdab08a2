"""The chat's folded state: what decides the next step, small however long the chat.

Everything here is the result of folding the log; nothing is set from outside. `dump` and `load` carry it over
continue-as-new and into sealed segments, so fields are only ever added and have defaults.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ENGINE", "ChatState", "Scope", "Turn", "Usage", "Wait", "call_key"]

ENGINE = 1
"""The number of the behaviour this release writes; each run keeps the number it started with."""


def call_key(kind: str, *parts: object) -> str:
    """The identity of a call the chat wants: what kind it is of, and the entry it hangs on. Waits go by it."""
    return "-".join((kind, *map(str, parts)))


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Turn(_Part):
    """A speaker's turn in progress.

    Attributes:
        started: Offset of the `turn` entry.
        phase: `model` and `reflect` wait for a model's reply, `tools` for the outcomes of `request`.
        need: Offset of the entry the pending step hangs on: the step's identity.
        iteration: Model calls of this turn that asked for tools and were answered.
        request: Offset of the last ToolCallRequestEvent.
        outcomes: Index of a call in that request → offset of its outcome.
    """

    started: int
    phase: Literal["model", "tools", "reflect"] = "model"
    need: int
    iteration: int = 0
    request: int | None = None
    outcomes: dict[int, int] = Field(default_factory=dict[int, int])


class Scope(_Part):
    """One team's state (the chat itself is the scope with the empty path).

    Attributes:
        turns: The turns in progress, by speaker.
        batch: Speakers of the current batch, in order.
        rounds: Batches since the last stop (AutoGen: current_turn).
        manager: What the team kind keeps to choose the next speaker.
        progress: The termination condition's progress.
        checked: Everything before this offset was shown to functional conditions.
        asked: Offset of the entry after which functional conditions must answer before the check can be made.
        tasks: Task messages still to come before the check of the task.
        ended: The run is to end, with `stop` as its reason.
        stop: The check's text.
    """

    turns: dict[str, Turn] = Field(default_factory=dict)
    batch: list[str] = Field(default_factory=list)
    rounds: int = 0
    manager: dict[str, Any] = Field(default_factory=dict)
    progress: dict[str, Any] = Field(default_factory=dict)
    checked: int = 0
    asked: int | None = None
    tasks: int = 0
    ended: bool = False
    stop: str | None = None


class Usage(_Part):
    """Tokens and calls of one agent over the whole chat, abandoned branches included."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    model_calls: int = 0
    tool_calls: int = 0


class Wait(_Part):
    """A step that waits for something outside: a worker that knows a name, later a person."""

    reason: str
    since: str
    offset: int


class ChatState(_Part):
    """The whole chat's state at an offset.

    Attributes:
        engine: Behaviour number of the current (or last) run.
        run: Number of the current or last run, 0 before the first.
        running: A run is under way (paused or not).
        first: Offset of that run's `run_started`.
        reply: Where the caller of that run, a workflow, wants its outcome.
        command: The id of the command that asked for it.
        turn: Number of the last turn, counted over the whole chat.
        pause: `` | pausing | paused. While idle `pausing` means that the next run starts paused.
        pause_now: Calls in flight are to be cancelled and redone on resume.
        stop: A graceful stop was asked for.
        stop_run: During which run; 0: while the chat was idle.
        epoch: Nothing before this offset is part of the thread (set by reset).
        scopes: Teams by path; the root is "".
        waits: Steps that wait, by call key.
        usage: By agent.
        parent: Offset of the last snapshot, the parent of the next one.
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
    turn: int = 0
    pause: Literal["", "pausing", "paused"] = ""
    pause_now: bool = False
    stop: bool = False
    stop_run: int = 0
    epoch: int = 0
    scopes: dict[str, Scope] = Field(default_factory=dict)
    waits: dict[str, Wait] = Field(default_factory=dict)
    usage: dict[str, Usage] = Field(default_factory=dict)
    parent: int | None = None
    status: str = ""
    stop_reason: str | None = None
    error: dict[str, Any] | None = None
    opened: bool = False
    closed: bool = False

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
        """Who is speaking, in batch order."""
        return [name for scope in self.scopes.values() for name in scope.turns]

    @property
    def summary(self) -> str:
        """The chat's status: idle, running, pausing, paused, waiting or closed."""
        if self.closed:
            return "closed"
        if self.running and self.pause:
            return self.pause
        if self.pause:
            return "paused"
        if self.waits:
            return "waiting"
        return "running" if self.running else "idle"
