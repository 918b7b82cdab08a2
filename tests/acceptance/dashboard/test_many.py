"""A thousand chats in the list and 5,000 messages in a transcript: a page holds a bounded part of them.

How long a page took is kept for `pytest --junitxml`; see docs/howto/dashboard.md.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from tests._support.browser import visitor

from .conftest import TEAM, Dashboard, Visit
from .conversation import WRITING, path
from .temporal import OwnServer

CHATS = 1_000
PAGE = 50
MESSAGES = 5_000
MOST = 300
"""Items on a page."""
NODES = 6_000
"""Elements on a page."""
Timed = Callable[[str], AbstractContextManager[None]]


@pytest.fixture
def timed(record_testsuite_property: Callable[[str, object], None]) -> Timed:
    @contextmanager
    def taking(what: str) -> Generator[None]:
        began = time.monotonic()
        yield
        record_testsuite_property(what, f"{time.monotonic() - began:.2f} s")

    return taking


def rows(page: Page, last: str) -> int:
    """How many chats are on a page, once one of them is."""
    expect(page.get_by_role("link", name=last, exact=True)).to_be_visible()
    return page.locator("tbody tr").count()


def nodes(page: Page) -> int:
    return page.evaluate("() => document.querySelectorAll('*').length")


@pytest.fixture
def temporal() -> Iterator[OwnServer]:
    """Not that of other tests, whose lists would be full of these chats."""
    server = OwnServer()
    try:
        server.start()
        yield server
    finally:
        server.end()


def test_a_thousand_chats_are_shown_in_pages_of_a_bounded_size(
    make_dashboard: Callable[..., Dashboard], browser: Browser, temporal: OwnServer, timed: Timed
) -> None:
    own = make_dashboard(TEMPORAL_ADDRESS=temporal.address)
    tenant, mark = "many", uuid.uuid4().hex[:6]
    ids = [f"{mark}-{number:04}" for number in range(CHATS)]
    temporal.list_chats([(chat, "few" if chat.endswith("00") else "notes") for chat in ids[:-PAGE]], tenant)
    # Those on the first page are whole chats, which workers are asked about.
    with own.http("designer", tenant=tenant) as http:
        for chat in ids[-PAGE:]:
            http.post("/chats", json={"team": TEAM, "id": chat}).raise_for_status()
    asked: list[str] = []
    with visitor(browser, own.url, token=own.token(tenant=tenant)) as who:
        who.context.on("request", lambda request: asked.append(request.url))
        with timed("first rows of 1,000 chats"):
            page = who.open("/")
            assert rows(page, ids[-1]) == PAGE
        expect(page.get_by_role("navigation", name="Status").get_by_role("link", name="All")).to_contain_text("1,000")
        assert nodes(page) < NODES
        loaded = len(asked)
        with timed("the next page"):
            page.get_by_role("link", name="Next page").click()
            assert rows(page, ids[-PAGE - 1]) == PAGE
        with timed("a filter by id"):
            page.get_by_label("Chat id begins with").fill(ids[0])
            page.keyboard.press("Enter")
            assert rows(page, ids[0]) == 1
        with timed("a filter by team"):
            page.get_by_label("Chat id begins with").fill("")
            page.get_by_label("Team").fill("few")
            page.keyboard.press("Enter")
            assert rows(page, ids[100]) == CHATS // 100
        # No row asks for anything of its own.
        assert len(asked) <= 4 * loaded, asked
        assert loaded < PAGE


def test_a_long_transcript_is_shown_in_windows_of_a_bounded_size(
    dashboard: Dashboard, visit: Visit, timed: Timed
) -> None:
    chat = dashboard.chat(WRITING)
    task = [{"type": "TextMessage", "source": "user", "content": f"message {n}"} for n in range(MESSAGES)]
    with dashboard.http() as http:
        done = http.post(f"/chats/{chat}/runs", json={"task": task}, params={"wait": 60})
    assert done.status_code == 200, done.text[:1_000]
    with timed("the end of 5,000 messages"):
        page = visit().open(path(chat))
        expect(page.get_by_role("article", name="editor")).to_be_visible()
    assert page.locator("#transcript > *").count() <= MOST
    assert nodes(page) < NODES
    expect(page.get_by_text(f"message {MESSAGES - 1}", exact=True)).to_have_count(1)
    with timed("their beginning"):
        page.get_by_role("link", name="Beginning").click()
        expect(page.get_by_text("message 0", exact=True)).to_be_visible()
    assert page.locator("#transcript > *").count() <= MOST
    with timed("the next part"):
        page.get_by_role("link", name="Later").click()
        expect(page.get_by_text("message 300", exact=True)).to_have_count(1)
    page.get_by_label("Turn").fill("1")
    with timed("a turn by its number"):
        page.get_by_role("button", name="Show").click()
        expect(page.locator("#turn-1")).to_be_in_viewport()
    page.get_by_label("Turn").fill("99")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no snapshot of turn 99")
    expect(page.get_by_role("article", name="editor")).to_be_visible()
