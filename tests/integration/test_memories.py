"""Memories on a real server: what is told once, what changes, whose events readers see, and what fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from folkmoot import (
    ChatFailedError,
    FolkmootPlugin,
    HistoryLimits,
    ListMemory,
    Memory,
    MemoryMimeType,
    MemoryQueryResult,
    NamedMemory,
    RoundRobinGroupChat,
    UnknownNameError,
    UpdateContextResult,
)
from folkmoot.memory import MemoryContent
from folkmoot.messages import SystemMessage
from tests.integration.conftest import Site, SiteFactory

OFTEN = HistoryLimits(events=40, resting_events=20, resting_age=0)
CALL = {"calls": [{"name": "look", "arguments": {}}]}


def look() -> str:
    """Look."""
    return "seen"


def content(text: str) -> MemoryContent:
    return MemoryContent(content=text, mime_type=MemoryMimeType.TEXT)


class Facts(Memory):
    """Finds what has a word in common with the last message."""

    name = "facts"

    def __init__(self, facts: Sequence[str]) -> None:
        self.facts = list(facts)
        self.asked = 0

    async def update_context(self, model_context: Any) -> UpdateContextResult:
        self.asked += 1
        messages = await model_context.get_messages()
        if not self.facts:
            raise LookupError("the store is gone")
        words = set(str(messages[-1].content).split())
        found = [content(fact) for fact in self.facts if words & set(fact.split())]
        for item in found:
            await model_context.add_message(SystemMessage(content=f"Fact: {item.content}"))
        return UpdateContextResult(memories=MemoryQueryResult(results=found))

    async def query(self, query: Any, cancellation_token: Any = None, **kwargs: Any) -> MemoryQueryResult:
        return MemoryQueryResult(results=[])

    async def add(self, content: MemoryContent, cancellation_token: Any = None) -> None:
        self.facts.append(str(content.content))

    async def clear(self) -> None:
        self.facts = []

    async def close(self) -> None:
        pass


async def with_facts(sites: SiteFactory, facts: Facts, **options: Any) -> Site:
    """A site whose worker has this memory registered."""
    site = await sites(**options)
    site.plugin.registry.memories.update(FolkmootPlugin(memories={"facts": facts}).registry.memories)
    return site


def told(body: dict[str, Any]) -> list[str]:
    """What a model was asked, without its instructions."""
    return [str(message["content"]) for message in body["messages"][1:]]


async def test_a_list_is_told_once_however_many_turns(sites: SiteFactory) -> None:
    site = await sites()
    memory = ListMemory("tastes", [content("The user likes tea.")])
    chat = await site.open(site.agent(memory=[memory]))
    for number in range(3):
        result: Any = await chat.run(task=f"task {number}")
        assert [item.type for item in result.messages] == ["TextMessage", "MemoryQueryEvent", "TextMessage"]
        assert result.messages[1].content[0].content == "The user likes tea."
    assert str(told(site.model.requests[-1])).count("The user likes tea.") == 1
    stored: list[Any] = [event async for event in chat.events(follow=False) if event.kind == "event"]
    assert ["content" in event.data["message"] for event in stored] == [True, False, False], "kept once"
    assert {event.message.content[0].content for event in stored} == {"The user likes tea."}


async def test_a_store_is_asked_with_the_context_once_a_turn(sites: SiteFactory) -> None:
    facts = Facts(["tea is hot", "milk is cold"])
    site = await with_facts(sites, facts, script=[CALL, "one", "two", "three"], tools=[look])
    agent = site.agent(memory=["facts"], tools=["look"], max_tool_iterations=2)
    chat = await site.open(RoundRobinGroupChat([agent], max_turns=1))
    await chat.run(task="about tea")
    assert facts.asked == 1, "not again after the tools"
    assert "Fact: tea is hot" in told(site.model.requests[0])
    await chat.run(task="about milk")
    last = told(site.model.requests[-1])
    assert "Fact: milk is cold" in last
    assert "Fact: tea is hot" not in last, "what it says now, in place of what it said before"
    result = await chat.run(task="nothing")
    assert not any("Fact" in text for text in told(site.model.requests[-1]))
    assert facts.asked == 3
    assert result.messages[-1].to_text() == "three"


async def test_a_store_that_fails_ends_the_run_and_is_asked_again(sites: SiteFactory) -> None:
    facts = Facts([])
    site = await with_facts(sites, facts)
    chat = await site.open(site.agent(memory=["facts"]))
    with pytest.raises(ChatFailedError, match="the store is gone") as failed:
        await chat.run(task="about tea")
    assert failed.value.error_type == "LookupError"
    await facts.add(content("tea is hot"))
    await chat.run()
    assert "Fact: tea is hot" in told(site.model.requests[0])


async def test_an_unknown_store_is_refused(sites: SiteFactory) -> None:
    site = await sites()
    with pytest.raises(UnknownNameError, match="'facts'"):
        await (await site.open(site.agent(memory=[NamedMemory("facts")]))).run(task="go")


async def test_what_was_told_survives_continuing_as_new(sites: SiteFactory) -> None:
    facts = Facts(["tea is hot"])
    site = await with_facts(sites, facts)
    chat = await site.open(site.agent(memory=["facts", ListMemory("tastes", [content("likes tea")])]), limits=OFTEN)
    for _ in range(8):
        await chat.run(task="about tea")
    assert (await chat.status()).continued > 0
    last = told(site.model.requests[-1])
    assert str(last).count("Fact: tea is hot") == 1
    assert str(last).count("likes tea") == 1


async def test_a_reset_makes_it_tell_anew(sites: SiteFactory) -> None:
    site = await sites()
    chat = await site.open(site.agent(memory=[ListMemory("tastes", [content("likes tea")])]))
    await chat.run(task="one")
    await chat.reset()
    await chat.run(task="two")
    assert str(told(site.model.requests[-1])).count("likes tea") == 1
    assert not any("one" in text for text in told(site.model.requests[-1]))
