"""Every kind of agent besides the assistant: its defaults, its checks, its JSON, and what it carries."""

from __future__ import annotations

import json
import warnings
from functools import partial
from typing import Any

import pytest

from folkmoot._spec import AgentSpec, carried, load_spec, spec_json, walk
from folkmoot.agents import (
    ApprovalRequest,
    ApprovalResponse,
    AssistantAgent,
    CodeExecutorAgent,
    CustomAgent,
    MessageFilterAgent,
    MessageFilterConfig,
    PerSourceFilter,
    SocietyOfMindAgent,
    UserProxyAgent,
    filtered,
)
from folkmoot.contexts import BufferedChatCompletionContext, UnboundedChatCompletionContext
from folkmoot.executors import LocalCommandLineCodeExecutor
from folkmoot.messages import CodeBlock, UserMessage
from folkmoot.options import ModelInfo, ModelSpec
from folkmoot.teams import RoundRobinGroupChat

EXECUTOR = LocalCommandLineCodeExecutor(timeout=5)


class Live:
    """A model object."""

    def __init__(self, name: str, info: ModelInfo | None = None) -> None:
        self.name = name
        self.info = info


def ask(prompt: str) -> str:
    return prompt


def decide(request: ApprovalRequest) -> ApprovalResponse:
    return ApprovalResponse(approved=True, reason=request.code)


def team(name: str = "inner") -> RoundRobinGroupChat:
    return RoundRobinGroupChat([AssistantAgent("a", "m")], name=name)


def reviewed(**options: Any) -> CodeExecutorAgent:
    """A code executor that somebody looks after, so that no warning is given."""
    return CodeExecutorAgent("coder", EXECUTOR, approval_func="decide", **options)


def seen(*sources: str) -> MessageFilterConfig:
    return MessageFilterConfig(per_source=[PerSourceFilter(source=source) for source in sources])


AGENTS = [
    UserProxyAgent("person"),
    UserProxyAgent("person", description="The boss.", input_func="ask"),
    MessageFilterAgent("narrow", AssistantAgent("a", "m"), seen("user")),
    MessageFilterAgent("outer", MessageFilterAgent("inner", CustomAgent("own"), seen()), seen("user", "b")),
    reviewed(),
    reviewed(
        model_client=ModelSpec("gpt-4o", info=ModelInfo()),
        model_context=BufferedChatCompletionContext(3),
        model_client_stream=True,
        max_retries_on_error=2,
        description="Codes.",
        system_message=None,
        sources=["writer"],
        supported_languages=["bash"],
    ),
    SocietyOfMindAgent("society", team(), "m"),
    SocietyOfMindAgent(
        "society",
        team(),
        ModelSpec("m"),
        description="Many.",
        instruction="Read.",
        response_prompt="Answer.",
        model_context=BufferedChatCompletionContext(2),
    ),
    CustomAgent("own"),
    CustomAgent("own", "registered", description="Ours.", produced=["HandoffMessage"]),
]


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: f"{agent.type}-{len(spec_json(agent))}")
def test_agent_comes_back_equal(agent: AgentSpec) -> None:
    loaded = load_spec(spec_json(agent))
    assert type(loaded) is type(agent)
    assert loaded == agent
    assert spec_json(loaded) == spec_json(agent)
    assert loaded.description == agent.description


@pytest.mark.parametrize(
    ("agent", "produced"),
    [
        (UserProxyAgent("person"), ("TextMessage", "HandoffMessage")),
        (MessageFilterAgent("f", UserProxyAgent("person"), seen()), ("TextMessage", "HandoffMessage")),
        (reviewed(), ("TextMessage",)),
        (SocietyOfMindAgent("s", team(), "m"), ("TextMessage",)),
        (CustomAgent("own", produced=["StopMessage"]), ("StopMessage",)),
        (AssistantAgent("a", "m"), ("TextMessage", "ToolCallSummaryMessage", "HandoffMessage")),
        (
            AssistantAgent("a", "m", output_content_type={"name": "Out", "schema": {}}),
            ("StructuredMessage[Out]", "ToolCallSummaryMessage", "HandoffMessage"),
        ),
    ],
)
def test_what_an_agent_answers_with(agent: AgentSpec, produced: tuple[str, ...]) -> None:
    assert agent.produced_message_types == produced


@pytest.mark.parametrize("name", ["", "two words", "1st"])
def test_names_are_identifiers(name: str) -> None:
    for make in (
        UserProxyAgent,
        CustomAgent,
        lambda name: MessageFilterAgent(name, AssistantAgent("a", "m"), seen()),
        lambda name: SocietyOfMindAgent(name, team(), "m"),
        lambda name: CodeExecutorAgent(name, EXECUTOR, approval_func="decide"),
    ):
        with pytest.raises(ValueError, match=r"must be a valid Python identifier|must not be empty"):
            make(name)


# --- A person ----------------------------------------------------------------------------------------------------


def test_person_defaults() -> None:
    person = UserProxyAgent("person")
    assert (person.description, person.input_func) == ("A human user", None)
    assert person.to_json() == {"type": "UserProxyAgent", "name": "person"}


def test_input_function_is_known_by_its_name_and_carried() -> None:
    person = UserProxyAgent("person", input_func=ask)
    assert person.input_func == "ask"
    assert carried(person).functions == {"ask": ask}
    assert not carried(UserProxyAgent("person", input_func="ask")).functions


def test_nameless_input_functions_are_refused() -> None:
    with pytest.raises(ValueError, match=r"An input function is known by its name and functools\.partial"):
        UserProxyAgent("person", input_func=partial(str))
    for make in (
        lambda: UserProxyAgent("person", input_func=""),
        lambda: load_spec({"type": "UserProxyAgent", "name": "person", "input_func": ""}),
    ):
        with pytest.raises(ValueError, match="An input function is known by its registered name"):
            make()


def test_two_functions_under_one_name_are_refused() -> None:
    def other() -> Any:
        def ask(prompt: str) -> str:
            return "no"

        return ask

    people = [UserProxyAgent("one", input_func=ask), UserProxyAgent("two", input_func=other())]
    with pytest.raises(ValueError, match="Two different functions are named 'ask'"):
        carried(RoundRobinGroupChat(people))


# --- The filter --------------------------------------------------------------------------------------------------


SAID = ["u1", "a1", "u2", "b1", "a2", "u3"]


@pytest.mark.parametrize(
    ("rules", "heard"),
    [
        ([], []),
        ([("u", None, None)], ["u1", "u2", "u3"]),
        ([("u", None, 1)], ["u1", "u2", "u3"]),
        ([("u", "first", None)], ["u1", "u2", "u3"]),
        ([("u", "last", 0)], ["u1", "u2", "u3"]),
        ([("u", "first", 1)], ["u1"]),
        ([("u", "last", 2)], ["u2", "u3"]),
        ([("u", "last", 9)], ["u1", "u2", "u3"]),
        ([("b", "last", 1), ("u", "first", 1)], ["b1", "u1"]),
        ([("u", "first", 1), ("u", "last", 1)], ["u1", "u3"]),
        ([("stranger", None, None)], []),
    ],
)
def test_filter_goes_by_source_in_the_order_of_its_rules(rules: list[tuple[str, Any, Any]], heard: list[str]) -> None:
    config = MessageFilterConfig(
        per_source=[PerSourceFilter(source=source, position=position, count=count) for source, position, count in rules]
    )
    assert filtered(SAID, config, lambda message: message[0]) == heard


def test_filter_is_described_by_what_it_wraps() -> None:
    agent = MessageFilterAgent("narrow", AssistantAgent("a", "m", description="Writes."), seen("user"))
    assert agent.description == "Writes. (with message filtering)"
    form = json.loads(spec_json(agent))
    del form["description"]
    assert load_spec(form) == agent


def test_filter_wraps_agents_only() -> None:
    with pytest.raises(ValueError, match="wraps an agent, got the team 'inner'"):
        MessageFilterAgent("narrow", team(), seen())  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="A participant is a spec or an agent object, got 3"):
        MessageFilterAgent("narrow", 3, seen())  # pyright: ignore[reportArgumentType]
    form = {"type": "MessageFilterAgent", "name": "narrow", "filter": {"per_source": []}}
    with pytest.raises(ValueError, match="Expected a AgentSpec or its JSON object, got None"):
        load_spec(form)
    with pytest.raises(ValueError, match="A AgentSpec has the unknown type 'RoundRobinGroupChat'"):
        load_spec({**form, "wrapped_agent": team().to_json()})


@pytest.mark.parametrize("wrong", [{"position": "middle"}, {"count": -1}, {"source": 3}, {"sources": "a"}])
def test_filter_refuses_bad_rules(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        PerSourceFilter(**{"source": "a", **wrong})


# --- Code --------------------------------------------------------------------------------------------------------


def test_code_agent_defaults() -> None:
    agent = reviewed()
    assert agent.model_client is None
    assert agent.model_context == UnboundedChatCompletionContext()
    assert not agent.model_client_stream
    assert agent.max_retries_on_error == 0
    assert agent.sources is None
    assert agent.supported_languages == ("python", "sh")
    assert agent.description == CodeExecutorAgent.DEFAULT_TERMINAL_DESCRIPTION
    assert reviewed(model_client="m").description == CodeExecutorAgent.DEFAULT_AGENT_DESCRIPTION
    assert reviewed(model_client="m", description="").description == ""


def test_code_agent_described_by_whether_it_has_a_model_in_json_too() -> None:
    for agent in (reviewed(), reviewed(model_client="m")):
        form = json.loads(spec_json(agent))
        del form["description"]
        assert load_spec(form) == agent


def test_code_agent_warns_where_nobody_approves() -> None:
    with pytest.warns(UserWarning, match="No approval function set for CodeExecutorAgent") as caught:
        agent = CodeExecutorAgent("coder", EXECUTOR)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_spec(spec_json(agent)) == agent, "a worker that reads the spec need not hear it again"


def test_code_agent_carries_model_and_function() -> None:
    model = Live("mine")
    agent = CodeExecutorAgent("coder", EXECUTOR, model_client=model, approval_func=decide)
    assert (agent.model_client, agent.approval_func) == ("mine", "decide")
    found = carried(agent)
    assert found.models == {"mine": model}
    assert found.functions == {"decide": decide}
    loaded = carried(load_spec(spec_json(agent)))
    assert not loaded.models
    assert not loaded.functions


def test_code_agent_retries_need_a_model_with_structured_output() -> None:
    with pytest.raises(ValueError, match="model_info must be provided when max_retries_on_error > 0"):
        reviewed(max_retries_on_error=1)
    weak = ModelInfo(structured_output=False)
    for model in (ModelSpec("m", info=weak), Live("m", weak)):
        with pytest.raises(ValueError, match="Specified model_client doesn't support structured output mode"):
            reviewed(model_client=model, max_retries_on_error=1)
        assert reviewed(model_client=model).max_retries_on_error == 0
    assert reviewed(model_client="named", max_retries_on_error=1).max_retries_on_error == 1
    form = {**json.loads(spec_json(reviewed())), "max_retries_on_error": 1}
    with pytest.raises(ValueError, match="model_info must be provided"):
        load_spec(form)


def test_code_agent_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match="max_retries_on_error"):
        reviewed(max_retries_on_error=-1)
    with pytest.raises(ValueError, match="supported_languages must name at least one language"):
        reviewed(supported_languages=[])
    with pytest.raises(ValueError, match="model_client must be the name of a model"):
        reviewed(model_client="")
    with pytest.raises(ValueError, match="An approval function is known by its name"):
        CodeExecutorAgent("coder", EXECUTOR, approval_func=partial(ApprovalResponse, approved=True, reason=""))
    with pytest.raises(ValueError, match="Expected a CodeExecutor or its JSON object"):
        CodeExecutorAgent("coder", "docker", approval_func=decide)  # pyright: ignore[reportArgumentType]


def test_code_agent_takes_the_blocks_of_its_languages() -> None:
    text = "```python\na\n```\n```bash\nb\n```"
    assert reviewed().code_blocks(text) == [CodeBlock(code="a\n", language="python")]
    assert reviewed(supported_languages=["bash"]).code_blocks(text) == [CodeBlock(code="b\n", language="bash")]


def test_approval_request_shows_all_code() -> None:
    context = [UserMessage(content="go", source="user")]
    request = ApprovalRequest.of([CodeBlock("a\n", "python"), CodeBlock("b", "sh")], context)
    assert request.code == "```python\na\n\n```\n\n```sh\nb\n```"
    assert request.context == context


# --- Society of mind ---------------------------------------------------------------------------------------------


def test_society_defaults_and_parts() -> None:
    agent = SocietyOfMindAgent("society", team(), "m")
    assert agent.description == "An agent that uses an inner team of agents to generate responses."
    assert agent.model_context == UnboundedChatCompletionContext()
    assert agent.instruction
    assert agent.response_prompt
    assert [part.name for part in walk(RoundRobinGroupChat([agent], name="outer"))] == [
        "outer",
        "society",
        "inner",
        "a",
    ]


def test_society_carries_its_model_and_its_teams() -> None:
    outer, inner = Live("outer"), Live("inner")
    agent = SocietyOfMindAgent("society", RoundRobinGroupChat([AssistantAgent("a", inner)], name="t"), outer)
    assert carried(agent).models == {"outer": outer, "inner": inner}


def test_society_takes_a_team_and_a_model() -> None:
    with pytest.raises(ValueError, match="takes a team, got the agent 'a'"):
        SocietyOfMindAgent("society", AssistantAgent("a", "m"), "m")
    with pytest.raises(ValueError, match="takes a team, got the agent 'a'"):
        load_spec({**json.loads(spec_json(AGENTS[6])), "team": AssistantAgent("a", "m").to_json()})
    with pytest.raises(ValueError, match="model_client must be the name of a model"):
        SocietyOfMindAgent("society", team(), "")
    with pytest.raises(
        ValueError, match="model_client must be the name of a model, a ModelSpec or a model with a name"
    ):
        SocietyOfMindAgent("society", team(), 3)  # pyright: ignore[reportArgumentType]
