"""Errors in one shape: problem details (RFC 9457), with the class name of the error as `code`.

What nobody foresaw is 500 with nothing but an id, under which the log has the error.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from temporalio.client import RPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

from folkmoot.errors import BadCommandError, FolkmootError

from .noting import note_refusal
from .refusals import NotAuthenticatedError, RateLimitedError

__all__ = [
    "MEDIA_TYPE",
    "Problem",
    "UnexpectedErrors",
    "install_problems",
    "problem_of",
    "problem_responses",
    "refusing_bad_input",
]

MEDIA_TYPE = "application/problem+json"
_LOG = logging.getLogger(__name__)

_STATUS: dict[str, int] = {
    "BadCommandError": 422,
    "ChatBusyError": 409,
    "ChatCancelled": 409,
    "ChatClosedError": 409,
    "ChatExistsError": 409,
    "ChatFailedError": 409,
    "ChatNotFoundError": 404,
    "DecisionRefusedError": 409,
    # Not 503: it is the same the next time.
    "EncryptionKeyError": 409,
    "ForbiddenError": 403,
    "LogReadError": 503,
    "ModelCallError": 502,
    "NoWorkerError": 503,
    "NotAuthenticatedError": 401,
    "PayloadTooLargeError": 413,
    "ProviderUnavailableError": 503,
    "RateLimitedError": 429,
    "ServerUnavailableError": 503,
    # Not 503: it is the same the next time.
    "StoreMissingError": 409,
    "UnknownNameError": 422,
}
"""By the name of an error's class; a class that is not here has its parent's."""
_RPC: dict[RPCStatusCode, int] = {
    RPCStatusCode.ALREADY_EXISTS: 409,
    RPCStatusCode.CANCELLED: 503,
    RPCStatusCode.DEADLINE_EXCEEDED: 503,
    RPCStatusCode.INVALID_ARGUMENT: 422,
    RPCStatusCode.NOT_FOUND: 404,
    RPCStatusCode.RESOURCE_EXHAUSTED: 503,
    RPCStatusCode.UNAVAILABLE: 503,
}
_RETRY_AFTER = 2
"""Seconds after which to try again what a server, a worker or a provider that is away did not do."""
_SECRET = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*|(?<=://)[^\s/@]+:[^\s/@]+(?=@)|(?i:(?<=\bbearer ))[\w.~+/=-]{16,}")
"""Signed tokens, a URL's user and password, an authorization header: whoever wrote them into an error."""
_IN_PYTHON = re.compile(r"\b([a-z_]+)=(True|False)\b")
"""Options as errors of the library name them."""


class Problem(BaseModel):
    """Why a request was not carried out (RFC 9457)."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    type: str
    """`urn:folkmoot:problem:` and the code."""
    title: str
    """The status in words."""
    status: int
    """The HTTP status."""
    detail: str
    """What happened, and what to do next."""
    instance: str
    """The path that was asked for."""
    code: str
    """The class name of the error, which never changes."""
    errors: list[dict[str, Any]] | None = None
    """With a request that is not of the form: where (`loc`), what (`msg`), which kind (`type`)."""
    id: str | None = None
    """With an error that nobody foresaw: its id in the server's log."""


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer with these statuses, for the OpenAPI document."""
    return {status: {"model": Problem, "description": HTTPStatus(status).phrase} for status in statuses}


@contextmanager
def refusing_bad_input() -> Generator[None]:
    """Turn a ValueError or TypeError of the block into a BadCommandError: for values that the caller sent.

    Raises:
        BadCommandError: The block refused a value.
    """
    try:
        yield
    except FolkmootError:
        raise
    except ValidationError as error:
        raise BadCommandError(_told(error)) from None
    except (ValueError, TypeError) as error:
        raise BadCommandError(str(error)) from None


def _told(error: ValidationError) -> str:
    """What pydantic refused, without the values: somebody might have written a key into one."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, item['loc'])) or error.title}: {item['msg']}" for item in found)


def problem_of(
    path: str,
    status: int,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """A problem as a response.

    Args:
        path: What was asked for.
        status: The HTTP status.
        code: The error's class name.
        detail: What happened; what looks like a secret is taken out.
        headers: Of the response.
        more: Further members.
    """
    body = {
        "type": f"urn:folkmoot:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _for_callers(detail),
        "instance": path,
        "code": code,
        **more,
    }
    return JSONResponse(body, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def _for_callers(detail: str) -> str:
    """What happened, without secrets, and with options as bodies have them."""
    return _SECRET.sub("[secret]", _IN_PYTHON.sub(lambda found: f'"{found[1]}": {found[2].lower()}', detail))


def response_to(path: str, error: FolkmootError) -> JSONResponse:
    """What a domain error is answered with."""
    status = next((_STATUS[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in _STATUS), 500)
    if status == 500:
        return _unexpected(path, error)
    headers: dict[str, str] = {}
    if isinstance(error, NotAuthenticatedError):
        refused = type(error) is not NotAuthenticatedError
        headers["WWW-Authenticate"] = 'Bearer realm="folkmoot"' + (', error="invalid_token"' if refused else "")
    elif isinstance(error, RateLimitedError):
        headers["Retry-After"] = str(error.retry_after)
    elif status == 503:
        headers["Retry-After"] = str(_RETRY_AFTER)
    return problem_of(path, status, error.type, error.message, headers=headers)


def install_problems(app: FastAPI) -> None:
    """Have an application answer every error with a problem; what nobody foresaw is `UnexpectedErrors`' work."""
    app.add_exception_handler(FolkmootError, _domain_error)
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RPCError, _rpc_error)
    app.add_exception_handler(RPCTimeoutOrCancelledError, _rpc_timeout)
    document = app.openapi
    app.openapi = lambda: _told_in(document())


def _told_in(document: dict[str, Any]) -> dict[str, Any]:
    """An OpenAPI document in which all errors are problems; FastAPI knows neither their shape nor their media type."""
    schemas: dict[str, Any] = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema()
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    body = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    operations: list[dict[str, Any]] = [
        operation for path in document.get("paths", {}).values() for operation in path.values()
    ]
    for operation in operations:
        responses = operation["responses"]
        for response in responses.values():
            if any(_is_problem(content.get("schema", {})) for content in response.get("content", {}).values()):
                response["content"] = body
        responses["default"] = {"description": "Any other problem", "content": body}
    return document


def _is_problem(schema: dict[str, Any]) -> bool:
    return schema.get("$ref", "").rpartition("/")[2] in ("Problem", "HTTPValidationError")


class UnexpectedErrors:
    """ASGI middleware: an error that reaches it is logged under an id and answered with 500 and that id."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            if started:
                # The caller has part of an answer: only an end of the connection tells that it is not all of it.
                raise
            # FolkmootErrors come from middleware, which the application's handlers do not see.
            answer = response_to if isinstance(error, FolkmootError) else _unexpected
            await answer(scope["path"], cast(FolkmootError, error))(scope, receive, send)


def _unexpected(path: str, error: Exception) -> JSONResponse:
    number = uuid.uuid4().hex
    _LOG.error("Error %s of %s", number, path, exc_info=error)
    return problem_of(
        path, 500, "InternalError", f"Something went wrong; the server's log has it as {number}.", id=number
    )


async def _domain_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, FolkmootError)
    answer = response_to(request.url.path, error)
    if answer.status_code in (401, 403):
        note_refusal(request, answer.status_code, error.type, _for_callers(error.message))
    return answer


async def _bad_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    found = [{name: item[name] for name in ("loc", "msg", "type")} for item in error.errors()]
    detail = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in found)
    return problem_of(request.url.path, 422, "RequestValidationError", detail, errors=found)


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = HTTPStatus(error.status_code).name.title().replace("_", "")
    return problem_of(request.url.path, error.status_code, code, str(error.detail), headers=error.headers)


async def _rpc_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RPCError)
    status = _RPC.get(error.status)
    if status is None:
        return _unexpected(request.url.path, error)
    headers = {"Retry-After": str(_RETRY_AFTER)} if status == 503 else None
    detail = f"The Temporal server refused: {error.message}"
    return problem_of(request.url.path, status, "TemporalError", detail, headers=headers)


async def _rpc_timeout(request: Request, _: Exception) -> JSONResponse:
    headers = {"Retry-After": str(_RETRY_AFTER)}
    detail = "The Temporal server did not answer in time."
    return problem_of(request.url.path, 503, "TemporalError", detail, headers=headers)
