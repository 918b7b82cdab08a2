"""The inbox: what people are asked, decided in a browser by who is signed in, over exactly what the page shows."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests._support.browser import SECONDS, Theme, Visitor, accessible, by_keyboard, shot, themes, visitor

from .conftest import Dashboard

expect.set_options(timeout=SECONDS * 1000)

APP = '''"""Tools of the tests' worker."""

import asyncio
from pathlib import Path

from folkmoot import ApprovalPolicy, Escalation, ToolOptions, tool

DAY = 24 * 3600
REASON = "Payments need a yes."
TWO = ApprovalPolicy(
    approvers=("role:finance",), quorum=2, deadline=3 * DAY, reason=REASON,
    escalation=(Escalation(after=DAY, approvers=("carol",), quorum=1),),
)


@tool(options=ToolOptions(approval=ApprovalPolicy(deadline=DAY, reason=REASON), secrets=("pin",)))
def pay(supplier: str, amount: int, pin: str) -> str:
    """Pay a supplier."""
    return f"{supplier} got {amount} with {pin}"


@tool(options=ToolOptions(approval=TWO))
def transfer(amount: int) -> str:
    """Transfer money."""
    return f"{amount} is on its way"


@tool(options=ToolOptions(approval=ApprovalPolicy(deadline=0.5, on_timeout="wait")))
def remind(text: str) -> str:
    """Remind somebody."""
    return text


@tool(options=ToolOptions(retryable=False))
async def wire(amount: int) -> str:
    """Wire money; the bank never answers."""
    Path("wired").touch()
    await asyncio.Event().wait()
    return "sent"


@tool(options=ToolOptions(approval=ApprovalPolicy(require_signed_decisions=True)))
def seal(text: str) -> str:
    """Seal a text."""
    return f"{text} is sealed"


APP = {"tools": [pay, transfer, remind, wire, seal]}
'''
EVIL = "<img src=x onerror='window.hacked = 1'>\u202e"


def _agent(name: str, *tools: str) -> dict[str, Any]:
    says = f"You are the {name}"
    return {"type": "AssistantAgent", "name": name, "model_client": "m", "system_message": says, "tools": list(tools)}


def _team(*participants: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"type": "RoundRobinGroupChat", "participants": list(participants), "max_turns": 1, **options}


PAYING = _team(_agent("buyer", "pay"))
TRANSFER = _team(_agent("banker", "transfer"))
WIRING = _team(_agent("teller", "wire"))
SEALING = _team(_agent("keeper", "seal"))
LATE = _team(_agent("nag", "remind"))
ASKING = _team({"type": "UserProxyAgent", "name": "editor"})
SPENDING = _team(_agent("talker"), max_turns=2, budget={"tokens": 20, "extend": {"reason": "It has been spent."}})


def _calls(who: str, tool: str, **arguments: Any) -> dict[str, Any]:
    return {
        "calls": [{"name": tool, "arguments": arguments}],
        "when": {"system_contains": who},
        "repeat": True,
    }


_SCRIPT: list[dict[str, Any]] = [
    _calls("buyer", "pay", supplier=f"ACME {EVIL}", amount=1200, pin="4711"),
    _calls("banker", "transfer", amount=5000),
    _calls("teller", "wire", amount=70),
    _calls("keeper", "seal", text="This"),
    _calls("nag", "remind", text="now"),
    {"text": "Words.", "repeat": True},
]


@pytest.fixture(scope="module")
def own(make_dashboard: Callable[..., Dashboard]) -> Dashboard:
    made = make_dashboard(_SCRIPT, start=False, FOLKMOOT_APP="inbox_app:APP")
    made.cli.write("inbox_app.py", APP)
    made.start()
    return made


class Come:
    """Lets people come."""

    def __init__(self, own: Dashboard, browser: Browser, stack: ExitStack) -> None:
        self.own = own
        self._browser = browser
        self._stack = stack

    def __call__(
        self,
        role: str = "approver",
        subject: str = "",
        *,
        tenant: str = "",
        theme: Theme = "light",
        phone: bool = False,
    ) -> Visitor:
        token = self.own.token(role, subject=subject, tenant=tenant)
        return self._stack.enter_context(visitor(self._browser, self.own.url, token=token, theme=theme, phone=phone))


@pytest.fixture
def come(own: Dashboard, browser: Browser) -> Iterator[Come]:
    with ExitStack() as stack:
        yield Come(own, browser, stack)


def asked(own: Dashboard, team: dict[str, Any], *, tenant: str = "") -> tuple[str, dict[str, Any]]:
    """A chat that asks people something: its id, and the request."""
    chat = own.chat(team, task="Pay ACME for the lamps", tenant=tenant, wait=False)
    return chat, own.cli.until(lambda: pending(own, chat, tenant), f"a request of {chat}")


def pending(own: Dashboard, chat: str, tenant: str = "") -> dict[str, Any] | None:
    with own.http(tenant=tenant) as http:
        found = http.get(f"/chats/{chat}/requests").raise_for_status().json()["requests"]
    return found[0] if found else None


def said(own: Dashboard, chat: str, tenant: str = "") -> str:
    """All of a chat's log, once its run is over."""

    def probe() -> str:
        with own.http(tenant=tenant) as http:
            lines = http.get(f"/chats/{chat}/log", params={"limit": 200}).raise_for_status().text
        return lines if "run_ended" in lines else ""

    return own.cli.until(probe, f"the end of {chat}")


def card(who: Visitor, chat: str, request: dict[str, Any]) -> Page:
    page = who.open(f"/inbox/{chat}/{request['request']}")
    page.get_by_role("heading", name="What is asked").wait_for()
    return page


def unharmed(page: Page) -> None:
    assert page.evaluate("() => window.hacked === undefined")


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


def test_the_inbox_lists_by_deadline_and_marks_what_is_overdue(own: Dashboard, come: Come) -> None:
    tenant = uuid.uuid4().hex
    page = come("approver", tenant=tenant).open("/inbox")
    page.get_by_text("Nothing waits for you").wait_for()
    accessible(page)
    paying, _ = asked(own, PAYING, tenant=tenant)
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
        http.post(path, json={"verdict": "approve"}).raise_for_status()
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


def test_votes_are_signed_where_the_server_has_a_key(
    make_dashboard: Callable[..., Dashboard], browser: Browser
) -> None:
    own = make_dashboard(_SCRIPT, start=False, FOLKMOOT_APP="inbox_app:APP")
    own.cli.write("inbox_app.py", APP)
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
