"""Component JSON: what AutoGen dumps is opened by Folkmoot and does the same there, and goes back as it came."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from folkmoot.autogen import dump_component, load_component
from tests.conformance.marks import better, covers
from tests.conformance.play import Player
from tests.conformance.test_graph import edges, graph
from tests.conformance.test_magentic import FACTS, PLAN, is_ledger, ledger, magentic
from tests.conformance.test_selector import selector
from tests.conformance.test_swarm import to

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are not in the JSON."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-not-a-key")


def dumped(team: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """AutoGen's team in AutoGen; in Folkmoot what its JSON says, once it has been there and back."""

    def build(lib: Any) -> Any:
        theirs = team(lib.theirs)
        if lib.autogen:
            return theirs
        component = theirs.dump_component()
        spec = load_component(component.model_dump_json())
        again = type(theirs).load_component(dump_component(spec))
        assert said(again.dump_component()) == said(component)
        return load_component(again.dump_component())

    return build


def said(component: Any) -> Any:
    """What a component's JSON says, but for the masked key, which chats do not hold."""
    text = component.model_dump_json(exclude_none=True)
    return json.loads(text, object_hook=lambda found: {key: found[key] for key in found if key != "api_key"})


def inner(lib: Any, *names: str, name: str = "inner") -> Any:
    """A team to be put into another."""
    return lib.round_robin(*names, name=name, max_turns=len(names))


@covers("B119")
async def test_a_round_robin_with_all_an_agent_may_have(play: Player) -> None:
    def team(lib: Any) -> Any:
        content = lib.MemoryContent(content="The user likes tea.", mime_type="text/plain")
        writer = lib.agent(
            "a",
            description="Writes.",
            system_message="Be brief.",
            memory=[lib.ListMemory(name="tastes", memory_contents=[content])],
            model_context=lib.HeadAndTailChatCompletionContext(2, 3),
            handoffs=[lib.Handoff(target="user", message="Over.", name="ask")],
            max_tool_iterations=3,
            metadata={"of": "a"},
        )
        stop = lib.TextMentionTermination("DONE") | lib.HandoffTermination("user") & lib.MaxMessageTermination(2)
        return lib.RoundRobinGroupChat([writer, lib.agent("b")], termination_condition=stop, name="pair")

    over = {"calls": [{"name": "ask", "arguments": {}, "id": "over"}]}
    played = await play(dumped(team), {"a": [over]}, "go")
    assert played.folkmoot.last.stop_reason == (
        "Handoff to user from a detected., Maximum number of messages 2 reached, current message count: 2"
    )


@covers("B119")
async def test_a_selector(play: Player) -> None:
    team = selector("a", "b", "c", max_turns=2, model_context=lambda lib: lib.BufferedChatCompletionContext(1))
    played = await play(dumped(team), {"chooser": ["a", "c"], "a": ["a1"], "c": ["c1"]}, "go")
    assert played.folkmoot.last.said[-1] == ("c", "c1")


@covers("B119")
async def test_a_swarm(play: Player) -> None:
    def team(lib: Any) -> Any:
        members = [lib.agent("a", handoffs=["b"]), lib.agent("b", handoffs=["a", "user"])]
        return lib.Swarm(members, termination_condition=lib.HandoffTermination("user"))

    played = await play(dumped(team), {"a": [to("b")], "b": [to("user")]}, "go")
    assert played.folkmoot.last.stop_reason == "Handoff to user from b detected."


@covers("B119")
async def test_a_graph(play: Player) -> None:
    def draw(builder: Any, agents: dict[str, Any]) -> None:
        edges("ab", "ac", condition="yes")(builder, agents)
        edges("bd", "cd", activation_group="x", activation_condition="any")(builder, agents)

    script = {"a": ["yes"], "b": ["b1"], "c": [{"text": "c1", "delay": 0.5}], "d": ["d1"]}
    played = await play(dumped(graph("abcd", draw)), script, "go", parallel=True)
    assert [source for source, _ in played.folkmoot.last.said].count("d") == 1


@covers("B119")
async def test_magentic_one(play: Player) -> None:
    script = {"lead": [FACTS, PLAN, ledger("a"), ledger("a", done=True), "The answer."], "a": ["a1"], "b": []}
    team = dumped(magentic("a", "b", max_turns=5, final_answer_prompt="Answer {task}."))
    played = await play(team, script, "Solve it.", unheard=["lead"], own_words=is_ledger)
    assert played.folkmoot.last.said[-1] == ("MagenticOneOrchestrator", "The answer.")


@covers("B119")
async def test_a_society_and_a_filter(play: Player) -> None:
    def team(lib: Any) -> Any:
        mind = lib.SocietyOfMindAgent("mind", inner(lib, "a", "b"), lib.model("voice"), instruction="So:")
        last = lib.MessageFilterConfig(per_source=[lib.PerSourceFilter(source="mind", position="last", count=1)])
        ear = lib.MessageFilterAgent("ear", wrapped_agent=lib.agent("ear"), filter=last)
        return lib.RoundRobinGroupChat([mind, ear], max_turns=2)

    script = {"a": ["a1"], "b": ["b1"], "voice": ["We think so."], "ear": ["I hear."]}
    played = await play(dumped(team), script, "go")
    assert played.folkmoot.heard("ear") == [("mind", "We think so.")]


@covers("B084", "B119")
async def test_teams_in_teams(play: Player) -> None:
    def team(lib: Any) -> Any:
        middle = lib.RoundRobinGroupChat([inner(lib, "a", "b"), lib.agent("c")], name="middle", max_turns=2)
        return lib.RoundRobinGroupChat([middle, lib.agent("d")], max_turns=2)

    played = await play(dumped(team), {name: [f"{name}1"] for name in "abcd"}, "go")
    assert [content for _, content in played.folkmoot.last.said] == ["go", "a1", "b1", "c1", "d1"]


@better("B084", "B118", why="AutoGen loses its words on what the argument `task` is for.")
async def test_tools_that_are_agents_and_teams(play: Player) -> None:
    def team(lib: Any) -> Any:
        helper = lib.AgentTool(lib.agent("helper", description="Helps."))
        panel = lib.TeamTool(inner(lib, "b", "c"), name="panel", description="Discusses.")
        member = lib.agent("a", tools=[helper, panel], max_tool_iterations=3)
        return lib.RoundRobinGroupChat([member], max_turns=1)

    made = [{"name": name, "arguments": {"task": "Help."}, "id": name} for name in ("helper", "panel")]
    script = {"a": [{"calls": [call]} for call in made] + ["Done."], "helper": ["h1"], "b": ["b1"], "c": ["c1"]}
    played = await play(dumped(team), script, "go")
    assert played.autogen.outcomes == played.folkmoot.outcomes
    assert "b: b1" in str(played.folkmoot.heard("a"))


@covers("B119")
async def test_an_agent_alone(play: Player) -> None:
    played = await play(dumped(lambda lib: lib.agent("a", system_message=None)), {"a": ["1"]}, "go")
    assert played.folkmoot.last.said[-1] == ("a", "1")


@better("B119", why="AutoGen says only that the type does not match, Folkmoot also where and what.")
@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ("condition", "termination_condition must be of component_type termination, got agent"),
        ("context", "participants[0].model_context must be of component_type chat_completion_context, got termination"),
        ("participant", "participants[0] must be of component_type agent or team, got termination"),
    ],
)
def test_another_type_is_refused(play: Player, wrong: str, where: str) -> None:
    def build(lib: Any) -> Any:
        theirs = lib.theirs
        team = theirs.RoundRobinGroupChat(
            [theirs.agent("a")], termination_condition=theirs.MaxMessageTermination(1), max_turns=1
        )
        data = team.dump_component().model_dump(mode="json")
        agent, condition = data["config"]["participants"][0], data["config"]["termination_condition"]
        if wrong == "condition":
            data["config"]["termination_condition"] = agent
        elif wrong == "context":
            agent["config"]["model_context"] = condition
        else:
            data["config"]["participants"] = [condition]
        return type(team).load_component(data) if lib.autogen else load_component(data)

    found = play.refusals(build)
    assert found["autogen"] == "TypeError: Expected type does not match"
    assert found["folkmoot"].startswith(f"ComponentTypeError: Expected type does not match: {where} with provider ")
