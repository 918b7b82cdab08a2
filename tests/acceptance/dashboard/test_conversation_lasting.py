"""A chat's page that is left open over a restart of API and worker catches up by itself."""

from __future__ import annotations

import signal
from collections.abc import Callable

from playwright.sync_api import Browser, expect

from tests._support.browser import connected, visitor

from .conftest import Dashboard
from .conversation import WRITING, conversing, path


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
