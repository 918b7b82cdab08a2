"""A page that is left open while the API goes away, and while Temporal does not answer."""

from __future__ import annotations

import signal
from collections.abc import Callable

from playwright.sync_api import Browser, expect

from tests._support.browser import connected, shot, visitor

from .conftest import Dashboard


def test_a_page_left_open_over_a_restart_of_the_api_catches_up_by_itself(
    make_dashboard: Callable[..., Dashboard], browser: Browser
) -> None:
    own = make_dashboard()
    first = own.chat()
    with visitor(browser, own.url, token=own.token(), strict=False) as who:
        page = who.open("/?status=idle")
        page.get_by_role("link", name=first).wait_for()
        assert own.api is not None
        assert own.api.end(signal.SIGTERM) == 0
        banner = page.locator("#connection")
        expect(banner).to_contain_text("The connection is lost", timeout=60_000)
        shot(page, "connection-lost-light")
        own.start_api()
        second = own.chat()
        page.get_by_role("link", name=second).wait_for()
        connected(page)
        expect(banner).to_be_hidden()
        assert page.url.endswith("/dashboard/?status=idle")
        assert who.strange == []
