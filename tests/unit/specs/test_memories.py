"""Memories: what they add to a model context, what an agent's JSON holds of them, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from folkmoot._spec import carried, load_spec, spec_digest, spec_json
from folkmoot.agents import AssistantAgent
from folkmoot.memory import (
    ListMemory,
    Memory,
    MemoryContent,
    MemoryMimeType,
    MemoryQueryResult,
    MemorySpec,
    ModelContext,
    NamedMemory,
    UpdateContextResult,
)
from folkmoot.messages import LLMMessage, SystemMessage, UserMessage
from folkmoot.teams import RoundRobinGroupChat


class Context:
    """A model context."""

    def __init__(self) -> None:
        self.messages: list[LLMMessage] = [UserMessage(content="hello", source="user")]

    async def get_messages(self) -> list[LLMMessage]:
        return self.messages

    async def add_message(self, message: LLMMessage) -> None:
        self.messages.append(message)


class Store(Memory):
    """A live store that remembers the last thing."""

    def __init__(self, name: str | None = None) -> None:
        if name is not None:
            self.name = name
        self.items: list[MemoryContent] = []

    async def update_context(self, model_context: ModelContext) -> UpdateContextResult:
        found = await self.query("")
        for item in found.results:
            await model_context.add_message(SystemMessage(content=str(item.content)))
        return UpdateContextResult(memories=found)

    async def query(
        self, query: str | MemoryContent, cancellation_token: object = None, **kwargs: Any
    ) -> MemoryQueryResult:
        return MemoryQueryResult(results=self.items[-1:])

    async def add(self, content: MemoryContent, cancellation_token: object = None) -> None:
        self.items.append(content)

    async def clear(self) -> None:
        self.items.clear()

    async def close(self) -> None: ...


def item(text: str) -> MemoryContent:
    return MemoryContent(content=text, mime_type=MemoryMimeType.TEXT)


def agent(*memories: Any) -> AssistantAgent:
    return AssistantAgent("a", "m", memory=[*memories])


async def test_list_is_one_system_message() -> None:
    memory, context = ListMemory(memory_contents=[item("likes tea")]), Context()
    await memory.add(MemoryContent(content={"age": 7}, mime_type=MemoryMimeType.JSON))
    result = await memory.update_context(context)
    text = "\nRelevant memory content (in chronological order):\n1. likes tea\n2. {'age': 7}\n"
    assert context.messages[1:] == [SystemMessage(content=text)]
    assert result.memories.results == [*memory.content]


async def test_empty_list_adds_nothing() -> None:
    memory, context = ListMemory(), Context()
    assert (await memory.update_context(context)).memories.results == []
    assert len(context.messages) == 1


async def test_list_can_be_filled_and_cleared_until_an_agent_has_it() -> None:
    memory = ListMemory("mine")
    await memory.add(item("one"))
    await memory.clear()
    await memory.add(item("two"))
    assert (await memory.query("whatever")).results == [item("two")]
    spec = agent(memory)
    before = spec_digest(spec)
    for change in (memory.add(item("three")), memory.clear()):
        with pytest.raises(RuntimeError, match="Memory 'mine' is part of an agent's spec"):
            await change
    assert spec_digest(spec) == before
    assert memory.content == (item("two"),)
    await memory.close()


async def test_list_read_from_json_does_not_change_either() -> None:
    loaded = load_spec(spec_json(agent(ListMemory("mine"))))
    assert isinstance(loaded, AssistantAgent)
    memory = loaded.memory[0]
    assert isinstance(memory, ListMemory)
    with pytest.raises(RuntimeError, match="part of an agent's spec"):
        await memory.add(item("one"))


def test_list_defaults_and_kind() -> None:
    memory = ListMemory()
    assert (memory.name, memory.content) == ("default_list_memory", ())
    assert isinstance(memory, Memory)
    assert MemoryMimeType.MARKDOWN == "text/markdown"


def test_everything_comes_back_equal() -> None:
    spec = agent(ListMemory("x", [item("one"), MemoryContent(content="#", mime_type="text/x")]), ListMemory(), "store")
    loaded = load_spec(spec_json(spec))
    assert loaded == spec
    assert json.loads(spec_json(spec))["memory"][1:] == [
        {"type": "ListMemory"},
        {"type": "NamedMemory", "name": "store"},
    ]
    assert spec != agent(ListMemory("x", [item("two")]), ListMemory(), "store")


def test_live_store_is_known_by_its_name_and_carried() -> None:
    named, nameless = Store("wiki"), Store()
    spec = agent(named, nameless, "elsewhere")
    assert spec.memory == (NamedMemory("wiki"), NamedMemory("Store"), NamedMemory("elsewhere"))
    assert carried(spec).memories == {"wiki": named, "Store": nameless}
    assert agent(Store("")).memory == (NamedMemory("Store"),)
    assert not carried(load_spec(spec_json(spec))).memories


def test_one_store_may_be_used_by_many_and_two_may_not_share_a_name() -> None:
    store = Store("wiki")
    agents = [AssistantAgent(name, "m", memory=[store]) for name in "ab"]
    assert carried(RoundRobinGroupChat(agents)).memories == {"wiki": store}
    with pytest.raises(ValueError, match="Two different memory stores are named 'wiki'"):
        carried(agent(store, Store("wiki")))


def test_memory_is_a_list_of_memories() -> None:
    for wrong in (ListMemory(), (ListMemory(),), "store"):
        with pytest.raises(TypeError, match=r"Expected Memory, List\[Memory\], or None, got <class"):
            AssistantAgent("a", "m", memory=wrong)  # pyright: ignore[reportArgumentType]
    for wrong in (3, ListMemory, object()):
        with pytest.raises(TypeError, match="A memory is a spec, a live store or a registered name, got"):
            agent(wrong)
    with pytest.raises(ValueError, match="The name of a memory must not be empty"):
        agent("")
    with pytest.raises(ValueError, match="A MemorySpec has the unknown type 'Chroma'; expected one of: ListMemory, N"):
        MemorySpec.from_json({"type": "Chroma"})
