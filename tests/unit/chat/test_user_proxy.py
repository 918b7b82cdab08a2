"""People as participants: a turn is a request that waits for an answer, whatever happens meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from folkmoot._chat.snapshots import snapshots
from folkmoot.agents import MessageFilterAgent, MessageFilterConfig, PerSourceFilter, UserProxyAgent
from folkmoot.conditions import MaxMessageTermination
from folkmoot.teams import DiGraphBuilder, GraphFlow, RoundRobinGroupChat, Swarm
from tests.unit.chat.driver import Driver, Failure, agent, asks, task


def chat(*members: Any, turns: int = 2) -> Driver:
    return Driver(RoundRobinGroupChat([*members] or [UserProxyAgent("person"), agent("a")], max_turns=turns))


def swarm(**options: Any) -> Driver:
    """`a` may hand over to `person`, who hands back."""
    return Driver(Swarm([agent("a", handoffs=["person"]), UserProxyAgent("person")], max_turns=3, **options))


def both() -> Driver:
    """s, then two people at once, then e."""
    members = [agent("s"), UserProxyAgent("one"), UserProxyAgent("two"), agent("e")]
    builder = DiGraphBuilder()
    for member in members:
        builder.add_node(member)
    for person in members[1:3]:
        builder.add_edge("s", person).add_edge(person, "e")
    driver = Driver(GraphFlow([*members], graph=builder.build()))
    driver.run("go", "s1")
    return driver


def requests(driver: Driver) -> list[str]:
    return list(driver.chat.state.requests)


def reply(driver: Driver, text: str, request: str | None = None) -> Any:
    return driver.tell("answer", request=request or requests(driver)[0], content=text)


def test_a_turn_is_a_request_shown_as_an_event_that_waits_without_a_call() -> None:
    driver = chat()
    driver.run("go")
    ((name, request),) = driver.chat.state.requests.items()
    assert (driver.status, driver.calls, driver.speaking) == ("waiting", [], ["person"])
    assert (request.kind, request.path, request.prompt) == ("input", "person", "Enter your response: ")
    assert driver.chat.state.waiting_for == ["user:person"]
    (event,) = driver.messages("UserInputRequestedEvent")
    assert (event["request_id"], event["source"], event["content"]) == (name, "person", "")


def test_an_answer_is_the_persons_message() -> None:
    driver = chat()
    driver.run("go")
    name = requests(driver)[0]
    entry = driver.tell("answer", request=name, content="Yes.", by="ann")
    assert (entry.kind, entry.data["by"], entry.data["content"]) == ("answered", "ann", "Yes.")
    assert driver.speaking == ["a"]
    assert driver.heard("a") == ["U: go", "U: Yes."]
    assert requests(driver) == []


def test_the_event_is_for_readers_only() -> None:
    condition = MaxMessageTermination(3, include_agent_event=True)
    driver = Driver(RoundRobinGroupChat([UserProxyAgent("person"), agent("a")], termination_condition=condition))
    driver.run("go")
    reply(driver, "Yes.")
    driver.answer("a1")
    assert driver.stop_reason == "Maximum number of messages 3 reached, current message count: 3"


def test_the_wait_is_a_snapshot() -> None:
    driver = chat()
    driver.run("go")
    (found,) = snapshots(driver.chat)
    assert (found.reason, found.speakers) == ("wait", ("input",))


def test_each_request_has_an_id_of_its_own() -> None:
    driver = chat(UserProxyAgent("person"), turns=2)
    driver.run("go")
    first = requests(driver)[0]
    reply(driver, "one")
    assert requests(driver) != [first]


def test_a_handoff_is_answered_with_a_handoff_back() -> None:
    driver = swarm()
    driver.run("go", asks("transfer_to_person"))
    (request,) = driver.chat.state.requests.values()
    assert request.prompt == "Handoff received from a. Enter your response: "
    reply(driver, "Go on.")
    message = driver.messages("HandoffMessage")[-1]
    assert (message["source"], message["target"], message["content"]) == ("person", "a", "Go on.")
    assert driver.speaking == ["a"]


def test_only_the_last_message_decides_whether_it_was_a_handoff() -> None:
    driver = chat(agent("a", handoffs=["person"]), agent("b"), UserProxyAgent("person"), turns=3)
    driver.run("go", asks("transfer_to_person"), "b1")
    (request,) = driver.chat.state.requests.values()
    assert request.prompt == "Enter your response: "


def test_a_handoff_to_somebody_else_is_an_error() -> None:
    driver = chat()
    driver.run([task("take it", kind="HandoffMessage", target="a")])
    error = driver.chat.state.error
    assert error is not None
    assert (error["agent"], error["type"]) == ("person", "RuntimeError")
    text = "Failed to get user input: Handoff message target does not match agent name: user"
    assert error["message"] == text


def test_a_filter_around_a_person_leaves_the_turn_as_it_is() -> None:
    only = MessageFilterConfig(per_source=[PerSourceFilter(source="user")])
    driver = chat(MessageFilterAgent("narrow", UserProxyAgent("person"), only), agent("a"))
    driver.run("go")
    (request,) = driver.chat.state.requests.values()
    assert request.path == "narrow"
    reply(driver, "Yes.")
    assert driver.heard("a") == ["U: go", "U: Yes."]
    assert driver.messages()[-1]["source"] == "person"


@pytest.mark.parametrize("given", ["", "nobody"])
def test_an_answer_to_no_request_is_refused(given: str) -> None:
    driver = chat()
    driver.run("go")
    entry = driver.tell("answer", request=given, content="Yes.")
    assert entry.kind == "refused"
    assert entry.data["error"]["message"].startswith(f"There is no open request {given!r}; open are: ")
    assert len(requests(driver)) == 1


def test_an_answer_that_is_no_text_is_refused() -> None:
    driver = chat()
    driver.run("go")
    entry = driver.tell("answer", request=requests(driver)[0], content=1)
    assert entry.data["error"]["message"].endswith("must be a text, got 1.")


def test_a_second_answer_is_refused() -> None:
    driver = chat()
    driver.run("go")
    name = requests(driver)[0]
    reply(driver, "Yes.", name)
    assert reply(driver, "No.", name).kind == "refused"
    assert driver.heard("a") == ["U: go", "U: Yes."]


def test_a_stop_while_waiting_ends_the_run_at_once_and_withdraws_the_request() -> None:
    driver = chat()
    driver.run("go")
    name = requests(driver)[0]
    driver.tell("stop")
    assert (driver.status, driver.stop_reason) == ("idle", "External termination requested")
    assert reply(driver, "late", name).kind == "refused"


@pytest.mark.parametrize("end", ["cancel", "stop"])
def test_the_next_run_asks_the_same_person_again_and_nothing_is_heard_twice(end: str) -> None:
    driver = chat(agent("a"), UserProxyAgent("person"), turns=3)
    driver.run("go", "a1")
    first = requests(driver)
    driver.tell(end)
    driver.run(None)
    assert driver.speaking == ["person"]
    assert requests(driver) != first
    reply(driver, "Yes.")
    assert driver.heard("a") == ["U: go", "A: a1", "U: Yes."]


def test_who_handed_over_is_known_after_the_turn_was_broken_off() -> None:
    driver = swarm()
    driver.run("go", asks("transfer_to_person"))
    driver.tell("cancel")
    driver.run(None)
    (request,) = driver.chat.state.requests.values()
    assert request.prompt == "Handoff received from a. Enter your response: "


def test_an_answer_while_paused_is_kept_and_nobody_speaks() -> None:
    driver = chat()
    driver.run("go")
    driver.tell("pause")
    assert driver.status == "paused"
    reply(driver, "Yes.")
    assert (driver.status, driver.calls) == ("paused", [])
    driver.tell("resume")
    assert driver.heard("a") == ["U: go", "U: Yes."]


def test_a_pause_now_does_not_withdraw_a_request() -> None:
    driver = chat()
    driver.run("go")
    before = requests(driver)
    driver.tell("pause", now=True)
    driver.tell("resume")
    assert requests(driver) == before


def test_a_reset_withdraws_the_request() -> None:
    driver = chat()
    driver.run("go")
    assert driver.tell("reset").kind == "refused"
    driver.tell("reset", force=True)
    assert (driver.status, requests(driver)) == ("idle", [])
    driver.run("anew")
    reply(driver, "Yes.")
    assert driver.heard("a") == ["U: anew", "U: Yes."]


def test_two_people_are_asked_at_once_and_heard_in_graph_order() -> None:
    driver = both()
    first, second = requests(driver)
    reply(driver, "two says", second)
    assert (driver.status, requests(driver)) == ("waiting", [first])
    reply(driver, "one says", first)
    assert driver.heard("e") == ["U: go", "U: s1", "U: one says", "U: two says"]


def test_of_two_people_only_the_one_who_has_not_answered_is_asked_again() -> None:
    driver = both()
    _, second = requests(driver)
    reply(driver, "two says", second)
    driver.tell("cancel")
    driver.run(None)
    assert driver.speaking == ["one"]
    reply(driver, "one says")
    assert driver.heard("e") == ["U: go", "U: s1", "U: one says", "U: two says"]


def test_an_input_function_is_a_call() -> None:
    driver = chat(UserProxyAgent("person", input_func="ask"), agent("a"))
    driver.run("go")
    (call,) = driver.calls
    assert (call.kind, call.path, requests(driver)) == ("input", "person", [])
    assert driver.chat.log.at(call.need).data["prompt"] == "Enter your response: "
    driver.finish(call, {"content": "Yes."})
    assert driver.heard("a") == ["U: go", "U: Yes."]


def test_an_input_function_that_fails_ends_the_run_and_is_asked_again() -> None:
    driver = chat(UserProxyAgent("person", input_func="ask"), agent("a"))
    driver.run("go", Failure("RuntimeError", "Failed to get user input: nobody is there"))
    error = driver.chat.state.error
    assert error is not None
    assert error["agent"] == "person"
    driver.run(None)
    driver.finish(driver.calls[0], {"content": "Yes."})
    assert driver.spoken() == ["user: go", "person: Yes."]


def test_ids_of_event_and_answer_differ() -> None:
    driver = chat()
    driver.run("go")
    reply(driver, "Yes.")
    ids = [message["id"] for message in driver.messages()]
    assert len(set(ids)) == len(ids)
