"""A transcript of 5,000 messages stays quick; a page left open over restarts catches up by itself."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from playwright.sync_api import Browser, expect

from tests._support.browser import connected, visitor

from .conftest import Dashboard, Visit
from .conversation import WRITING, conversing, path

MESSAGES = 5_000
MOST = 300
"""Items on a page."""
QUICK = 20.0
"""Seconds, on a machine that does much else; alone it is about one."""


def test_a_long_transcript_is_shown_in_windows_of_a_bounded_size(dashboard: Dashboard, visit: Visit) -> None:
    chat = dashboard.chat(WRITING)
    task = [{"type": "TextMessage", "source": "user", "content": f"message {n}"} for n in range(MESSAGES)]
    with dashboard.http() as http:
        done = http.post(f"/chats/{chat}/runs", json={"task": task}, params={"wait": 60})
    assert done.status_code == 200, done.text[:1_000]
    began = time.monotonic()
    page = visit().open(path(chat))
    expect(page.get_by_role("article", name="editor")).to_be_visible()
    took = time.monotonic() - began
    assert took < QUICK, f"the end of it was shown after {took:.1f} s"
    assert page.locator("#transcript > *").count() <= MOST
    assert page.evaluate("() => document.querySelectorAll('*').length") < 6_000
    expect(page.get_by_text(f"message {MESSAGES - 1}", exact=True)).to_have_count(1)
    page.get_by_role("link", name="Beginning").click()
    expect(page.get_by_text("message 0", exact=True)).to_be_visible()
    assert page.locator("#transcript > *").count() <= MOST
    page.get_by_role("link", name="Later").click()
    expect(page.get_by_text("message 300", exact=True)).to_have_count(1)
    page.get_by_label("Turn").fill("1")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#turn-1")).to_be_in_viewport()
    page.get_by_label("Turn").fill("99")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no snapshot of turn 99")
    expect(page.get_by_role("article", name="editor")).to_be_visible()


def test_a_page_left_open_over_restarts_of_api_and_worker_catches_up(
    make_dashboard: Callable[..., Dashboard], browser: Browser
) -> None:
    own = conversing(make_dashboard)
    chat = own.chat(WRITING, task="Begin")
    with visitor(browser, own.url, token=own.token(), strict=False) as who:
        page = who.open(path(chat))
        expect(page.get_by_role("article", name="editor")).to_have_count(1)
        page.get_by_label("Say something to the chat").fill("A draft")
        assert own.api is not None
        assert own.worker is not None
        own.worker.end(signal.SIGTERM)
        own.api.end(signal.SIGTERM)
        own.start_worker()
        own.start_api()
        with own.http() as http:
            http.post(f"/chats/{chat}/runs", json={"task": "Go on"}, params={"wait": 60}).raise_for_status()
        expect(page.get_by_role("article", name="editor")).to_have_count(2)
        connected(page)
        expect(page.get_by_label("Say something to the chat")).to_have_value("A draft")
        said = page.get_by_role("log").locator("article").all_inner_texts()
        assert sum("Go on" in text for text in said) == 1
