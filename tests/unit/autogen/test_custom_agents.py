"""Custom agents at work: state in, a turn or a hook, state out; one object for several chats, or a fresh one a turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from folkmoot._temporal.custom_agents import CustomAgents, check_agent
from folkmoot.agents import BaseChatAgent, CustomAgent, Response
from folkmoot.messages import (
    BaseAgentEvent,
    BaseChatMessage,
    ModelClientStreamingChunkEvent,
    TextMessage,
    ThoughtEvent,
)
from folkmoot.tools import CancellationToken

SPEC = CustomAgent("counter", description="Counts.")


class Counter(BaseChatAgent):
    """Counts what it hears; `hold`, if set, keeps it in its turn."""

    def __init__(self, name: str = "counter", description: str = "Counts.") -> None:
        super().__init__(name, description)
        self.heard: list[str] = []
        self.calls: list[str] = []
        self.hold: asyncio.Event | None = None
        self.working = asyncio.Event()
        self.at_once = 0

    @property
    def produced_message_types(self) -> Sequence[type[BaseChatMessage]]:
        return (TextMessage,)

    async def on_messages(self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken) -> Response:
        self.at_once += 1
        assert self.at_once == 1, "one chat at a time"
        self.heard += [message.to_text() for message in messages]
        self.working.set()
        try:
            if self.hold is not None:
                await self.hold.wait()
        finally:
            self.at_once -= 1
        return Response(chat_message=TextMessage(content=",".join(self.heard), source=self.name))

    async def on_reset(self, cancellation_token: CancellationToken) -> None:
        self.heard.clear()

    async def on_pause(self, cancellation_token: CancellationToken) -> None:
        self.calls.append("paused")

    async def on_resume(self, cancellation_token: CancellationToken) -> None:
        self.calls.append("resumed")

    async def save_state(self) -> Mapping[str, Any]:
        return {"heard": self.heard, "calls": self.calls}

    async def load_state(self, state: Mapping[str, Any]) -> None:
        self.heard, self.calls = state["heard"], state["calls"]

    async def close(self) -> None:
        self.calls.append("closed")


def said(*texts: str) -> list[BaseChatMessage]:
    return [TextMessage(content=text, source="user") for text in texts]


async def turn(
    agents: CustomAgents, registered: object, *texts: str, state: Any = None, where: str = "chat/counter"
) -> Any:
    return await agents.take_turn(registered, SPEC, where, said(*texts), state, CancellationToken())


# --- State -----------------------------------------------------------------------------------------------------------


async def test_a_turn_goes_on_from_the_chats_state() -> None:
    agents, counter = CustomAgents(), Counter()
    first = await turn(agents, counter, "a")
    second = await turn(agents, counter, "b", "c", state=first.state)
    assert second.answer.to_text() == "a,b,c"
    assert second.state == {"heard": ["a", "b", "c"], "calls": []}
    assert first.state == {"heard": ["a"], "calls": []}, "the agent worked on a copy"


async def test_a_new_chat_begins_with_what_the_object_was_before_any_turn() -> None:
    agents, counter = CustomAgents(), Counter()
    counter.heard.append("born with it")
    await turn(agents, counter, "a", where="one")
    assert (await turn(agents, counter, "b", where="two")).answer.to_text() == "born with it,b"


async def test_chats_that_share_an_object_take_turns_one_after_another() -> None:
    agents, counter = CustomAgents(), Counter()
    results = await asyncio.gather(*(turn(agents, counter, f"m{number}", where=str(number)) for number in range(4)))
    assert [result.answer.to_text() for result in results] == ["m0", "m1", "m2", "m3"]


async def test_a_turn_that_broke_off_leaves_nothing_behind() -> None:
    agents, counter = CustomAgents(), Counter()
    counter.hold = asyncio.Event()
    task = asyncio.create_task(turn(agents, counter, "lost"))
    await counter.working.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    counter.hold = None
    assert (await turn(agents, counter, "kept")).answer.to_text() == "kept"


@pytest.mark.parametrize(
    "make",
    [
        Counter,
        lambda: Counter("counter"),
        lambda description, name: Counter(name, description),
        lambda *, name: Counter(name),
        lambda description="?": Counter(description=description),
        lambda **given: Counter(given["name"], given["description"]),
    ],
)
async def test_a_class_or_function_makes_a_fresh_object_for_each_turn(make: Any) -> None:
    agents = CustomAgents()
    check_agent("counter", make)
    first = await turn(agents, make, "a")
    assert (await turn(agents, make, "b")).answer.to_text() == "b"
    assert (await turn(agents, make, "b", state=first.state)).answer.to_text() == "a,b"
    assert first.answer.source == SPEC.name


async def test_fresh_objects_are_told_who_they_are_and_closed() -> None:
    made: list[Counter] = []

    async def make(name: str, description: str) -> Counter:
        made.append(Counter(name, description))
        return made[-1]

    spec = CustomAgent("tally", "counter", description="Tallies.")
    await CustomAgents().take_turn(make, spec, "chat/tally", said("a"), None, CancellationToken())
    assert [(agent.name, agent.description, agent.calls) for agent in made] == [("tally", "Tallies.", ["closed"])]


class Odd(Counter):
    def __init__(self, state: object) -> None:
        super().__init__()
        self._state = state

    async def save_state(self) -> Any:
        return self._state


async def test_state_that_pydantic_can_write_is_json() -> None:
    result = await turn(CustomAgents(), lambda: Odd({"at": datetime(2026, 1, 2, tzinfo=UTC), "pair": (1, 2)}))
    assert result.state == {"at": "2026-01-02T00:00:00Z", "pair": [1, 2]}


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ({"x": float("nan")}, "agent 'counter' saved is no JSON: Out of range float values"),
        ({"x": object()}, "agent 'counter' saved is no JSON: Unable to serialize unknown type"),
        (["x"], r"agent 'counter' saved must be a JSON object, got \['x'\]"),
    ],
)
async def test_state_that_is_no_json_is_refused(state: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        await turn(CustomAgents(), lambda: Odd(state))


# --- What a turn streams ---------------------------------------------------------------------------------------------


class Player(Counter):
    """Streams what it was given."""

    def __init__(self, *items: Any) -> None:
        super().__init__()
        self._items = items

    async def on_messages_stream(
        self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken
    ) -> AsyncGenerator[BaseAgentEvent | BaseChatMessage | Response]:
        for item in self._items:
            yield item


def thought(text: str, id: str | None = None) -> ThoughtEvent:
    return ThoughtEvent(content=text, source="counter", id=id)


ANSWER = TextMessage(content="done", source="counter")


async def test_inner_messages_are_told_from_what_is_only_shown() -> None:
    inner, shown, copied = thought("inner"), thought("shown"), thought("by id", "7")
    response = Response(
        chat_message=ANSWER, inner_messages=[thought("by id, copied", "7"), inner, thought("not streamed")]
    )
    texts: list[str] = []
    chunk = ModelClientStreamingChunkEvent(content="do", source="counter")
    result = await CustomAgents().take_turn(
        Player(inner, shown, chunk, copied, response), SPEC, "w", [], None, CancellationToken(), texts.append
    )
    assert [(event.to_text(), only_shown) for event, only_shown in result.events] == [
        ("inner", False),
        ("shown", True),
        ("by id", False),
        ("not streamed", False),
    ]
    assert result.answer is ANSWER
    assert texts == ["do"], "pieces of text are passed on, not kept"


async def test_one_inner_message_stands_for_one_streamed() -> None:
    inner = thought("again")
    response = Response(chat_message=ANSWER, inner_messages=[inner])
    result = await turn(CustomAgents(), Player(inner, inner, response))
    assert [only_shown for _, only_shown in result.events] == [False, True]


@pytest.mark.parametrize(
    ("items", "error", "says"),
    [
        ([thought("x")], RuntimeError, "The agent did not produce a final response. Check the agent's on_messages_str"),
        (["text"], TypeError, "Agent 'counter' gave 'text'; expected a message, an event or a Response"),
        ([Response(chat_message=ANSWER, inner_messages=[3])], TypeError, "Agent 'counter' gave 3"),
    ],
)
async def test_streams_that_are_refused(items: list[Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        await turn(CustomAgents(), Player(*items))


# --- Hooks -----------------------------------------------------------------------------------------------------------


async def test_a_pause_reaches_the_very_object_that_is_at_work() -> None:
    agents, counter = CustomAgents(), Counter()
    counter.hold = asyncio.Event()
    task = asyncio.create_task(turn(agents, counter, "a", state={"heard": ["before"], "calls": []}))
    await counter.working.wait()
    token = CancellationToken()
    stale = {"heard": ["stale"], "calls": []}
    assert await agents.call_hook(counter, SPEC, "chat/counter", "on_pause", stale, token) is None
    assert counter.calls == ["paused"], "at once, while the turn goes on"
    counter.hold.set()
    assert (await task).state == {"heard": ["before", "a"], "calls": ["paused"]}


async def test_a_pause_reaches_the_object_of_its_own_chat_only() -> None:
    agents, counter = CustomAgents(), Counter()
    counter.hold = asyncio.Event()
    task = asyncio.create_task(turn(agents, counter, "a"))
    await counter.working.wait()
    other = asyncio.create_task(agents.call_hook(counter, SPEC, "other", "on_pause", None, CancellationToken()))
    counter.hold.set()
    assert (await task).state["calls"] == []
    assert await other == {"heard": [], "calls": ["paused"]}


async def test_a_turn_saves_what_a_hook_in_progress_does() -> None:
    class Slow(Counter):
        async def on_pause(self, cancellation_token: CancellationToken) -> None:
            self.pausing.set()
            await self.resumed.wait()
            self.calls.append("paused")

        async def on_resume(self, cancellation_token: CancellationToken) -> None:
            self.resumed.set()

    agents, slow = CustomAgents(), Slow()
    slow.hold, slow.pausing, slow.resumed = asyncio.Event(), asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(turn(agents, slow, "a"))
    await slow.working.wait()
    pause = asyncio.create_task(agents.call_hook(slow, SPEC, "chat/counter", "on_pause", None, CancellationToken()))
    await slow.pausing.wait()
    slow.hold.set()
    assert await agents.call_hook(slow, SPEC, "chat/counter", "on_resume", None, CancellationToken()) is None
    assert await pause is None
    assert (await task).state["calls"] == ["paused"]


@pytest.mark.parametrize("registered", [Counter(), Counter])
async def test_hooks_of_an_idle_agent_begin_and_end_with_the_chats_state(registered: object) -> None:
    agents, state, token = CustomAgents(), {"heard": ["a"], "calls": []}, CancellationToken()
    assert await agents.call_hook(registered, SPEC, "w", "on_reset", state, token) == {"heard": [], "calls": []}
    assert await agents.call_hook(registered, SPEC, "w", "on_resume", state, token) == {
        "heard": ["a"],
        "calls": ["resumed"],
    }
    assert state == {"heard": ["a"], "calls": []}


async def test_a_reset_waits_for_the_turn_it_follows() -> None:
    agents, counter = CustomAgents(), Counter()
    counter.hold = asyncio.Event()
    task = asyncio.create_task(turn(agents, counter, "a"))
    await counter.working.wait()
    reset = asyncio.create_task(agents.call_hook(counter, SPEC, "chat/counter", "on_reset", None, CancellationToken()))
    counter.hold.set()
    assert (await task).state["heard"] == ["a"]
    assert await reset == {"heard": [], "calls": []}


async def test_a_hook_that_raises_does_not_hold_up_the_turn() -> None:
    class Bad(Counter):
        async def on_pause(self, cancellation_token: CancellationToken) -> None:
            raise RuntimeError("no pause")

    agents, bad = CustomAgents(), Bad()
    bad.hold = asyncio.Event()
    task = asyncio.create_task(turn(agents, bad, "a"))
    await bad.working.wait()
    with pytest.raises(RuntimeError, match="no pause"):
        await agents.call_hook(bad, SPEC, "chat/counter", "on_pause", None, CancellationToken())
    bad.hold.set()
    assert (await task).answer.to_text() == "a"


# --- What can be registered ------------------------------------------------------------------------------------------


def _needs_more(name: str, model: str, *rest: str) -> Counter:
    raise AssertionError((name, model, rest))


@pytest.mark.parametrize(
    ("registered", "says"),
    [
        ("counter", "Agent 'counter' must be an agent object, or a class or function that makes one, got 'counter'"),
        (_needs_more, "given 'name' and 'description' only, as far as it has these parameters, but it needs 'model'"),
    ],
)
async def test_what_cannot_take_turns_is_refused(registered: object, says: str) -> None:
    with pytest.raises(TypeError, match=says):
        check_agent("counter", registered)
    with pytest.raises(TypeError, match=says):
        await turn(CustomAgents(), registered)


async def test_a_function_that_makes_no_agent_is_refused() -> None:
    with pytest.raises(TypeError, match="registered as agent 'counter' made 3; expected an agent"):
        await turn(CustomAgents(), lambda: 3)
