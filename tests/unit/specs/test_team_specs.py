"""Teams take AutoGen's arguments and defaults, refuse what it refuses in its words, and hand out what is live."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from folkmoot._spec import carried, load_spec, spec_json
from folkmoot.agents import (
    AssistantAgent,
    BaseChatAgent,
    CustomAgent,
    MessageFilterAgent,
    MessageFilterConfig,
    Response,
    SocietyOfMindAgent,
    UserProxyAgent,
)
from folkmoot.conditions import MaxMessageTermination
from folkmoot.contexts import BufferedChatCompletionContext, UnboundedChatCompletionContext
from folkmoot.messages import BaseChatMessage, HandoffMessage, TextMessage
from folkmoot.options import ModelSpec
from folkmoot.teams import (
    DiGraph,
    DiGraphBuilder,
    DiGraphEdge,
    DiGraphNode,
    EdgeFunction,
    GraphFlow,
    MagenticOneGroupChat,
    RoundRobinGroupChat,
    SelectorGroupChat,
    Swarm,
    TeamSpec,
)
from folkmoot.transforms import FunctionTransform, MessageHistoryLimiter

A, B = AssistantAgent("a", "m"), AssistantAgent("b", "m")
LINE = DiGraph({"a": DiGraphNode("a", [DiGraphEdge("b")]), "b": DiGraphNode("b")})
LOOP = DiGraph({"a": DiGraphNode("a", [DiGraphEdge("b")]), "b": DiGraphNode("b", [DiGraphEdge("a", "again")])}, "a")
INNER = RoundRobinGroupChat([A], name="inner")


class Live:
    """A model object as a user holds it."""

    def __init__(self, name: str) -> None:
        self.name = name


class Parrot(BaseChatAgent):
    """A live agent."""

    @property
    def produced_message_types(self) -> Sequence[type[BaseChatMessage]]:
        return (TextMessage, HandoffMessage)

    async def on_messages(self, messages: Sequence[BaseChatMessage], cancellation_token: object) -> Response:
        raise NotImplementedError

    async def on_reset(self, cancellation_token: object) -> None:
        """Nothing to forget."""


def with_exit() -> DiGraph:
    """A loop between a and b that c ends."""
    nodes = [
        DiGraphNode("a", [DiGraphEdge("b")]),
        DiGraphNode("b", [DiGraphEdge("a", "again"), DiGraphEdge("c", "done")]),
        DiGraphNode("c"),
    ]
    return DiGraph({node.name: node for node in nodes}, default_start_node="a")


ABC = [A, B, AssistantAgent("c", "m")]

TEAMS: list[Callable[..., TeamSpec]] = [
    RoundRobinGroupChat,
    lambda participants, **rest: SelectorGroupChat(participants, "m", **rest),
    Swarm,
    lambda participants, **rest: MagenticOneGroupChat(participants, "m", **rest),
    lambda participants, **rest: GraphFlow(participants, LINE, **rest),
]
NAMES = ["RoundRobinGroupChat", "SelectorGroupChat", "Swarm", "MagenticOneGroupChat", "GraphFlow"]
MANAGERS = [
    "RoundRobinGroupChatManager",
    "SelectorGroupChatManager",
    "SwarmGroupChatManager",
    "MagenticOneOrchestrator",
    "GraphManager",
]


@pytest.mark.parametrize(("make", "name", "manager"), [*zip(TEAMS, NAMES, MANAGERS, strict=True)], ids=NAMES)
def test_what_all_teams_share_has_autogens_defaults(make: Callable[..., TeamSpec], name: str, manager: str) -> None:
    team = make([A, B])
    assert (team.name, team.manager_name) == (name, manager)
    # Without the full stop in GraphFlow only, as there.
    assert team.description == ("A team of agents" if name == "GraphFlow" else "A team of agents.")
    assert team.termination_condition is None
    assert team.max_turns == (20 if name == "MagenticOneGroupChat" else None)
    assert (team.custom_message_types, team.emit_team_events) == ((), False)
    assert team.participant_names == ["a", "b"]


@pytest.mark.parametrize("make", TEAMS, ids=NAMES)
def test_what_all_teams_share_can_be_said(make: Callable[..., TeamSpec]) -> None:
    team = make(
        [A, B],
        name="mine",
        description="Ours.",
        termination_condition=MaxMessageTermination(3),
        max_turns=4,
        custom_message_types=[TextMessage, "Note"],
        emit_team_events=True,
    )
    assert (team.name, team.description, team.max_turns) == ("mine", "Ours.", 4)
    assert team.termination_condition == MaxMessageTermination(3)
    assert (team.custom_message_types, team.emit_team_events) == (("TextMessage", "Note"), True)


@pytest.mark.parametrize("make", TEAMS, ids=NAMES)
@pytest.mark.parametrize(
    ("text", "participants", "arguments"),
    [
        ("At least one participant is required.", [], {}),
        ("The participant names must be unique.", [A, A], {}),
        ("The maximum number of turns must be greater than 0.", [A, B], {"max_turns": 0}),
        ("The name of a participant must not be empty.", [A, B], {"name": ""}),
        (
            "The name of a team must not contain '/', which parts the names in a path: 'a/b'.",
            [A, B],
            {"name": "a/b"},
        ),
    ],
)
def test_what_no_team_can_be(
    make: Callable[..., TeamSpec], text: str, participants: list[Any], arguments: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        make(participants, **arguments)


REFUSED: list[tuple[str, Callable[[], object]]] = [
    ("At least two participants are required for SelectorGroupChat.", lambda: SelectorGroupChat([A], "m")),
    (
        "The first participant must be able to produce a handoff messages.",
        lambda: Swarm([SocietyOfMindAgent("s", INNER, "m"), A]),
    ),
    (
        "A termination condition is required for cyclic graphs without a maximum turn limit.",
        lambda: GraphFlow(ABC, with_exit()),
    ),
    ("Graph must have at least one leaf node", lambda: GraphFlow([A, B], LOOP)),
    (
        "The graph has nodes that are no participants: ['b']. Expected some of: ['a', 'c'].",
        lambda: GraphFlow([A, AssistantAgent("c", "m")], LINE),
    ),
    ("The participant names must be unique.", lambda: RoundRobinGroupChat([INNER, AssistantAgent("inner", "m")])),
    (
        "speaker_selection_method 'auto' needs a model_client to select by, got None.",
        lambda: SelectorGroupChat([A, B]),
    ),
    (
        "model_client must be the name of a model, a ModelSpec or a model, got ''.",
        lambda: SelectorGroupChat([A, B], "", speaker_selection_method="random"),
    ),
    (
        "model_client must be the name of a model, a ModelSpec or a model, got ''.",
        lambda: MagenticOneGroupChat([A], ""),
    ),
    (
        (
            "speaker_selection_method is set to 'best'. It should be one of ['auto', 'random', 'round_robin', "
            "'manual'] (case insensitive); a function is passed as selector_func."
        ),
        lambda: SelectorGroupChat([A, B], "m", speaker_selection_method="best"),  # type: ignore[arg-type]
    ),
    (
        "selector_prompt may use {roles}, {participants} and {history}, got '{names}'.",
        lambda: SelectorGroupChat([A, B], "m", selector_prompt="{names}"),
    ),
    (
        "max_selector_attempts must not be less than 0, got -1.",
        lambda: SelectorGroupChat([A, B], "m", max_selector_attempts=-1),
    ),
    (
        "A selector function is known by its registered name, which must not be empty.",
        lambda: SelectorGroupChat([A, B], "m", selector_func=""),
    ),
    ("final_answer_prompt may use {task}, got '{}'.", lambda: MagenticOneGroupChat([A], "m", final_answer_prompt="{}")),
    ("max_stalls must be greater than 0, got 0.", lambda: MagenticOneGroupChat([A], "m", max_stalls=0)),
]


@pytest.mark.parametrize(("text", "make"), REFUSED, ids=[text for text, _ in REFUSED])
def test_refusals_of_one_kind_of_team(text: str, make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        make()


@pytest.mark.parametrize("limit", [{"max_turns": 9}, {"termination_condition": MaxMessageTermination(9)}])
def test_a_graph_with_a_cycle_and_a_limit_is_fine(limit: dict[str, Any]) -> None:
    assert GraphFlow(ABC, with_exit(), **limit).graph.get_has_cycles()


def test_functions_without_a_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"A selector function is known by its name and functools\.partial"):
        SelectorGroupChat([A, B], "m", selector_func=partial(len))
    with pytest.raises(ValueError, match=r"A candidate function is known by its name and functools\.partial"):
        SelectorGroupChat([A, B], "m", candidate_func=partial(list))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Swarm([INNER]),
        lambda: MagenticOneGroupChat([A, INNER], "m"),
        lambda: GraphFlow([INNER, A, B], LINE),
    ],
)
def test_some_teams_take_agents_only(make: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match=r"^Participant inner must be a ChatAgent\.$"):
        make()


def test_a_team_where_only_agents_may_be_is_a_bad_value_in_json() -> None:
    data = {"type": "RoundRobinGroupChat", "participants": [{"type": "Swarm", "participants": [INNER.to_json()]}]}
    with pytest.raises(ValueError, match="must be a ChatAgent"):
        load_spec(data)


@pytest.mark.parametrize(
    "first",
    [
        A,
        UserProxyAgent("u"),
        MessageFilterAgent("f", A, MessageFilterConfig(per_source=[])),
        CustomAgent("c", produced=["HandoffMessage"]),
        Parrot("p", "Talks."),
    ],
    ids=["assistant", "user", "filtered", "custom", "live"],
)
def test_who_hands_off_may_begin_a_swarm(first: Any) -> None:
    assert Swarm([first, B]).participant_names == [first.name, "b"]


@pytest.mark.parametrize(
    "first", [CustomAgent("c"), MessageFilterAgent("f", CustomAgent("c"), MessageFilterConfig(per_source=[]))]
)
def test_who_never_hands_off_may_not_begin_a_swarm(first: Any) -> None:
    with pytest.raises(ValueError, match="must be able to produce a handoff"):
        Swarm([first, A])


def test_a_selectors_own_defaults_are_autogens() -> None:
    team = SelectorGroupChat([A, B], "m")
    assert (team.allow_repeated_speaker, team.max_selector_attempts, team.model_client_streaming) == (False, 3, False)
    assert (team.selector_func, team.candidate_func) == (None, None)
    assert team.model_context == UnboundedChatCompletionContext()
    assert (team.speaker_selection_method, team.seed) == ("auto", 0)
    assert (team.send_introductions, team.select_speaker_transforms) == (False, ())
    filled = team.selector_prompt.format(roles="ROLES", participants="['a', 'b']", history="HISTORY")
    for part in ("ROLES", "['a', 'b']", "HISTORY"):
        assert part in filled


def test_magentic_ones_own_defaults_are_autogens() -> None:
    team = MagenticOneGroupChat([A], "m")
    assert (team.max_turns, team.max_stalls) == (20, 3)
    assert "THE TASK" in team.final_answer_prompt.format(task="THE TASK")
    assert MagenticOneGroupChat([A], "m", max_turns=None).max_turns is None


def test_a_selector_without_a_model_needs_another_method() -> None:
    for method in ("random", "round_robin", "manual", "RANDOM"):
        team = SelectorGroupChat([A, B], speaker_selection_method=method)  # type: ignore[arg-type]
        assert (team.model_client, team.speaker_selection_method) == (None, method.lower())


def test_who_spoke_last_may_repeat_where_said() -> None:
    assert not SelectorGroupChat([A, B], "m").may_repeat
    assert SelectorGroupChat([A, B], "m", allow_repeated_speaker=True).may_repeat
    table = {"a": ["a", "b"], "b": ["a"]}
    with_table = SelectorGroupChat(
        [A, B], "m", allowed_or_disallowed_speaker_transitions=table, speaker_transitions_type="allowed"
    )
    assert with_table.may_repeat


def test_an_introduction_names_and_describes_everybody() -> None:
    members = [AssistantAgent("a", "m", description="Writes\n  texts."), B]
    text = SelectorGroupChat(members, "m").introduction
    assert text.splitlines()[1:] == ["- a: Writes texts.", f"- b: {B.description}"]


def test_live_things_are_held_by_name_and_carried() -> None:
    def choose(thread: object) -> str | None:
        return None

    async def candidates(thread: object) -> list[str]:
        return ["a"]

    def shorten(messages: object) -> list[Any]:
        return []

    def is_over(message: object) -> bool:
        return True

    selector, planner, parrot = Live("selector"), Live("planner"), Parrot("parrot", "Talks.")
    inner = SelectorGroupChat(
        [A, B],
        selector,
        selector_func=choose,
        candidate_func=candidates,
        select_speaker_transforms=[FunctionTransform(shorten), MessageHistoryLimiter(3)],
    )
    graph = DiGraphBuilder().add_node(A).add_node(parrot).add_edge("a", "parrot", is_over)
    flow = GraphFlow(graph.get_participants(), graph.build())
    planned = SocietyOfMindAgent("planned", MagenticOneGroupChat([A], planner), "m")
    team = RoundRobinGroupChat([inner, SocietyOfMindAgent("flow", flow, "m"), planned])
    assert (inner.model_client, inner.selector_func, inner.candidate_func) == ("selector", "choose", "candidates")
    assert flow.graph.nodes["a"].edges[0].condition == EdgeFunction("is_over")
    found = carried(team)
    assert found.models == {"selector": selector, "planner": planner}
    assert found.functions == {"choose": choose, "candidates": candidates, "shorten": shorten, "is_over": is_over}
    assert found.agents == {"parrot": parrot}
    loaded = carried(load_spec(spec_json(team)))
    assert (loaded.models, loaded.functions, loaded.agents) == ({}, {}, {})


def test_names_stand_for_what_is_registered_elsewhere() -> None:
    team = SelectorGroupChat([A, B], ModelSpec("m"), selector_func="choose", candidate_func="candidates")
    assert (team.model_client, team.selector_func, team.candidate_func) == (ModelSpec("m"), "choose", "candidates")
    assert carried(team).functions == {}


def test_other_things_are_no_participants() -> None:
    with pytest.raises(ValueError, match="Expected a Participant or its JSON object, got 'a'"):
        Swarm(["a"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="got 1"):
        Swarm([1])  # type: ignore[list-item]


def test_a_context_and_a_prompt_of_the_selector_are_kept() -> None:
    team = SelectorGroupChat(
        [A, B], "m", model_context=BufferedChatCompletionContext(4), selector_prompt="{roles} {{}} {history}"
    )
    assert team.model_context == BufferedChatCompletionContext(4)
    assert team.selector_prompt == "{roles} {{}} {history}"
