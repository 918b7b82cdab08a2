"""`|` and `&`: what is joined in what order, what a fired condition still counts, nesting, and whole resets."""

from __future__ import annotations

from folkmoot.conditions import (
    ExternalTermination,
    MaxMessageTermination,
    SourceMatchTermination,
    TerminationCondition,
    TextMentionTermination,
)
from tests.unit.chat.driver import Driver, team

A, B, C = (TextMentionTermination(word) for word in ("AA", "BB", "CC"))


def chat(condition: TerminationCondition) -> Driver:
    return Driver(team("a", "b", termination_condition=condition))


def test_or_stops_at_the_first() -> None:
    driver = chat(A | B)
    driver.run("go", "BB")
    assert driver.stop_reason == "Text 'BB' mentioned"


def test_or_joins_what_fires_together_in_declared_order() -> None:
    driver = chat(B | MaxMessageTermination(2) | A)
    driver.run("go", "AA BB")
    assert driver.stop_reason == (
        "Text 'BB' mentioned, Maximum number of messages 2 reached, current message count: 2, Text 'AA' mentioned"
    )


def test_and_stops_with_the_last_and_joins_in_firing_order() -> None:
    driver = chat(A & B & C)
    driver.run("go", "CC", "AA")
    assert driver.status == "running"
    driver.answer("BB")
    # (A & B) & C nests: C fired first, then the inner pair, which had fired A before B.
    assert driver.stop_reason == "Text 'CC' mentioned, Text 'AA' mentioned, Text 'BB' mentioned"


def test_and_in_firing_order_against_the_declared_one() -> None:
    driver = chat(A & B)
    driver.run("go", "BB", "AA")
    assert driver.stop_reason == "Text 'BB' mentioned, Text 'AA' mentioned"


def test_and_fired_in_one_check_is_in_declared_order() -> None:
    driver = chat(A & B)
    driver.run("go", "BB AA")
    assert driver.stop_reason == "Text 'AA' mentioned, Text 'BB' mentioned"


def test_fired_child_of_and_counts_no_further() -> None:
    driver = chat(MaxMessageTermination(2) & A)
    driver.run("go", "1", "2", "3", "AA")
    assert driver.stop_reason == ("Maximum number of messages 2 reached, current message count: 2, Text 'AA' mentioned")


def test_or_inside_and() -> None:
    driver = chat((A | B) & C)
    driver.run("go", "CC")
    assert driver.status == "running"
    driver.answer("BB")
    assert driver.stop_reason == "Text 'CC' mentioned, Text 'BB' mentioned"


def test_fired_or_inside_and_is_not_asked_again() -> None:
    driver = chat((A | B) & C)
    driver.run("go", "AA", "BB", "CC")
    assert driver.stop_reason == "Text 'AA' mentioned, Text 'CC' mentioned"


def test_and_inside_or() -> None:
    driver = chat((A & B) | C)
    driver.run("go", "AA")
    assert driver.status == "running"
    driver.answer("CC")
    assert driver.stop_reason == "Text 'CC' mentioned"


def test_stop_resets_the_whole_tree() -> None:
    driver = chat((A & B) | C)
    driver.run("go", "AA", "CC")
    driver.run(None, "BB")
    assert driver.status == "running"
    driver.answer("AA")
    assert driver.stop_reason == "Text 'BB' mentioned, Text 'AA' mentioned"


def test_external_and_another_that_fires_together() -> None:
    driver = chat(ExternalTermination() | SourceMatchTermination(["a"]))
    driver.run("go")
    driver.tell("stop")
    driver.answer("1")
    assert driver.stop_reason == "External termination requested, 'a' answered"


def test_stop_ends_the_run_even_if_the_condition_wants_more() -> None:
    driver = chat(ExternalTermination() & A)
    driver.run("go")
    driver.tell("stop")
    driver.answer("1")
    assert driver.stop_reason == "External termination requested"
