"""The scripted model in process behaves as the server behind the OpenAI client does: same script, same outcome."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from folkmoot._scripted.http import ScriptedServer
from folkmoot._scripted.model import ScriptedModel
from folkmoot.errors import ModelCallError
from folkmoot.models import Model, ModelRequest, ModelResult, OpenAIChatModel
from folkmoot.options import ModelInfo

HELLO = {"type": "UserMessage", "content": "Hello?", "source": "user"}
TOOL: dict[str, Any] = {"name": "add", "description": "Adds.", "parameters": {"type": "object", "properties": {}}}


def request(model: Model, **fields: Any) -> ModelRequest:
    """A plain question."""
    return ModelRequest([model.render(HELLO)], **fields)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    "step",
    [
        {"text": "Good day to you"},
        {"text": "42", "thought": "hm", "usage": [3, 4]},
        {"calls": [{"name": "add", "arguments": {"a": 1}}, {"name": "add", "id": "mine"}], "thought": "Two."},
        {"status": 429, "retry_after": 3, "message": "Slow down"},
        {"status": 500, "headers": {"x-should-retry": "false"}},
        {"raw": "<html>"},
        {"raw": '{"choices": []}'},
        {"drop": True},
        {"text": "half of it is lost", "drop": True},
    ],
)
async def test_same_outcome_in_process_and_over_http(step: dict[str, Any], streamed: bool) -> None:
    async def outcome(model: Model) -> object:
        pieces: list[str] = []
        try:
            result: object = await model.create(
                request(model, tools=[TOOL], on_text=pieces.append if streamed else None)
            )
        except ModelCallError as error:
            # How a connection broke is told in the words of whoever noticed.
            said = "cut" if "drop" in step else str(error)
            result = (said, error.status, error.retryable, error.retry_after)
        return result, pieces

    scripted = ScriptedModel([step], name="m")
    async with ScriptedServer([step]) as server:
        real = OpenAIChatModel("m", base_url=server.base_url, api_key="k")
        assert await outcome(scripted) == await outcome(real)
        assert scripted.requests == server.requests
        await real.close()


async def test_requests_are_recorded_as_on_the_wire() -> None:
    model = ScriptedModel(["x"], name="m")
    await model.create(request(model, options={"seed": 1}))
    assert model.requests == [
        {"model": "m", "messages": [{"role": "user", "content": "Hello?", "name": "user"}], "seed": 1}
    ]


async def test_held_answers_wait_for_their_release() -> None:
    model = ScriptedModel([{"text": "a", "hold": "gate"}, {"text": "b", "hold": "gate"}])
    first = asyncio.create_task(model.create(request(model)))
    await model.wait_for_requests(1)
    assert not first.done()
    model.release("gate")
    assert (await first).content == "a"
    assert (await model.create(request(model))).content == "b"


async def test_held_answer_times_out() -> None:
    model = ScriptedModel([{"text": "a", "hold": "gate"}])
    with pytest.raises(ModelCallError, match="gave no answer in time") as caught:
        await model.create(request(model, timeout=0.01))
    assert caught.value.retryable


async def test_script_at_its_end_is_a_final_error() -> None:
    model = ScriptedModel([])
    with pytest.raises(ModelCallError, match="no step left for a request of model 'scripted'") as caught:
        await model.create(request(model))
    assert (caught.value.status, caught.value.retryable) == (400, False)


async def test_failing_reply_function_is_told() -> None:
    def reply(asked: dict[str, Any]) -> str:
        return asked["nothing"]

    model = ScriptedModel(reply)
    with pytest.raises(ModelCallError, match="reply function failed: KeyError: 'nothing'") as caught:
        await model.create(request(model))
    assert not caught.value.retryable


async def test_usage_is_counted_the_same_every_time() -> None:
    results: list[ModelResult] = []
    for _ in range(2):
        model = ScriptedModel(["Good day"])
        results.append(await model.create(request(model)))
    assert results[0] == results[1]
    assert results[0].prompt_tokens > 0
    assert results[0].completion_tokens > 0


async def test_script_may_be_a_file_and_may_grow(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    path.write_text('["one"]')
    model = ScriptedModel(path, info=ModelInfo(vision=False))
    model.script.append(["two"])
    assert [(await model.create(request(model))).content for _ in range(2)] == ["one", "two"]
    assert not model.info.vision
