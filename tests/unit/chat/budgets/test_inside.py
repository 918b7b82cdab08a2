"""Budgets of agents and of teams in teams: what they count, and whom they hold up."""

from __future__ import annotations

from typing import Any

from folkmoot._chat.calls import Call
from folkmoot._chat.spending import told
from folkmoot.agents import CustomAgent, SocietyOfMindAgent
from folkmoot.approvals import ApprovalPolicy
from folkmoot.budgets import Budget
from folkmoot.contexts import SummarizedChatCompletionContext
from folkmoot.teams import GraphFlow, MagenticOneGroupChat, SelectorGroupChat
from folkmoot.tools import AgentTool, TeamTool
from tests.unit.chat.driver import Driver, Json, agent, asks, said
from tests.unit.chat.people.office import Office
from tests.unit.chat.test_graph import flow
from tests.unit.chat.test_nested_any_order import coder, rounds

PLENTY = Budget(tokens=10**6)
ASKED = Budget(tokens=100, extend=ApprovalPolicy())


def used(driver: Driver, limit: str = "tokens") -> dict[str, float]:
    return {item["path"]: item["used"] for item in told(driver.chat.plan, driver.chat.state) if item["limit"] == limit}


def speak(driver: Driver, path: str, tokens: int, content: Any = "x") -> Call:
    """The call in flight of somebody is answered."""
    call = next(call for call in driver.calls if call.path == path)
    driver.finish(call, said(content, (tokens, 0)))
    return call


def test_an_agent_spends_from_its_own_budget_and_from_those_around_it() -> None:
    inner = rounds("inner", agent("a", budget=PLENTY), agent("b"), max_turns=2, budget=PLENTY)
    driver = Driver(rounds("outer", inner, agent("c", budget=PLENTY), max_turns=2, budget=PLENTY))
    driver.run("go", said("1", (1, 0)), said("2", (10, 0)), said("3", (100, 0)))
    assert used(driver) == {"": 111, "c": 100, "inner": 11, "inner/a": 1}


def test_names_that_begin_alike_are_not_mixed_up() -> None:
    driver = Driver(rounds("outer", agent("a", budget=PLENTY), agent("ab", budget=PLENTY), max_turns=2))
    driver.run("go", said("1", (1, 0)), said("2", (10, 0)))
    assert used(driver) == {"a": 1, "ab": 10}


def test_an_agents_own_budget_stops_the_run() -> None:
    driver = Driver(rounds("outer", agent("a", budget=Budget(model_calls=1)), agent("b")))
    driver.run("go", "1", "2")
    assert driver.stop_reason == "Budget of a exceeded: model calls 1 of 1"
    assert driver.entries("run_ended")[0].data["budget"] == "a"


def test_an_inner_teams_budget_stops_the_run() -> None:
    inner = rounds("inner", agent("a"), agent("b"), budget=Budget(tokens=9))
    driver = Driver(rounds("outer", agent("c"), inner))
    driver.run("go", said("0", (100, 0)), said("1", (9, 0)))
    assert driver.stop_reason == "Budget of inner exceeded: tokens 9 of 9"


def test_selections_are_paid_by_the_team() -> None:
    budget = Budget(tokens=100, model_calls=3)
    members = [agent("a", budget=PLENTY), agent("b"), agent("c")]
    driver = Driver(SelectorGroupChat(members, "scripted", budget=budget))
    selected: Json = {"reply": "a", "speaker": "a", "by": "model", "usage": [60, 1], "cost": 7}
    driver.run("go", selected, said("1", (20, 0)), {**selected, "reply": "b", "speaker": "b"})
    assert used(driver) == {"": 142, "a": 20}
    assert driver.stop_reason == "Budget of the chat exceeded: tokens 142 of 100, model calls 3 of 3"
    assert driver.chat.state.usage["SelectorGroupChatManager"].cost == 14


def test_a_selection_is_not_made_when_nothing_is_left() -> None:
    driver = Driver(SelectorGroupChat([agent("a"), agent("b")], "scripted", budget=Budget(tokens=9)))
    driver.run("go", {"candidates": ["a", "b"], "reply": "a", "speaker": "a", "by": "model", "usage": [1, 1]})
    driver.answer(said("1", (9, 0)))
    assert (driver.status, driver.calls) == ("idle", [])


def test_an_orchestrator_is_paid_by_the_team() -> None:
    driver = Driver(MagenticOneGroupChat([agent("a")], "scripted", budget=Budget(cost=1)))
    driver.run("go", said("facts", (5, 5), cost=400_000))
    driver.answer(said("plan", (5, 5), cost=600_000))
    assert driver.stop_reason == "Budget of the chat exceeded: cost 1 of 1"


def test_summaries_are_paid_by_whose_context_they_are_of() -> None:
    context = SummarizedChatCompletionContext("scripted", token_limit=100)
    driver = Driver(rounds("outer", agent("a", model_context=context, budget=Budget(tokens=100)), agent("b")))
    driver.run("go")
    (call,) = driver.calls
    driver.finish(call, {"condense": {"count": 1, "content": "so far"}, "usage": [99, 1], "cost": 3})
    assert driver.stop_reason == "Budget of a exceeded: tokens 100 of 100"
    assert driver.chat.state.usage["a"].cost == 3


def test_a_society_pays_for_its_team_and_the_team_for_itself() -> None:
    two = rounds("two", agent("x"), agent("y"), max_turns=2, budget=PLENTY)
    mind = SocietyOfMindAgent("mind", two, "scripted", budget=PLENTY)
    driver = Driver(rounds("outer", mind, agent("z"), max_turns=1))
    driver.run("go", said("1", (1, 0)), said("2", (10, 0)), said("sum", (100, 0)))
    assert used(driver) == {"mind": 111, "mind/": 11}


def test_a_societys_teams_budget_is_told_from_its_own() -> None:
    two = rounds("two", agent("x"), agent("y"), budget=Budget(tokens=1))
    driver = Driver(rounds("outer", SocietyOfMindAgent("mind", two, "scripted"), agent("z")))
    driver.run("go", said("1", (1, 0)))
    assert driver.stop_reason == "Budget of the team of mind exceeded: tokens 1 of 1"


def test_a_selecting_society_pays_for_the_selection() -> None:
    two = SelectorGroupChat([agent("x"), agent("y")], "scripted", name="two", budget=Budget(tokens=5))
    mind = SocietyOfMindAgent("mind", two, "scripted", budget=Budget(tokens=90))
    driver = Driver(rounds("outer", mind, agent("z")))
    driver.run("go", {"candidates": ["x", "y"], "reply": "?", "problem": "none", "usage": [5, 0]})
    assert driver.stop_reason == "Budget of the team of mind exceeded: tokens 5 of 5"


def test_agents_and_teams_as_tools_are_paid_by_who_uses_them() -> None:
    crew = TeamTool(rounds("crew", agent("x"), max_turns=1, budget=PLENTY), "crew", "Ask them.")
    user = agent(
        "a", tools=[AgentTool(agent("helper", budget=PLENTY)), crew], budget=Budget(tokens=10**6, tool_calls=1)
    )
    driver = Driver(rounds("outer", user, agent("b"), max_turns=1))
    calls = [{"id": name, "name": name, "arguments": '{"task": "t"}'} for name in ("helper", "crew")]
    driver.run("go", said(calls, (1, 0)))
    speak(driver, "a/helper/helper", 10)
    speak(driver, "a/crew/x", 100)
    assert driver.stop_reason == "Maximum number of turns 1 reached."
    assert used(driver) == {"a": 111, "a/crew": 100, "a/helper/helper": 10}
    assert used(driver, "tool_calls") == {"a": 0}


def test_a_budget_inside_a_tool_stops_the_run() -> None:
    helper = agent("helper", tools=["look"], budget=Budget(tokens=10))
    driver = Driver(rounds("outer", agent("a", tools=[AgentTool(helper)]), agent("b")))
    driver.run("go", said([{"id": "1", "name": "helper", "arguments": '{"task": "t"}'}]))
    driver.answer(asks("look", usage=(10, 0)))
    assert driver.stop_reason == "Budget of a/helper/helper exceeded: tokens 10 of 10"
    assert driver.heard("a")[-1].startswith("F: ")


def test_custom_agents_and_code_executors_have_budgets() -> None:
    own = CustomAgent("own", budget=Budget(tokens=5))
    code = coder("code", model_client="scripted", budget=Budget(tokens=5))
    driver = Driver(rounds("outer", own, code))
    answer = {"type": "TextMessage", "source": "own", "content": "x"}
    usage = {"prompt_tokens": 4, "completion_tokens": 0}
    driver.run("go", {"messages": [{"message": {**answer, "models_usage": usage}, "chat": True}]})
    driver.answer(said("```python\nprint(1)\n```", (5, 0)))
    assert driver.stop_reason == "Budget of code exceeded: tokens 5 of 5"
    assert used(driver) == {"own": 4, "code": 5}


def test_whatever_asks_a_model_has_its_price() -> None:
    code = coder("code", model_client="scripted", max_retries_on_error=1)
    mind = SocietyOfMindAgent("mind", rounds("two", agent("x"), max_turns=1), "scripted")
    driver = Driver(rounds("outer", mind, code, agent("a", tools=["look"], reflect_on_tool_use=True), max_turns=3))
    driver.run("go", said("1", cost=1), said("sum", cost=20))
    driver.answer(said("```python\n1/0\n```", cost=300), {"exit_code": 1, "output": "no"})
    driver.answer(said('{"retry": true, "reason": "?"}', cost=4_000), said("```python\n1\n```", cost=50_000))
    driver.answer({"exit_code": 0, "output": "1"}, said("so", cost=600_000))
    driver.answer({**asks("look"), "cost": 7_000_000}, "saw", said("done", cost=None))
    usage = driver.chat.state.usage
    assert {path: use.cost for path, use in usage.items()} == {
        "mind/x": 1,
        "mind": 20,
        "code": 654_300,
        "a": 7_000_000,
    }
    assert usage["a"].told["unpriced"] == 1


def test_code_that_is_only_said_has_its_price() -> None:
    driver = Driver(rounds("outer", coder("code", model_client="scripted"), agent("b"), max_turns=1))
    driver.run("go", said("nothing to run", cost=5))
    assert driver.chat.state.usage["code"].cost == 5


# --- At the same time -------------------------------------------------------------------------------------------------


def parallel(budgets: dict[str, Budget], chat: Budget | None = None) -> Office:
    """After `s` three speak at the same time, then `e`."""
    spec = flow(s=["a", "b", "c"], a=["e"], b=["e"], c=["e"], e=[]).spec
    assert isinstance(spec, GraphFlow)
    look: Json = {"tools": ["look"], "max_tool_iterations": 5}
    members = [agent(name, **look, budget=budgets.get(name)) for name in "sabce"]
    driver = Office(GraphFlow(members, spec.graph, budget=chat))
    driver.run("go", "s")
    return driver


def paths(driver: Driver) -> list[str]:
    return [call.path for call in driver.calls]


def test_others_go_on_while_one_is_asked_for_more() -> None:
    driver = parallel({"a": ASKED})
    speak(driver, "a", 100, asks("look")["content"])
    assert (paths(driver), driver.pending[0]["path"]) == (["b", "c"], "a")
    speak(driver, "b", 500, asks("look")["content"])
    driver.answer("c said", "looked")
    driver.answer("b said")
    assert (paths(driver), driver.status) == ([], "waiting")
    driver.vote("ann")
    driver.answer("looked", "a said", "the end")
    assert driver.stop_reason == "Digraph execution is complete"


def test_others_finish_their_turns_before_the_run_is_stopped() -> None:
    driver = parallel({"a": Budget(tokens=100)})
    speak(driver, "a", 100, asks("look")["content"])
    speak(driver, "b", 5, asks("look")["content"])
    assert (driver.status, paths(driver)) == ("running", ["c", "b"])
    driver.answer("c said", "looked")
    assert paths(driver) == ["b"]
    driver.answer("b said")
    assert driver.stop_reason == "Budget of a exceeded: tokens 100 of 100"


def test_of_the_chats_own_budget_calls_in_flight_finish() -> None:
    driver = parallel({}, ASKED)
    speak(driver, "a", 100, asks("look")["content"])
    assert (paths(driver), driver.pending[0]["path"]) == (["b", "c"], "")
    speak(driver, "b", 50)
    speak(driver, "c", 50, asks("look")["content"])
    assert (paths(driver), len(driver.pending)) == ([], 1)
    driver.vote("ann", arguments={"tokens": 200})
    assert paths(driver) == ["a", "c"]


def test_people_are_not_asked_for_what_is_only_in_flight() -> None:
    driver = parallel({}, ASKED)
    speak(driver, "a", 1000)
    assert (paths(driver), driver.pending) == (["b", "c"], [])
    speak(driver, "b", 1)
    speak(driver, "c", 1)
    assert len(driver.pending) == 1


def test_a_place_that_is_taken_by_a_call_in_flight_is_waited_for() -> None:
    driver = parallel({}, Budget(model_calls=3, extend=ApprovalPolicy()))
    assert (paths(driver), driver.pending) == (["a", "b"], [])
    speak(driver, "a", 1)
    assert (paths(driver), driver.pending) == (["b"], [])
    speak(driver, "b", 1)
    assert (paths(driver), driver.pending[0]["path"]) == ([], "")


def test_the_outermost_budget_is_asked_for_first() -> None:
    driver = Office(rounds("outer", agent("a", budget=ASKED), budget=ASKED))
    driver.run("go", said("1", (150, 0)))
    assert [item["path"] for item in driver.pending] == [""]
    driver.vote("ann")
    assert [item["path"] for item in driver.pending] == ["a"]
    driver.vote("ann")
    assert paths(driver) == ["a"]


def test_several_are_asked_for_at_the_same_time_each_on_its_own() -> None:
    driver = parallel({"a": ASKED, "b": ASKED})
    speak(driver, "a", 100, asks("look")["content"])
    speak(driver, "b", 100, asks("look")["content"])
    driver.answer("c said")
    assert [item["path"] for item in driver.pending] == ["a", "b"]
    driver.vote("ann", index=1)
    assert paths(driver) == ["b"]
    driver.vote("ann", "reject")
    assert (driver.status, paths(driver)) == ("running", ["b"])
    driver.answer("looked", "b said")
    assert driver.stop_reason == "Budget of a exceeded: tokens 100 of 100"
