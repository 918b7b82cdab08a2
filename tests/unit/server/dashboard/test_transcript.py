"""The transcript is the log as people read it, from wherever one begins."""

from __future__ import annotations

from typing import Any

from folkmoot.server.dashboard.conversation.transcript import Transcript

from .logs import CALLS, log


def _read(transcript: Transcript, *entries: dict[str, Any], first: int = 0) -> None:
    for event in log(*entries, first=first):
        transcript.add(event)


def test_tool_calls_are_folded_into_the_turn_that_made_them() -> None:
    transcript = Transcript()
    _read(transcript, *CALLS)
    opened, began, task, turn, ended = transcript.items
    assert [item.kind for item in (opened, began, task, turn, ended)] == ["mark", "mark", "task", "turn", "mark"]
    assert (turn.speaker, turn.turn, turn.tokens) == ("writer", 1, 38)
    first, second, said = turn.parts
    assert (first.title, first.text, first.result, first.is_error) == ("book", '{"seat": "4A"}', "4A is booked", False)
    assert (second.result, second.is_error) == ("no such seat", True)
    assert said.text == "One of two."
    assert ended.mark is not None
    assert ended.mark.detail == "Maximum number of turns 1 reached."


def test_each_entry_tells_what_it_changed() -> None:
    transcript = Transcript()
    changed = [[item.offset for item in transcript.add(event)] for event in log(*CALLS)]
    assert changed == [[0], [1], [2], [], [4], [4], [4], [4], [4], [9]]


def test_a_stretch_that_begins_within_a_turn_is_read_too() -> None:
    transcript = Transcript()
    _read(transcript, *CALLS[6:], first=6)
    turn, ended = transcript.items
    assert [part.kind for part in turn.parts] == ["call", "text"]
    assert turn.parts[0].result == "no such seat"
    assert ended.kind == "mark"


def test_approvals_and_decisions_stand_with_the_call() -> None:
    transcript = Transcript()
    _read(transcript, *CALLS[:5])
    asked = {"kind": "request", "request": "r", "for": "approval", "prompt": "writer wants to call book.", "call": 4}
    _read(transcript, {**asked, "index": 1, "agent": "writer"}, first=5)
    (_, part) = transcript.items[-1].parts
    assert part.open
    vote = {"kind": "vote", "request": "r", "by": {"subject": "olga"}, "verdict": "reject", "reason": "too dear"}
    _read(transcript, vote, {"kind": "decided", "request": "r", "verdict": "reject", "by": ["olga"]}, first=6)
    assert not part.open
    assert part.notes == [
        "writer wants to call book.",
        "olga votes reject: too dear",
        "Decided by olga: reject",
    ]


def test_what_a_person_is_asked_stands_in_their_turn() -> None:
    transcript = Transcript()
    asked = {"kind": "request", "request": "r", "for": "input", "prompt": "Enter your response: ", "agent": "bob"}
    answered = {"kind": "answered", "request": "r", "by": "bob", "content": "Thursday"}
    _read(transcript, {"kind": "turn", "turn": 1, "speakers": ["bob"]}, asked, answered)
    (item,) = transcript.items
    assert item.speaker == "bob"
    assert item.parts[0].notes == ["Enter your response: ", "Answered by bob: Thursday"]


def test_a_decision_whose_question_lies_before_the_stretch_is_told() -> None:
    transcript = Transcript()
    _read(transcript, {"kind": "decided", "request": "r", "verdict": "approve", "by": ["olga"]})
    assert transcript.items[0].mark is not None
    assert transcript.items[0].mark.text == "A request was decided: approve"


def test_a_failure_names_agent_type_and_message() -> None:
    transcript = Transcript()
    error = {"agent": "writer", "type": "ModelCallError", "message": "status 400"}
    _read(transcript, {"kind": "run_ended", "run": 2, "status": "failed", "error": error})
    mark = transcript.items[0].mark
    assert mark is not None
    assert (mark.text, mark.tone, mark.detail) == ("Run 2 failed", "bad", "writer: ModelCallError: status 400")


def test_those_who_speak_side_by_side_have_items_of_their_own() -> None:
    transcript = Transcript()
    said = [{"type": "TextMessage", "source": name, "content": "so"} for name in ("a", "b", "a")]
    _read(transcript, *({"kind": "message", "turn": 3, "role": "answer", "call": 0, "message": one} for one in said))
    assert [(item.speaker, len(item.parts)) for item in transcript.items] == [("a", 2), ("b", 1)]


def test_speakers_of_inner_teams_are_named_by_their_path() -> None:
    transcript = Transcript()
    message = {"type": "TextMessage", "source": "writer", "content": "so"}
    _read(transcript, {"kind": "message", "turn": 2, "scope": "inner", "role": "answer", "call": 0, "message": message})
    assert transcript.items[0].speaker == "inner/writer"


def test_what_is_dropped_is_forgotten() -> None:
    transcript = Transcript()
    _read(transcript, *CALLS)
    transcript.drop_before(4)
    assert [item.offset for item in transcript.items] == [4, 9]
    assert len(transcript) == 2
