"""The card of a request: decided in a browser by who is signed in, over exactly what the page shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, expect

from tests._support.browser import accessible, by_keyboard, shot, themes

from .conftest import Dashboard
from .deciding import (
    ASKING,
    PAYING,
    SEALING,
    SPENDING,
    TRANSFER,
    WIRING,
    Come,
    asked,
    card,
    deciding,
    pending,
    said,
    unharmed,
)


@pytest.fixture(scope="module")
def own(make_dashboard: Callable[..., Dashboard]) -> Dashboard:
    return deciding(make_dashboard)


@pytest.fixture
def come(own: Dashboard, browser: Browser) -> Iterator[Come]:
    with ExitStack() as stack:
        yield Come(own, browser, stack)


def test_a_card_shows_exactly_what_is_asked_in_both_themes_and_at_phone_width(own: Dashboard, come: Come) -> None:
    chat, request = asked(own, TRANSFER)
    for theme, phone in themes():
        page = card(come("approver finance", theme=theme, phone=phone), chat, request)
        expect(page.get_by_role("region", name="Arguments, exactly")).to_have_text('{ "amount": 5000 }')
        expect(page.get_by_text("Payments need a yes.")).to_be_visible()
        expect(page.get_by_text("0 of 2; 2 missing")).to_be_visible()
        expect(page.get_by_text("carol, too; 1 must approve")).to_be_visible()
        expect(page.get_by_role("article", name="user")).to_contain_text("Pay ACME for the lamps")
        expect(page.get_by_role("article", name="banker")).to_contain_text("waits for people")
        page.get_by_text("Edit the arguments").click()
        accessible(page)
        shot(page, f"inbox-card-{theme}{'-phone' if phone else ''}")
    page = card(come("approver finance"), chat, request)
    page.get_by_text("Edit the arguments").click()
    names = by_keyboard(page)
    for name in ("Approve", "Reject", "Edit the arguments", "Approve as edited", "Answer in the tool’s place"):
        assert name in names


def test_approving_needs_as_many_as_the_policy_says_and_the_card_follows(own: Dashboard, come: Come) -> None:
    chat, request = asked(own, TRANSFER)
    ann, ben = come("approver finance", "ann"), come("approver finance", "ben")
    first, second = card(ann, chat, request), card(ben, chat, request)
    second.get_by_label("Comment, for the log").fill("I am still typing")
    first.get_by_role("button", name="Approve", exact=True).click()
    expect(first.get_by_text("Your vote counts: approved. 1 more must agree.")).to_be_visible()
    expect(first.get_by_text("You have voted: approve.")).to_be_visible()
    expect(second.get_by_text("1 of 2; 1 missing")).to_be_visible()
    assert second.get_by_label("Comment, for the log").input_value() == "I am still typing"
    second.get_by_role("button", name="Approve", exact=True).click()
    expect(second.get_by_text("Decided: approved.")).to_be_visible()
    expect(first.get_by_role("heading", name="transfer: approved")).to_be_visible()
    expect(first.get_by_text("ann (dashboard): approve; ben (dashboard): approve")).to_be_visible()
    expect(second.get_by_text(f"folkmoot approve {chat}")).to_be_visible()
    assert "5000 is on its way" in said(own, chat)


def test_secrets_are_masked_and_nothing_of_a_model_runs(own: Dashboard, come: Come) -> None:
    chat, request = asked(own, PAYING)
    page = card(come(), chat, request)
    shown = page.get_by_role("region", name="Arguments, exactly")
    expect(shown).to_contain_text("•••")
    expect(shown).to_contain_text("\\u202e")
    expect(shown).to_contain_text("<img src=x")
    assert "4711" not in page.content()
    unharmed(page)


def test_rejecting_tells_the_model_why(own: Dashboard, come: Come) -> None:
    chat, request = asked(own, PAYING)
    page = card(come("approver", "rita"), chat, request)
    page.get_by_label("Reason for a “no”").fill("The offer is out of date.")
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("Decided: rejected.")).to_be_visible()
    expect(page.get_by_text("rita: The offer is out of date.", exact=True)).to_be_visible()
    accessible(page)
    shot(page, "inbox-decided-light")
    assert "Rejected by rita: The offer is out of date." in said(own, chat)


def test_arguments_are_edited_and_checked_against_the_tool(own: Dashboard, come: Come) -> None:
    chat, request = asked(own, PAYING)
    page = card(come(), chat, request)
    page.get_by_text("Edit the arguments").click()
    editor, send = page.get_by_label("Arguments", exact=True), page.get_by_role("button", name="Approve as edited")
    editor.fill("{")
    send.click()
    expect(page.get_by_role("alert")).to_contain_text("The arguments are no JSON")
    editor.fill(json.dumps({"supplier": "ACME", "amount": "many", "pin": "•••"}))
    send.click()
    expect(page.get_by_role("alert")).to_contain_text("The changed arguments do not fit the tool: at $.amount")
    expect(send).to_be_enabled()
    accessible(page)
    shot(page, "inbox-refused-light")
    page.reload()
    # What was typed is still there.
    expect(page.get_by_label("Arguments", exact=True)).to_have_value(
        json.dumps({"supplier": "ACME", "amount": "many", "pin": "•••"})
    )
    page.get_by_label("Arguments", exact=True).fill(json.dumps({"supplier": "ACME", "amount": 900, "pin": "•••"}))
    page.get_by_role("button", name="Approve as edited").click()
    expect(page.get_by_text("Decided: approved.")).to_be_visible()
    assert "ACME got 900 with 4711" in said(own, chat)


def test_answering_takes_the_tools_place_and_a_question_wants_words(own: Dashboard, come: Come) -> None:
    chat, request = asked(own, PAYING)
    page = card(come(), chat, request)
    page.get_by_text("Answer in the tool’s place").click()
    page.get_by_label("Answer", exact=True).fill("It is paid already.")
    page.get_by_role("button", name="Answer instead").click()
    expect(page.get_by_text("Decided: answered in its place.")).to_be_visible()
    assert "It is paid already." in said(own, chat)
    chat, request = asked(own, ASKING)
    page = card(come(), chat, request)
    accessible(page)
    shot(page, "inbox-question-light")
    page.get_by_label("Your answer").fill("Friday is fine.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Your answer was taken.")).to_be_visible()
    assert "Friday is fine." in said(own, chat)


def test_people_say_what_became_of_a_call(own: Dashboard, come: Come) -> None:
    chat = own.chat(WIRING, task="Wire it", wait=False)
    own.cli.until((own.cli.folder / "wired").exists, "the call")
    with own.http() as http:
        http.post(f"/chats/{chat}/pause", json={"now": True}).raise_for_status()
        http.post(f"/chats/{chat}/resume").raise_for_status()
    request = own.cli.until(lambda: pending(own, chat), "the question")
    page = card(come("approver", "rita"), chat, request)
    page.get_by_role("heading", name="What became of wire?").wait_for()
    accessible(page)
    shot(page, "inbox-outcome-light")
    page.get_by_label("Result, if it succeeded").fill("The bank has it.")
    page.get_by_role("button", name="It succeeded").click()
    expect(page.get_by_text("Decided: it succeeded.")).to_be_visible()
    expect(page.get_by_text(f"folkmoot settle {chat}")).to_be_visible()
    assert "The bank has it." in said(own, chat)


def test_a_budget_is_extended(own: Dashboard, come: Come) -> None:
    chat, request = asked(own, SPENDING)
    page = card(come(), chat, request)
    accessible(page)
    shot(page, "inbox-budget-light")
    page.get_by_label("More tokens").fill("0")
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("'tokens' can be extended by a whole number above 0")
    expect(page.get_by_role("button", name="Approve", exact=True)).to_be_enabled()
    page.get_by_label("More tokens").fill("5000")
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_text("Decided: approved.")).to_be_visible()
    said(own, chat)


def test_who_looks_at_other_arguments_decides_nothing(own: Dashboard, come: Come) -> None:
    chat, request = asked(own, TRANSFER)
    page = card(come("approver finance", "ann"), chat, request)
    page.get_by_label("Reason for a “no”").fill("Too much.")
    with own.http() as http:
        token = own.token("approver finance", subject="ben")
        body = {"verdict": "edit", "hash": request["hash"], "arguments": {"amount": 7000}}
        path, headers = f"/chats/{chat}/requests/{request['request']}/decision", {"Authorization": f"Bearer {token}"}
        http.post(path, json=body, headers=headers).raise_for_status()
    # What one looks at is not exchanged unnoticed.
    expect(page.get_by_text("What is asked has changed since you looked.")).to_be_visible()
    expect(page.get_by_role("region", name="Arguments, exactly")).to_contain_text("5000")
    expect(page.get_by_role("button", name="Reject")).to_be_disabled()
    shot(page, "inbox-changed-light")
    page.get_by_role("button", name="Show it as it is now").click()
    expect(page.get_by_role("region", name="Arguments, exactly")).to_contain_text("7000")
    expect(page.get_by_label("Reason for a “no”")).to_have_value("Too much.")
    # A vote that was on its way when it changed is refused, and the card shows what is asked now.
    page.evaluate("hash => document.getElementById('decide').dataset.hash = hash", request["hash"])
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("alert").first).to_contain_text("The decision is about other arguments")
    after = pending(own, chat)
    assert after is not None
    assert [vote["subject"] for vote in after["votes"]] == ["ben"]
    page.reload()
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("Decided: rejected.")).to_be_visible()


def test_viewers_see_and_do_not_decide(own: Dashboard, come: Come) -> None:
    chat, request = asked(own, PAYING)
    page = card(come("viewer"), chat, request)
    expect(page.get_by_text("To decide takes the role 'approver'")).to_be_visible()
    assert page.get_by_role("button", name="Approve").count() == 0
    page = card(come("approver"), chat, request)
    expect(page.get_by_role("button", name="Approve", exact=True)).to_be_visible()
    other, request = asked(own, TRANSFER)
    page = card(come("approver"), other, request)
    expect(page.get_by_text("This is for others to decide: role:finance.")).to_be_visible()


def test_votes_are_signed_where_the_server_has_a_key(
    make_dashboard: Callable[..., Dashboard], browser: Browser
) -> None:
    own = deciding(make_dashboard, start=False)
    (made,) = own.cli.json("token", "--new-decision-key", "decisions.key")
    own.cli.environment["FOLKMOOT_DECISION_KEY_FILE"] = str(own.cli.folder / "decisions.key")
    own.cli.environment["FOLKMOOT_DECISION_PUBLIC_KEYS"] = made["public_key"]
    own.start()
    chat, request = asked(own, SEALING)
    with ExitStack() as stack:
        page = card(Come(own, browser, stack)("approver"), chat, request)
        page.get_by_role("button", name="Approve", exact=True).click()
        expect(page.get_by_text("Decided: approved.")).to_be_visible()
    assert "This is sealed" in said(own, chat)
