"""Custom agents: what the base class does by itself, and what may be passed where a participant is expected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from folkmoot._spec import carried, load_spec, spec_json
from folkmoot.agents import (
    AssistantAgent,
    BaseChatAgent,
    CustomAgent,
    MessageFilterAgent,
    MessageFilterConfig,
    Response,
    as_participant,
)
from folkmoot.messages import BaseChatMessage, HandoffMessage, TextMessage
from folkmoot.teams import RoundRobinGroupChat
from folkmoot.tools import CancellationToken


class Echo(BaseChatAgent):
    """Says what it heard."""

    def __init__(self, name: str = "echo", description: str = "Repeats.") -> None:
        super().__init__(name, description)
        self.resets = 0

    @property
    def produced_message_types(self) -> Sequence[type[BaseChatMessage]]:
        return (TextMessage, HandoffMessage)

    async def on_messages(self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken) -> Response:
        answer = TextMessage(content=" ".join(message.to_text() for message in messages), source=self.name)
        return Response(chat_message=answer, inner_messages=[*messages])

    async def on_reset(self, cancellation_token: CancellationToken) -> None:
        self.resets += 1


class Foreign:
    """What an agent of another library looks like: the same names, no common base."""

    name = "foreign"
    description = "From elsewhere."
    produced_message_types = (TextMessage,)

    async def on_messages_stream(self, messages: object, cancellation_token: object) -> Any: ...

    async def on_reset(self, cancellation_token: object) -> None: ...

    async def save_state(self) -> dict[str, Any]:
        return {}


class ForeignTeam:
    """A team of another library."""

    name = "team"
    description = "Many."

    def run_stream(self, task: object) -> None: ...

    async def save_state(self) -> dict[str, Any]:
        return {}


async def test_stream_shows_what_happened_and_then_the_answer() -> None:
    heard = [TextMessage(content=text, source="user") for text in ("a", "b")]
    items = [item async for item in Echo().on_messages_stream(heard, CancellationToken())]
    assert items[:2] == heard
    assert isinstance(items[2], Response)
    assert items[2].chat_message.to_text() == "a b"
    assert len(items) == 3


async def test_what_need_not_be_written() -> None:
    agent, token = Echo(), CancellationToken()
    await agent.on_pause(token)
    await agent.on_resume(token)
    assert await agent.save_state() == {"type": "BaseState", "version": "1.0.0"}
    await agent.load_state(await agent.save_state())
    await agent.close()
    assert agent.resets == 0


def test_base_needs_its_methods_and_a_name() -> None:
    with pytest.raises(TypeError, match="abstract"):
        BaseChatAgent("a", "b")  # pyright: ignore[reportAbstractUsage]
    with pytest.raises(ValueError, match="The agent name must be a valid Python identifier"):
        Echo("two words")


def test_live_agent_becomes_a_spec_that_carries_it() -> None:
    echo = Echo()
    spec = as_participant(echo)
    assert spec == CustomAgent("echo", description="Repeats.", produced=["TextMessage", "HandoffMessage"])
    assert carried(spec).agents == {"echo": echo}
    assert not carried(load_spec(spec_json(spec))).agents


def test_agent_of_another_library_fits_by_its_methods() -> None:
    foreign = Foreign()
    spec = as_participant(foreign)
    assert spec == CustomAgent("foreign", description="From elsewhere.", produced=["TextMessage"])
    assert carried(spec).agents == {"foreign": foreign}


def test_live_agents_are_found_at_any_depth() -> None:
    echo, foreign = Echo(), Foreign()
    wrapper = MessageFilterAgent("narrow", echo, MessageFilterConfig(per_source=[]))
    inner = RoundRobinGroupChat([as_participant(foreign)], name="inner")
    assert carried(RoundRobinGroupChat([wrapper, inner])).agents == {"echo": echo, "foreign": foreign}


def test_two_agents_under_one_name_are_refused() -> None:
    inner = RoundRobinGroupChat([as_participant(Echo())], name="inner")
    with pytest.raises(ValueError, match="Two different agents are named 'echo'"):
        carried(RoundRobinGroupChat([as_participant(Echo()), inner]))


def test_a_spec_stays_as_it_is() -> None:
    for spec in (AssistantAgent("a", "m"), RoundRobinGroupChat([AssistantAgent("a", "m")])):
        assert as_participant(spec) is spec


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Echo, "got the class Echo"),
        (AssistantAgent, "got the class AssistantAgent"),
        (Echo().on_reset, "a spec or an agent object, got <bound method"),
        (ForeignTeam(), r"A live team \(ForeignTeam\) cannot take part .* JSON"),
        (None, "got None"),
        ("name", "got 'name'"),
        (object(), "got <object"),
    ],
)
def test_what_cannot_take_part(given: object, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        as_participant(given)


def test_live_agent_with_a_bad_name_is_refused() -> None:
    foreign = Foreign()
    foreign.name = "two words"
    with pytest.raises(ValueError, match="The agent name must be a valid Python identifier"):
        as_participant(foreign)


def test_registered_name_is_the_agents_own_where_none_is_given() -> None:
    assert CustomAgent("own").agent == "own"
    assert load_spec({"type": "CustomAgent", "name": "own"}) == CustomAgent("own")
    assert CustomAgent("own", "other") != CustomAgent("own")
    with pytest.raises(ValueError, match="The registered name of custom agent 'own' must not be empty"):
        CustomAgent("own", "")
