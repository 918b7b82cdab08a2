"""Whatever goes wrong in a call is one error that says if and when to retry, and never shows the key."""

from __future__ import annotations

import asyncio
import logging
import traceback

import pytest
from aiohttp import web

from folkmoot.errors import ModelCallError
from folkmoot.models import OpenAIChatModel
from tests.unit.models.bench import KEY, Bench, MakeBench, ask, ignore, serving


async def failure(bench: Bench, **fields: float) -> ModelCallError:
    """The error of one call."""
    with pytest.raises(ModelCallError) as caught:
        await bench.ask(**fields)
    return caught.value


async def test_429_tells_when_to_come_back(bench: MakeBench) -> None:
    error = await failure(await bench([{"status": 429, "retry_after": 1.5, "message": "Slow down"}]))
    assert (error.status, error.retryable, error.retry_after) == (429, True, 1.5)
    assert str(error) == "model 'gpt-test' answered with status 429 (rate_limit_exceeded): Slow down"


@pytest.mark.parametrize("status", [408, 409, 500, 503, 529])
async def test_passing_trouble_is_retryable(bench: MakeBench, status: int) -> None:
    error = await failure(await bench([{"status": status}]))
    assert (error.status, error.retryable, error.retry_after) == (status, True, None)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_our_own_mistakes_are_final(bench: MakeBench, status: int) -> None:
    error = await failure(await bench([{"status": status}]))
    assert (error.status, error.retryable) == (status, False)


async def test_exhausted_quota_is_final(bench: MakeBench) -> None:
    error = await failure(await bench([{"status": 429, "code": "insufficient_quota"}]))
    assert not error.retryable


async def test_the_client_does_not_retry_by_itself(bench: MakeBench) -> None:
    b = await bench([{"status": 500}, "never asked for"])
    await failure(b)
    assert b.server.total == 1


async def test_cut_connection_is_retryable(bench: MakeBench) -> None:
    error = await failure(await bench([{"drop": True}]))
    assert (error.status, error.retryable) == (None, True)
    assert str(error).startswith("the connection to model 'gpt-test' failed: ")


async def test_refused_connection_is_retryable(bench: MakeBench) -> None:
    b = await bench([])
    await b.server.__aexit__()
    assert (await failure(b)).retryable


async def test_timeout_is_retryable(bench: MakeBench) -> None:
    error = await failure(await bench([{"text": "late", "hold": "for ever"}]), timeout=0.05)
    assert error.retryable
    assert str(error) == "model 'gpt-test' gave no answer in time"


async def test_timeout_is_for_the_whole_call() -> None:
    """A trickling answer must not outlive it, though no single read takes long."""

    async def trickle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for _ in range(3000):
            await response.write(b": still here\n\n")
            await asyncio.sleep(0.001)
        await response.write(b'data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}\n\n')
        return response

    async with serving(trickle) as url:
        model = OpenAIChatModel("m", base_url=url, api_key=KEY)
        with pytest.raises(ModelCallError, match="no answer in time"):
            await ask(model, on_text=ignore, timeout=0.5)
        await model.close()


async def test_models_own_timeout_bounds_the_requests(bench: MakeBench) -> None:
    assert (await failure(await bench([{"text": "late", "hold": "x"}], timeout=0.05), timeout=600.0)).retryable


@pytest.mark.parametrize(
    ("raw", "expected", "got"),
    [
        ("<html>Bad gateway</html>", "JSON", "'<html>Bad gateway</html>'"),
        ("", "JSON", "''"),
        ("[1]", "a JSON object", "[1]"),
        ("{}", "a reply with choices", "'{}'"),
        ('{"choices":[]}', "a reply with choices", """'{"choices":[]}'"""),
        ('{"choices":[{}]}', "a choice with a message", "None"),
    ],
)
async def test_nonsense_is_told_and_retryable(bench: MakeBench, raw: str, expected: str, got: str) -> None:
    error = await failure(await bench([{"raw": raw}]))
    assert error.retryable
    assert str(error) == f"model 'gpt-test' sent no valid answer: expected {expected}, got {got}"


async def test_error_sent_as_success_is_an_error(bench: MakeBench) -> None:
    error = await failure(await bench([{"raw": '{"error": {"message": "upstream is full", "code": 429}}'}]))
    assert (error.status, error.retryable) == (429, True)
    assert "upstream is full" in str(error)


@pytest.mark.parametrize(
    "step",
    [
        {"status": 401, "message": f"Incorrect API key provided: {KEY}. Authorization: Bearer {KEY}"},
        {"status": 400, "message": "x" * 390 + KEY},
        {"status": 500, "message": f"proxy failed, headers: {{'Authorization': 'Bearer {KEY}'}}"},
        {"raw": f"you sent {KEY}"},
        {"raw": '{"choices": "' + "y" * 370 + KEY + '"}'},
        {"raw": '{"error": {"message": "for ' + KEY + '"}}'},
    ],
)
async def test_the_key_never_shows(bench: MakeBench, step: dict[str, object], caplog: pytest.LogCaptureFixture) -> None:
    """Neither in text, fields, causes, traceback nor logs; and half of it does not either."""
    caplog.set_level(logging.DEBUG)
    b = await bench([step])
    error = await failure(b)
    seen = "".join((*traceback.format_exception(error), repr(error.details()), repr(b.model), caplog.text))
    assert error.__cause__ is None
    assert KEY[:10] not in seen


async def test_a_key_of_any_shape_is_removed(bench: MakeBench) -> None:
    b = await bench([{"status": 401, "message": "bad key: correct horse battery"}], api_key="correct horse battery")
    assert "horse" not in str(await failure(b))


async def test_a_key_no_header_can_carry_is_refused_unseen(bench: MakeBench) -> None:
    error = await failure(await bench(["x"], api_key="geheim-schlüssel"))
    assert not error.retryable
    assert "API key holds characters" in str(error)
    assert "schl" not in str(error)


async def test_missing_key_names_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(ModelCallError, match="set OPENAI_API_KEY, or OPENAI_BASE_URL") as caught:
        await ask(OpenAIChatModel("gpt-4o"))
    assert not caught.value.retryable


async def test_cancelling_a_call_cancels_the_request(bench: MakeBench) -> None:
    b = await bench([{"text": "late", "hold": "x"}, "next"])
    call = asyncio.create_task(b.ask())
    await b.server.wait_for_requests(1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (await b.ask()).content == "next"


def test_timeout_must_be_above_zero() -> None:
    with pytest.raises(ValueError, match="more than 0 seconds, got 0"):
        OpenAIChatModel("m", timeout=0)
