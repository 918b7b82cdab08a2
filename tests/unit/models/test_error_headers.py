"""Headers and bodies of failed answers, and exceptions, are read as providers and clients mean them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest

from folkmoot.models.connection import from_exception
from folkmoot.models.errors import Failures, scrub

FAILURES = Failures("m")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "7"}, 7.0),
        ({"retry-after": "Wed, 01 Jan 2020 00:00:00 GMT"}, 0.0),
        ({"retry-after": "later"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert FAILURES.from_status(429, headers, None).retry_after == seconds


def test_retry_after_as_a_date_is_counted_from_now() -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    seconds = FAILURES.from_status(503, {"retry-after": at}, None).retry_after
    assert seconds is not None
    assert 3000 < seconds <= 3600


@pytest.mark.parametrize(
    ("status", "said", "retryable"), [(400, "true", True), (500, "false", False), (500, "?", True)]
)
def test_provider_may_overrule_the_status(status: int, said: str, retryable: bool) -> None:
    assert FAILURES.from_status(status, {"x-should-retry": said}, None).retryable is retryable


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"error": {"message": "No", "code": "bad", "type": "t"}}, "(bad): No"),
        ({"message": "No", "type": "t"}, "(t): No"),
        ({"error": {"message": "No", "code": 500, "type": "server_error"}}, "(server_error): No"),
        ({"error": "plain"}, ": plain"),
        ('{"error": {"message": "as text"}}', ": as text"),
        ("<html>\n\n  proxy </html>", ": <html> proxy </html>"),
        (None, ""),
    ],
)
def test_what_the_provider_said(body: object, text: str) -> None:
    gap = "" if text.startswith((":", "")) and not text.startswith("(") else " "
    assert str(FAILURES.from_status(500, {}, body)) == f"model 'm' answered with status 500{gap}{text}"


def test_long_answers_are_cut() -> None:
    assert len(str(FAILURES.from_status(500, {}, "word " * 1000))) < 500


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (TimeoutError(), True),
        (ConnectionResetError("reset"), True),
        (httpx2.ReadError("gone"), True),
        (httpx2.RemoteProtocolError("half an answer"), True),
        (httpx2.UnsupportedProtocol("no scheme"), False),
        (httpx2.LocalProtocolError("bad header"), False),
    ],
)
def test_exceptions_of_the_connection(error: Exception, retryable: bool) -> None:
    made = from_exception(error, FAILURES)
    assert made.retryable is retryable
    assert "model 'm'" in str(made)


@pytest.mark.parametrize(
    "secret",
    [
        "sk-abcdef123456",
        "sk-proj-ab_cd*****yz",
        "Bearer eyJhbGciOi.x.y",
        'Authorization": "Basic dXNlcjpwYXNz',
        "authorization: Token abc",
    ],
)
def test_what_looks_like_a_credential_is_removed(secret: str) -> None:
    clean = scrub(f"before {secret} after")
    assert clean.startswith("before ")
    assert not any(part in clean for part in ("abcdef", "sk-proj", "eyJ", "dXN", "Token abc"))
