"""The demo's proof counts from what was recorded, and says so when a call was repeated or a tool ran twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from folkmoot.chat import ChatEvent
from folkmoot.cli.demo.proof import prove
from folkmoot.messages import RequestUsage, TextMessage

USAGE = RequestUsage(prompt_tokens=1, completion_tokens=1)


def log(*speakers: str) -> list[ChatEvent]:
    events: list[ChatEvent] = []
    for turn, speaker in enumerate(speakers, 1):
        message = TextMessage(content="x", source=speaker, models_usage=USAGE)
        events.append(ChatEvent(len(events), "turn", "", {"turn": turn}, None))
        events.append(ChatEvent(len(events), "message", "", {"turn": turn}, message))
    return events


def request(number: int) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": str(number)}]}


def notes(*keys: str) -> str:
    return "".join(json.dumps({"key": key}) + "\n" for key in keys)


def test_the_call_that_died_was_asked_for_twice_and_no_other() -> None:
    requests = [request(1), request(2), request(2), request(3)]
    proof = prove(log("a", "b", "a"), requests, in_flight=2, notes=notes("k"), history=(30, 3000))
    assert proof.calls is not None
    assert [(call.turn, call.speaker, call.requests, call.interrupted) for call in proof.calls] == [
        (1, "a", 1, False),
        (2, "b", 2, True),
        (3, "a", 1, False),
    ]
    assert (proof.repeated, proof.failures) == (0, [])
    assert "3 model calls took 4 requests" in proof.lines()[0]
    assert "10.0 events and 1,000 bytes a turn" in proof.lines()[-1]


def test_a_repeated_call_is_found() -> None:
    requests = [request(1), request(2), request(2), request(1)]
    proof = prove(log("a", "b"), requests, in_flight=2, notes="", history=(1, 1))
    assert proof.repeated == 1
    assert proof.failures[0] == "1 requests were made for model calls that were complete"


def test_a_call_asked_for_too_often_is_found() -> None:
    proof = prove(log("a"), [request(1)] * 3, in_flight=1, notes="", history=(1, 1))
    assert proof.failures == ["3 requests for 1 model calls and 1 killed worker"]


def test_a_tool_that_ran_twice_is_found() -> None:
    proof = prove(log("a"), [request(1)] * 2, in_flight=1, notes=notes("k", "k"), history=(1, 1))
    assert proof.failures == ["the tool ran 2 times for 1 keys"]


def test_a_gap_in_the_log_is_found() -> None:
    proof = prove(log("a", "b")[1:], None, in_flight=0, notes="", history=(1, 1))
    assert proof.failures == ["the log's offsets have gaps"]


def test_that_nothing_was_killed_is_found() -> None:
    proof = prove(log("a"), [request(1)], in_flight=None, notes="", history=(1, 1))
    assert proof.failures == ["no worker was killed"]


def test_a_log_with_other_calls_than_were_asked_for_is_an_error() -> None:
    with pytest.raises(ValueError, match="The log has 1 model calls; the model was asked for 2"):
        prove(log("a"), [request(1), request(2)], in_flight=1, notes="", history=(1, 1))
