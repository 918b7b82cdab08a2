"""The other views of a chat: timeline, team, snapshots, state; each in both themes and at phone width."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests._support.browser import Visitor, accessible, shot, themes, visitor

from .conftest import Dashboard
from .conversation import NESTED, booked, conversing, path

VIEWS = ("", "timeline", "team", "snapshots", "state")


@pytest.fixture(scope="module")
def own(make_dashboard: Callable[..., Dashboard]) -> Dashboard:
    return conversing(make_dashboard)


@pytest.fixture(scope="module")
def chat(own: Dashboard) -> str:
    """A chat whose first turn was gone back to, and which went on."""
    made = booked(own)
    with own.http() as http:
        http.post(f"/chats/{made}/label", json={"label": "first try"}).raise_for_status()
        http.post(f"/chats/{made}/rollback", json={"turn": 1}).raise_for_status()
        http.post(f"/chats/{made}/runs", json={"task": "Once more"}, params={"wait": 60}).raise_for_status()
    return made


@pytest.fixture
def operator(browser: Browser, own: Dashboard) -> Iterator[Visitor]:
    with visitor(browser, own.url, token=own.token()) as who:
        yield who


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_accessible_in_both_themes_and_at_phone_width(
    browser: Browser, own: Dashboard, chat: str, view: str
) -> None:
    for theme, phone in themes():
        with visitor(browser, own.url, token=own.token(), theme=theme, phone=phone) as who:
            page = who.open(path(chat, view))
            page.get_by_role("heading", name=chat, level=1).wait_for()
            accessible(page)
            shot(page, f"chat-{view or 'transcript'}-{theme}{'-phone' if phone else ''}")


def test_the_timeline_tells_where_the_time_went(own: Dashboard, operator: Visitor) -> None:
    page = operator.open(path(booked(own), "timeline"))
    first = page.locator("tbody tr").last
    expect(first).to_contain_text("model")
    expect(first).to_contain_text("tools")
    first.get_by_text("steps").click()
    expect(first.locator(".steps")).to_contain_text("clerk: tool book")
    first.get_by_text("Why").click()
    expect(first).to_contain_text("clerk is next in the order clerk, critic.")


def test_failed_attempts_are_told_with_their_cause(own: Dashboard, operator: Visitor, chat: str) -> None:
    page = operator.open(path(chat, "timeline"))
    critic = page.get_by_role("row").filter(has_text="retries")
    expect(critic).to_have_count(1)
    critic.get_by_text("steps").click()
    expect(critic.locator(".steps")).to_contain_text("status 429")
    expect(critic.locator(".steps")).to_contain_text("attempt 2")


def test_the_team_is_drawn_with_its_inner_team_and_who_is_active(own: Dashboard, operator: Visitor) -> None:
    chat = own.chat(NESTED, task="Write", wait=False)
    page = operator.open(path(chat, "team"))
    picture = page.get_by_role("img", name="Team RoundRobinGroupChat")
    expect(picture.locator("g.active title")).to_have_text("bob (speaking)")
    expect(picture.locator("g.team g.agent")).to_have_count(2)
    page.get_by_text("The team in words").click()
    expect(page.locator(".outline")).to_contain_text("bob (UserProxy), speaking now, then office")
    expect(page.get_by_role("region", name="Why this speaker")).to_contain_text("bob is next in the order office, bob.")


def test_what_a_model_will_see_next_is_shown(own: Dashboard, operator: Visitor, chat: str) -> None:
    page = operator.open(path(chat, "team"))
    page.get_by_label("Model of").select_option("critic")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**who=critic*")
    seen = page.get_by_role("region", name="What a model will see next")
    expect(seen).to_contain_text("You are the critic")
    expect(seen).to_contain_text("Once more")


def test_state_and_use_tell_how_near_the_end_is(own: Dashboard, operator: Visitor, chat: str) -> None:
    page = operator.open(path(chat, "state"))
    conditions = page.get_by_role("region", name="When a run ends")
    expect(conditions.get_by_role("meter", name="Limit of turns")).to_be_visible()
    expect(conditions).to_contain_text("of 40 messages")
    use = page.get_by_role("region", name="Use and budgets")
    expect(use).to_contain_text(re.compile(r"of 5,000 tokens"))
    expect(use.get_by_role("row").filter(has_text="clerk")).to_be_visible()
    table = use.locator(".table-wrap")
    for width in (1360, 390):
        page.set_viewport_size({"width": width, "height": 860})
        assert table.evaluate("(box) => box.scrollWidth <= box.clientWidth")
    history = page.get_by_role("region", name="History and calls in flight")
    expect(history).to_contain_text("of 3,000")
    expect(history).to_contain_text("Continued as new 0 times")


def test_a_snapshot_is_read_named_and_compared(own: Dashboard, operator: Visitor, chat: str) -> None:
    page = operator.open(path(chat, "snapshots"))
    rows = page.locator("tbody tr")
    expect(rows.locator(".badge.good")).to_have_text(["present"])
    expect(rows.filter(has_text="first try")).to_have_class(re.compile("off-branch"))
    rows.last.get_by_role("button", name="Label").click()
    page.get_by_role("dialog").get_by_label("Name").fill("the draft")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(rows.last).to_contain_text("the draft")
    rows.last.get_by_role("button", name="Label").click()
    page.get_by_role("dialog").get_by_label("Take away “the draft”").check()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(rows.last).not_to_contain_text("the draft")
    rows.filter(has_text="first try").get_by_role("radio").first.check()
    page.get_by_role("button", name="Compare A with B").click()
    both = page.locator(".comparing")
    expect(both).to_contain_text("Both have everything up to offset")
    expect(both).to_contain_text("Once more")
    page.get_by_role("link", name=re.compile("^Read ")).last.click()
    reading = page.locator(".reading")
    expect(reading).to_contain_text("after a turn")
    reading.get_by_text("The folded state there").click()
    expect(reading.locator("pre")).to_contain_text('"turn"')


def test_going_back_names_the_calls_it_crosses_and_undoes_them(own: Dashboard, operator: Visitor) -> None:
    chat = booked(own)
    with own.http() as http:
        http.post(f"/chats/{chat}/runs", json={"task": "Book another"}, params={"wait": 60}).raise_for_status()
    page = operator.open(path(chat, "snapshots"))
    page.locator("tbody tr").last.get_by_role("button", name="Roll back").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 tool call with side effects came after it. It is not undone:")
    expect(dialog).to_contain_text('clerk called book({"seat": "4A"}); cancel undoes it')
    dialog.get_by_label("Undo them").check()
    shot(page, "chat-rollback-light", whole=False)
    dialog.get_by_role("button", name="Roll back").click()
    expect(page.locator(".command-line code")).to_contain_text("--compensate")
    page = operator.open(path(chat))
    log = page.get_by_role("log")
    expect(log).to_contain_text("cancel undid the call")
    expect(log.locator(".left-behind").filter(has_text="Book another")).to_have_count(1)


def test_a_fork_warns_and_leads_to_the_new_chat(own: Dashboard, operator: Visitor) -> None:
    chat = booked(own)
    page = operator.open(path(chat, "snapshots"))
    page.locator("tbody tr").first.get_by_role("button", name="Fork").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("No tool calls with side effects were made after it.")
    dialog.get_by_label("Id of the new chat").fill(chat)
    dialog.get_by_role("button", name="Fork").click()
    expect(page.get_by_role("alert")).to_contain_text("a fork needs an id of its own")
    page.locator("tbody tr").first.get_by_role("button", name="Fork").click()
    page.get_by_role("dialog").get_by_label("Id of the new chat").fill(f"{chat}-fork")
    page.get_by_role("dialog").get_by_role("button", name="Fork").click()
    page.wait_for_url(f"**/chats/{chat}-fork")
    expect(page.get_by_role("heading", name=f"{chat}-fork", level=1)).to_be_visible()
    before = page.get_by_role("group", name="Said before the fork")
    expect(before.get_by_role("article", name="user")).to_contain_text("Book a seat")
    clerk = before.get_by_role("article", name="clerk")
    expect(clerk).to_contain_text(f"in {chat}")
    clerk.locator("details.call summary").click()
    expect(clerk.locator("pre").first).to_contain_text('"seat": "4A"')
    expect(page.get_by_role("log").get_by_role("article")).to_have_count(0)
    opened = page.get_by_role("log").locator(".mark").filter(has_text="Opened")
    expect(opened).to_be_visible()
    expect(opened).not_to_contain_text("branch that was left")
    accessible(page)
    shot(page, "chat-fork-light")
    page.get_by_role("link", name=f"Chat {chat} at offset").click()
    expect(page.get_by_role("heading", name=chat, exact=True, level=1)).to_be_visible()


def test_a_fork_of_a_branch_shows_that_branch_only(own: Dashboard, operator: Visitor, chat: str) -> None:
    with own.http() as http:
        http.post(f"/chats/{chat}/fork", json={"id": f"{chat}-b", "label": "first try"}).raise_for_status()
        http.post(f"/chats/{chat}/fork", json={"id": f"{chat}-p"}).raise_for_status()
    page = operator.open(path(f"{chat}-b"))
    before = page.get_by_role("group", name="Said before the fork")
    expect(before.get_by_role("article", name="critic")).to_have_count(1)
    expect(before).not_to_contain_text("Once more")
    page = operator.open(path(f"{chat}-p"))
    before = page.get_by_role("group", name="Said before the fork")
    expect(before.get_by_role("article", name="critic")).to_have_count(1)
    expect(before).to_contain_text("Once more")


def test_what_is_opened_and_chosen_stays_so_while_the_chat_goes_on(own: Dashboard, operator: Visitor) -> None:
    chat = booked(own)
    times, snapshots = operator.open(path(chat, "timeline")), operator.open(path(chat, "snapshots"))
    first = times.locator("tbody tr").last
    first.get_by_text("steps").click()
    first.get_by_text("Why").focus()
    times.keyboard.press("Enter")
    snapshots.locator("tbody tr").last.get_by_role("radio").last.check()
    known = snapshots.locator("tbody tr").count()
    with own.http() as http:
        http.post(f"/chats/{chat}/runs", json={"task": "Book another"}, params={"wait": 60}).raise_for_status()
    expect(times.locator("tbody tr")).to_have_count(4)
    expect(first.locator(".steps")).to_contain_text("clerk: tool book")
    expect(first.locator(".steps")).to_be_visible()
    expect(first.locator(".why p")).to_be_visible()
    expect(first.get_by_text("Why")).to_be_focused()
    expect(times.locator("tbody tr").first.locator(".why p")).to_be_hidden()
    expect(snapshots.locator("tbody tr")).to_have_count(known + 2)
    expect(snapshots.locator("tbody tr").last.get_by_role("radio").last).to_be_checked()
