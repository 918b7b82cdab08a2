"""Swarms: the last handoff decides, and what stands against a run is said at once (AutoGen: Swarm)."""

from __future__ import annotations

import pytest

from folkmoot._chat.calls import Failure
from folkmoot.conditions import HandoffTermination, TextMentionTermination
from folkmoot.teams import Swarm
from folkmoot.tools import TeamTool, Tool
from tests.unit.chat.driver import Driver, Json, agent, asks, task


def swarm(**options: object) -> Driver:
    """a hands over to b, b to c, c to a, a and b to the user and to a stranger as well."""
    members = [
        agent("a", handoffs=["b", "c", "user", "stranger"], tools=[Tool("look")]),
        agent("b", handoffs=["a", "c", "user"]),
        agent("c", handoffs=["a"]),
    ]
    return Driver(Swarm(members, **options))  # pyright: ignore[reportArgumentType]


def over(target: str, source: str = "user", content: str = "over") -> Json:
    return task(content, source, "HandoffMessage", target=target, context=[])


def to(target: str) -> Json:
    return asks(f"transfer_to_{target}")


def speakers(driver: Driver) -> list[str]:
    return [name for entry in driver.entries("turn") for name in entry.data["speakers"]]


def test_handoffs_choose_the_speaker_one_a_turn() -> None:
    driver = swarm(termination_condition=TextMentionTermination("end"))
    driver.run("go", to("b"), to("c"), to("a"), "end")
    assert speakers(driver) == ["a", "b", "c", "a"]
    assert [message["target"] for message in driver.messages("HandoffMessage")] == ["b", "c", "a"]


def test_without_a_handoff_the_same_agent_goes_on() -> None:
    driver = swarm(max_turns=4)
    driver.run("go", "1", to("b"), "2", "3")
    assert speakers(driver) == ["a", "a", "b", "b"]


def test_sibling_calls_ride_along_with_a_handoff() -> None:
    driver = swarm(max_turns=1)
    driver.run("go", asks("look", "transfer_to_b"), "seen")
    (message,) = driver.messages("HandoffMessage")
    assert [part["type"] for part in message["context"]] == ["AssistantMessage", "FunctionExecutionResultMessage"]
    assert [call["name"] for call in message["context"][0]["content"]] == ["look"]
    driver.run(None)
    assert [item["type"] for item in driver.view("b")] == [
        "UserMessage",
        "AssistantMessage",
        "FunctionExecutionResultMessage",
        "UserMessage",
    ]


def test_the_first_of_several_handoffs_counts() -> None:
    driver = swarm(max_turns=2)
    driver.run("go", asks("transfer_to_c", "transfer_to_b"), "1")
    assert speakers(driver) == ["a", "c"]


def test_task_with_a_handoff_begins_at_its_target() -> None:
    driver = swarm(max_turns=1)
    driver.run([over("b")], "1")
    assert speakers(driver) == ["b"]
    assert driver.heard("b") == ["U: over", "A: 1"]


def test_the_last_handoff_of_a_task_counts() -> None:
    driver = swarm()
    driver.run([over("b"), over("c"), task("and more")])
    assert driver.speaking == ["c"]


@pytest.mark.parametrize("given", [[over("x")], [over("b"), over("x")], [over("x"), over("b")]])
def test_task_with_a_handoff_to_a_stranger_is_refused(given: list[Json]) -> None:
    driver = swarm()
    refused = driver.run(given)
    assert refused.kind == "refused"
    assert refused.data["error"]["message"].startswith("The target x is not one of the participants ['a', 'b', 'c'].")
    assert driver.run("go").kind == "run_started"


def test_after_a_handoff_to_the_user_only_a_handoff_goes_on() -> None:
    driver = swarm(termination_condition=HandoffTermination("user"))
    driver.run("go", to("user"))
    assert driver.stop_reason == "Handoff to user from a detected."
    for given in ("more", None):
        refused = driver.run(given)
        assert refused.data["error"]["type"] == "BadCommandError"
        text = "The existing handoff target user is not one of the participants ['a', 'b', 'c']."
        assert refused.data["error"]["message"].startswith(text)
    assert driver.run([over("b", content="more")], "1").kind == "run_started"
    assert speakers(driver) == ["a", "b", "b"]
    transferred = "U: Transferred to user, adopting the role of user immediately."
    assert driver.heard("b") == ["U: go", transferred, "U: more", "A: 1"]


def test_handoff_to_a_stranger_nobody_waits_for_fails_clearly() -> None:
    """AutoGen dies of an empty AssertionError."""
    driver = swarm()
    driver.run("go", to("stranger"))
    error = driver.chat.state.error
    assert error is not None
    assert (driver.chat.state.status, error["type"]) == ("failed", "ValueError")
    assert "'stranger' is not one of the participants ['a', 'b', 'c']" in error["message"]
    assert driver.run("go").kind == "refused"
    assert driver.run([over("c")]).kind == "run_started"
    assert driver.speaking == ["c"]


def test_an_old_handoff_rules_a_new_task() -> None:
    driver = swarm(max_turns=1)
    driver.run("go", to("b"))
    driver.run("new task", "1")
    driver.run(None, "2")
    assert speakers(driver) == ["a", "b", "b"]


def test_reset_begins_with_the_first_participant() -> None:
    driver = swarm(max_turns=1)
    driver.run("go", to("user"))
    driver.tell("reset")
    driver.run("go")
    assert driver.speaking == ["a"]


def test_failed_speaker_speaks_again_and_its_handoff_counts() -> None:
    driver = swarm(max_turns=2)
    driver.run("go", to("b"), Failure("ModelCallError", "no"))
    driver.run(None, to("c"))
    assert speakers(driver)[:3] == ["a", "b", "b"]
    driver.run(None)
    assert driver.speaking == ["c"]


def test_handoff_inside_a_tool_is_none_of_this_swarm() -> None:
    inner = Swarm([agent("x", handoffs=["y"]), agent("y")], max_turns=2, name="pair")
    first = agent("a", handoffs=["b"], tools=[TeamTool(inner, "pair", "Two who work together.")])
    driver = Driver(Swarm([first, agent("b")], max_turns=2))
    call = {"id": "id0", "name": "pair", "arguments": '{"task": "do it"}'}
    driver.run("go", {"content": [call], "usage": [1, 1]}, to("y"), "done")
    assert [path for entry in driver.entries("turn") for path in entry.data["speakers"]][-1] == "a"
    assert driver.chat.state.status != "failed"
    assert driver.speaking == ["a"]
