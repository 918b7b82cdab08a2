"""The inbox: what people are asked over all chats, decided one by one or together, and what was decided."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, expect

from tests._support.browser import accessible, shot, themes

from .conftest import Dashboard
from .deciding import LATE, PAYING, TRANSFER, Come, asked, card, deciding, said


@pytest.fixture(scope="module")
def own(make_dashboard: Callable[..., Dashboard]) -> Dashboard:
    return deciding(make_dashboard)


@pytest.fixture
def come(own: Dashboard, browser: Browser) -> Iterator[Come]:
    with ExitStack() as stack:
        yield Come(own, browser, stack)


def test_the_inbox_lists_by_deadline_and_marks_what_is_overdue(own: Dashboard, come: Come) -> None:
    tenant = uuid.uuid4().hex
    page = come("approver", tenant=tenant).open("/inbox")
    page.get_by_text("Nothing waits for you").wait_for()
    accessible(page)
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    paying, _ = asked(own, PAYING, tenant=tenant)
    expect(page.get_by_role("row").filter(has_text=paying)).to_contain_text("anyone with the role 'approver'")
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text=paying)).to_contain_text("in 23 h")
    late, _ = asked(own, LATE, tenant=tenant)
    transfer, _ = asked(own, TRANSFER, tenant=tenant)
    expect(page.get_by_role("row").nth(1)).to_contain_text(late)
    expect(page.get_by_role("row").nth(1)).to_contain_text("overdue by")
    expect(page.get_by_role("row").nth(2)).to_contain_text(paying)
    assert page.get_by_role("row").count() == 3
    for theme, phone in themes():
        page = come("approver finance", tenant=tenant, theme=theme, phone=phone).open("/inbox")
        expect(page.get_by_role("row").filter(has_text=transfer)).to_be_visible()
        accessible(page)
        shot(page, f"inbox-{theme}{'-phone' if phone else ''}")
    page = come("approver finance", tenant=tenant).open("/inbox")
    page.get_by_role("link", name="finance", exact=True).click()
    expect(page.get_by_role("row").filter(has_text=transfer)).to_be_visible()
    assert page.get_by_role("row").filter(has_text=paying).count() == 0
    page.get_by_role("link", name="Mine").click()
    page.get_by_role("link", name="Overdue only").click()
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("link", name="remind").click()
    page.get_by_role("heading", name="Approve remind?").wait_for()
    expect(page.get_by_text("overdue by")).to_be_visible()
    page = come("viewer", tenant=tenant).open("/inbox")
    page.get_by_text("Nothing waits for you").wait_for()
    page = come("viewer", tenant=tenant).open("/inbox?whose=all")
    expect(page.get_by_role("alert")).to_contain_text("To see what others are asked takes the role 'operator'")
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    page = come("operator", tenant=tenant).open("/inbox?whose=all")
    expect(page.get_by_role("row").filter(has_text=transfer)).to_be_visible()
    assert page.get_by_role("checkbox").count() == 0


def test_several_are_decided_at_once_over_what_is_shown(own: Dashboard, come: Come) -> None:
    tenant = uuid.uuid4().hex
    paying, request = asked(own, PAYING, tenant=tenant)
    other, _ = asked(own, PAYING, tenant=tenant)
    page = come("approver", "bob", tenant=tenant).open("/inbox")
    for chat in (paying, other):
        page.get_by_role("row").filter(has_text=chat).get_by_role("checkbox").check()
    page.get_by_role("button", name="Reject").click()
    dialog = page.get_by_role("dialog", name="Reject 2 requests?")
    expect(dialog.get_by_role("listitem").first).to_contain_text('"amount": 1200')
    dialog.get_by_label("Reason").fill("Not this month.")
    accessible(page)
    shot(page, "inbox-bulk-light", whole=False)
    # One of them is decided by somebody else meanwhile.
    with own.http("approver", tenant=tenant) as http:
        path = f"/chats/{paying}/requests/{request['request']}/decision"
        http.post(path, json={"verdict": "approve", "hash": request["hash"]}).raise_for_status()
    expect(page.locator(".table").get_by_text(paying)).to_have_count(0)
    expect(dialog.get_by_label("Reason")).to_have_value("Not this month.")
    dialog.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("Reject: 1 of 2 votes count.")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text=paying)).to_contain_text("was settled (approve)")
    expect(page.get_by_role("row").filter(has_text=other)).to_have_count(0)
    expect(page.locator(".q-dialog")).to_have_count(0)
    accessible(page)
    shot(page, "inbox-results-light")
    assert "Rejected by bob: Not this month." in said(own, other, tenant)


def test_one_decision_leads_to_the_next(own: Dashboard, come: Come) -> None:
    tenant = uuid.uuid4().hex
    first, request = asked(own, PAYING, tenant=tenant)
    second, _ = asked(own, PAYING, tenant=tenant)
    page = card(come("approver", tenant=tenant), first, request)
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_text("Decided: approved.")).to_be_visible()
    page.get_by_role("link", name=f"Next: pay in {second}").click()
    expect(page.get_by_role("link", name=second)).to_be_visible()
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_text("Decided: approved.")).to_be_visible()
    expect(page.get_by_role("link", name="Back to the inbox")).to_be_visible()
    expect(page.get_by_role("link", name="Next: ")).to_have_count(0)


def test_what_was_decided_is_listed_and_exported(own: Dashboard, come: Come) -> None:
    chat, request = asked(own, PAYING)
    who = come("approver", "=ann")
    page = card(who, chat, request)
    page.get_by_label("Comment, for the log").fill("Fits the offer.")
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_text("Decided: approved.")).to_be_visible()
    page.get_by_role("link", name="All decisions of this chat").click()
    expect(page.get_by_text("=ann (dashboard): approve")).to_be_visible()
    page.get_by_text("Over exactly what").click()
    expect(page.get_by_role("region", name="What was decided about pay")).to_contain_text("•••")
    accessible(page)
    shot(page, "inbox-decisions-light")
    answer = who.context.request.get(f"{own.url}/dashboard/chats/{chat}/decisions.json")
    (made,) = answer.json()["decisions"]
    assert (made["verdict"], made["name"], made["hash"]) == ("approve", "pay", request["hash"])
    assert [(vote["subject"], vote["channel"], vote["comment"]) for vote in made["votes"]] == [
        ("=ann", "dashboard", "Fits the offer.")
    ]
    assert "4711" not in answer.text()
    table = who.context.request.get(f"{own.url}/dashboard/chats/{chat}/decisions.csv").text()
    (row,) = csv.DictReader(io.StringIO(table))
    assert row["by"] == "'=ann"
    refused = who.context.request.get(f"{own.url}/dashboard/chats/{chat}/decisions.xml")
    assert refused.status == 409
