"""Contents that lie in the store: conditions know what their worker found in them, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from folkmoot._chat.context import AgentContext
from folkmoot._chat.entries import blobs_in, message_of, references_in
from folkmoot.conditions import TextMentionTermination
from folkmoot.messages import from_log
from folkmoot.teams import RoundRobinGroupChat
from folkmoot.tools import Tool
from tests.unit.chat.driver import UUID, Driver, agent, asks, said, task


def stored(*mentions: str) -> dict[str, Any]:
    return {"$blob": "abc", "size": 70_000, **({"mentions": list(mentions)} if mentions else {})}


IMAGE = {"$blob": "f00", "size": 9, "media_type": "image/png"}


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


def carrying(*parts: Any) -> dict[str, Any]:
    """A handoff that carries what a person said."""
    heard = {"type": "UserMessage", "content": list(parts), "source": "user"}
    return task("yours", kind="HandoffMessage", target="a", context=[heard])


def test_images_are_seen_once_they_are_fetched_and_a_note_before() -> None:
    driver = chat()
    driver.run([task(["look", IMAGE], kind="MultiModalMessage")])
    [entry] = driver.entries("message")
    unfetched = message_of(UUID, entry, driver.chat.log.at)
    assert unfetched["content"] == ["look", "[9 bytes in the store, sha256 f00]"]
    fetched = message_of(UUID, entry, driver.chat.log.at, {"f00/image": "aGVsbG8="})
    assert fetched["content"] == ["look", {"data": "aGVsbG8="}]
    assert from_log(fetched).to_text() == "look\n<image>"


def test_the_same_bytes_are_a_text_here_and_an_image_there() -> None:
    driver = chat()
    text = {"$blob": "f00", "size": 9}
    driver.run([task([text, IMAGE], kind="MultiModalMessage")])
    [entry] = driver.entries("message")
    full = message_of(UUID, entry, driver.chat.log.at, {"f00": "hello", "f00/image": "aGVsbG8="})
    assert full["content"] == ["hello", {"data": "aGVsbG8="}]


@pytest.mark.parametrize(
    "message",
    [
        task([stored("APPROVE"), IMAGE], kind="MultiModalMessage"),
        {"type": "Note", "source": "user", "$stored": stored("APPROVE")},
    ],
    ids=["a part", "a user's own class"],
)
def test_conditions_know_what_was_found_in(message: dict[str, Any]) -> None:
    driver = chat()
    driver.run([message])
    assert driver.stop_reason == "Text 'APPROVE' mentioned"


def test_to_conditions_an_image_is_an_image() -> None:
    driver = chat("<image>")
    driver.run([task([IMAGE], kind="MultiModalMessage")])
    assert driver.stop_reason == "Text '<image>' mentioned"


def test_what_a_handoff_carries() -> None:
    driver = chat()
    driver.run([carrying("look", IMAGE)])
    [entry] = driver.entries("message")
    assert blobs_in(driver.chat.log.at(entry.offset)) == [IMAGE]
    view = AgentContext(driver.chat.plan, UUID, driver.chat.plan.seats["a"])
    view.read(driver.chat.log, driver.chat.log.head, {"f00/image": "aGVsbG8="})
    assert view.items[0].message["content"] == ["look", {"data": "aGVsbG8="}]


@pytest.mark.parametrize("kind", ["StructuredMessage[Plan]", "Note"])
@pytest.mark.parametrize("content", [{"$blob": "abc"}, {"$blob": 5, "size": "big"}, [{"$blob": "abc", "size": 1}]])
def test_a_users_own_content_is_never_a_reference(kind: str, content: Any) -> None:
    message = task(content, kind=kind)
    assert references_in(message) == []
    driver = chat("abc")
    driver.run([task(), message])
    entry = driver.entries("message")[1]
    assert message_of(UUID, entry, driver.chat.log.at, {"abc": "the text"})["content"] == content
