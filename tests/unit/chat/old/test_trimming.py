"""The newest of many old messages: what is kept, and that whose turn it is follows from all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from folkmoot.teams import RoundRobinGroupChat, Swarm
from folkmoot.tools import Tool
from tests.unit.chat.driver import Driver, Json, agent, dangling, team
from tests.unit.chat.old.stage import by, calls, chat, going_on, handoff, old, results
from tests.unit.chat.old.test_teams import diamond


def words(message: Mapping[str, Any]) -> int:
    """A token a word; calls and results have one each."""
    content = message["content"]
    return len(content.split()) if isinstance(content, str) else len(content)


def kept(spec: RoundRobinGroupChat, messages: list[Json], tokens: int) -> tuple[list[str], list[str], Driver]:
    resumed = old(spec, messages, max_tokens=tokens, count=words)
    driver = going_on(resumed)
    return [str(message["content"]) for message in driver.messages("TextMessage")], resumed.warnings, driver


TALK = [by("user", "do it"), by("a", "1 2"), by("b", "3"), by("a", "4 5"), by("b", "6")]


@pytest.mark.parametrize(
    ("tokens", "left"),
    [
        (8, ["do it", "1 2", "3", "4 5", "6"]),
        (7, ["do it", "3", "4 5", "6"]),
        (6, ["do it", "3", "4 5", "6"]),
        (5, ["do it", "4 5", "6"]),
        (4, ["do it", "6"]),
        (3, ["do it", "6"]),
        (2, ["6"]),
        (1, ["6"]),
    ],
)
def test_the_newest_are_kept_and_the_first_task_if_there_is_room(tokens: int, left: list[str]) -> None:
    texts, warnings, _ = kept(team(), TALK, tokens)
    assert texts == left
    number = len(TALK) - len(left)
    expected = [f"{number} of 5 messages and events are left out to keep to {tokens} tokens."] if number else []
    assert warnings == expected


def test_what_does_not_fit_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match=r"max_tokens is 1, but the last message alone, .*, has 3 tokens"):
        kept(team(), [by("user", "go"), by("a", "1 2 3")], 1)
    with pytest.raises(ValueError, match="max_tokens must be greater than 0 and needs a count of tokens, got 5 and No"):
        old(team(), TALK, max_tokens=5)
    with pytest.raises(ValueError, match="got 0 and"):
        old(team(), TALK, max_tokens=0, count=words)


def test_calls_and_results_are_never_parted() -> None:
    spec = RoundRobinGroupChat([agent("a", tools=[Tool("look")]), agent("b")])
    messages = [
        by("user", "go"),
        by("b", "1"),
        calls("a", "look"),
        results("b", look="42"),
        by("a", "It is"),
        by("b", "2"),
    ]
    for tokens in range(1, 8):
        _, warnings, driver = kept(spec, messages, tokens)
        driver.run(None)
        assert dangling(driver.view("a")) == []
        assert all("no message before" not in warning for warning in warnings)
        events = [message["type"] for message in driver.messages("ToolCallRequestEvent", "ToolCallExecutionEvent")]
        assert len(events) == (2 if tokens >= 6 else 0)


def test_a_pending_call_stays_with_its_words() -> None:
    spec = RoundRobinGroupChat([agent("a", tools=[Tool("look")]), agent("b")])
    messages = [by("user", "go"), by("b", "1"), calls("a", "look", content="I look")]
    resumed = old(spec, messages, max_tokens=4, count=words)
    assert [call.name for call in resumed.pending] == ["look"]
    assert going_on(resumed).calls[0].name == "look"


def test_a_thought_stays_with_the_answer_it_led_to() -> None:
    messages = [chat("user", "go"), chat("b", "1"), chat("a", "hm", "ThoughtEvent"), chat("a", "2"), chat("b", "3")]
    for tokens, thoughts in ((3, 0), (4, 1)):
        driver = going_on(old(team(), messages, max_tokens=tokens, count=words))
        assert len(driver.messages("ThoughtEvent")) == thoughts
        assert ("a: 2" in driver.spoken()) is bool(thoughts)


def test_a_count_alone_limits_nothing() -> None:
    assert len(going_on(old(team(), TALK, count=words)).spoken()) == len(TALK)


@pytest.mark.parametrize("spoken", ["a", "ab", "abc", "acb", "abcd", "abcda", "abcdac"])
@pytest.mark.parametrize("tokens", [1, 2, 3])
def test_in_a_graph_the_ready_nodes_follow_from_all(spoken: str, tokens: int) -> None:
    messages = [chat("user", "go"), *(chat(name, name) for name in spoken)]
    whole = old(diamond(), messages)
    part = old(diamond(), messages, max_tokens=tokens, count=words)
    assert part.next == whole.next
    driver = going_on(part)
    driver.run(None)
    assert driver.speaking == list(whole.next)


def test_in_a_swarm_a_handoff_that_is_left_out_still_counts() -> None:
    spec = Swarm([agent("a", handoffs=["b"]), agent("b", handoffs=["a"])])
    resumed = old(spec, [chat("user", "go"), handoff("a", "b"), chat("b", "1")], max_tokens=1, count=words)
    assert resumed.next == ("b",)
    assert len(resumed.warnings) == 1
