"""The page of a chat: its transcript, live, and what can be done with it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests._support.browser import Visitor, accessible, by_keyboard, visitor
from tests._support.command_line import release

from .conftest import Dashboard
from .conversation import BOOKING, HELD, SLOW, STREAM, WRITING, booked, conversing, path, unharmed


@pytest.fixture(scope="module")
def own(make_dashboard: Callable[..., Dashboard]) -> Dashboard:
    return conversing(make_dashboard)


@pytest.fixture
def operator(browser: Browser, own: Dashboard) -> Iterator[Visitor]:
    with visitor(browser, own.url, token=own.token()) as who:
        yield who


@pytest.fixture
def designer(browser: Browser, own: Dashboard) -> Iterator[Visitor]:
    with visitor(browser, own.url, token=own.token("designer")) as who:
        yield who


@pytest.fixture
def viewer(browser: Browser, own: Dashboard) -> Iterator[Visitor]:
    with visitor(browser, own.url, token=own.token("viewer")) as who:
        yield who


def test_the_transcript_shows_speakers_and_folds_tool_calls(own: Dashboard, operator: Visitor) -> None:
    page = operator.open(path(booked(own)))
    log = page.get_by_role("log", name="Transcript")
    clerk = log.get_by_role("article", name="clerk")
    expect(clerk).to_contain_text("The seat is booked.")
    expect(clerk.locator("strong")).to_have_text("booked")
    call = clerk.locator("details.call")
    expect(call.locator("summary")).to_contain_text("4A is booked")
    expect(call.locator("pre").first).to_be_hidden()
    call.locator("summary").click()
    expect(call.locator("pre").first).to_contain_text('"seat": "4A"')
    expect(page.get_by_label("Where the chat stands")).to_contain_text("idle")


def test_what_a_model_writes_is_never_markup(own: Dashboard, operator: Visitor) -> None:
    page = operator.open(path(booked(own)))
    critic = page.get_by_role("article", name="critic")
    expect(critic).to_contain_text("<script>window.hacked = 1</script>")
    expect(critic.locator("script, img")).to_have_count(0)
    expect(critic.get_by_role("link")).to_have_count(1)
    assert critic.get_by_role("link").get_attribute("href") == "https://example.org/"
    unharmed(operator)


def test_what_is_said_on_the_page_and_what_comes_of_it_appear_by_themselves(own: Dashboard, operator: Visitor) -> None:
    page = operator.open(path(own.chat(WRITING)))
    box = page.get_by_label("Say something to the chat")
    box.fill("Write a line; it's <urgent>")
    box.press("Control+Enter")
    log = page.get_by_role("log", name="Transcript")
    expect(log.get_by_role("article", name="user")).to_contain_text("Write a line; it's <urgent>")
    expect(log.get_by_role("article", name="editor")).to_contain_text("Well said.")
    expect(page.get_by_label("Where the chat stands")).to_contain_text("turn 2")
    expect(box).to_have_value("")
    expect(page.locator(".command-line code")).to_contain_text("folkmoot say")
    assert log.get_attribute("aria-live") == "polite"


def test_words_are_shown_while_they_are_being_said(own: Dashboard, operator: Visitor) -> None:
    page = operator.open(path(own.chat(STREAM)))
    page.get_by_label("Say something to the chat").fill("Talk")
    page.get_by_role("button", name="Say", exact=True).click()
    expect(page.locator("#words article")).to_contain_text("word word")
    expect(page.get_by_role("log").get_by_role("article", name="talker")).to_contain_text("word word")
    expect(page.locator("#words article")).to_have_count(0)


def test_a_refusal_is_told_and_nothing_typed_is_lost(own: Dashboard, operator: Visitor) -> None:
    chat = own.chat(SLOW, task="Begin", wait=False)
    page = operator.open(path(chat))
    box = page.get_by_label("Say something to the chat")
    box.fill("  ")
    page.get_by_role("button", name="Say", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("the message is empty")
    page.get_by_role("button", name="Dismiss").click()
    box.fill("A draft")
    page.get_by_role("button", name="Reset").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("While a run is under way this is refused, unless it is forced.")
    dialog.get_by_role("button", name="Reset").click()
    expect(page.get_by_role("alert")).to_contain_text("running")
    expect(box).to_have_value("A draft")
    page.reload()
    expect(page.get_by_label("Say something to the chat")).to_have_value("A draft")
    page.get_by_role("button", name="Reset").click()
    page.get_by_label("Force").check()
    page.get_by_role("dialog").get_by_role("button", name="Reset").click()
    expect(page.get_by_label("Where the chat stands")).to_contain_text("idle")
    expect(page.locator(".command-line code")).to_have_text(f"folkmoot reset {chat} --force")


def test_a_run_is_paused_resumed_and_cancelled(own: Dashboard, operator: Visitor) -> None:
    chat = own.chat(SLOW, task="Begin", wait=False)
    page = operator.open(path(chat))
    stands = page.get_by_label("Where the chat stands")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("dialog")).to_contain_text("in flight finish, and what they bring is kept")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Pause").click()
    page.get_by_label("Now: cancel calls in flight").check()
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    expect(stands).to_contain_text("paused")
    expect(page.locator(".command-line code")).to_have_text(f"folkmoot pause {chat} --now")
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("dialog").get_by_role("button", name="Resume").click()
    expect(stands).to_contain_text("running")
    page.get_by_role("button", name="Cancel run").click()
    expect(page.get_by_role("dialog")).to_contain_text("Calls in flight are cancelled")
    page.get_by_role("dialog").get_by_role("button", name="Cancel run").click()
    expect(page.get_by_role("log")).to_contain_text("was cancelled")
    expect(stands).to_contain_text("idle")


def test_a_run_is_stopped_after_its_turn(own: Dashboard, operator: Visitor) -> None:
    chat = own.chat(SLOW, task="Begin", wait=False)
    page = operator.open(path(chat))
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()
    expect(page.get_by_role("log")).to_contain_text("A stop was asked for")
    release(own.cli.environment["OPENAI_BASE_URL"].removesuffix("/v1"), HELD)
    expect(page.get_by_role("log")).to_contain_text("External termination requested")


def test_a_run_goes_on_without_a_new_task(own: Dashboard, operator: Visitor) -> None:
    page = operator.open(path(own.chat(WRITING, task="Begin")))
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("dialog").get_by_role("button", name="Go on").click()
    log = page.get_by_role("log", name="Transcript")
    expect(log.get_by_role("article", name="editor")).to_have_count(2)
    expect(log.get_by_role("article", name="user")).to_have_count(1)


def test_a_viewer_sees_and_changes_nothing(own: Dashboard, viewer: Visitor) -> None:
    chat = booked(own)
    page = viewer.open(path(chat))
    expect(page.get_by_role("article", name="clerk")).to_be_visible()
    for name in ("Pause", "Stop", "Reset", "Say"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    page = viewer.open(path(chat, "snapshots"))
    expect(page.locator("tbody tr").first).to_contain_text("critic")
    for role in ("link", "radio"):
        expect(page.locator("tbody").get_by_role(role, name=re.compile("^(Read|A:|B:)"))).to_have_count(0)
    for name in ("Compare A with B", "Label", "Roll back", "Fork"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    page = viewer.open(path(chat, "state"))
    expect(page.get_by_role("link", name="Download log")).to_be_visible()
    expect(page.get_by_role("link", name="Download state")).to_have_count(0)
    answer = page.request.get(f"{own.url}/dashboard/chats/{chat}/state.json")
    assert answer.status == 403
    assert "state" not in answer.json()


def test_another_tenants_chat_is_not_there(own: Dashboard, operator: Visitor) -> None:
    chat = own.chat(WRITING, tenant="acme")
    page = operator.open(path(chat))
    expect(page.get_by_role("alert")).to_contain_text(f"There is no chat '{chat}'")
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    for document in ("state.json", "log.jsonl"):
        assert page.request.get(f"{own.url}/dashboard/chats/{chat}/{document}").status == 409
    page.get_by_role("alert").get_by_role("link", name="All chats").click()
    page.wait_for_url(f"{own.url}/dashboard/")


def test_state_goes_down_and_up_again(own: Dashboard, operator: Visitor, designer: Visitor) -> None:
    chat = booked(own)
    page = operator.open(path(chat, "state"))
    expect(page.get_by_role("link", name="Download state")).to_be_visible()
    expect(page.get_by_label("State (JSON)")).to_have_count(0)
    page = designer.open(path(chat, "state"))
    with page.expect_download() as loading:
        page.get_by_role("link", name="Download state").click()
    state = json.loads(loading.value.path().read_text())
    assert state["type"] == "TeamState"
    with page.expect_download() as loading:
        page.get_by_role("link", name="Download log").click()
    kinds = [json.loads(line)["kind"] for line in loading.value.path().read_text().splitlines()]
    assert kinds[0] == "opened"
    other = own.chat(BOOKING)
    page = designer.open(path(other, "state"))
    page.get_by_label("State (JSON)").set_input_files(
        {"name": "bad.json", "mimeType": "application/json", "buffer": b'{"type": "nonsense"}'}
    )
    page.get_by_role("button", name="Upload").click()
    said = page.locator("#upload-result")
    expect(said).not_to_be_empty()
    expect(said).not_to_contain_text("has taken the state over")
    # The browser itself tells of what was refused.
    assert [error for error in designer.errors if "409" not in error] == []
    designer.errors.clear()
    page.get_by_label("State (JSON)").set_input_files(
        {"name": "state.json", "mimeType": "application/json", "buffer": json.dumps(state).encode()}
    )
    page.get_by_role("button", name="Upload").click()
    expect(said).to_have_text("The chat has taken the state over.")
    page = designer.open(path(other))
    expect(page.get_by_role("log")).to_contain_text("A state was loaded")


def test_everything_is_reached_by_keyboard(own: Dashboard, operator: Visitor) -> None:
    page = operator.open(path(booked(own)))
    page.get_by_role("article", name="clerk").wait_for()
    names = by_keyboard(page)
    for wanted in ("Pause", "Reset", "Timeline", "Turn", "Say something to the chat", "Say"):
        assert wanted in names
    accessible(page)
