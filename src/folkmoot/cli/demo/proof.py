"""What the demo proves, counted from what was recorded: the chat's log, the model's requests, the tool's own notes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from folkmoot.chat import ChatEvent

__all__ = ["CallCount", "Proof", "count_requests", "prove"]


@dataclass(frozen=True)
class CallCount:
    """One model call of the log.

    Attributes:
        turn: The turn it belongs to.
        speaker: The agent.
        requests: How often the model was asked for it.
        interrupted: The worker was killed during it.
    """

    turn: int
    speaker: str
    requests: int
    interrupted: bool


@dataclass(frozen=True)
class Proof:
    """The figures.

    Attributes:
        turns: Turns of the chat.
        calls: Its model calls, in order; None: the model was a real one, whose requests nobody counted.
        requests: Requests the model got in all; None likewise.
        repeated: Requests for calls that were complete; None likewise.
        tool_runs: How often the tool ran.
        tool_keys: How many idempotency keys it saw.
        entries: Entries of the log.
        gapless: Its offsets are 0, 1, 2, ...
        events: Events of the workflow's history.
        bytes: Bytes of the workflow's history.
        kills: Workers killed.
    """

    turns: int
    calls: Sequence[CallCount] | None
    requests: int | None
    repeated: int | None
    tool_runs: int
    tool_keys: int
    entries: int
    gapless: bool
    events: int
    bytes: int
    kills: int

    @property
    def failures(self) -> list[str]:
        """What was to be shown and was not."""
        found: list[str] = []
        if self.repeated:
            found.append(f"{self.repeated} requests were made for model calls that were complete")
        if self.requests is not None and self.calls is not None and self.requests > len(self.calls) + self.kills:
            found.append(f"{self.requests} requests for {len(self.calls)} model calls and {self.kills} killed worker")
        if self.calls is not None and not self.kills:
            found.append("no worker was killed")
        if self.tool_runs != self.tool_keys:
            found.append(f"the tool ran {self.tool_runs} times for {self.tool_keys} keys")
        if not self.gapless:
            found.append("the log's offsets have gaps")
        return found

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {"kind": "proof", **asdict(self), "failures": self.failures}

    def lines(self) -> list[str]:
        """For people, without the calls."""
        told: list[str] = []
        if self.calls is not None:
            told.append(
                f"{len(self.calls)} model calls took {self.requests} requests: the call that lost its worker was made "
                f"again, of the complete ones {self.repeated or 'none'}"
            )
        told.append(f"{self.tool_runs} tool calls ran, with {self.tool_keys} idempotency keys")
        gaps = "without a gap" if self.gapless else "with gaps"
        told.append(f"the log holds offsets 0 to {self.entries - 1}, {gaps}")
        turns = max(self.turns, 1)
        told.append(
            f"{self.events} events and {self.bytes:,} bytes of history for {self.turns} turns: "
            f"{self.events / turns:.1f} events and {self.bytes / turns:,.0f} bytes a turn, restart included"
        )
        return told


def prove(
    events: Sequence[ChatEvent],
    requests: Sequence[Mapping[str, Any]] | None,
    *,
    in_flight: int | None,
    notes: str,
    history: tuple[int, int],
) -> Proof:
    """Count.

    Args:
        events: The whole log.
        requests: Bodies of all requests the model got, in order; None: not known.
        in_flight: Number of requests the model had got when the worker was killed, so that the last of them died
            with it; None: no worker was killed.
        notes: What the tool wrote down, a JSON object a line.
        history: Events and bytes of the workflow's history.
    """
    calls = None if requests is None else count_requests(events, requests, in_flight)
    keys = [str(json.loads(line)["key"]) for line in notes.splitlines()]
    return Proof(
        turns=sum(event.kind == "turn" for event in events),
        calls=calls,
        requests=None if requests is None else len(requests),
        repeated=None if calls is None else sum(call.requests - 1 for call in calls if not call.interrupted),
        tool_runs=len(keys),
        tool_keys=len(set(keys)),
        entries=len(events),
        gapless=[event.offset for event in events] == list(range(len(events))),
        events=history[0],
        bytes=history[1],
        kills=int(in_flight is not None),
    )


def count_requests(
    events: Sequence[ChatEvent], requests: Sequence[Mapping[str, Any]], in_flight: int | None
) -> list[CallCount]:
    """How often each model call of the log was asked for.

    A call is known by its messages: no two of a chat have the same ones. As agents speak one after another, the
    calls of the log and the different requests are in one order.

    Raises:
        ValueError: The log has another number of model calls than were asked for.
    """
    bodies = [json.dumps(request["messages"], sort_keys=True) for request in requests]
    counts = Counter(bodies)
    lost = None if in_flight is None else bodies[in_flight - 1]
    made = [event for event in events if event.message is not None and event.message.models_usage is not None]
    if len(made) != len(counts):
        raise ValueError(f"The log has {len(made)} model calls; the model was asked for {len(counts)}.")
    return [
        CallCount(
            turn=int(event.data["turn"]),
            speaker=event.message.source if event.message is not None else "",
            requests=counts[body],
            interrupted=body == lost,
        )
        for event, body in zip(made, counts, strict=True)
    ]
