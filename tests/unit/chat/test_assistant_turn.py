"""An assistant's turn without tools: text, thoughts and structured answers, with ids and what its own model sees."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from folkmoot._chat.entries import step_key
from folkmoot._chat.log import derive_id
from folkmoot.teams import RoundRobinGroupChat
from folkmoot.tools import Tool
from tests.unit.chat.driver import UUID, Driver, agent, asks, said, team


class Grade(BaseModel):
    """An output type."""

    score: int


def judge(**options: object) -> Driver:
    first = agent("a", output_content_type=Grade, **options)
    return Driver(RoundRobinGroupChat([first, agent("b")], max_turns=1))


def test_text_with_usage() -> None:
    driver = Driver(team(max_turns=1))
    driver.run("go", said("hello", usage=(7, 3)))
    answer = driver.messages()[-1]
    assert (answer["type"], answer["source"], answer["content"]) == ("TextMessage", "a", "hello")
    assert answer["models_usage"] == {"prompt_tokens": 7, "completion_tokens": 3}
    used = driver.chat.state.usage["a"]
    assert (used.prompt_tokens, used.completion_tokens, used.model_calls) == (7, 3, 1)


def test_thought_is_an_event_and_stays_with_the_answer_in_the_context() -> None:
    driver = Driver(team(max_turns=2))
    driver.run("go", said("hello", thought="hm"))
    assert [message["type"] for message in driver.messages()] == ["TextMessage", "ThoughtEvent", "TextMessage"]
    own = driver.view("a")[-1]
    assert (own["content"], own["thought"]) == ("hello", "hm")
    assert driver.heard("b") == ["U: go", "U: hello"]
    driver.answer("ok")
    assert driver.view("b")[-1]["thought"] is None


def test_first_message_of_a_reply_has_the_id_that_its_chunks_carry() -> None:
    plain, thinking = Driver(team(max_turns=1)), Driver(team(max_turns=1))
    plain.run("go")
    need = plain.calls[0].need
    plain.answer("x")
    thinking.run("go", said("x", thought="hm"))
    chunks = derive_id(UUID, step_key(need, "a"))
    assert plain.messages()[-1]["id"] == chunks
    thought, answer = thinking.messages()[-2:]
    assert thought["id"] == chunks
    assert answer["id"] != chunks


def test_structured_answer_without_tools() -> None:
    driver = judge(output_content_type_format="{score} points")
    driver.run("go", '{"score": 4}')
    answer = driver.messages()[-1]
    assert (answer["type"], answer["content"]) == ("StructuredMessage[Grade]", {"score": 4})
    assert answer["format_string"] == "{score} points"


def test_models_read_structured_answers_as_json() -> None:
    first = agent("a", output_content_type=Grade, output_content_type_format="{score} points")
    driver = Driver(RoundRobinGroupChat([first, agent("b")], max_turns=2))
    driver.run("go", '{"score": 4}')
    assert driver.heard("b") == ["U: go", 'U: {"score":4}']
    assert driver.heard("a") == ["U: go", 'A: {"score":4}']


def test_structured_answer_after_tools_is_a_reflection() -> None:
    driver = judge(tools=[Tool("look")])
    driver.run("go", asks("look"), "seen")
    assert (driver.calls[0].kind, driver.calls[0].reflect) == ("model", True)
    driver.answer('{"score": 1}')
    assert driver.messages()[-1]["content"] == {"score": 1}
    assert driver.status == "idle"


@pytest.mark.parametrize("reply", ["not json", "", "[1]", '"text"', "4", "null", '{"score": NaN}', '{"score": 4'])
def test_structured_reply_that_is_no_json_object_fails_the_run_not_the_chat(reply: str) -> None:
    driver = judge()
    driver.run("go", reply)
    state = driver.chat.state
    assert (state.status, driver.status) == ("failed", "idle")
    assert state.error is not None
    assert (state.error["agent"], state.error["type"]) == ("a", "ModelOutputError")
    assert "JSON" in state.error["message"]
    driver.run(None, '{"score": 2}')
    assert driver.messages()[-1]["content"] == {"score": 2}


def test_reflection_that_calls_tools_again_fails_with_autogens_text() -> None:
    first = agent("a", tools=[Tool("look")], reflect_on_tool_use=True)
    driver = Driver(RoundRobinGroupChat([first]))
    driver.run("go", asks("look"), "seen", asks("look"))
    assert driver.chat.state.error == {
        "agent": "a",
        "type": "RuntimeError",
        "message": "Reflect on tool use produced no valid text response.",
    }


def test_lone_surrogates_are_replaced_before_anybody_reads_them() -> None:
    driver = Driver(team(max_turns=2))
    driver.run("go", "broken \ud83d half")
    assert driver.heard("b") == ["U: go", "U: broken ? half"]
