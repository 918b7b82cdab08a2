"""Contents that lie in the store: conditions know what their worker found in them, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from folkmoot._chat.context import AgentContext
from folkmoot._chat.entries import blobs_in, message_of
from folkmoot.conditions import TextMentionTermination
from folkmoot.teams import RoundRobinGroupChat
from folkmoot.tools import Tool
from tests.unit.chat.driver import UUID, Driver, agent, asks, said, task


def stored(*mentions: str) -> dict[str, Any]:
    return {"$blob": "abc", "size": 70_000, **({"mentions": list(mentions)} if mentions else {})}


def chat(text: str = "APPROVE") -> Driver:
    first = agent("a", tools=[Tool("look")])
    return Driver(RoundRobinGroupChat([first, agent("b")], termination_condition=TextMentionTermination(text)))


def test_task() -> None:
    driver = chat()
    driver.run([task(stored("APPROVE"))])
    assert driver.stop_reason == "Text 'APPROVE' mentioned"


def test_reply() -> None:
    driver = chat()
    driver.run("go", said(stored("APPROVE")))
    assert driver.stop_reason == "Text 'APPROVE' mentioned"


def test_tool_result() -> None:
    driver = chat()
    driver.run("go", asks("look"), {"content": stored("APPROVE")})
    assert driver.stop_reason == "Text 'APPROVE' mentioned"


@pytest.mark.parametrize("text", ["size", "store", "abc", "mentions", "70000"])
def test_reference_itself_mentions_nothing(text: str) -> None:
    driver = chat(text)
    driver.run([task(stored("other"))], asks("look"), {"content": stored("other")}, said(stored()))
    assert driver.status == "running"


def test_context_shows_the_content_once_it_is_fetched_and_a_note_before() -> None:
    driver = chat()
    driver.run([task(stored())], asks("look"), {"content": stored()})
    assert driver.heard("a")[0] == "U: [70000 bytes in the store, sha256 abc]"
    view = AgentContext(driver.chat.plan, UUID, driver.chat.plan.seats["a"])
    view.read(driver.chat.log, driver.chat.log.head, {"abc": "the text"})
    assert view.items[0].message["content"] == "the text"
    assert view.items[2].message["content"][0]["content"] == "the text"


def test_entries_name_the_contents_a_reader_must_fetch() -> None:
    driver = chat()
    driver.run([task(stored())], asks("look"), {"content": stored()})
    assert [entry.kind for entry in driver.chat.log if blobs_in(entry)] == ["message", "tool"]
    summary = driver.chat.log.at(driver.entries("message")[-1].offset)
    assert message_of(UUID, summary, driver.chat.log.at, {"abc": "the text"})["content"] == "the text"
