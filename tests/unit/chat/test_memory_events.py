"""What memories say: an event once, a reference to it while it stays the same, and one place in the context."""

from __future__ import annotations

from typing import Any

from folkmoot._chat.context import AgentContext
from folkmoot._chat.entries import refers_to
from folkmoot.conditions import MaxMessageTermination
from folkmoot.tools import Tool
from tests.unit.chat.driver import UUID, Driver, Json, agent, asks, said, team

TEA: Json = {"content": "likes tea", "mime_type": "text/plain", "metadata": None}


def told(text: str, part: int = 0) -> Json:
    """A memory says something new."""
    context = [{"type": "SystemMessage", "content": text}]
    return {"part": f"-m{part}", "event": {"content": [{**TEA, "content": text}]}, "context": context}


def view(driver: Driver, name: str) -> AgentContext:
    found = AgentContext(driver.chat.plan, UUID, driver.chat.plan.seats[name])
    found.read(driver.chat.log, driver.chat.log.head, {})
    return found


def chat(**options: Any) -> Driver:
    return Driver(team("a", "b", **({"max_turns": 2} | options)))


def first_event(driver: Driver) -> int:
    return next(entry.offset for entry in driver.entries("event"))


def test_what_a_memory_says_is_an_event_before_the_answer_and_stays_with_the_agent() -> None:
    driver = chat()
    driver.run("go", said("Tea.", memory=[told("likes tea")]))
    types = [message["type"] for message in driver.messages()]
    assert types == ["TextMessage", "MemoryQueryEvent", "TextMessage"]
    assert driver.messages("MemoryQueryEvent")[0]["content"] == [TEA]
    assert driver.heard("a") == ["U: go", "S: likes tea", "A: Tea."]
    assert driver.heard("b") == ["U: go", "U: Tea."]


def test_what_it_says_again_is_written_once_and_shown_twice() -> None:
    driver = chat(max_turns=3)
    driver.run("go", said("one", memory=[told("likes tea")]), "b1")
    same = {"part": "-m0", "same": first_event(driver)}
    driver.answer(said("two", memory=[same]))
    events = driver.messages("MemoryQueryEvent")
    assert [event["content"] for event in events] == [[TEA], [TEA]]
    assert len({event["id"] for event in events}) == 2
    second = driver.entries("event")[1]
    assert "content" not in second.data["message"]
    assert refers_to(second) == (first_event(driver),)
    assert driver.heard("a") == ["U: go", "S: likes tea", "A: one", "U: b1", "A: two"]


def test_something_new_takes_the_place_of_what_it_said_before() -> None:
    driver = chat(max_turns=3)
    driver.run("go", said("one", memory=[told("likes tea")]), "b1", said("two", memory=[told("likes milk")]))
    assert driver.heard("a") == ["U: go", "A: one", "U: b1", "S: likes milk", "A: two"]
    assert view(driver, "a").memories["-m0"].results[0]["content"] == "likes milk"


def test_a_memory_that_has_nothing_any_more_leaves_the_context() -> None:
    driver = chat(max_turns=3)
    empty = {"part": "-m0", "event": {"content": []}, "context": []}
    driver.run("go", said("one", memory=[told("likes tea")]), "b1", said("two", memory=[empty]))
    assert driver.heard("a") == ["U: go", "A: one", "U: b1", "A: two"]


def test_two_memories_are_kept_apart() -> None:
    driver = chat(max_turns=3)
    driver.run("go", said("one", memory=[told("likes tea"), told("hates rain", 1)]), "b1")
    driver.answer(said("two", memory=[{"part": "-m0", "same": first_event(driver)}, told("hates snow", 1)]))
    assert driver.heard("a") == ["U: go", "S: likes tea", "A: one", "U: b1", "S: hates snow", "A: two"]


def test_memories_of_a_reply_that_calls_tools() -> None:
    driver = Driver(
        team("a", "b", max_turns=1).model_copy(update={"participants": (agent("a", tools=[Tool("look")]),)})
    )
    driver.run("go", asks("look", memory=[told("likes tea")], thought="hm"), "seen")
    types = [message["type"] for message in driver.messages()]
    assert types[1:4] == ["MemoryQueryEvent", "ThoughtEvent", "ToolCallRequestEvent"]
    assert len({message["id"] for message in driver.messages()}) == len(types)


def test_the_event_counts_as_an_inner_message() -> None:
    driver = chat(termination_condition=MaxMessageTermination(3, include_agent_event=True), max_turns=9)
    driver.run("go", said("Tea.", memory=[told("likes tea")]))
    assert driver.stop_reason == "Maximum number of messages 3 reached, current message count: 3"


def test_a_reset_forgets_what_was_said() -> None:
    driver = chat(max_turns=1)
    driver.run("go", said("one", memory=[told("likes tea")]))
    driver.tell("reset")
    assert view(driver, "a").memories == {}
