"""Secrets in arguments: in no entry that a reader sees, of whatever kind it is."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from folkmoot._chat.entries import message_of
from folkmoot._chat.masking import MASK, mask_entry, masked
from folkmoot._chat.snapshots import snapshots
from folkmoot.agents import AssistantAgent
from folkmoot.approvals import ApprovalPolicy
from folkmoot.options import ToolOptions
from tests.unit.chat.driver import UUID, said
from tests.unit.chat.people.office import Office, only_once, payer, pays
from tests.unit.chat.time.copies import loading, saved

SECRET = "hush-hush"
GIVEN = {"amount": 12, "token": SECRET}
OPTIONS = ToolOptions(secrets=("token",))
Make = Callable[[], Office]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"token": "x", "amount": 1}, {"token": MASK, "amount": 1}),
        ({"a": [{"token": {"deep": 1}}, 2]}, {"a": [{"token": MASK}, 2]}),
        ([{"token": 1}], [{"token": MASK}]),
        ({"Token": 1}, {"Token": 1}),
        ("token", "token"),
    ],
)
def test_a_secret_is_hidden_at_any_depth(given: object, shown: object) -> None:
    assert json.loads(masked(json.dumps(given), ["token"])) == shown


@pytest.mark.parametrize("text", ["", "{", '{"token": "x"', "token=x"])
def test_what_is_no_json_is_hidden_whole(text: str) -> None:
    assert masked(text, ["token"]) == json.dumps(MASK, ensure_ascii=False)
    assert masked(text, []) == text


def asked(**policy: object) -> Office:
    driver = Office(payer())
    driver.run("go", pays(GIVEN, policy=ApprovalPolicy(**policy), options=OPTIONS))
    return driver


def approved() -> Office:
    driver = asked()
    driver.vote("ann")
    driver.answer("paid", "done")
    return driver


def changed() -> Office:
    driver = asked(approvers=("ann", "ben"), quorum=2)
    driver.vote("ann", "edit", arguments={"amount": 1, "token": f"{SECRET}-2"})
    driver.vote("ben")
    driver.answer("paid", "done")
    return driver


def changed_and_late() -> Office:
    driver = asked(approvers=("ann", "ben"), quorum=2, deadline=5, on_timeout="approve")
    driver.vote("ann", "edit", arguments=GIVEN)
    driver.later(5)
    return driver


def refused() -> Office:
    driver = asked()
    driver.refused("ann", "edit", arguments={"amount": 1, "token": [SECRET]})
    driver.refused("ann", "edit", arguments={"amount": 1, "token": "x", "more": SECRET})
    return driver


def unknown() -> Office:
    driver = Office(payer())
    driver.run("go", pays(GIVEN, options=only_once(secrets=("token",))))
    driver.lose()
    driver.vote("ann", "retry")
    return driver


def late_reply() -> Office:
    """A model's reply that comes when nobody waits for it any more is kept for the audit."""
    driver = Office(payer())
    driver.run("go")
    (call,) = driver.calls
    driver.tell("cancel")
    driver.finish(call, pays(GIVEN, options=OPTIONS, policy=ApprovalPolicy()))
    assert len(driver.entries("late")) == 1
    return driver


def rolled_back() -> Office:
    options = ToolOptions(secrets=("token",), side_effects=True)
    driver = Office(payer(max_tool_iterations=2))
    driver.run("go", "hello")
    first = snapshots(driver.chat)[-1].offset
    driver.run("again", pays(GIVEN, options=options), "paid", "done")
    driver.tell("rollback", offset=first)
    assert driver.entries("rolled_back")[0].data["crossed"]
    return driver


def asked_again() -> Office:
    driver = asked()
    driver.tell("rollback", offset=snapshots(driver.chat)[-1].offset, force=True)
    assert len(driver.entries("request")) == 2
    return driver


def loaded() -> Office:
    driver = asked()
    new = Office(driver.spec)
    new.tell("load_state", **loading(new.chat.plan, saved(driver.chat), new.now))
    assert new.entries("copied")
    assert new.entries("loaded")
    return new


def summed_up() -> Office:
    spec = AssistantAgent(
        "a", "scripted", tools=["pay"], tool_call_summary_format="{tool_name}({arguments}) = {result}"
    )
    driver = Office(spec)
    driver.run("go", pays(GIVEN, options=OPTIONS), "paid")
    assert driver.status == "idle"
    return driver


def handed_over() -> Office:
    driver = Office(payer(handoffs=["b"]))
    reply = pays(GIVEN, options=OPTIONS)
    reply["content"].append({"id": "h", "name": "transfer_to_b", "arguments": "{}"})
    driver.run("go", reply, "paid")
    assert driver.messages("HandoffMessage")
    return driver


def thought() -> Office:
    driver = Office(payer())
    driver.run("go", {**pays(GIVEN, GIVEN, options=OPTIONS), "thought": "Let me pay."}, "paid", "paid", said("done"))
    return driver


STORIES: list[Make] = [
    approved,
    changed,
    changed_and_late,
    refused,
    unknown,
    late_reply,
    rolled_back,
    asked_again,
    loaded,
    summed_up,
    handed_over,
    thought,
]


@pytest.mark.parametrize("make", STORIES, ids=lambda make: make.__name__)
def test_no_reader_of_the_log_sees_a_secret(make: Make) -> None:
    driver = make()
    whole = json.dumps([dict(entry.data) for entry in driver.chat.log])
    assert SECRET in whole, "the story has a secret"
    for entry in driver.chat.log:
        assert SECRET not in json.dumps(dict(mask_entry(entry).data)), entry.kind


@pytest.mark.parametrize("make", STORIES, ids=lambda make: make.__name__)
def test_no_reader_of_the_messages_sees_a_secret(make: Make) -> None:
    log = make().chat.log
    for entry in log:
        if entry.kind in ("message", "event"):
            told = message_of(UUID, mask_entry(entry), lambda offset: mask_entry(log.at(offset)))
            assert SECRET not in json.dumps(told), told["type"]


def test_what_is_masked_is_the_entry_and_not_what_is_kept() -> None:
    driver = approved()
    before = [entry.encoded for entry in driver.chat.log]
    for entry in driver.chat.log:
        mask_entry(entry)
    assert [entry.encoded for entry in driver.chat.log] == before
    assert SECRET in json.dumps(driver.view("a")), "the model sees what it wrote"


def test_what_has_no_secrets_is_left_as_it_is() -> None:
    driver = Office(payer())
    driver.run("go", pays(12, policy=ApprovalPolicy()))
    driver.vote("ann", "edit", arguments={"amount": 5})
    driver.answer("paid", "done")
    assert all(mask_entry(entry) is entry for entry in driver.chat.log)
