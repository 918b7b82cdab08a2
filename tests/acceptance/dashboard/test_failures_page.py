"""What goes wrong: failures by cause, and chats that do not get on."""

from __future__ import annotations

import asyncio
import signal
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from temporalio.client import Client

from tests._support.browser import accessible, by_keyboard, shot, themes, visitor

from .conftest import Dashboard, Visit

SCRIPT: list[Any] = [
    {"status": 400, "message": "no deployment 4711 of that name", "when": {"contains": "refuse"}, "repeat": True},
    {"status": 503, "message": "overloaded", "when": {"contains": "retry"}, "repeat": True},
    {"text": "hello", "repeat": True},
]


def test_nothing_went_wrong(visit: Visit) -> None:
    page = visit(tenant="nobody").open("/failures")
    page.get_by_text("No chat is stuck").wait_for()
    page.get_by_text("Nothing failed").wait_for()
    expect(page.get_by_role("time")).to_have_attribute("data-local", "yes")
    expect(page.get_by_text("UTC")).to_have_count(0)
    accessible(page)
    shot(page, "failures-empty-light")
    assert by_keyboard(page)[-1] == "Look again"


def cause(page: Page, kind: str) -> Locator:
    return page.get_by_role("group").filter(has_text=kind)


def looked(page: Page, found: Locator) -> None:
    """Look again until it is there: what was seen holds for some seconds, a worker that ended is listed for 75."""
    page.get_by_role("button", name="Look again").click()
    expect(found.first).to_be_visible(timeout=120_000)


# Chats count as stuck after some time: most of this is waiting.
@pytest.mark.timeout(400)
def test_failures_are_told_by_cause_and_stuck_chats_one_by_one(
    make_dashboard: Callable[..., Dashboard], browser: Browser, server_address: str
) -> None:
    own = make_dashboard(SCRIPT)
    # The server is others' too.
    tenant = uuid.uuid4().hex
    failed = [own.chat(task="refuse this", tenant=tenant) for _ in range(2)]
    retried = own.chat(task="retry this", wait=False, tenant=tenant)
    gone = own.chat(tenant=tenant)
    terminate(server_address, gone)
    with visitor(browser, own.url, token=own.token(tenant=tenant)) as who:
        page = who.open("/failures")
        looked(page, cause(page, "Call fails"))
        expect(cause(page, "Call fails")).to_contain_text("overloaded")
        looked(page, cause(page, "Run failed"))
        expect(cause(page, "Run failed")).to_contain_text("no deployment … of that name")
        expect(cause(page, "Run failed")).to_contain_text("answered with status 400")
        expect(cause(page, "Run failed")).to_contain_text("2 chats")
        cause(page, "Run failed").locator("summary").click()
        for chat in failed:
            expect(cause(page, "Run failed").get_by_role("link", name=chat)).to_be_visible()
        expect(cause(page, "Chat ended").filter(has_text="by the test")).to_contain_text("Terminated: by the test")

        assert own.worker is not None
        own.worker.end(signal.SIGTERM)
        with own.http(tenant=tenant) as http:
            http.post(f"/chats/{failed[0]}/runs", json={"task": "retry this"})
        looked(page, page.get_by_role("table", name="Stuck chats").get_by_role("row").filter(has_text=retried))
    for theme, phone in themes():
        with visitor(browser, own.url, token=own.token(tenant=tenant), theme=theme, phone=phone) as who:
            page = who.open("/failures")
            looked(page, cause(page, "Chat ended"))
            cause(page, "Chat ended").first.locator("summary").click()
            accessible(page)
            shot(page, f"failures-{theme}{'-phone' if phone else ''}")


def terminate(address: str, chat: str) -> None:
    async def do() -> None:
        client = await Client.connect(address)
        await client.get_workflow_handle(chat).terminate(reason="by the test")

    # Playwright's loop is in this thread.

    thread = threading.Thread(target=lambda: asyncio.run(do()))
    thread.start()
    thread.join()
