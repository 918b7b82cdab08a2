"""Our state in a team that is not quite the one it was saved of: what still fits goes on, the rest begins anew."""

from __future__ import annotations

from folkmoot import CustomAgent, DiGraphBuilder, GraphFlow, MaxMessageTermination, UserProxyAgent
from folkmoot.conditions import TextMentionTermination
from folkmoot.teams import RoundRobinGroupChat
from tests.unit.chat.driver import Driver, agent, asks, task, team
from tests.unit.chat.state.keeping import loaded, saved


def test_another_condition_counts_from_now_on() -> None:
    driver = Driver(team("a", "b", termination_condition=MaxMessageTermination(9)))
    driver.run("go", "1", "2")
    again = loaded(team("a", "b", termination_condition=MaxMessageTermination(2)), saved(driver))
    again.run(None, "3", "4")
    assert again.stop_reason == "Maximum number of messages 2 reached, current message count: 2"
    same = loaded(team("a", "b", termination_condition=MaxMessageTermination(9)), saved(driver))
    same.run(None, *"345678")
    assert same.stop_reason == "Maximum number of messages 9 reached, current message count: 9"


def test_a_condition_of_several_parts() -> None:
    def both(limit: int) -> MaxMessageTermination | TextMentionTermination:
        return MaxMessageTermination(limit) | TextMentionTermination("DONE")

    driver = Driver(team("a", "b", termination_condition=both(9)))
    driver.run("go", "1")
    again = loaded(team("a", "b", termination_condition=MaxMessageTermination(2)), saved(driver))
    again.run(None, "3", "4")
    assert again.stop_reason == "Maximum number of messages 2 reached, current message count: 2"


def test_another_order_of_speakers() -> None:
    driver = Driver(team("a", "b", "c", max_turns=1))
    driver.run("go", "1")
    again = loaded(team("c", "a", "b", max_turns=1), saved(driver))
    again.run([task("more")])
    assert again.speaking == ["a"], "the place in the list is what AutoGen keeps"


def test_a_turn_under_way_of_one_who_is_of_another_kind_now() -> None:
    driver = Driver(RoundRobinGroupChat([agent("a", tools=["look"]), agent("b")], max_turns=2))
    driver.run("go", asks("look"))
    for other in (CustomAgent("a"), UserProxyAgent("a")):
        again = loaded(RoundRobinGroupChat([other, agent("b")], max_turns=2), saved(driver))
        assert "again" not in again.chat.state.root.notes.get("a", {})
        again.run([task("more")])
        assert again.speaking == ["a"], "whoever takes its place has the turn, from the beginning"


def graph(group: str, condition: str | None) -> GraphFlow:
    """a and b, with a way back or a way on to c."""
    members = {name: agent(name) for name in "abc"}
    builder = DiGraphBuilder()
    for member in members.values():
        builder.add_node(member)
    builder.add_edge(members["a"], members["b"], activation_group=group)
    builder.add_edge(members["b"], members["c"], condition=condition)
    if condition is not None:
        builder.add_edge(members["b"], members["a"], condition="NO", activation_group=group)
    builder.set_entry_point(members["a"])
    return GraphFlow(list(members.values()), builder.build(), max_turns=1)


def test_another_graph_of_the_same_agents() -> None:
    driver = Driver(graph("in", "YES"))
    driver.run("go", "1")
    again = loaded(graph("else", None), saved(driver))
    again.run(None, "2")
    again.run(None, "3")
    assert again.spoken() == ["b: 2", "c: 3"]
    assert again.stop_reason == "Digraph execution is complete"


def test_a_turn_under_way_goes_on_where_the_order_is_another() -> None:
    driver = Driver(team("a", "b", max_turns=2))
    driver.run("go", "1")
    assert driver.speaking == ["b"]
    again = loaded(team("b", "a", max_turns=2), saved(driver))
    again.run(None)
    assert len(again.speaking) == 1
    again.answer("2")
    assert again.spoken() == [f"{again.messages('TextMessage')[-1]['source']}: 2"]
