"""Pages that are left open while the Temporal server is killed and started again on its data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests._support.browser import visitor
from tests._support.waiting import settled

from .conftest import Dashboard
from .conversation import NESTED, WRITING, conversing, path
from .deciding import TRANSFER, asked, card, deciding
from .temporal import OwnServer


@pytest.fixture
def temporal(tmp_path: Path) -> Iterator[OwnServer]:
    server = OwnServer(tmp_path)
    try:
        server.start()
        yield server
    finally:
        server.end()


def told(own: Dashboard, chat: str, task: str) -> None:
    """Have a chat begin with a task once its workers have found the server again; once, however often it is asked."""
    with own.http() as http:

        def begun() -> bool:
            key = {"Idempotency-Key": f"{chat} {task}"}
            return http.post(f"/chats/{chat}/runs", json={"task": task}, headers=key).is_success

        settled(begun, f"{chat} has begun", within=90)


def test_pages_left_open_over_a_restart_of_the_temporal_server_catch_up(
    make_dashboard: Callable[..., Dashboard], browser: Browser, temporal: OwnServer
) -> None:
    own = conversing(make_dashboard, TEMPORAL_ADDRESS=temporal.address)
    chat, asking = own.chat(WRITING, task="Begin"), own.chat(NESTED, task="Ask", wait=False)
    with visitor(browser, own.url, token=own.token("operator approver"), strict=False) as who:
        chats, inbox, times = who.open("/"), who.open("/inbox?whose=all"), who.open(path(chat, "timeline"))
        talk, snapshots = who.open(path(chat)), who.open(path(chat, "snapshots"))
        log = talk.get_by_role("log")
        expect(chats.get_by_role("link", name=asking)).to_be_visible()
        expect(inbox.get_by_role("row").filter(has_text=asking)).to_be_visible()
        expect(log.get_by_role("article", name="editor")).to_have_count(1)
        expect(times.locator("tbody tr")).to_have_count(2)
        expect(snapshots.locator("tbody tr")).to_have_count(2)
        talk.get_by_label("Say something to the chat").fill("A draft")
        temporal.end()
        for page, shown in ((chats, asking), (inbox, asking), (talk, "Well said.")):
            expect(page.get_by_text("The Temporal server does not answer")).to_be_visible()
            expect(page.get_by_text(shown).first).to_be_visible()
        temporal.start()
        new, again = own.chat(WRITING), own.chat(NESTED)
        told(own, chat, "Go on")
        told(own, again, "Ask")
        expect(chats.get_by_role("link", name=new)).to_be_visible()
        expect(inbox.get_by_role("row").filter(has_text=again)).to_be_visible()
        expect(inbox.get_by_role("row").filter(has_text=asking)).to_be_visible()
        expect(log.get_by_role("article", name="editor")).to_have_count(2)
        assert sum("Go on" in text for text in log.locator("article").all_inner_texts()) == 1
        expect(times.locator("tbody tr")).to_have_count(4)
        expect(snapshots.locator("tbody tr")).to_have_count(4)
        expect(talk.get_by_label("Say something to the chat")).to_have_value("A draft")
        for page in (chats, inbox, talk, times, snapshots):
            expect(page.get_by_text("The Temporal server does not answer")).to_have_count(0)


def test_a_vote_while_the_temporal_server_is_away_is_told_and_can_be_sent_again(
    make_dashboard: Callable[..., Dashboard], browser: Browser, temporal: OwnServer
) -> None:
    own = deciding(make_dashboard, start=False)
    own.cli.environment["TEMPORAL_ADDRESS"] = temporal.address
    own.start()
    chat, request = asked(own, TRANSFER)
    with visitor(browser, own.url, token=own.token("approver finance", subject="ann"), strict=False) as who:
        page = card(who, chat, request)
        page.get_by_label("Comment, for the log").fill("I looked at it")
        temporal.end()
        approve = page.get_by_role("button", name="Approve", exact=True)
        approve.click()
        expect(page.get_by_text("it is not known whether this was taken")).to_be_in_viewport()
        expect(page.get_by_text("The Temporal server does not answer")).to_be_in_viewport()
        expect(approve).to_be_enabled()
        expect(page.get_by_label("Comment, for the log")).to_have_value("I looked at it")
        temporal.start()
        expect(page.get_by_text("The Temporal server does not answer")).to_have_count(0)
        approve.click()
        expect(page.get_by_text("You have voted: approve.")).to_be_visible()
