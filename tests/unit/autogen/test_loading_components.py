"""Component JSON is loaded, or refused with what is wrong in it. Needs no AutoGen."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from folkmoot.agents import Handoff
from folkmoot.autogen import load_component
from folkmoot.conditions import MaxMessageTermination
from folkmoot.options import ModelSpec
from tests.unit.autogen.components import assistant, client, component, condition, quietly, team


def test_text_and_mapping_are_the_same() -> None:
    assert quietly(json.dumps(team(max_turns=3))) == quietly(team(max_turns=3))


def test_what_is_absent_is_what_autogen_takes_for_it() -> None:
    loaded = quietly(team(name=None))
    (agent,) = loaded.participants
    assert agent.system_message is None, "AutoGen's constructor has a default, its component has not"
    assert (loaded.name, loaded.max_turns, agent.model_client) == (
        "RoundRobinGroupChat",
        None,
        ModelSpec("gpt-4o-mini"),
    )


@pytest.mark.parametrize(
    "provider",
    [
        "autogen_agentchat.conditions.MaxMessageTermination",
        "autogen_agentchat.conditions._terminations.MaxMessageTermination",
    ],
)
def test_a_class_is_known_wherever_its_library_has_it(provider: str) -> None:
    assert quietly(component(provider, {"max_messages": 2})) == MaxMessageTermination(2)


@pytest.mark.parametrize("alias", ["openai_chat_completion_client", "OpenAIChatCompletionClient"])
def test_short_names_of_autogen_are_known(alias: str) -> None:
    assert quietly(component(alias, {"model": "m"})) == ModelSpec("m")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("{", "Expected the JSON of a component, got '{'"),
        (3, "The component must be a component's JSON object, got 3"),
        ({"config": {}}, "The component has no 'provider'"),
        ({"provider": "x.Y"}, r"The component \(x.Y\) has no 'config' object, got None"),
        (component("x.Y", {}), r"unknown provider 'x.Y'; expected one of: autogen_agentchat.agents.AssistantAgent, "),
        (component("OllamaChatCompletionClient", {}), "unknown provider 'OllamaChatCompletionClient'"),
        (condition("FunctionalTermination"), "unknown provider 'autogen_agentchat.conditions.FunctionalTermination'"),
        (condition("MaxMessageTermination"), "The config of MaxMessageTermination lacks the field 'max_messages'"),
        (team(participants=[assistant(name=None)]), r"of AssistantAgent at participants\[0\] lacks the field 'name'"),
        (team(participants="all"), "participants must be a list, got 'all'"),
        (team(participants=[7]), r"participants\[0\] must be a component's JSON object, got 7"),
        (assistant(tools=["x"]), r"tools\[0\] must be a component's JSON object, got 'x'"),
        (assistant(model_client=client(add_name_prefixes=True)), "AssistantAgent|give the agent transforms="),
        (client(include_name_in_message=False), "names of speakers are always sent"),
        (client(model_info={"vison": True}), r"'model_info' has unknown fields \['vison'\]"),
        (client(base_url="http://u:secret@host/v1"), "looks like a credential"),
    ],
)
def test_what_cannot_be_loaded_is_refused(data: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        load_component(data)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (
            team(termination_condition=client()),
            "Expected type does not match: termination_condition must be of component_type termination, got model with",
        ),
        (team(participants=[client()]), r"participants\[0\] must be of component_type agent or team, got model"),
        ({**client(), "component_type": "agent"}, "The component must be of component_type model, got agent"),
    ],
)
def test_a_component_of_another_type_is_refused(data: Any, says: str) -> None:
    with pytest.raises(TypeError, match=says) as caught:
        load_component(data)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("version", [1, 3])
def test_a_component_of_another_version_is_refused(version: int) -> None:
    says = rf"participants\[0\] \(autogen_agentchat.agents.AssistantAgent\) is on version {version}; only version 2"
    with pytest.raises(NotImplementedError, match=says) as caught:
        load_component(team(participants=[{**assistant(), "component_version": version}]))
    assert isinstance(caught.value, ValueError)


def test_handoffs_may_be_names() -> None:
    given = [{"target": "b", "name": "go"}, "c"]
    assert quietly(assistant(handoffs=given)).handoffs == (Handoff("b", name="go"), "c")


def test_an_output_type_is_no_component_by_itself() -> None:
    factory = component(
        "autogen_agentchat.messages.StructuredMessageFactory", {"json_schema": {}, "content_model_name": "X"}
    )
    with pytest.raises(ValueError, match="no component by itself"):
        load_component(factory)


def test_no_autogen_is_needed() -> None:
    code = (
        "import sys; sys.modules.update(autogen_agentchat=None, autogen_core=None, autogen_ext=None)\n"
        "from folkmoot.autogen import *\n"
        f"data = {team(max_turns=3)!r}\n"
        "assert load_component(dump_component(load_component(data))) == load_component(data)\n"
        "assert not is_autogen_agent(load_component(data))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
