"""A streamed call tells its text piece by piece and ends with the same result as a plain one."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from folkmoot.errors import ModelCallError
from folkmoot.models import ModelResult, OpenAIChatModel
from folkmoot.options import ModelInfo
from tests.unit.models.bench import MakeBench, ask, ignore, serving


async def test_text_arrives_in_pieces(bench: MakeBench) -> None:
    b = await bench([{"text": "Good day to you", "usage": [5, 4]}])
    pieces: list[str] = []
    result = await b.ask(on_text=pieces.append)
    assert pieces == ["Good", " day", " to", " you"]
    assert result == ModelResult("Good day to you", None, 5, 4, "stop")
    assert b.server.requests[0]["stream"] is True


async def test_text_is_told_before_the_answer_is_complete(bench: MakeBench) -> None:
    b = await bench([{"text": "half and half", "chunks": 2, "drop": True}])
    pieces: list[str] = []
    with pytest.raises(ModelCallError) as caught:
        await b.ask(on_text=pieces.append)
    assert pieces == ["half an"]
    assert caught.value.retryable


async def test_tool_calls_are_put_together(bench: MakeBench) -> None:
    calls = [
        {"name": "add", "arguments": {"a": 1}, "id": "c1"},
        {"name": "look_up", "arguments": "", "id": "c2"},
    ]
    b = await bench([{"calls": calls, "thought": "Both."}])
    result = await b.ask(on_text=ignore)
    assert result.content == [
        {"id": "c1", "name": "add", "arguments": '{"a": 1}'},
        {"id": "c2", "name": "look_up", "arguments": ""},
    ]
    assert (result.thought, result.finish_reason) == ("Both.", "function_calls")


async def test_reasoning_is_the_thought_and_no_text(bench: MakeBench) -> None:
    b = await bench([{"text": "42", "thought": "hm"}])
    pieces: list[str] = []
    result = await b.ask(on_text=pieces.append)
    assert (pieces, result.content, result.thought) == (["42"], "42", "hm")


async def test_think_block_is_split_for_r1(bench: MakeBench) -> None:
    b = await bench([{"text": "<think>hm</think>42"}], info=ModelInfo(family="r1"))
    result = await b.ask(on_text=ignore)
    assert (result.content, result.thought) == ("42", "hm")


async def test_errors_of_a_stream_are_those_of_a_call(bench: MakeBench) -> None:
    b = await bench([{"status": 429, "retry_after": 2}])
    with pytest.raises(ModelCallError, match="status 429") as caught:
        await b.ask(on_text=ignore)
    assert (caught.value.status, caught.value.retry_after) == (429, 2.0)


async def test_connection_is_kept_after_a_stream() -> None:
    """A stream is read to its end, so the next call needs no new connection."""
    ports: set[object] = set()

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername"))
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(
            b'data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
        )
        await response.write(b": the end\n\n")
        return response

    async with serving(answer) as url:
        model = OpenAIChatModel("m", base_url=url, api_key="k")
        for _ in range(3):
            assert (await ask(model, on_text=ignore)).content == "x"
        await model.close()
    assert len(ports) == 1


async def test_server_that_cannot_stream_is_understood() -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response({"choices": [{"message": {"content": "all at once"}, "finish_reason": "stop"}]})

    pieces: list[str] = []
    async with serving(answer) as url:
        model = OpenAIChatModel("m", base_url=url, api_key="k")
        assert (await ask(model, on_text=pieces.append)).content == "all at once"
        await model.close()
    assert pieces == ["all at once"]


async def test_server_that_never_hangs_up_still_answers() -> None:
    """The answer is complete with [DONE]; a connection left open must not fail a call that was paid for."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(
            b'data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
        )
        await asyncio.Event().wait()
        return response

    async with serving(answer) as url:
        model = OpenAIChatModel("m", base_url=url, api_key="k", timeout=30)
        assert (await ask(model, on_text=ignore)).content == "x"
        await model.close()
