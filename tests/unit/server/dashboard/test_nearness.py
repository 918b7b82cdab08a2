"""How near a run is to its end, and budgets to theirs; the tree of snapshots; command lines."""

from __future__ import annotations

from typing import Any

from folkmoot import (
    AssistantAgent,
    ExternalTermination,
    HandoffTermination,
    MaxMessageTermination,
    RoundRobinGroupChat,
    TextMentionTermination,
    TimeoutTermination,
    TokenUsageTermination,
)
from folkmoot._chat.plan import Plan
from folkmoot.budgets import BudgetUse
from folkmoot.chat import LabelledSnapshot
from folkmoot.server.dashboard.conversation.deeds import DEEDS, command_line
from folkmoot.server.dashboard.conversation.nearness import Near, budgets_of, conditions_of
from folkmoot.server.dashboard.conversation.tree import rows_of

NOW = "2026-11-21T10:00:30.000Z"


def _near(condition: Any, progress: dict[str, Any], **scope: Any) -> list[Near]:
    team = RoundRobinGroupChat(
        [AssistantAgent("a", "m")], termination_condition=condition, max_turns=scope.pop("most", None)
    )
    ((path, found),) = conditions_of(Plan(team), {"scopes": {"": {"progress": progress, **scope}}, "stop": True}, NOW)
    assert path == ""
    return found


def test_what_can_be_counted_is_counted() -> None:
    assert _near(MaxMessageTermination(20), {"count": 5}, rounds=3, most=4) == [
        Near("Limit of turns", "3 of 4 turns", 0.75),
        Near("Number of messages", "5 of 20 messages", 0.25),
    ]
    tokens = _near(TokenUsageTermination(100, max_completion_token=10), {"prompt_tokens": 60, "completion_tokens": 20})
    assert [(near.told, near.part, near.reached) for near in tokens] == [
        ("80 of 100 tokens", 0.8, False),
        ("20 of 10 tokens", 1.0, True),
    ]
    (timeout,) = _near(TimeoutTermination(120), {"since": "2026-11-21T10:00:00.000Z"})
    assert (timeout.told, timeout.part) == ("30 of 120 seconds", 0.25)


def test_what_is_said_or_not_is_told() -> None:
    (mention,) = _near(TextMentionTermination("STOP", sources=["a"]), {})
    assert mention == Near("“STOP” is said by a", "not yet")
    (handoff,) = _near(HandoffTermination("bob"), {"hit": "Handoff to bob from a detected."})
    assert handoff == Near("A hand-off to bob", "Handoff to bob from a detected.", reached=True)
    (stop,) = _near(ExternalTermination(), {})
    assert stop == Near("A stop from outside", "asked for", reached=True)


def test_combinations_show_their_parts() -> None:
    condition = (MaxMessageTermination(10) & TextMentionTermination("x")) | ExternalTermination()
    progress = {"of": [{"of": [{"count": 10, "stop": "Maximum reached"}, {}]}, {}]}
    assert [(near.depth, near.text, near.told) for near in _near(condition, progress)] == [
        (0, "Any of these", ""),
        (1, "All of these", "1 of 2 have fired"),
        (2, "Number of messages", "Maximum reached"),
        (2, "“x” is said", "not yet"),
        (1, "A stop from outside", "asked for"),
    ]


def test_a_condition_that_has_not_begun_is_at_nothing() -> None:
    team = RoundRobinGroupChat([AssistantAgent("a", "m")], termination_condition=MaxMessageTermination(5))
    assert conditions_of(Plan(team), {}, NOW) == [("", [Near("Number of messages", "0 of 5 messages", 0.0)])]


def test_budgets_say_what_was_added() -> None:
    (near,) = budgets_of([BudgetUse("", "tokens", 4_500, 5_000, 1_000)])
    assert near == Near("The chat: tokens", "4,500 of 5,000 tokens (1,000 of it added)", 0.9)
    (spent,) = budgets_of([BudgetUse("a", "cost", 2, 2, 0)])
    assert (spent.text, spent.reached) == ("a: cost", True)


def _snapshot(offset: int, branch: int, parent: int | None, current: bool) -> LabelledSnapshot:
    return LabelledSnapshot(offset, 1, 1, ("a",), NOW, "turn", parent, 0, branch, current)


def test_branches_stand_beside_what_they_go_on_after() -> None:
    snapshots = [
        _snapshot(4, 0, None, True),
        _snapshot(6, 0, 4, False),
        _snapshot(9, 8, 4, False),
        _snapshot(14, 12, 9, True),
        _snapshot(21, 20, None, True),
    ]
    rows = rows_of(snapshots)
    assert [(row.snapshot.offset, row.depth, row.begins, row.last) for row in rows] == [
        (21, 0, True, True),
        (14, 2, True, False),
        (9, 1, True, False),
        (6, 0, False, False),
        (4, 0, True, False),
    ]


def test_commands_are_quoted_for_a_shell() -> None:
    line = command_line("say", "my chat", "it's <on>", when="now", by="", force=False)
    assert line == """folkmoot say 'my chat' 'it'"'"'s <on>' --when now"""
    assert (
        command_line("rollback", "x", 12, force=True, compensate=True) == "folkmoot rollback x 12 --force --compensate"
    )


def test_every_deed_says_what_becomes_of_work_in_flight() -> None:
    for deed in DEEDS:
        assert deed.lines
        assert deed.statuses
    assert {deed.verb for deed in DEEDS} == {"run", "pause", "resume", "stop", "cancel", "reset"}
