"""A live agent of the real AutoGen as one of ours: messages, events, cancellation, state."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any, Literal

import autogen_agentchat.messages as theirs
import pytest
from autogen_agentchat.agents import AssistantAgent, BaseChatAgent, SocietyOfMindAgent
from autogen_agentchat.base import Response as TheirResponse
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import CancellationToken as TheirToken
from autogen_core import Image as TheirImage
from autogen_ext.models.openai import OpenAIChatCompletionClient
from pydantic import BaseModel

import folkmoot.agents
from folkmoot._temporal.custom_agents import CustomAgents, check_agent
from folkmoot.agents import CustomAgent, as_participant
from folkmoot.autogen import AutoGenAgent, is_autogen_agent
from folkmoot.autogen.messages import from_autogen, to_autogen
from folkmoot.messages import (
    BaseChatMessage,
    BaseTextChatMessage,
    CodeBlock,
    CodeExecutionEvent,
    CodeGenerationEvent,
    CodeResult,
    FunctionCall,
    FunctionExecutionResult,
    HandoffMessage,
    Image,
    MemoryContent,
    MemoryQueryEvent,
    ModelClientStreamingChunkEvent,
    MultiModalMessage,
    RequestUsage,
    Response,
    SelectSpeakerEvent,
    StopMessage,
    StructuredMessage,
    TextMessage,
    ThoughtEvent,
    ToolCallExecutionEvent,
    ToolCallRequestEvent,
    ToolCallSummaryMessage,
    UserInputRequestedEvent,
    UserMessage,
    to_log,
)
from folkmoot.testing import ScriptedServer
from folkmoot.tools import CancellationToken

INFO: Any = {
    "vision": True,
    "function_calling": True,
    "json_output": True,
    "structured_output": True,
    "family": "gpt-4o",
    "multiple_system_messages": True,
}
SPEC = CustomAgent("writer")


class Poem(BaseModel):
    title: str
    lines: list[str]


class Letter(BaseTextChatMessage):
    """A class of the application's own, and the same in AutoGen's terms."""

    type: Literal["Letter"] = "Letter"
    to: str


class _Theirs:
    class Letter(theirs.BaseTextChatMessage):
        to: str
        type: Literal["Letter"] = "Letter"

    class Telegram(theirs.BaseTextChatMessage):
        pass


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer([]) as running:
        yield running


@pytest.fixture
async def model(server: ScriptedServer) -> AsyncIterator[OpenAIChatCompletionClient]:
    made = OpenAIChatCompletionClient(model="scripted", base_url=server.base_url, api_key="any", model_info=INFO)
    yield made
    await made.close()


async def search(text: str) -> str:
    """Look something up."""
    return f"found {text}"


def said(*texts: str) -> list[BaseChatMessage]:
    return [TextMessage(content=text, source="user") for text in texts]


async def streamed(agent: folkmoot.agents.BaseChatAgent, *texts: str) -> list[Any]:
    return [item async for item in agent.on_messages_stream(said(*texts), CancellationToken())]


# --- Messages --------------------------------------------------------------------------------------------------------

CALL = FunctionCall(id="1", name="search", arguments="{}")
# As AutoGen writes it: it encodes every image anew.
PICTURE = TheirImage.from_base64(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg=="
).to_base64()
RESULT = FunctionExecutionResult(content="found", name="search", call_id="1", is_error=False)


@pytest.mark.parametrize(
    "message",
    [
        TextMessage(content="x", source="user", id="7", metadata={"a": "b"}),
        TextMessage(content="x", source="a", models_usage=RequestUsage(prompt_tokens=1, completion_tokens=2)),
        StopMessage(content="x", source="a"),
        HandoffMessage(content="x", source="a", target="b", context=[UserMessage(content="y", source="c")]),
        ToolCallSummaryMessage(content="x", source="a", tool_calls=[CALL], results=[RESULT]),
        MultiModalMessage(content=["look", Image.from_base64(PICTURE)], source="user"),
        StructuredMessage(content=Poem(title="x", lines=["y"]), source="a", format_string="{title}"),
        StructuredMessage(content={"deep": {"er": [1]}}, source="a", type="StructuredMessage[Unheard]"),
        Letter(content="x", source="a", to="b"),
        ToolCallRequestEvent(content=[CALL], source="a"),
        ToolCallExecutionEvent(content=[RESULT], source="a"),
        MemoryQueryEvent(content=[MemoryContent(content="x", mime_type="text/plain")], source="a"),
        UserInputRequestedEvent(request_id="1", source="a"),
        ThoughtEvent(content="x", source="a"),
        SelectSpeakerEvent(content=["a"], source="b"),
        CodeGenerationEvent(retry_attempt=0, content="x", code_blocks=[CodeBlock(code="y", language="sh")], source="a"),
        CodeExecutionEvent(retry_attempt=0, result=CodeResult(exit_code=0, output="x"), source="a"),
    ],
)
def test_messages_cross_both_ways(message: Any) -> None:
    there = to_autogen(message)
    back = from_autogen(there)
    assert back.type == message.type
    assert isinstance(back, type(message))
    assert there.to_text() == message.to_text() == back.to_text()
    drawn = {"id": there.id, "created_at": back.created_at}
    sent = message.model_copy(update={name: value for name, value in drawn.items() if getattr(message, name) is None})
    assert to_log(back) == to_log(sent)


def test_the_class_an_agent_produces_goes_first() -> None:
    letter = Letter(content="x", source="a", to="b")
    assert type(to_autogen(letter)) is _Theirs.Letter
    other = type("Letter", (_Theirs.Letter,), {"__module__": __name__})
    assert type(to_autogen(letter, [_Theirs.Letter])) is _Theirs.Letter
    assert type(to_autogen(letter, [other])) is other


def test_a_class_that_only_one_side_knows_is_refused() -> None:
    class Postcard(BaseTextChatMessage):
        type: Literal["Postcard"] = "Postcard"

    with pytest.raises(ValueError, match="No class of autogen_agentchat messages named 'Postcard' is imported"):
        to_autogen(Postcard(content="x", source="a"))
    with pytest.raises(
        ValueError, match=r"No message class named 'Telegram' is known; derive one of folkmoot.messages"
    ):
        from_autogen(_Theirs.Telegram(content="x", source="a"))


# --- A real AssistantAgent -------------------------------------------------------------------------------------------


async def test_an_assistant_takes_its_turn(server: ScriptedServer, model: OpenAIChatCompletionClient) -> None:
    server.script.append([{"calls": [{"name": "search", "arguments": {"text": "moot"}}]}, "An assembly."])
    live = AssistantAgent("writer", model, tools=[search], reflect_on_tool_use=True)
    agent = AutoGenAgent(live)
    assert (agent.name, agent.description) == (live.name, live.description)
    *events, response = await streamed(agent, "What is a moot?")
    assert [type(event).__name__ for event in events] == ["ToolCallRequestEvent", "ToolCallExecutionEvent"]
    assert isinstance(response, Response)
    assert response.chat_message.to_text() == "An assembly."
    inner = response.inner_messages or []
    assert [one is other for one, other in zip(events, inner, strict=True)] == [True, True]
    heard = [message["content"] for message in server.requests[0]["messages"] if message["role"] == "user"]
    assert heard == ["What is a moot?"]


async def test_its_state_goes_on_in_another_object(server: ScriptedServer, model: OpenAIChatCompletionClient) -> None:
    server.script.append(["One.", "Two."])
    agents = CustomAgents()
    first = await agents.take_turn(AssistantAgent("writer", model), SPEC, "w", said("a"), None, CancellationToken())
    other = AssistantAgent("writer", model)
    await agents.take_turn(other, SPEC, "w", said("b"), first.state, CancellationToken())
    assert [message["content"] for message in server.requests[1]["messages"][1:]] == ["a", "One.", "b"]
    reset = await agents.call_hook(other, SPEC, "w", "on_reset", first.state, CancellationToken())
    assert reset is not None
    assert reset["llm_context"]["messages"] == []


async def test_its_words_are_passed_on_while_it_writes(
    server: ScriptedServer, model: OpenAIChatCompletionClient
) -> None:
    server.script.append(["Piece by piece."])
    texts: list[str] = []
    result = await CustomAgents().take_turn(
        AssistantAgent("writer", model, model_client_stream=True),
        SPEC,
        "w",
        said("a"),
        None,
        CancellationToken(),
        texts.append,
    )
    assert "".join(texts) == result.answer.to_text() == "Piece by piece."
    assert not result.events


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")  # AutoGen's, of its client's reply
async def test_structured_answers_keep_their_type(server: ScriptedServer, model: OpenAIChatCompletionClient) -> None:
    server.script.append(['{"title": "Moot", "lines": ["We meet"]}'])
    live = AssistantAgent("writer", model, output_content_type=Poem, output_content_type_format="{title}")
    result = await CustomAgents().take_turn(live, SPEC, "w", said("a"), None, CancellationToken())
    assert isinstance(result.answer, StructuredMessage)
    assert result.answer.type == "StructuredMessage[Poem]"
    assert result.answer.parse(Poem) == Poem(title="Moot", lines=["We meet"])
    assert result.answer.to_text() == "Moot"


async def test_a_society_of_mind_fits_too(server: ScriptedServer, model: OpenAIChatCompletionClient) -> None:
    server.script.append(["inner", "outer"])
    team = RoundRobinGroupChat([AssistantAgent("inner", model)], max_turns=1)
    result = await CustomAgents().take_turn(
        SocietyOfMindAgent("mind", team, model), SPEC, "w", said("a"), None, CancellationToken()
    )
    assert [(event.to_text(), shown) for event, shown in result.events] == [("inner", True)]
    assert result.answer.to_text() == "outer"


async def test_cancelling_reaches_its_model_call(server: ScriptedServer, model: OpenAIChatCompletionClient) -> None:
    server.script.append([{"text": "never", "hold": "for ever"}])
    token = CancellationToken()
    agent = AutoGenAgent(AssistantAgent("writer", model))
    turn = asyncio.create_task(agent.on_messages(said("a"), token))
    await server.wait_for_requests(1)
    token.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(turn, 10)


# --- Agents of the application's own ---------------------------------------------------------------------------------


class Clerk(BaseChatAgent):
    """A custom agent in AutoGen's terms."""

    def __init__(self, name: str = "clerk", description: str = "Answers letters.") -> None:
        super().__init__(name, description)
        self.calls: list[str] = []
        self.tokens: list[TheirToken] = []

    @property
    def produced_message_types(self) -> Sequence[type[theirs.BaseChatMessage]]:
        return (_Theirs.Letter, theirs.HandoffMessage)

    async def on_messages(
        self, messages: Sequence[theirs.BaseChatMessage], cancellation_token: TheirToken
    ) -> TheirResponse:
        raise AssertionError("streamed only")

    async def on_messages_stream(
        self, messages: Sequence[theirs.BaseChatMessage], cancellation_token: TheirToken
    ) -> AsyncGenerator[Any]:
        self.tokens.append(cancellation_token)
        assert all(isinstance(message, theirs.BaseChatMessage) for message in messages)
        yield theirs.ThoughtEvent(content="hm", source=self.name)
        yield TheirResponse(
            chat_message=_Theirs.Letter(content=messages[-1].to_model_text(), source=self.name, to="you")
        )

    async def on_reset(self, cancellation_token: TheirToken) -> None:
        self.calls.append("reset")

    async def on_pause(self, cancellation_token: TheirToken) -> None:
        self.calls.append("pause")

    async def on_resume(self, cancellation_token: TheirToken) -> None:
        self.calls.append("resume")

    async def save_state(self) -> Mapping[str, Any]:
        return {"calls": self.calls}

    async def load_state(self, state: Mapping[str, Any]) -> None:
        self.calls = state["calls"]

    async def close(self) -> None:
        self.calls.append("close")


async def test_a_custom_agent_of_theirs_is_one_of_ours() -> None:
    clerk = Clerk()
    agent = AutoGenAgent(clerk)
    assert agent.agent is clerk
    assert agent.produced_message_types == [Letter, HandoffMessage]
    thought, response = await streamed(agent, "Dear clerk")
    assert isinstance(thought, ThoughtEvent)
    assert isinstance(response.chat_message, Letter)
    assert (response.chat_message.content, response.chat_message.to) == ("Dear clerk", "you")
    assert response.inner_messages is None
    assert (await agent.on_messages(said("x"), CancellationToken())).chat_message.to_text() == "x"
    for call in (agent.on_pause, agent.on_resume, agent.on_reset):
        await call(CancellationToken())
    assert await agent.save_state() == {"calls": ["pause", "resume", "reset"]}
    await agent.load_state({"calls": []})
    await agent.close()
    assert clerk.calls == ["close"]


async def test_its_token_is_cancelled_with_ours() -> None:
    clerk, token = Clerk(), CancellationToken()
    agent = AutoGenAgent(clerk)
    await agent.on_messages(said("x"), token)
    assert not clerk.tokens[0].is_cancelled()
    token.cancel()
    reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    clerk.tokens[0].add_callback(lambda: reached.set_result(None))
    await asyncio.wait_for(reached, 10)
    await agent.on_messages(said("x"), token)
    assert clerk.tokens[1].is_cancelled(), "at once, if ours was cancelled before"


async def test_a_class_of_theirs_makes_fresh_objects() -> None:
    check_agent("clerk", Clerk)
    spec = CustomAgent("clerk", description="Writes.")
    result = await CustomAgents().take_turn(Clerk, spec, "w", said("x"), None, CancellationToken())
    assert result.answer.source == "clerk"
    assert result.state == {"calls": []}


async def test_an_agent_without_a_response_is_an_error() -> None:
    class Silent(Clerk):
        async def on_messages_stream(self, messages: Any, cancellation_token: Any) -> AsyncGenerator[Any]:
            yield theirs.ThoughtEvent(content="hm", source=self.name)

    with pytest.raises(RuntimeError, match="The agent did not produce a final response"):
        await AutoGenAgent(Silent()).on_messages([], CancellationToken())


def test_what_it_produces_must_be_known_here() -> None:
    class Operator(Clerk):
        @property
        def produced_message_types(self) -> Sequence[type[theirs.BaseChatMessage]]:
            return (_Theirs.Telegram,)

    with pytest.raises(ValueError, match="Agent 'clerk' produces Telegram; derive a class of that name"):
        _ = AutoGenAgent(Operator()).produced_message_types


def test_agents_of_theirs_are_told_from_all_else() -> None:
    clerk = Clerk()
    assert is_autogen_agent(clerk)
    assert not any(is_autogen_agent(other) for other in (Clerk, AutoGenAgent(clerk), SPEC, "clerk", None))
    spec = as_participant(clerk)
    assert isinstance(spec, CustomAgent)
    assert spec.produced == ("Letter", "HandoffMessage")
    with pytest.raises(TypeError, match="Expected an agent object of autogen_agentchat, got 'clerk'"):
        AutoGenAgent("clerk")


def test_pieces_of_text_are_events_of_both_sides() -> None:
    piece = ModelClientStreamingChunkEvent(content="x", source="a", full_message_id="7")
    assert to_autogen(piece).full_message_id == "7"
