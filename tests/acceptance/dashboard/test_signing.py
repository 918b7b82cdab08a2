"""Signing in and out, and what the dashboard keeps from those who may not."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx2 as httpx
from playwright.sync_api import Browser, Page, expect

from tests._support.browser import COOKIE, accessible, by_keyboard, shot, themes, visitor

from .conftest import Dashboard, Visit


def sign_in(page: Page, token: str) -> None:
    page.get_by_label("API token").fill(token)
    page.get_by_role("button", name="Sign in").click()


def test_the_form_is_shown_in_both_themes_and_at_phone_width(visit: Visit) -> None:
    for theme, phone in themes():
        page = visit(token="", theme=theme, phone=phone).open("/")
        page.get_by_label("API token").wait_for()
        accessible(page)
        shot(page, f"login-{theme}{'-phone' if phone else ''}")


def test_who_signs_in_comes_to_the_page_they_asked_for_and_can_leave_again(dashboard: Dashboard, visit: Visit) -> None:
    token = dashboard.token()
    guest = visit(token="", strict=False)
    page = guest.open("/workers?x=1")
    assert by_keyboard(page) == ["API token", "Sign in"]
    sign_in(page, "nonsense")
    expect(page.get_by_role("alert")).to_contain_text("The token is none, or damaged.")
    accessible(page)
    sign_in(page, token)
    page.get_by_role("heading", name="Workers", level=1).wait_for()
    assert page.url == f"{dashboard.url}/dashboard/workers?x=1"
    (cookie,) = guest.context.cookies(f"{dashboard.url}/dashboard/")
    assert (cookie["name"], cookie["value"], cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (
        COOKIE,
        token,
        True,
        "Strict",
        "/dashboard",
    )
    assert page.evaluate("() => document.cookie") == ""
    assert token not in page.content()

    other = guest.open("/")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_contain_text("You are signed out.")
    # The other page of the same browser has ended with it, without being touched.
    other.wait_for_url(re.compile("/dashboard/login"))
    assert guest.context.cookies(f"{dashboard.url}/dashboard/") == []


def test_a_page_ends_with_its_token(dashboard: Dashboard, visit: Visit) -> None:
    page = visit(token=dashboard.token(subject="brief", hours="20s"), strict=False).open("/workers")
    page.get_by_role("heading", name="Workers", level=1).wait_for()
    page.wait_for_url(re.compile("/dashboard/login"))
    expect(page.get_by_role("status")).to_contain_text("Your token has ended")
    sign_in(page, dashboard.token())
    page.wait_for_url(f"{dashboard.url}/dashboard/workers")


def test_nobody_sees_anything_without_a_token(dashboard: Dashboard) -> None:
    with httpx.Client(base_url=dashboard.url) as http:
        for path in ("/dashboard/", "/dashboard/workers", "/dashboard/nowhere"):
            answer = http.get(path)
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/dashboard/login")
        assert http.get("/dashboard").headers["location"] == "/dashboard/"
        assert (
            http.get("/dashboard/_nicegui_ws/socket.io/", params={"EIO": "4", "transport": "polling"}).status_code
            == 401
        )
        refused = http.post(
            "/dashboard/login", content=b"token=x&next=/", headers={"Origin": "http://elsewhere.example"}
        )
        assert refused.status_code == 403
        # Links elsewhere lead to pages here, for which the browser does not send the cookie at first.
        linked = http.get("/dashboard/", headers={"Sec-Fetch-Site": "cross-site"})
        assert (linked.status_code, "refresh" in linked.text) == (200, True)
        said = http.post("/dashboard/login", content=b"token=x&next=//elsewhere.example/")
        assert (said.status_code, 'value="/dashboard/"' in said.text) == (401, True)


def test_browsers_are_told_what_pages_must_not_do(dashboard: Dashboard) -> None:
    with httpx.Client(base_url=dashboard.url, cookies={COOKIE: dashboard.token()}) as http:
        for path in ("/dashboard/", "/dashboard/login", "/dashboard/nowhere"):
            headers = http.get(path).headers
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "default-src 'self'" in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"
        assert http.get("/dashboard/").headers["cache-control"] == "no-store"
        # The API is as it was, and knows nothing of these pages.
        assert "content-security-policy" not in http.get("/v1/chats").headers
        assert http.get("/v1/chats").status_code == 401
        assert not [path for path in http.get("/openapi.json").json()["paths"] if "dashboard" in path]


def test_roles_and_tenants_decide_what_is_shown(dashboard: Dashboard, visit: Visit) -> None:
    ours = dashboard.chat(tenant="acme")
    theirs = dashboard.chat(tenant="other")
    page = visit("viewer", tenant="acme").open("/")
    page.get_by_role("link", name=ours).wait_for()
    assert page.get_by_role("link", name=theirs).count() == 0
    assert page.get_by_role("checkbox", name=re.compile("Select")).count() == 0
    page = visit("viewer", tenant="acme").open("/?tenant=other")
    expect(page.get_by_role("alert")).to_contain_text("Tenant 'other' is not yours")
    page = visit("admin").open("/")
    page.get_by_role("link", name=ours).wait_for()
    page.get_by_role("link", name=theirs).wait_for()
    page = visit("finance").open("/")
    expect(page.get_by_role("alert")).to_contain_text("This page takes the role 'viewer'. You have none")
    assert page.get_by_role("navigation", name="Dashboard").get_by_role("link").all_inner_texts() == ["Inbox"]


def test_a_page_that_is_not_there_says_so(dashboard: Dashboard, visit: Visit) -> None:
    page = visit(strict=False).open("/no/where")
    page.get_by_role("heading", name="Not found", level=1).wait_for()
    page.get_by_role("navigation", name="Dashboard").get_by_role("link", name="Chats").wait_for()
    accessible(page)
    with httpx.Client(cookies={COOKIE: dashboard.token()}) as http:
        assert http.get(f"{dashboard.url}/dashboard/no/where").status_code == 404


def test_without_authentication_nobody_signs_in_and_only_this_machine_is_served(
    make_dashboard: Callable[..., Dashboard], browser: Browser
) -> None:
    own = make_dashboard(start=False, FOLKMOOT_TOKEN_KEY="", FOLKMOOT_AUTH="none")
    own.start_api()
    with visitor(browser, own.url) as who:
        page = who.open("/workers")
        page.get_by_text("No sign-in").wait_for()
        assert page.get_by_role("button", name="Sign out").count() == 0
    with httpx.Client(base_url=own.url) as http:
        assert http.get("/dashboard/login").headers["location"] == "/dashboard/"
        assert http.get("/dashboard/", headers={"Host": "elsewhere.example"}).status_code == 403


def test_the_api_can_be_had_alone(make_dashboard: Callable[..., Dashboard]) -> None:
    own = make_dashboard(start=False, FOLKMOOT_DASHBOARD="0")
    own.start_api()
    assert httpx.get(f"{own.url}/dashboard/").status_code == 404
    assert own.api is not None
    assert own.api.kind("serve")["dashboard"] is None
