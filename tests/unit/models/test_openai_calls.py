"""A call over real HTTP sends what was asked and reads the whole answer."""

from __future__ import annotations

import asyncio
from typing import Any

from folkmoot._scripted.http import ScriptedServer
from folkmoot.models import ModelResult, OpenAIChatModel
from folkmoot.options import ModelInfo
from tests.unit.models.bench import MakeBench, ask

TOOLS: list[dict[str, Any]] = [
    {
        "name": name,
        "description": "A tool.",
        "parameters": {"type": "object", "properties": {}},
        "strict": False,
    }
    for name in ("add", "look_up")
]


async def test_text_and_usage(bench: MakeBench) -> None:
    b = await bench([{"text": "Good day.", "usage": [12, 3]}])
    assert await b.ask() == ModelResult("Good day.", None, 12, 3, "stop")
    assert b.server.requests == [
        {"model": "gpt-test", "messages": [{"role": "user", "content": "Hello?", "name": "user"}]}
    ]


async def test_parallel_tool_calls_with_a_thought(bench: MakeBench) -> None:
    calls = [{"name": "add", "arguments": {"a": 1}, "id": "c1"}, {"name": "look_up", "arguments": "not json"}]
    b = await bench([{"calls": calls, "thought": "Two things at once."}])
    result = await b.ask(tools=TOOLS)
    assert result.content == [
        {"id": "c1", "name": "add", "arguments": '{"a": 1}'},
        {"id": "call_1_1", "name": "look_up", "arguments": "not json"},
    ]
    assert (result.thought, result.finish_reason) == ("Two things at once.", "function_calls")
    assert [tool["function"]["name"] for tool in b.server.requests[0]["tools"]] == ["add", "look_up"]


async def test_tool_results_reach_the_server(bench: MakeBench) -> None:
    b = await bench(["It is 3."])
    call = {"id": "c1", "name": "add", "arguments": "{}"}
    result = {"content": "3", "name": "add", "call_id": "c1", "is_error": False}
    await b.ask(
        {"type": "AssistantMessage", "content": [call], "thought": None, "source": "a"},
        {"type": "FunctionExecutionResultMessage", "content": [result]},
        tools=TOOLS,
        tool_choice="none",
    )
    assert [message["role"] for message in b.server.requests[0]["messages"]] == ["assistant", "tool"]
    assert b.server.requests[0]["tool_choice"] == "none"


async def test_structured_output(bench: MakeBench) -> None:
    b = await bench([{"text": '{"a": 1}'}])
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    result = await b.ask(output_schema={"name": "Answer", "schema": schema})
    assert result.content == '{"a": 1}'
    assert b.server.requests[0]["response_format"]["json_schema"]["name"] == "Answer"


async def test_options_of_model_and_call(bench: MakeBench) -> None:
    b = await bench(["x"], options={"temperature": 0, "seed": 1})
    await b.ask(options={"temperature": 1})
    assert (b.server.requests[0]["temperature"], b.server.requests[0]["seed"]) == (1, 1)


async def test_reasoning_is_the_thought(bench: MakeBench) -> None:
    b = await bench([{"text": "42", "thought": "Six times seven."}])
    result = await b.ask()
    assert (result.content, result.thought) == ("42", "Six times seven.")


async def test_think_block_is_split_for_r1_only(bench: MakeBench) -> None:
    script = [{"text": "<think>\nhm\n</think>\n\n42"}]
    r1 = await bench(script, info=ModelInfo(family="r1"))
    other = await bench(script)
    result = await r1.ask()
    assert (result.content, result.thought) == ("42", "hm")
    assert (await other.ask()).content == "<think>\nhm\n</think>\n\n42"


async def test_calls_run_side_by_side(bench: MakeBench) -> None:
    b = await bench([{"text": "first", "hold": "gate"}, "second"])
    first = asyncio.create_task(b.ask())
    await b.server.wait_for_requests(1)
    assert (await b.ask()).content == "second"
    b.server.release("gate")
    assert (await first).content == "first"


async def test_a_closed_model_can_be_used_again(bench: MakeBench) -> None:
    b = await bench(["one", "two"])
    await b.ask()
    await b.model.close()
    assert (await b.ask()).content == "two"


def test_one_model_serves_several_event_loops() -> None:
    """Connections belong to a loop; a model made once may be used by a worker in another."""
    server = ScriptedServer(["one", "two"])
    models: list[OpenAIChatModel] = []

    async def talk() -> object:
        async with server:
            models.append(models[-1] if models else OpenAIChatModel("m", base_url=server.base_url, api_key="k"))
            try:
                return (await ask(models[-1])).content
            finally:
                await models[-1].close()

    assert [asyncio.run(talk()), asyncio.run(talk())] == ["one", "two"]
    assert models[0] is models[1]
