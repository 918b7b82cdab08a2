"""The list of chats: live, filtered by its address, paged, with commands for several at once."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests._support.browser import accessible, by_keyboard, connected, shot, themes, visitor
from tests._support.command_line import release, wait_for_requests

from .conftest import TEAM, Dashboard, Visit


def row(page: Page, chat: str) -> Any:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=chat, exact=True))


def cell(page: Page, chat: str, label: str) -> Any:
    return row(page, chat).locator(f"td[data-label='{label}']")


def test_chats_are_shown_in_both_themes_and_at_phone_width(dashboard: Dashboard, visit: Visit) -> None:
    chats = [dashboard.chat(task="go") for _ in range(3)]
    for theme, phone in themes():
        page = visit(theme=theme, phone=phone).open("/")
        for chat in chats:
            page.get_by_role("link", name=chat).wait_for()
        page.get_by_role("checkbox", name=f"Select {chats[0]}").check()
        page.get_by_text("1 selected").wait_for()
        accessible(page)
        shot(page, f"chats-{theme}{'-phone' if phone else ''}")
        page.get_by_role("button", name="Pause").click()
        page.get_by_role("dialog", name=f"Pause chat {chats[0]}?").wait_for()
        accessible(page)
        shot(page, f"chats-confirm-{theme}{'-phone' if phone else ''}", whole=False)


def test_the_list_is_empty_with_a_word_on_what_to_do(visit: Visit) -> None:
    page = visit(tenant="nobody").open("/")
    page.get_by_text("No chats yet").wait_for()
    accessible(page)
    shot(page, "chats-empty-light")
    page = visit().open(f"/?search={uuid.uuid4().hex}")
    page.get_by_text("No chat is like that").wait_for()
    page = visit().open("/?status=odd")
    expect(page.get_by_role("alert")).to_contain_text("Status 'odd': expected one of idle, running")
    page = visit().open("/?cursor=odd")
    expect(page.get_by_role("alert")).to_contain_text("The cursor is none")


def test_a_run_that_failed_is_marked_and_long_ids_leave_the_other_columns_room(
    make_dashboard: Callable[..., Dashboard], browser: Browser
) -> None:
    refuse = {"status": 400, "message": "no such deployment", "when": {"contains": "refuse"}, "repeat": True}
    own = make_dashboard([refuse, {"text": "hello", "repeat": True}])
    tenant, long = uuid.uuid4().hex, f"{uuid.uuid4().hex}-{'a-title-TICKET-1234567890' * 5}"
    failed, fine = own.chat(task="refuse this", tenant=tenant), own.chat(task="go", tenant=tenant, id=long)
    with visitor(browser, own.url, token=own.token(tenant=tenant)) as who:
        page = who.open("/")
        mark = cell(page, failed, "Status").get_by_text("run failed")
        expect(mark).to_have_attribute("title", re.compile("no such deployment"))
        expect(cell(page, fine, "Cost")).to_be_visible()
        expect(row(page, fine).get_by_text("run failed")).to_have_count(0)
        table = page.get_by_role("table")
        assert table.evaluate("(table) => table.parentElement.scrollWidth <= table.parentElement.clientWidth")
        assert cell(page, fine, "Team").bounding_box()["width"] >= 110
        # The example of the filter is a value as lists have it.
        expect(page.get_by_label("Waiting for")).to_have_attribute("placeholder", "e.g. role:finance")


def test_the_list_follows_the_chats(dashboard: Dashboard, visit: Visit) -> None:
    tenant = uuid.uuid4().hex
    page = visit(tenant=tenant).open("/")
    page.get_by_text("No chats yet").wait_for()
    chat = dashboard.chat(tenant=tenant)
    expect(row(page, chat)).to_contain_text("idle")
    with dashboard.http(tenant=tenant) as http:
        http.post(f"/chats/{chat}/runs", json={"task": "go"}, params={"wait": 60}).raise_for_status()
        expect(cell(page, chat, "Turn")).to_have_text("1")
        expect(cell(page, chat, "Tokens")).not_to_have_text("0")
        http.post(f"/chats/{chat}/pause").raise_for_status()
        expect(row(page, chat)).to_contain_text("paused")
        http.post(f"/chats/{chat}/close", json={"force": True}).raise_for_status()
    expect(row(page, chat)).to_contain_text("closed")
    expect(page.get_by_role("navigation", name="Status").get_by_role("link", name="Closed")).to_contain_text("1")


def test_filters_are_the_address(dashboard: Dashboard, visit: Visit) -> None:
    mark = uuid.uuid4().hex[:6]
    other = {**TEAM, "name": "others"}
    first = dashboard.chat(id=f"a-{mark}")
    second = dashboard.chat(other, id=f"b-{mark}")
    page = visit().open(f"/?search=b-{mark}")
    row(page, second).wait_for()
    assert row(page, first).count() == 0
    page.get_by_label("Chat id begins with").fill(f"a-{mark}")
    page.keyboard.press("Enter")
    row(page, first).wait_for()
    assert f"search=a-{mark}" in page.url
    page.get_by_label("Team").fill("others")
    page.get_by_role("button", name="Filter").click()
    page.get_by_text("No chat is like that").wait_for()
    page.get_by_role("navigation", name="Status").get_by_role("link", name="Paused").click()
    page.wait_for_url(f"**/dashboard/?status=paused&search=a-{mark}&team=others")
    assert page.get_by_label("Team").input_value() == "others"
    page.go_back()
    page.go_back()
    row(page, first).wait_for()
    page.get_by_role("link", name="Clear").click()
    page.wait_for_url("**/dashboard/")


def test_several_chats_are_commanded_at_once_and_each_tells_what_became_of_it(
    make_dashboard: Callable[..., Dashboard], browser: Browser
) -> None:
    own = make_dashboard([{"text": "slow", "hold": "answer", "repeat": True}])
    model = own.cli.environment["OPENAI_BASE_URL"].removesuffix("/v1")
    # The server is others' too.
    tenant = uuid.uuid4().hex
    running = own.chat({**TEAM, "max_turns": 2}, task="go", wait=False, tenant=tenant)
    idle, gone = own.chat(tenant=tenant), own.chat(tenant=tenant)
    wait_for_requests(model, 1)
    with visitor(browser, own.url, token=own.token(tenant=tenant)) as who:
        page = who.open("/")
        expect(row(page, running)).to_contain_text("running")
        expect(cell(page, running, "Speaker")).to_have_text("writer")
        assert page.get_by_role("button", name="Pause").is_disabled()
        for chat in (running, idle, gone):
            page.get_by_role("checkbox", name=f"Select {chat}").check()
        page.get_by_text("3 selected").wait_for()
        page.get_by_role("button", name="Pause").click()
        dialog = page.get_by_role("dialog", name="Pause 3 chats?")
        expect(dialog).to_contain_text("Calls to models and tools that are in flight finish")
        dialog.get_by_role("button", name="Cancel").click()
        expect(dialog).to_be_hidden()
        with own.http(tenant=tenant) as http:
            http.post(f"/chats/{gone}/close").raise_for_status()
        page.get_by_role("button", name="Pause").click()
        page.get_by_role("dialog").get_by_role("button", name="Pause").click()
        expect(page.get_by_text("Pause: 2 of 3 chats took it.")).to_be_visible()
        expect(page.get_by_role("listitem").filter(has_text=gone)).to_contain_text("closed")
        page.get_by_text("Same on the command line:").wait_for()
        expect(page.locator("[role=dialog]")).to_have_count(0)
        accessible(page)
        shot(page, "chats-results-light")
        expect(row(page, running)).to_contain_text("pausing")
        expect(row(page, idle)).to_contain_text("paused")
        release(model, "answer")
        expect(row(page, running)).to_contain_text("paused")
        page.get_by_role("checkbox", name="Select all on this page").check()
        page.get_by_text("3 selected").wait_for()
        page.get_by_role("checkbox", name=f"Select {gone}").uncheck()
        page.get_by_role("button", name="Resume").click()
        page.get_by_role("dialog", name="Resume 2 chats?").get_by_role("button", name="Resume").click()
        expect(page.get_by_text("Resume: 2 of 2 chats took it.")).to_be_visible()
        expect(row(page, idle)).to_contain_text("idle")


def test_thousands_of_chats_are_shown_in_pages(dashboard: Dashboard, visit: Visit) -> None:
    tenant = uuid.uuid4().hex
    opened = [dashboard.chat(tenant=tenant) for _ in range(52)]
    page = visit(tenant=tenant).open("/")
    row(page, opened[-1]).wait_for()
    assert page.get_by_role("row").count() == 51
    page.get_by_role("link", name="Next page").click()
    row(page, opened[0]).wait_for()
    assert page.get_by_role("row").count() == 3
    assert page.get_by_role("link", name="Next page").is_hidden()
    page.get_by_role("link", name="First page").click()
    row(page, opened[-1]).wait_for()


def test_everything_is_reached_by_keyboard(dashboard: Dashboard, visit: Visit) -> None:
    tenant = uuid.uuid4().hex
    chat = dashboard.chat(tenant=tenant)
    page = visit(tenant=tenant).open("/")
    row(page, chat).wait_for()
    names = by_keyboard(page)
    assert names[:7] == ["Skip to content", "Folkmoot", "Chats", "Inbox", "Failures", "Workers", "Theme"]
    assert names[-4:] == ["Filter", "Select all on this page", f"Select {chat}", chat]
    page.get_by_role("checkbox", name=f"Select {chat}").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Pause").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=f"Pause chat {chat}?")
    dialog.wait_for()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Pause")).to_be_focused()
    page.reload()
    connected(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "content"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_is_the_systems_until_another_is_chosen(visit: Visit, theme: Any) -> None:
    page = visit(theme=theme).open("/workers")
    shown = "() => document.documentElement.dataset.theme"
    assert page.evaluate(shown) == theme
    other = "dark" if theme == "light" else "light"
    page.get_by_label("Theme").select_option(other)
    assert page.evaluate(shown) == other
    page.reload()
    assert page.evaluate(shown) == other
    assert page.get_by_label("Theme").input_value() == other
    page.get_by_label("Theme").select_option("system")
    assert page.evaluate(shown) == theme
