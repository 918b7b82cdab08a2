"""The conversations of AutoGen 0.2's notebooks that AutoGen issue 2359 resumed, each from its messages alone."""

from __future__ import annotations

import warnings

from folkmoot.agents import CodeExecutorAgent, UserProxyAgent
from folkmoot.conditions import TextMentionTermination
from folkmoot.executors import LocalCommandLineCodeExecutor
from folkmoot.teams import RoundRobinGroupChat, SelectorGroupChat
from folkmoot.tools import Tool
from tests.unit.chat.driver import agent
from tests.unit.chat.old.stage import by, calls, going_on, old, results

CODE = "Save this:\n```python\nprint(1 / 0)\n```"


def runner(name: str) -> CodeExecutorAgent:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return CodeExecutorAgent(name, LocalCommandLineCodeExecutor())


def test_customised_an_error_of_code_is_heard_and_its_author_corrects_it() -> None:
    members = [UserProxyAgent("Admin"), agent("Engineer"), runner("Executor"), agent("Critic")]
    table = {"Admin": ["Engineer"], "Engineer": ["Executor"], "Executor": ["Engineer"], "Critic": ["Engineer"]}
    team = SelectorGroupChat(
        members,
        "scripted",
        allowed_or_disallowed_speaker_transitions=table,
        speaker_transitions_type="allowed",
    )
    failed = "exitcode: 1 (execution failed)\nCode output: ZeroDivisionError: division by zero"
    messages = [by("Admin", "Find papers."), by("Engineer", CODE), by("Executor", failed)]
    resumed = old(team, messages)
    assert (resumed.last_speaker, resumed.next, resumed.warnings) == ("Executor", ("Engineer",), [])
    driver = going_on(resumed)
    driver.run(None)
    assert driver.speaking == ["Engineer"]
    assert driver.heard("Engineer") == ["U: Find papers.", f"A: {CODE}", f"U: {failed}"]
    driver.answer("```python\nprint(1)\n```")
    assert driver.speaking == ["Executor"]
    assert [call.kind for call in driver.calls] == ["code"]


def test_finite_state_machine_players_go_on_counting_along_the_transitions() -> None:
    names = [f"{team}{player}" for team in "AB" for player in range(3)]
    table = {name: [other for other in names if other[0] == name[0] and other != name] for name in names}
    table["A0"] = ["A1", "A2", "B0"]
    spec = SelectorGroupChat(
        [agent(name) for name in names],
        "scripted",
        termination_condition=TextMentionTermination("TERMINATE"),
        allowed_or_disallowed_speaker_transitions=table,
        speaker_transitions_type="allowed",
    )
    messages = [
        by("A0", "NEXT: A1\nA0:3, A1:?, A2:?"),
        by("A1", "NEXT: A2\nA0:3, A1:2, A2:?"),
        by("A2", "NEXT: A0\nA0:3, A1:2, A2:5"),
        by("A0", "Team A has 10. NEXT: B0"),
    ]
    resumed = old(spec, messages)
    assert (resumed.last_speaker, resumed.next, resumed.warnings) == ("A0", (), [])
    driver = going_on(resumed)
    driver.run(None)
    (call,) = driver.calls
    assert (call.kind, call.name) == ("select", "A0")
    driver.finish(call, {"reply": "B0", "speaker": "B0", "by": "model", "usage": [1, 1]})
    assert driver.speaking == ["B0"]
    assert driver.heard("B0") == [f"U: {message['content']}" for message in messages]
    driver.answer("B0:4, NEXT: B1")
    (call,) = driver.calls
    driver.finish(call, {"reply": "B1", "speaker": "B1", "by": "model", "usage": [1, 1]})
    driver.answer("TERMINATE")
    assert driver.stop_reason == "Text 'TERMINATE' mentioned"


def test_retrieval_the_suggested_call_is_run_and_the_chat_goes_on() -> None:
    team = SelectorGroupChat(
        [
            UserProxyAgent("Boss"),
            agent("Coder", tools=[Tool("retrieve_content")]),
            agent("Product_Manager", tools=[Tool("other")]),
            agent("Reviewer"),
        ],
        "scripted",
    )
    arguments = '{"message": "How to use spark", "n_results": 3}'
    messages = [by("Boss", "How to use spark?"), calls("Coder", "retrieve_content", content="", arguments=arguments)]
    resumed = old(team, messages)
    (pending,) = resumed.pending
    assert (pending.path, pending.name, pending.arguments) == ("Coder", "retrieve_content", arguments)
    driver = going_on(resumed)
    assert [(call.kind, call.name) for call in driver.calls] == [("tool", "retrieve_content")]
    driver.answer("Use fit().")
    (call,) = driver.calls
    assert (call.kind, call.name) == ("select", "Coder")
    driver.finish(call, {"reply": "Reviewer", "speaker": "Reviewer", "by": "model", "usage": [1, 1]})
    assert driver.heard("Reviewer") == ["U: How to use spark?", "U: Use fit()."]


def test_retrieval_a_finished_task_ends_at_the_next_message() -> None:
    team = SelectorGroupChat(
        [agent("Coder"), agent("Reviewer")], "scripted", termination_condition=TextMentionTermination("TERMINATE")
    )
    resumed = old(team, [by("user", "How?"), by("Coder", "So."), by("Reviewer", "Good. TERMINATE")])
    assert len(resumed.warnings) == 1
    driver = going_on(resumed)
    driver.run(None, "TERMINATE")
    assert driver.stop_reason == "Text 'TERMINATE' mentioned"


def test_research_code_of_one_agent_is_run_by_another() -> None:
    team = SelectorGroupChat(
        [UserProxyAgent("Admin"), agent("Engineer"), agent("Scientist"), agent("Planner"), runner("Executor")],
        "scripted",
    )
    messages = [by("Admin", "Domains of papers?"), by("Planner", "1. Fetch"), by("Engineer", CODE)]
    resumed = old(team, messages)
    assert (resumed.last_speaker, resumed.next) == ("Engineer", ())
    driver = going_on(resumed)
    driver.run(None)
    (call,) = driver.calls
    driver.finish(call, {"reply": "Executor", "speaker": "Executor", "by": "model", "usage": [1, 1]})
    assert [(call.kind, call.path) for call in driver.calls] == [("code", "Executor")]
    assert driver.heard("Executor") == ["U: Domains of papers?", "U: 1. Fetch", f"U: {CODE}"]


def test_stateflow_code_that_was_retrieved_is_carried_on_and_run() -> None:
    def flow(thread: object) -> str | None:
        return None

    team = SelectorGroupChat(
        [UserProxyAgent("Init"), agent("Coder"), runner("Runner"), agent("Scientist")], "scripted", selector_func=flow
    )
    resumed = old(team, [by("Init", "Papers of last week"), by("Coder", CODE)])
    assert resumed.next == ()
    driver = going_on(resumed)
    driver.run(None)
    (call,) = driver.calls
    assert (call.kind, call.name) == ("select", "Coder")
    driver.finish(call, {"speaker": "Runner", "by": "function"})
    assert [(call.kind, call.path) for call in driver.calls] == [("code", "Runner")]
    assert driver.heard("Runner")[-1] == f"U: {CODE}"


def test_an_executor_that_is_no_participant_is_told_by_names() -> None:
    team = RoundRobinGroupChat([agent("Coder", tools=[Tool("search")]), agent("Critic")])
    messages = [by("Boss", "Go"), calls("Coder", "search"), results("Boss", search="3 hits"), by("Coder", "Three.")]
    driver = going_on(old(team, messages, admin_name="Boss"))
    assert [entry.data["content"] for entry in driver.entries("tool")] == ["3 hits"]
    assert driver.spoken() == ["Boss: Go", "Coder: Three."]
