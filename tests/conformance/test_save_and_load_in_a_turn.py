"""States saved in the middle of a turn, while a person or a tool is waited for; AutoGen loads them all the same."""

from __future__ import annotations

import asyncio
from typing import Any

from tests._support.waiting import eventually
from tests.conformance.marks import better
from tests.conformance.talk import Talk
from tests.conformance.travel import Traveller, travel_fixture

travel = travel_fixture

UNDER_WAY = "AutoGen's state of a team in the middle of a turn has lost whose turn it is."


async def asked(talk: Talk) -> Any:
    """What Folkmoot's chat asks a person, once it does."""

    async def pending() -> Any:
        return await talk.target.pending()

    (request,) = await eventually(pending, what="a person is asked")
    return request


@better("B088", "B117", why="AutoGen cannot save a team that waits for a person, and go on: " + UNDER_WAY)
async def test_a_person_who_was_asked_is_asked_again(travel: Traveller) -> None:
    doors: list[asyncio.Event] = []

    def team(lib: Any) -> Any:
        door = asyncio.Event()
        doors.append(door)

        async def answer(prompt: str, token: Any) -> str:
            lib.notes.append(prompt)
            await door.wait()
            return "Old."

        options = {"input_func": answer} if lib.autogen else {}
        return lib.RoundRobinGroupChat([lib.agent("a"), lib.UserProxyAgent("person", **options)], max_turns=1)

    async def first(talk: Talk) -> Any:
        await talk.stream("go")
        run = talk.start(None)
        if talk.lib.autogen:
            await eventually(lambda: talk.lib.notes, what="the person is asked")
            state = await talk.target.save_state()
            doors[-1].set()
        else:
            await asked(talk)
            state = await talk.target.save_state()
            await talk.target.stop()
        await run
        await talk.target.load_state(state)
        return state

    async def then(talk: Talk) -> None:
        doors[-1].set()
        if not talk.lib.autogen and (await talk.target.status()).status != "idle":
            request = await asked(talk)
            await talk.target.answer(request.request, "Fine.")
            await talk.until("idle")
        await talk.stream(None)

    gone = await travel(team, {"a": ["a1"]}, first, {"a": ["a2"]}, then, spare=True, same_state=False)
    assert gone.folkmoot.heard("a") == [("user", "go"), ("assistant", "a1"), ("person", "Fine.")]
    assert gone.left.last.said[-1] == ("person", "Old.")
    assert gone.autogen.heard("a") == gone.arrived.heard("a") == [("user", "go"), ("assistant", "a1")]


@better("B088", "B112", why=UNDER_WAY)
async def test_a_call_of_a_tool_that_was_under_way_is_made_again(travel: Traveller) -> None:
    doors: dict[str, asyncio.Event] = {}

    def team(lib: Any) -> Any:
        door = doors[lib.name] = asyncio.Event()
        opened = [False]

        async def slow() -> str:
            """Take time."""
            lib.notes.append("slow")
            if not opened[0]:
                opened[0] = True
                await door.wait()
            return "slow done"

        def quick() -> str:
            """Be quick."""
            lib.notes.append("quick")
            return "quick done"

        agent = lib.agent("a", tools=[slow, quick], max_tool_iterations=2)
        return lib.RoundRobinGroupChat([agent, lib.agent("b")], max_turns=2)

    async def first(talk: Talk) -> Any:
        run = talk.start("go")
        await eventually(lambda: sorted(talk.lib.notes) == ["quick", "slow"], what="both tools were called")
        if not talk.lib.autogen:
            await eventually(lambda: told(talk), what="the outcome of the quick one is known")
        state = await talk.target.save_state()
        doors[talk.lib.name].set()
        await run
        await talk.target.load_state(state)
        return state

    async def told(talk: Talk) -> bool:
        return "quick done" in str(await talk.target.save_state())

    async def then(talk: Talk) -> None:
        # What was called once takes no time any more.
        doors[talk.lib.name].set()
        await talk.stream(None)

    made = {"calls": [{"name": name, "arguments": {}, "id": name} for name in ("slow", "quick")]}
    script = {"a": [made, "lost"], "b": ["lost"]}
    gone = await travel(team, script, first, {"a": ["a1"], "b": ["b1"]}, then, spare=True, same_state=False)
    assert gone.folkmoot.notes == ["slow"]
    results = [item["content"] for item in gone.folkmoot.asked[0]["messages"] if item["role"] == "tool"]
    assert results == ["slow done", "quick done"]
    roles = [item["role"] for item in gone.folkmoot.asked[0]["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "tool"]
    # AutoGen, which has our state, asks the model once more: the call that was under way is not in its context.
    assert gone.left.heard("a", 0) == [("user", "go")]
    # With its own it skips the turn, and the model of the next one is told nothing of it.
    assert gone.autogen.asked[0]["model"] == gone.arrived.asked[0]["model"] == "b"
