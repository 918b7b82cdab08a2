"""The token in the browser's cookies, and where signing in leads to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie

import pytest
from starlette.datastructures import Headers
from starlette.responses import Response

from folkmoot.server.dashboard.sessions import COOKIE, forget_token, keep_token, token_of, with_token
from folkmoot.server.dashboard.signing import safe_place


def sent_back(response: Response) -> Headers:
    """What a browser sends after it got a response."""
    kept: dict[str, str] = {}
    for name, value in response.raw_headers:
        if name == b"set-cookie":
            for key, morsel in SimpleCookie(value.decode()).items():
                if morsel["max-age"] == "0":
                    kept.pop(key, None)
                else:
                    kept[key] = morsel.value
    return Headers({"cookie": "; ".join(f"{key}={value}" for key, value in kept.items())})


@pytest.mark.parametrize("length", [1, 3799, 3800, 3801, 8192, 11400])
def test_a_token_comes_back_whole(length: int) -> None:
    token = ("abc.DEF-123_" * length)[:length]
    response = Response()
    keep_token(response, token, datetime.now(UTC) + timedelta(hours=1), "/dashboard", True)
    assert token_of(sent_back(response)) == token
    cookies = [value.decode() for name, value in response.raw_headers if name == b"set-cookie"]
    for cookie in cookies:
        assert {"HttpOnly", "Secure", "SameSite=strict", "Path=/dashboard"} <= set(cookie.split("; "))
        assert len(cookie) < 4096
    forget_token(response, "/dashboard", True)
    assert token_of(sent_back(response)) == ""


def test_a_token_that_no_browser_keeps_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than 11400 characters"):
        keep_token(Response(), "x" * 11401, None, "/dashboard", False)


def test_a_header_of_the_request_counts_for_nothing() -> None:
    scope = {"type": "http", "headers": [(b"authorization", b"Bearer other"), (b"cookie", COOKIE.encode() + b"=mine")]}
    token = token_of(Headers(scope=scope))
    assert Headers(scope=with_token(scope, token)).getlist("authorization") == ["Bearer mine"]
    assert "authorization" not in Headers(scope=with_token(scope, ""))


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ("/dashboard/chats/x?y=1", "/dashboard/chats/x?y=1"),
        ("", "/dashboard/"),
        ("/dashboard", "/dashboard/"),
        ("//elsewhere.example/dashboard/", "/dashboard/"),
        ("https://elsewhere.example/dashboard/", "/dashboard/"),
        ("/dashboard/login?next=/dashboard/login", "/dashboard/"),
        ("/dashboard/logout", "/dashboard/"),
        ("/dashboard/\\elsewhere.example", "/dashboard/"),
        ("/dashboard/x\r\nSet-Cookie: a=b", "/dashboard/"),
        ("/v1/chats", "/dashboard/"),
    ],
)
def test_signing_in_leads_to_pages_of_the_dashboard_only(asked: str, place: str) -> None:
    assert safe_place(asked) == place
