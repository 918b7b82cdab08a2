"""Graphs: order, batches, joins, branches and loops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.conformance.marks import better, covers
from tests.conformance.play import Player
from tests.conformance.record import Failure
from tests.conformance.talk import Talk
from tests.conformance.test_run import Verdict

COMPLETE = "Digraph execution is complete"

Draw = Callable[[Any, dict[str, Any]], None]


def graph(names: str, draw: Draw, **options: Any) -> Callable[[Any], Any]:
    """A flow of agents with these one-letter names; `draw` adds the edges."""

    def team(lib: Any) -> Any:
        builder = lib.DiGraphBuilder()
        agents = {name: lib.agent(name) for name in names}
        for agent in agents.values():
            builder.add_node(agent)
        draw(builder, agents)
        made = {key: value(lib) if key == "termination_condition" else value for key, value in options.items()}
        return lib.GraphFlow(builder.get_participants(), builder.build(), **made)

    return team


def edges(*pairs: str, **options: Any) -> Draw:
    """Edges such as `ab`, from a to b."""

    def draw(builder: Any, agents: dict[str, Any]) -> None:
        for source, target in pairs:
            builder.add_edge(agents[source], agents[target], **options)

    return draw


@covers("B061")
async def test_a_line_runs_in_order_and_is_complete(play: Player) -> None:
    played = await play(graph("abc", edges("ab", "bc")), {"a": ["a1"], "b": ["b1"], "c": ["c1"]}, "go")
    assert played.folkmoot.last.said[:4] == [("user", "go"), ("a", "a1"), ("b", "b1"), ("c", "c1")]
    assert played.folkmoot.last.stop_reason == COMPLETE


@covers("B062")
async def test_nodes_of_one_batch_do_not_hear_each_other(play: Player) -> None:
    script = {"a": ["a1"], "b": [{"text": "b1", "delay": 0.5}], "c": ["c1"]}
    played = await play(graph("abc", edges("ab", "ac")), script, "go", parallel=True)
    assert played.folkmoot.heard("b") == played.folkmoot.heard("c") == [("user", "go"), ("a", "a1")]


@covers("B063")
async def test_a_join_on_all_waits_for_all(play: Player) -> None:
    script = {"a": ["a1"], "b": ["b1"], "c": [{"text": "c1", "delay": 0.5}], "d": ["d1"]}
    played = await play(graph("abcd", edges("ab", "ac", "bd", "cd")), script, "go", parallel=True)
    assert ("d", "d1") in played.folkmoot.last.said


@covers("B063")
async def test_a_join_on_any_runs_once_a_batch(play: Player) -> None:
    def draw(builder: Any, agents: dict[str, Any]) -> None:
        edges("ab", "ac")(builder, agents)
        edges("bd", "cd", activation_condition="any")(builder, agents)

    script = {"a": ["a1"], "b": ["b1"], "c": [{"text": "c1", "delay": 0.5}], "d": ["d1"]}
    played = await play(graph("abcd", draw), script, "go", parallel=True)
    assert [content for source, content in played.folkmoot.last.said if source == "d"] == ["d1"]


def branches(builder: Any, agents: dict[str, Any]) -> None:
    """From a to b on yes, to c on what a function says."""
    builder.add_edge(agents["a"], agents["b"], condition="yes")
    builder.add_edge(agents["a"], agents["c"], condition=says_no)


def says_no(message: Any) -> bool:
    """Whether it says no."""
    return "no" in message.to_model_text()


@covers("B064")
@pytest.mark.parametrize(("answer", "chosen"), [("yes", "b"), ("no", "c"), ("maybe", None)])
async def test_conditions_choose_the_branch(play: Player, answer: str, chosen: str | None) -> None:
    script = {"a": [answer], **({chosen: ["done"]} if chosen else {})}
    played = await play(graph("abc", branches), script, "go")
    assert [source for source, _ in played.folkmoot.last.said if source in "bc"] == ([chosen] if chosen else [])


def loop(builder: Any, agents: dict[str, Any]) -> None:
    """a, b, and back to a until b says ok, then c."""
    builder.add_edge(agents["a"], agents["b"])
    builder.add_edge(agents["b"], agents["a"], condition="again")
    builder.add_edge(agents["b"], agents["c"], condition="ok")
    builder.set_entry_point(agents["a"])


@covers("B065")
async def test_a_loop_with_an_exit(play: Player) -> None:
    script = {"a": ["a1", "a2"], "b": ["again", "ok"], "c": ["c1"]}
    played = await play(graph("abc", loop, max_turns=20), script, "go")
    assert [source for source, _ in played.folkmoot.last.said][:6] == ["user", "a", "b", "a", "b", "c"]


@covers("B065")
async def test_a_loop_on_oneself(play: Player) -> None:
    def draw(builder: Any, agents: dict[str, Any]) -> None:
        builder.add_edge(agents["a"], agents["a"], condition="again")
        builder.add_edge(agents["a"], agents["b"], condition="ok")
        builder.set_entry_point(agents["a"])

    played = await play(graph("ab", draw, max_turns=20), {"a": ["again", "again", "ok"], "b": ["b1"]}, "go")
    assert [source for source, _ in played.folkmoot.last.said][:5] == ["user", "a", "a", "a", "b"]


@covers("B065")
async def test_two_loops_by_activation_groups(play: Player) -> None:
    def draw(builder: Any, agents: dict[str, Any]) -> None:
        a, b, c, d, e = (agents[name] for name in "abcde")
        builder.add_edge(a, b)
        builder.add_edge(b, c, condition="to_c")
        builder.add_edge(b, d, condition="to_d")
        builder.add_edge(b, e, condition="end")
        builder.add_edge(c, b, activation_group="from_c", activation_condition="any")
        builder.add_edge(d, b, activation_group="from_d", activation_condition="any")
        builder.set_entry_point(a)

    script = {"a": ["a1"], "b": ["to_c", "to_d", "end"], "c": ["c1"], "d": ["d1"], "e": ["e1"]}
    played = await play(graph("abcde", draw, max_turns=20), script, "go")
    assert [source for source, _ in played.folkmoot.last.said][:8] == ["user", "a", "b", "c", "b", "d", "b", "e"]


@covers("B066")
async def test_several_starting_nodes_and_separate_parts(play: Player) -> None:
    script = {"a": ["a1"], "b": [{"text": "b1", "delay": 0.4}], "c": ["c1"], "d": [{"text": "d1", "delay": 0.8}]}
    played = await play(graph("abcd", edges("ac", "bc")), script, "go", parallel=True)
    assert {source for source, _ in played.folkmoot.last.said} >= {"a", "b", "c", "d"}


@covers("B067")
def test_an_empty_graph(play: Player) -> None:
    found = play.refusals(lambda lib: lib.DiGraph(nodes={}).graph_validate())
    assert found["autogen"] == "ValueError: Graph has no nodes."


@covers("B067")
@pytest.mark.parametrize(
    ("draw", "text"),
    [
        (edges("ab", "ba"), "Graph must have at least one start node"),
        (edges("ab", "bc", "cb"), "Graph must have at least one leaf node"),
    ],
    ids=["no start", "no leaf"],
)
def test_graphs_without_beginning_or_end(play: Player, draw: Draw, text: str) -> None:
    names = "ab" if text.endswith("start node") else "abc"
    assert play.refusals(graph(names, draw))["autogen"] == f"ValueError: {text}"


@covers("B067")
def test_conditional_beside_unconditional_edges(play: Player) -> None:
    def draw(builder: Any, agents: dict[str, Any]) -> None:
        builder.add_edge(agents["a"], agents["b"], condition="yes")
        builder.add_edge(agents["a"], agents["c"])

    text = "ValueError: Node 'a' has a mix of conditional and unconditional edges."
    assert play.refusals(graph("abc", draw))["autogen"] == text


@covers("B067")
def test_a_loop_without_an_exit(play: Player) -> None:
    def draw(builder: Any, agents: dict[str, Any]) -> None:
        edges("ab", "bc", "cb", "cd")(builder, agents)
        builder.set_entry_point(agents["a"])

    found = play.refusals(graph("abcd", draw, max_turns=5))["autogen"]
    assert found.startswith("ValueError: Cycle detected without exit condition: ")


@covers("B067")
def test_conflicting_activation_conditions(play: Player) -> None:
    def draw(builder: Any, agents: dict[str, Any]) -> None:
        edges("ab", "ac")(builder, agents)
        builder.add_edge(agents["b"], agents["d"], activation_condition="any")
        builder.add_edge(agents["c"], agents["d"], activation_condition="all")

    assert play.refusals(graph("abcd", draw))["autogen"].startswith("ValueError: Conflicting activation conditions")


NO_LIMIT = "A termination condition is required for cyclic graphs without a maximum turn limit."


@better(
    "B068", why="AutoGen refuses a loop without a limit only when the graph is first run; Folkmoot when it is made."
)
def test_a_loop_without_a_limit_is_refused(play: Player) -> None:
    found = play.refusals(graph("abc", loop))
    assert found["autogen"] == "not refused"
    assert found["folkmoot"] == f"ValueError: {NO_LIMIT}"


@better("B068", why="AutoGen's text is the same, but comes with the first run.")
async def test_autogen_refuses_it_at_the_first_run(play: Player) -> None:
    limits = {"autogen": None, "folkmoot": 1}

    def team(lib: Any) -> Any:
        return graph("abc", loop, max_turns=limits[lib.name])(lib)

    played = await play(team, {"a": ["a1"]}, "go", spare=True)
    assert played.autogen.failure.text == NO_LIMIT


@better("B063", why="AutoGen's join hears parallel answers as they arrived; in Folkmoot in the order of the graph.")
async def test_a_join_hears_its_batch_in_the_order_of_the_graph(play: Player) -> None:
    script = {"a": ["a1"], "b": [{"text": "b1", "delay": 0.5}], "c": ["c1"], "d": ["d1"]}
    played = await play(graph("abcd", edges("ab", "ac", "bd", "cd")), script, "go", parallel=True)
    assert played.autogen.heard("d") == [("user", "go"), ("a", "a1"), ("c", "c1"), ("b", "b1")]
    assert played.folkmoot.heard("d") == [("user", "go"), ("a", "a1"), ("b", "b1"), ("c", "c1")]


@covers("B069")
async def test_stopped_in_the_middle_the_rest_runs(play: Player) -> None:
    script = {"a": ["a1"], "b": ["b1"], "c": ["c1"]}
    played = await play(graph("abc", edges("ab", "bc"), max_turns=1), script, "go", None, None)
    assert [outcome.said[-1] for outcome in played.folkmoot.outcomes][:2] == [("a", "a1"), ("b", "b1")]
    assert ("c", "c1") in played.folkmoot.last.said


@covers("B070")
async def test_after_the_end_a_second_task_begins_at_the_entry(play: Player) -> None:
    script = {"a": ["a1", "a2"], "b": ["b1", "b2"]}
    played = await play(graph("ab", edges("ab")), script, "one", "two")
    assert played.folkmoot.last.said[:3] == [("user", "two"), ("a", "a2"), ("b", "b2")]


@covers("B072")
@pytest.mark.parametrize("what", ["source", "target", "entry"])
def test_the_builder_wants_known_nodes(play: Player, what: str) -> None:
    def build(lib: Any) -> Any:
        builder, known, strange = lib.DiGraphBuilder(), lib.agent("a"), lib.agent("x")
        builder.add_node(known)
        if what == "entry":
            return builder.set_entry_point(strange)
        pair = (strange, known) if what == "source" else (known, strange)
        return builder.add_edge(*pair)

    assert "ValueError: " in play.refusals(build)["autogen"]


@covers("B072")
def test_a_graphs_json_gives_the_graph_back(play: Player) -> None:
    def build(lib: Any) -> Any:
        builder = lib.DiGraphBuilder()
        agents = [lib.agent(name) for name in "ab"]
        for agent in agents:
            builder.add_node(agent)
        builder.add_edge(*agents, condition="yes")
        drawn = builder.build()
        again = lib.DiGraph.model_validate_json(drawn.model_dump_json())
        raise LookupError(str(again.model_dump() == drawn.model_dump()))

    assert play.refusals(build)["autogen"] == "LookupError: True"


@covers("B073")
@pytest.mark.parametrize(
    ("sources", "heard"),
    [
        ([("user", "first", 1)], ["one"]),
        ([("user", "last", 1), ("a", "last", 1)], ["two", "a1"]),
        ([("a", None, None)], ["a1"]),
        ([], []),
    ],
    ids=["first", "last", "all of one", "empty"],
)
async def test_what_a_filter_lets_through(play: Player, sources: Sequence[Any], heard: list[str]) -> None:
    def team(lib: Any) -> Any:
        config = lib.MessageFilterConfig(
            per_source=[lib.PerSourceFilter(source=s, position=p, count=c) for s, p, c in sources]
        )
        filtered = lib.MessageFilterAgent("b", wrapped_agent=lib.agent("b"), filter=config)
        return lib.RoundRobinGroupChat([lib.agent("a"), filtered], max_turns=2)

    def task(lib: Any) -> Any:
        return [lib.text("one"), lib.text("two")]

    played = await play(team, {"a": ["a1"], "b": ["b1"]}, task)
    assert [content for _, content in played.folkmoot.heard("b")] == heard


@better("B074", why="AutoGen's condition sees only the answer of the parallel batch that came last.")
async def test_every_parallel_answer_reaches_the_condition(play: Player) -> None:
    team = graph(
        "abcd",
        edges("ab", "ac", "bd", "cd"),
        termination_condition=lambda lib: lib.TextMentionTermination("STOP", sources=["c"]),
    )
    script = {"a": ["a1"], "b": [{"text": "b1", "delay": 0.5}], "c": ["STOP"], "d": ["d1"]}
    played = await play(team, script, "go", parallel=True, spare=True)
    assert played.autogen.last.stop_reason == COMPLETE
    assert played.folkmoot.last.stop_reason == "Text 'STOP' mentioned"


@better("B074", why="AutoGen's condition counts only the answer of the parallel batch that came last.")
async def test_every_parallel_answer_is_counted(play: Player) -> None:
    team = graph("abcd", edges("ab", "ac", "bd", "cd"), termination_condition=lambda lib: lib.MaxMessageTermination(4))
    script = {"a": ["a1"], "b": [{"text": "b1", "delay": 0.5}], "c": ["c1"], "d": ["d1"]}
    played = await play(team, script, "go", parallel=True, spare=True)
    assert ("d", "d1") in played.autogen.last.said
    assert ("d", "d1") not in played.folkmoot.last.said
    assert played.folkmoot.last.stop_reason == "Maximum number of messages 4 reached, current message count: 4"


@better("B097", why="After an error AutoGen's graph is at its end, and nobody speaks; the failed turn is lost.")
@pytest.mark.parametrize("task", [None, "again"])
async def test_after_an_error_a_graph_completes(play: Player, task: str | None) -> None:
    script = {"a": ["a1"], "b": [{"status": 400, "message": "no"}, "b1"], "c": ["c1"]}
    played = await play(graph("abc", edges("ab", "bc")), script, "go", task, spare=True)
    assert [source for source, _ in played.autogen.last.said if source in "abc"] == []
    assert [said for said in played.folkmoot.last.said if said[0] in "abc"] == [("b", "b1"), ("c", "c1")]
    assert played.folkmoot.last.stop_reason == COMPLETE


@better("B097", why="After one of two parallel speakers failed, AutoGen's graph hangs; Folkmoot's does the rest.")
async def test_after_an_error_in_a_batch_the_rest_is_done(play: Player) -> None:
    async def story(talk: Talk) -> None:
        await talk.stream("go")
        await talk.within(1.0 if talk.lib.autogen else 20.0, talk.start(None))

    script = {"a": ["a1"], "b": [{"status": 400, "message": "no"}, "b1"], "c": ["c1", "c1"], "d": ["d1"]}
    team = graph("abcd", edges("ab", "ac", "bd", "cd"))
    played = await play(team, script, story=story, parallel=True, spare=True)
    assert played.autogen.failure == Failure("Hangs", "")
    assert ("b", "b1") in played.folkmoot.last.said
    assert ("d", "d1") in played.folkmoot.last.said


@covers("B070")
async def test_a_task_that_has_the_name_of_a_node_as_its_source(play: Player) -> None:
    def task(lib: Any) -> Any:
        return lib.text("Already done.", source="a")

    script = {"a": ["a1"], "b": ["b1", "b2"], "c": ["c1", "c2"]}
    played = await play(graph("abc", edges("ab", "bc")), script, task)
    assert ("c", "c2") in played.folkmoot.last.said


@covers("B064")
async def test_a_branch_by_a_structured_answer(play: Player) -> None:
    def draw(builder: Any, agents: dict[str, Any]) -> None:
        builder.add_edge(agents["a"], agents["b"], condition='"good":true')
        builder.add_edge(agents["a"], agents["c"], condition=lambda message: not message.content.good)

    def team(lib: Any) -> Any:
        agents = {name: lib.agent(name, **({"output_content_type": Verdict} if name == "a" else {})) for name in "abc"}
        builder = lib.DiGraphBuilder()
        for agent in agents.values():
            builder.add_node(agent)
        draw(builder, agents)
        custom = [lib.StructuredMessage[Verdict]]
        return lib.GraphFlow(builder.get_participants(), builder.build(), custom_message_types=custom)

    played = await play(team, {"a": ['{"good":false}'], "c": ["c1"]}, "go")
    assert ("c", "c1") in played.folkmoot.last.said


@covers("B069")
async def test_a_new_task_in_the_middle_of_a_graph(play: Player) -> None:
    script = {"a": ["a1"], "b": ["b1"]}
    played = await play(graph("abc", edges("ab", "bc"), max_turns=1), script, "go", "more")
    assert played.folkmoot.last.said[:2] == [("user", "more"), ("b", "b1")]
