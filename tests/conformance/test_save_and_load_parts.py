"""States of single agents of a team, to and from AutoGen's agents."""

from __future__ import annotations

from typing import Any

from tests.conformance.marks import covers
from tests.conformance.play import Player
from tests.conformance.talk import Talk
from tests.conformance.test_nested import inner


def pair(lib: Any) -> Any:
    """a and b, one turn a run."""
    return lib.round_robin("a", "b", max_turns=1)


async def part(talk: Talk, name: str) -> Any:
    """What a participant saved of itself."""
    if talk.lib.autogen:
        return (await talk.target.save_state())["agent_states"][name]["agent_state"]
    return await talk.target.save_state(part=name)


async def put(talk: Talk, name: str, state: Any) -> None:
    """Give a participant another state."""
    if talk.lib.autogen:
        (agent,) = (agent for agent in talk.target._participants if agent.name == name)
        await agent.load_state(state)
    else:
        await talk.target.load_state(state, part=name)


@covers("B112")
async def test_an_agent_of_autogens_takes_over_one_of_a_team(play: Player) -> None:
    async def story(talk: Talk) -> None:
        await talk.stream("go")
        await talk.stream(None)
        agent = talk.lib.theirs.agent("a")
        await agent.load_state(await part(talk, "a"))
        result = await agent.run(task="Alone?")
        talk.note(result.messages[-1].content)

    played = await play(pair, {"a": ["a1", "Alone."], "b": ["b1"]}, story=story)
    assert played.folkmoot.heard("a") == [("user", "go"), ("assistant", "a1"), ("user", "Alone?")]


@covers("B112")
async def test_one_of_a_team_takes_over_an_agent_of_autogens(play: Player) -> None:
    async def story(talk: Talk) -> None:
        agent = talk.lib.theirs.agent("a")
        await agent.run(task="Alone?")
        await put(talk, "a", await agent.save_state())
        await talk.stream("go")
        await talk.stream(None)

    played = await play(pair, {"a": ["Alone.", "a1"], "b": ["b1"]}, story=story)
    assert played.folkmoot.heard("a") == [("user", "Alone?"), ("assistant", "Alone."), ("user", "go")]
    assert played.folkmoot.heard("b") == [("user", "go"), ("a", "a1")]


@covers("B112", "B082")
async def test_an_inner_team_takes_over_another(play: Player) -> None:
    def team(lib: Any) -> Any:
        return lib.RoundRobinGroupChat([inner(lib, "a"), lib.agent("c")], max_turns=1)

    async def story(talk: Talk) -> None:
        await talk.stream("go")
        state = await part(talk, "inner")
        await talk.attempt("reset")
        await put(talk, "inner", state)
        await talk.stream("more")

    played = await play(team, {"a": ["a1", "a2"]}, story=story)
    assert played.folkmoot.heard("a") == [("user", "go"), ("assistant", "a1"), ("user", "more")]
