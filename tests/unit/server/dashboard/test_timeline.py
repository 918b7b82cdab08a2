"""Where the time of turns went."""

from __future__ import annotations

from folkmoot.server.dashboard.conversation.attempts import Attempted
from folkmoot.server.dashboard.conversation.panel_timeline import duration
from folkmoot.server.dashboard.conversation.timeline import Timeline, taken

from .logs import CALLS, log

NOW = "2026-11-21T11:00:00.000Z"


def test_models_and_tools_have_the_time_between_what_they_hang_on_and_what_they_brought() -> None:
    (turn,) = Timeline().read(log(*CALLS)).turns
    assert [(span.kind, span.label, span.call) for span in turn.spans] == [
        ("model", "", 3),
        ("tool", "book", 4),
        ("tool", "book", 4),
        ("model", "", 7),
    ]
    # The tools ran side by side, from second 4 to 5 and to 6.
    assert taken(turn, NOW) == {"model": 2.0, "tool": 2.0}
    assert turn.ended.endswith("10:00:09.000Z")


def test_waiting_for_people_ends_with_the_decision_and_the_call_begins_then() -> None:
    asked = {"kind": "request", "request": "r", "for": "approval", "call": 4, "index": 0, "agent": "writer", "time": 5}
    decided = {"kind": "decided", "request": "r", "verdict": "approve", "call": 4, "index": 0, "time": 45}
    made = {**CALLS[5], "time": 48}
    (turn,) = Timeline().read(log(*CALLS[:5], asked, decided, made)).turns
    assert taken(turn, NOW) == {"model": 1.0, "tool": 3.0, "wait": 40.0}


def test_what_goes_on_is_counted_up_to_now() -> None:
    asked = {"kind": "request", "request": "r", "for": "input", "agent": "writer", "time": 10}
    (turn,) = Timeline().read(log(*CALLS[:4], asked)).turns
    assert turn.ended == ""
    assert taken(turn, "2026-11-21T10:01:00.000Z") == {"wait": 50.0}


def test_a_wait_for_a_worker_ends_when_the_call_comes_back() -> None:
    waits = {"kind": "waiting", "call": "model-3-writer", "path": "writer", "for": "worker:model:m", "time": 4}
    (turn,) = (
        Timeline().read(log(*CALLS[:4], {**waits, "since": "2026-11-21T10:00:04.000Z"}, {**CALLS[4], "time": 9})).turns
    )
    assert taken(turn, NOW)["wait"] == 5.0


def test_attempts_that_failed_are_told_apart() -> None:
    timeline = Timeline().read(log(*CALLS))
    started = "2026-11-21T10:00:03.600Z"
    timeline.attempted([Attempted(3, "writer", 0, started, 3, "status 429"), Attempted(99, "x", 0, started, 2, "")])
    timeline.attempted([Attempted(3, "writer", 0, started, 3, "status 429")])
    (turn,) = timeline.turns
    assert [span.kind for span in turn.spans] == ["retry", "model", "tool", "tool", "model"]
    assert (turn.spans[0].failure, turn.spans[1].attempts) == ("status 429", 3)
    assert round(taken(turn, NOW)["retry"], 3) == 0.6


def test_the_choice_of_a_speaker_belongs_to_the_turn_it_led_to() -> None:
    chosen = {"kind": "manager", "step": "selected", "speaker": "writer", "by": "model", "time": 4}
    (turn,) = Timeline().read(log(*CALLS[:3], chosen, {**CALLS[3], "time": 4}, {"kind": "run_ended", "time": 6})).turns
    assert taken(turn, NOW) == {"select": 2.0}
    assert turn.begun.endswith("10:00:02.000Z")


def test_a_turn_that_is_one_call_without_tokens_is_the_agents() -> None:
    said = {"type": "TextMessage", "source": "writer", "content": "so"}
    answer = {"kind": "message", "turn": 1, "role": "answer", "call": 3, "message": said, "time": 7}
    (turn,) = Timeline().read(log(*CALLS[:4], answer)).turns
    assert [(span.kind, span.who) for span in turn.spans] == [("agent", "writer")]


def test_durations_are_for_people() -> None:
    given = (0.04, 1.44, 9.96, 12, 185, 7_800, 3_600, 356_400)
    assert [duration(seconds) for seconds in given] == [
        "40 ms",
        "1.4 s",
        "10.0 s",
        "12 s",
        "3 min 5 s",
        "2 h 10 min",
        "1 h",
        "4 d 3 h",
    ]
