"""Pages of chats whose only worker was killed, while the Temporal server still lists it."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable

from playwright.sync_api import Browser, expect

from tests._support.browser import accessible, shot, visitor

from .conftest import Dashboard
from .deciding import TRANSFER, asked, card, deciding

FEW_SECONDS = 20_000
"""Milliseconds, on a machine with much to do."""
SILENT = re.compile("No worker .*(answers|polls)")


def test_a_worker_that_was_killed_is_told_within_seconds_and_pages_go_on_once_there_is_one(
    make_dashboard: Callable[..., Dashboard], browser: Browser
) -> None:
    own = deciding(make_dashboard)
    chat, request = asked(own, TRANSFER)
    with visitor(browser, own.url, token=own.token("operator approver finance")) as who:
        talk, decide = who.open(f"/chats/{chat}"), card(who, chat, request)
        expect(talk.get_by_role("article", name="user")).to_be_visible()
        assert own.worker is not None
        own.worker.end(signal.SIGKILL)
        # The first byte used to come after a minute.
        assert talk.request.get(talk.url, timeout=FEW_SECONDS).ok
        new, later = who.open(f"/chats/{chat}"), who.open(f"/inbox/{chat}/{request['request']}")
        decisions = who.open(f"/inbox/{chat}")
        for page in (new, later):
            expect(page.get_by_text(SILENT)).to_contain_text("This page tries again by itself.")
            expect(page.get_by_role("link", name="Failures")).to_be_visible()
        expect(new.get_by_role("heading", name=chat, level=1)).to_be_visible()
        expect(decisions.get_by_text(SILENT)).to_be_visible()
        for page in (talk, decide):
            banner = page.get_by_text(SILENT)
            expect(banner).to_contain_text("This page goes on by itself.")
            expect(banner).to_be_in_viewport()
        accessible(new)
        shot(new, "worker-gone-light")
        own.start_worker()
        expect(new.get_by_role("article", name="user")).to_be_visible()
        expect(later.get_by_role("heading", name="What is asked")).to_be_visible()
        for page in (talk, decide, new):
            expect(page.get_by_text(SILENT)).to_have_count(0)
