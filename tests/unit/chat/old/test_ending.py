"""What becomes of a last message that would end the chat."""

from __future__ import annotations

from typing import Any

import pytest

from folkmoot.conditions import (
    HandoffTermination,
    MaxMessageTermination,
    SourceMatchTermination,
    StopMessageTermination,
    TerminationCondition,
    TextMentionTermination,
)
from folkmoot.teams import RoundRobinGroupChat
from tests.unit.chat.driver import agent, team
from tests.unit.chat.old.stage import by, chat, going_on, handoff, old

DONE = TextMentionTermination("TERMINATE")
WARNING = "Last message meets termination criteria and this may terminate the chat."


def ended(condition: TerminationCondition | None, last: Any, **options: Any) -> tuple[str, list[str]]:
    """The last message's text, and the warnings."""
    resumed = old(team(termination_condition=condition), [by("user", "go"), by("b", "TERMINATE"), last], **options)
    return going_on(resumed).messages()[-1]["content"], resumed.warnings


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        (DONE, "Text 'TERMINATE' mentioned"),
        (MaxMessageTermination(5) | DONE, "Text 'TERMINATE' mentioned"),
        (SourceMatchTermination(["a"]) & DONE, "'a' answered, Text 'TERMINATE' mentioned"),
        ((MaxMessageTermination(9) & DONE) | (SourceMatchTermination(["a"]) & DONE), "'a' answered, Text"),
        (MaxMessageTermination(9) & DONE, None),
        (TextMentionTermination("TERMINATE", sources=["b"]), None),
        (StopMessageTermination(), None),
        (None, None),
    ],
)
def test_a_warning_where_the_last_message_alone_would_end_the_chat(
    condition: TerminationCondition | None, reason: str | None
) -> None:
    text, warnings = ended(condition, by("a", "Done. TERMINATE"))
    assert text == "Done. TERMINATE"
    assert [warning.startswith(f"{WARNING} ({reason}") for warning in warnings] == ([] if reason is None else [True])


def test_it_does_not_end_the_resumed_chat() -> None:
    driver = going_on(old(team(termination_condition=DONE), [by("user", "go"), by("a", "Done. TERMINATE")]))
    driver.run(None, "No.", "TERMINATE")
    assert driver.stop_reason == "Text 'TERMINATE' mentioned"
    assert driver.heard("b") == ["U: go", "U: Done. TERMINATE", "A: No."]


def test_kept_as_asked_there_is_no_warning() -> None:
    assert ended(DONE, by("a", "Done. TERMINATE"), termination="keep") == ("Done. TERMINATE", [])


@pytest.mark.parametrize(
    ("termination", "text"),
    [
        ("remove", "Done."),
        ({"TERMINATE": "More?"}, "Done. More?"),
        (lambda text: text.lower(), "done. terminate"),
    ],
)
def test_taken_out_or_replaced_in_the_last_message_only(termination: Any, text: str) -> None:
    resumed = old(
        team(termination_condition=MaxMessageTermination(9) | DONE),
        [by("user", "go"), by("b", "TERMINATE "), by("a", "Done. TERMINATE")],
        termination=termination,
    )
    assert going_on(resumed).spoken() == ["user: go", "b: TERMINATE ", f"a: {text}"]
    assert resumed.warnings == []


def test_only_texts_that_count_from_this_speaker_are_removed() -> None:
    condition = TextMentionTermination("TERMINATE", sources=["b"]) | TextMentionTermination("Done")
    assert ended(condition, by("a", "Done, TERMINATE"), termination="remove") == (", TERMINATE", [])


def test_what_is_left_may_still_warn() -> None:
    condition = StopMessageTermination() | HandoffTermination("user")
    text, warnings = ended(condition, chat("a", "stop", "StopMessage"), termination="remove")
    assert (text, len(warnings)) == ("stop", 1)
    spec = RoundRobinGroupChat([agent("a", handoffs=["user"]), agent("b")], termination_condition=condition)
    assert "Handoff to user from a detected." in old(spec, [handoff("a", "user")]).warnings[0]


def test_in_texts_with_images_the_texts_are_changed() -> None:
    parts = ["Done. TERMINATE", {"data": "iVBORw0KGgo="}]
    assert ended(DONE, chat("a", parts, "MultiModalMessage"), termination="remove") == (["Done.", parts[1]], [])


def test_structures_stay_as_they_are() -> None:
    resumed = old(team(termination_condition=DONE), [chat("a", {"x": "TERMINATE"}, "StructuredMessage[Plan]")])
    same = old(
        team(termination_condition=DONE),
        [chat("a", {"x": "TERMINATE"}, "StructuredMessage[Plan]")],
        termination="remove",
    )
    assert going_on(same).messages()[0]["content"] == {"x": "TERMINATE"}
    assert same.warnings == resumed.warnings
    assert len(same.warnings) == 1


def test_the_condition_of_an_inner_team_counts_too() -> None:
    inner = RoundRobinGroupChat([agent("x")], name="inner", termination_condition=DONE)
    messages = [by("user", "go"), by("x", "So TERMINATE")]
    resumed = old(RoundRobinGroupChat([agent("a"), inner]), messages, termination="remove")
    assert going_on(resumed).spoken()[-1] == "x: So"


@pytest.mark.parametrize("termination", ["drop", 7, {"": "x"}, {"x": 1}, ["x"]])
def test_other_wishes_are_refused(termination: Any) -> None:
    with pytest.raises(ValueError, match="termination is None, 'keep', 'remove', a mapping of texts"):
        ended(DONE, by("a", "1"), termination=termination)


def test_a_function_must_give_a_text() -> None:
    with pytest.raises(ValueError, match="must return a text, got None"):
        ended(DONE, by("a", "1"), termination=lambda text: None)
