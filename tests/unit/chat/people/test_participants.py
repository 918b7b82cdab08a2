"""People as participants: who may answer, until when, and what is taken for an answer when nobody does."""

from __future__ import annotations

from typing import Any

from folkmoot.agents import UserProxyAgent
from folkmoot.approvals import Deadlines, Escalation
from folkmoot.teams import RoundRobinGroupChat, Swarm
from tests.unit.chat.driver import Json, agent, task
from tests.unit.chat.people.office import Office


def asked(**options: Any) -> Office:
    driver = Office(RoundRobinGroupChat([UserProxyAgent("p", **options), agent("b")], max_turns=1))
    driver.run("go")
    return driver


def answer(driver: Office, content: object, **more: Any) -> Json:
    """Answer the open request; the error of the refusal, if it is one."""
    entry = driver.tell("answer", request=driver.request()[0], content=content, **more)
    return entry.data.get("error", {})


def test_only_those_asked_may_answer() -> None:
    driver = asked(people=("ann", "role:help"))
    assert driver.pending[0]["approvers"] == ["ann", "role:help"]
    for by in ({"by": "eve"}, {"by": {"subject": "eve", "roles": ["other"]}}):
        error = answer(driver, "x", **by)
        assert error["type"] == "DecisionRefusedError"
        assert error["message"] == "'eve' may not decide this; those who may: ann, role:help."
    assert answer(driver, "x")["message"].endswith("those who may: ann, role:help.")
    assert answer(driver, "yes", by={"subject": "eve", "roles": ["help"]}) == {}
    assert driver.entries("answered")[0].data["by"] == {"subject": "eve", "roles": ["help"]}
    assert driver.spoken()[-1] == "p: yes"


def test_anybody_may_answer_what_everybody_is_asked() -> None:
    driver = asked()
    assert answer(driver, "yes") == {}
    assert driver.spoken()[-1] == "p: yes"


def test_an_answer_must_be_a_text() -> None:
    driver = asked()
    assert "must be a text, got 5" in answer(driver, 5)["message"]
    assert driver.status == "waiting"


def test_an_answer_is_no_decision() -> None:
    driver = asked()
    assert driver.refused("ann").endswith("wants an answer, not a decision; use 'answer'.")


def test_a_deadline_without_a_default_ends_the_run() -> None:
    driver = asked(deadlines=Deadlines(deadline=10, reminders=(5,)))
    driver.later(5)
    driver.later(5)
    error = driver.chat.state.error
    assert error is not None
    assert (error["agent"], error["type"]) == ("p", "RequestTimeoutError")
    assert len(driver.entries("reminded")) == 1
    driver.run(None)
    assert driver.status == "waiting", "the next run asks again"


def test_a_default_answer_is_said_in_their_name() -> None:
    driver = asked(deadlines=Deadlines(deadline=10), default_answer="I have nothing to add.")
    driver.later(10)
    assert driver.spoken()[-1] == "p: I have nothing to add."
    assert driver.entries("answered")[0].data["timeout"] is True
    assert driver.status == "idle"
    late = driver.tell("answer", request="x", content="but", by="ann")
    assert late.kind == "refused"


def test_an_empty_default_answer_is_one() -> None:
    driver = asked(deadlines=Deadlines(deadline=10), default_answer="")
    driver.later(10)
    assert driver.spoken()[-1] == "p: "


def test_an_answer_in_time_comes_before_the_default() -> None:
    driver = asked(deadlines=Deadlines(deadline=10), default_answer="no")
    driver.later(9.999)
    answer(driver, "yes")
    driver.later(1)
    assert driver.spoken() == ["user: go", "p: yes"]


def test_a_chain_widens_who_may_answer() -> None:
    chain = (Escalation(after=5, approvers=("boss",)),)
    driver = asked(people=("ann",), deadlines=Deadlines(escalation=chain))
    assert "may not decide" in answer(driver, "x", by="boss")["message"]
    driver.later(5)
    assert answer(driver, "yes", by="boss") == {}


def test_a_default_answer_to_a_handoff_hands_back() -> None:
    person = UserProxyAgent("p", deadlines=Deadlines(deadline=10), default_answer="go on")
    driver = Office(Swarm([agent("a", handoffs=["p"]), person]))
    driver.run([task("yours", source="x", kind="HandoffMessage", target="p")])
    driver.later(10)
    (_, back) = driver.messages("HandoffMessage")
    assert (back["source"], back["target"], back["content"]) == ("p", "x", "go on")


def test_a_default_answer_while_paused_lets_nothing_begin() -> None:
    person = UserProxyAgent("p", deadlines=Deadlines(deadline=10), default_answer="go on")
    driver = Office(RoundRobinGroupChat([person, agent("b")], max_turns=2))
    driver.run("go")
    driver.tell("pause")
    driver.later(10)
    assert (driver.spoken()[-1], driver.calls, driver.status) == ("p: go on", [], "paused")
    driver.tell("resume")
    assert [call.path for call in driver.calls] == ["b"]


def test_a_new_turn_has_a_deadline_of_its_own() -> None:
    person = UserProxyAgent("p", deadlines=Deadlines(deadline=10), default_answer="x")
    driver = Office(RoundRobinGroupChat([person], max_turns=2))
    driver.run("go")
    driver.later(4)
    answer(driver, "1")
    driver.later(9)
    assert driver.spoken()[-1] == "p: 1"
    driver.later(1)
    assert driver.spoken()[-1] == "p: x"
