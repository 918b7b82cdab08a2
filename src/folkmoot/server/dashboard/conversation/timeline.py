"""Where the time of turns went: models, tools, people and pauses, from the times of the log's entries.

The log has one time for each entry: when the chat took it in. Attempts are no entries; what Temporal knows of them
(see `attempts`) is added to the steps they belong to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from folkmoot.chat import ChatEvent

from .attempts import Attempted
from .transcript import speaker_of

__all__ = ["KINDS", "Span", "Timeline", "TurnTime", "seconds_between", "taken"]

Kind = Literal["model", "tool", "wait", "retry", "select", "agent"]
KINDS: Mapping[Kind, str] = {
    "model": "model",
    "tool": "tools",
    "agent": "agent",
    "select": "selection",
    "wait": "waiting",
    "retry": "retries",
}
"""What time goes to, and how it is called."""


@dataclass(slots=True)
class Span:
    """A stretch of a turn.

    Attributes:
        kind: What the time went to.
        who: Path of whose it was.
        label: A tool's name, or what was waited for.
        begun: ISO 8601, UTC.
        ended: Likewise; empty: it goes on.
        call: Offset of the entry the step hangs on.
        index: Which of its calls.
        attempts: How often it was tried, as far as that is known.
        failure: Why the attempt before the last failed.
    """

    kind: Kind
    who: str
    label: str
    begun: str
    ended: str = ""
    call: int = -1
    index: int = 0
    attempts: int = 1
    failure: str = ""


@dataclass(slots=True)
class TurnTime:
    """A turn's time.

    Attributes:
        turn: Its number.
        offset: Of its entry.
        scope: Path of the team.
        speakers: Their paths.
        begun: ISO 8601, UTC; with the choice of who speaks.
        ended: Likewise; empty: it goes on.
        spans: In order.
    """

    turn: int
    offset: int
    scope: str
    speakers: tuple[str, ...]
    begun: str
    ended: str = ""
    spans: list[Span] = field(default_factory=list[Span])


def seconds_between(begun: str, ended: str) -> float:
    """Seconds between two times of the log, never negative."""
    return max(0.0, (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds())


def taken(turn: TurnTime, now: str) -> dict[Kind, float]:
    """Seconds that went to each kind; what ran side by side counts once.

    Args:
        turn: The turn.
        now: Where what goes on is cut, ISO 8601 in UTC.
    """
    found: dict[Kind, float] = {}
    for kind in KINDS:
        until = ""
        for span in sorted((span for span in turn.spans if span.kind == kind), key=lambda span: span.begun):
            ended = span.ended or now
            if ended > until:
                found[kind] = found.get(kind, 0.0) + seconds_between(max(span.begun, until), ended)
                until = ended
    return {kind: seconds for kind, seconds in found.items() if seconds > 0}


class Timeline:
    """The turns in a stretch of the log."""

    def __init__(self) -> None:
        self.turns: list[TurnTime] = []
        self._open: dict[str, TurnTime] = {}
        self._times: dict[int, str] = {}
        self._waits: dict[str, Span] = {}
        self._decided: dict[tuple[int, int], str] = {}
        self._choosing: dict[str, list[Span]] = {}
        self._last: dict[str, str] = {}

    def read(self, events: Iterable[ChatEvent]) -> Timeline:
        """Take in entries, in order."""
        for event in events:
            self.add(event)
        return self

    def add(self, event: ChatEvent) -> None:
        """Take in an entry."""
        self._times[event.offset] = event.time
        data, scope = event.data, str(event.data.get("scope") or "")
        match event.kind:
            case "turn":
                self._begin(event, scope)
            case "message" | "event":
                self._step(event)
            case "tool":
                self._tool(event)
            case "manager":
                begun = self._last.get(scope, event.time)
                span = Span("select", scope or "team", str(data.get("step", "")), begun, event.time)
                self._choosing.setdefault(scope, []).append(span)
            case "request":
                self._wait(event, f"request-{data['request']}", str(data["for"]))
            case "answered" | "decided":
                self._settled(f"request-{data['request']}", event.time)
                self._decided[data.get("call", -1), data.get("index", 0)] = event.time
            case "waiting":
                self._wait(event, f"waiting-{data['call']}", str(data["for"]), str(data.get("since") or event.time))
            case "pause":
                self._wait(event, "pause", "paused")
            case "resumed":
                self._settled("pause", event.time)
            case "scope_ended":
                self._end(scope, event.time)
            case "run_ended" | "reset" | "closed" | "rolled_back" | "loaded" | "interrupted":
                for path in list(self._open):
                    self._end(path, event.time)
                for key in list(self._waits):
                    self._settled(key, event.time)
            case _:
                pass
        self._last[scope] = event.time

    def _begin(self, event: ChatEvent, scope: str) -> None:
        self._end(scope, event.time)
        chosen = self._choosing.pop(scope, [])
        prefix = f"{scope}/" if scope else ""
        speakers = tuple(f"{prefix}{name}" for name in event.data["speakers"])
        begun = chosen[0].begun if chosen else event.time
        turn = TurnTime(event.data["turn"], event.offset, scope, speakers, begun, spans=chosen)
        self.turns.append(turn)
        self._open[scope] = turn

    def _end(self, scope: str, time: str) -> None:
        turn = self._open.pop(scope, None)
        if turn is not None:
            turn.ended = time

    def _turn_of(self, data: Mapping[str, Any]) -> TurnTime | None:
        return self._open.get(str(data.get("scope") or ""))

    def _step(self, event: ChatEvent) -> None:
        data, turn = event.data, self._turn_of(event.data)
        call = data.get("call")
        if turn is None or call is None or data.get("role") in ("task", "team", "manager", "again"):
            return
        begun = self._times.get(call, turn.begun)
        self._settle_waits(call, event.time)
        stored: Mapping[str, Any] = data.get("message") or {}
        if stored.get("models_usage"):
            turn.spans.append(Span("model", speaker_of(data), "", begun, event.time, call))
        elif data.get("role") == "answer" and not any(span.who == speaker_of(data) for span in turn.spans):
            # Nothing else is known of a turn that is one call, such as a custom agent's.
            turn.spans.append(Span("agent", speaker_of(data), "", begun, event.time, call))

    def _tool(self, event: ChatEvent) -> None:
        data, turn = event.data, self._turn_of(event.data)
        call, index = data["call"], data["index"]
        if turn is None:
            return
        begun = self._decided.get((call, index)) or self._times.get(call, turn.begun)
        self._settle_waits(call, event.time)
        turn.spans.append(Span("tool", speaker_of(data), str(data.get("name", "")), begun, event.time, call, index))

    def _wait(self, event: ChatEvent, key: str, label: str, begun: str = "") -> None:
        turn = self._turn_of(event.data) or self._open.get("")
        if turn is None or key in self._waits:
            return
        who = str(event.data.get("path") or speaker_of(event.data))
        span = self._waits[key] = Span("wait", who, label, begun or event.time)
        turn.spans.append(span)

    def _settle_waits(self, call: int, time: str) -> None:
        for key in [key for key in self._waits if key.startswith("waiting-") and key.split("-")[2:3] == [str(call)]]:
            self._settled(key, time)

    def _settled(self, key: str, time: str) -> None:
        span = self._waits.pop(key, None)
        if span is not None:
            span.ended = time

    def attempted(self, calls: Iterable[Attempted]) -> None:
        """Add what Temporal knows of attempts: time before the last one began went to retries."""
        known = {(call.need, call.path, call.index): call for call in calls if call.attempts > 1}
        for turn in self.turns:
            for span in list(turn.spans):
                # A call is known by its seat: that of one alone in a chat is its own name.
                call = known.get((span.call, span.who, span.index))
                if call is None or span.attempts > 1:
                    continue
                span.attempts, span.failure = call.attempts, call.failure
                if span.begun < call.started:
                    retry = Span("retry", span.who, span.label, span.begun, call.started, failure=call.failure)
                    turn.spans.insert(turn.spans.index(span), retry)
                    span.begun = call.started
