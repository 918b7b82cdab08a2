"""Every error is a problem of one shape; what nobody foresaw tells an id and nothing else."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

from folkmoot import errors
from folkmoot.errors import (
    BadCommandError,
    ChatNotFoundError,
    FolkmootError,
    ModelCallError,
    NoWorkerError,
    PayloadTooLargeError,
    UnknownNameError,
)
from folkmoot.server.problems import (
    MEDIA_TYPE,
    Problem,
    UnexpectedErrors,
    install_problems,
    problem_responses,
    refusing_bad_input,
)
from folkmoot.server.refusals import (
    ForbiddenError,
    NotAuthenticatedError,
    ProviderUnavailableError,
    RateLimitedError,
    TokenRefusedError,
)

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"


class DecisionOverError(BadCommandError):
    """An error that a later release made of one there was."""


class StrangeError(FolkmootError):
    """An error without a status."""


class Body(BaseModel):
    number: int


def application(error: BaseException | None = None) -> FastAPI:
    app = FastAPI()

    @app.get("/fail", responses=problem_responses(404, 409))
    async def fail() -> None:
        assert error is not None
        raise error

    @app.post("/body/{number}")
    async def body(number: int, body: Body) -> int:
        return number + body.number

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"part"
            raise RuntimeError("in the middle")

        return StreamingResponse(parts())

    install_problems(app)
    app.add_middleware(UnexpectedErrors)
    return app


def client(app: FastAPI) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test")


async def answer(error: BaseException) -> httpx2.Response:
    async with client(application(error)) as http:
        return await http.get("/fail?token=secret")


@pytest.mark.parametrize(
    ("error", "status", "code", "detail"),
    [
        (ChatNotFoundError("There is no chat 'x'."), 404, "ChatNotFoundError", "There is no chat 'x'."),
        (BadCommandError("No."), 422, "BadCommandError", "No."),
        (DecisionOverError("Decided."), 422, "DecisionOverError", "Decided."),
        (UnknownNameError("tool", "t", ["a"]), 422, "UnknownNameError", "Unknown tool 't'; known: 'a'."),
        (PayloadTooLargeError(9, 1), 413, "PayloadTooLargeError", "The payload has 9 bytes; at most 1 are allowed."),
        (ModelCallError("It is down.", status=500), 502, "ModelCallError", "It is down."),
        (ForbiddenError("Not yours."), 403, "ForbiddenError", "Not yours."),
        (BadCommandError("Open it with replace=True."), 422, "BadCommandError", 'Open it with "replace": true.'),
        (HTTPException(418, "Short and stout."), 418, "ImATeapot", "Short and stout."),
    ],
)
async def test_an_error_is_a_problem(error: Exception, status: int, code: str, detail: str) -> None:
    response = await answer(error)
    assert response.status_code == status
    assert response.headers["content-type"] == MEDIA_TYPE
    problem = Problem.model_validate(response.json())
    assert (problem.status, problem.code, problem.detail, problem.instance) == (status, code, detail, "/fail")
    assert problem.type == f"urn:folkmoot:problem:{code}"
    assert problem.title


@pytest.mark.parametrize(
    "name", sorted(name for name, value in vars(errors).items() if inspect.isclass(value) and name in errors.__all__)
)
async def test_every_error_there_is_has_a_status(name: str) -> None:
    kind = getattr(errors, name)
    response = await answer(kind.from_details({"message": "It is so."}))
    expected = 500 if name in ("FolkmootError", "ChatError") else range(400, 504)
    assert response.status_code == expected if isinstance(expected, int) else response.status_code in expected
    assert response.status_code != 500 or name in ("FolkmootError", "ChatError")


@pytest.mark.parametrize(
    ("error", "status", "header", "value"),
    [
        (NotAuthenticatedError("Who?"), 401, "www-authenticate", 'Bearer realm="folkmoot"'),
        (TokenRefusedError("Old."), 401, "www-authenticate", 'Bearer realm="folkmoot", error="invalid_token"'),
        (RateLimitedError(17), 429, "retry-after", "17"),
        (NoWorkerError("q", "n"), 503, "retry-after", "2"),
        (ProviderUnavailableError("Away."), 503, "retry-after", "2"),
        (HTTPException(405, headers={"Allow": "GET"}), 405, "allow", "GET"),
    ],
)
async def test_headers_say_what_to_do_next(error: Exception, status: int, header: str, value: str) -> None:
    response = await answer(error)
    assert (response.status_code, response.headers[header]) == (status, value)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (RPCStatusCode.UNAVAILABLE, 503),
        (RPCStatusCode.DEADLINE_EXCEEDED, 503),
        (RPCStatusCode.RESOURCE_EXHAUSTED, 503),
        (RPCStatusCode.NOT_FOUND, 404),
        (RPCStatusCode.INVALID_ARGUMENT, 422),
        (RPCStatusCode.INTERNAL, 500),
    ],
)
async def test_what_the_temporal_server_refuses(status: RPCStatusCode, expected: int) -> None:
    response = await answer(RPCError("what it said", status, b""))
    assert response.status_code == expected
    assert response.headers["content-type"] == MEDIA_TYPE
    assert ("retry-after" in response.headers) == (expected == 503)
    assert ("what it said" in response.text) == (expected != 500)


async def test_a_temporal_server_that_does_not_answer() -> None:
    response = await answer(WorkflowUpdateRPCTimeoutOrCancelledError())
    assert (response.status_code, response.json()["code"]) == (503, "TemporalError")


@pytest.mark.parametrize(
    "error", [RuntimeError("the password is hunter2"), StrangeError("hunter2"), KeyError("hunter2")]
)
async def test_what_nobody_foresaw_tells_only_an_id(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        response = await answer(error)
    problem = Problem.model_validate(response.json())
    assert (response.status_code, problem.code) == (500, "InternalError")
    assert "hunter2" not in response.text
    assert problem.id
    assert problem.id in problem.detail
    (record,) = [record for record in caplog.records if problem.id in record.getMessage()]
    assert record.exc_info
    assert record.exc_info[1] is error
    assert "secret" not in record.getMessage()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"refused {TOKEN}", "refused [secret]"),
        ("Authorization: Bearer abcdefgh12345678ijkl", "Authorization: Bearer [secret]"),
        ("postgresql://user:hunter2@db/x is away", "postgresql://[secret]@db/x is away"),
        ("expected Bearer TOKEN, see https://example.org/a", "expected Bearer TOKEN, see https://example.org/a"),
    ],
)
async def test_secrets_are_taken_out(text: str, told: str) -> None:
    assert (await answer(BadCommandError(text))).json()["detail"] == told


async def test_a_request_of_another_form() -> None:
    async with client(application()) as http:
        response = await http.post("/body/one", json={"number": "my-secret"})
        damaged = await http.post("/body/1", content=b"{", headers={"content-type": "application/json"})
    problem = Problem.model_validate(response.json())
    assert (problem.status, problem.code) == (422, "RequestValidationError")
    assert [error["loc"] for error in problem.errors or []] == [["path", "number"], ["body", "number"]]
    assert "body.number: Input should be a valid integer" in problem.detail
    assert "my-secret" not in response.text
    assert (damaged.status_code, damaged.headers["content-type"]) == (422, MEDIA_TYPE)


async def test_what_is_not_there() -> None:
    async with client(application()) as http:
        missing, wrong = await http.get("/nowhere"), await http.delete("/fail")
    assert (missing.status_code, missing.json()["code"]) == (404, "NotFound")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "MethodNotAllowed")


async def test_an_answer_that_has_begun_is_broken_off() -> None:
    with pytest.raises(RuntimeError, match="in the middle"):
        async with client(application()) as http:
            await http.get("/stream")


async def test_an_end_of_the_server_is_no_error() -> None:
    with pytest.raises(asyncio.CancelledError):
        await answer(asyncio.CancelledError())


def test_bad_values_of_a_caller_are_their_error() -> None:
    with pytest.raises(BadCommandError, match="'x' is none"), refusing_bad_input():
        raise ValueError("'x' is none.")
    with pytest.raises(BadCommandError, match="number: Input should be") as caught, refusing_bad_input():
        Body.model_validate({"number": "my-secret"})
    assert "my-secret" not in str(caught.value)
    with pytest.raises(ChatNotFoundError), refusing_bad_input():
        raise ChatNotFoundError("No.")
    with pytest.raises(KeyError), refusing_bad_input():
        raise KeyError("a bug")


def test_the_document_tells_of_problems_only() -> None:
    app = application()
    for _ in range(2):
        document = app.openapi()
        told: dict[str, Any] = document["paths"]["/fail"]["get"]["responses"]
        assert set(told) == {"200", "404", "409", "default"}
        body = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        assert all(told[status]["content"] == body for status in ("404", "409", "default"))
        assert document["paths"]["/body/{number}"]["post"]["responses"]["422"]["content"] == body
        assert "HTTPValidationError" not in document["components"]["schemas"]
        assert document["components"]["schemas"]["Problem"]["properties"]["code"]
