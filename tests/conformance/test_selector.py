"""Selector: what the selecting model is asked, whom its answer means, and functions in its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.conformance.marks import better, covers
from tests.conformance.play import Player
from tests.conformance.test_run import PIXEL

KEPT_BACK = "Where the first selection fails, AutoGen's stream keeps the task back."
PROMPT = "Roles:\n{roles}\nCandidates: {participants}\nSo far:\n{history}\nWho?"


def selector(*names: str, family: str = "gpt-4o", **options: Any) -> Callable[[Any], Any]:
    """A team whose speakers the model `chooser` selects."""

    def team(lib: Any) -> Any:
        made = {key: value(lib) if key == "model_context" else value for key, value in options.items()}
        made.setdefault("selector_prompt", PROMPT)
        made.setdefault("max_turns", 1)
        members = [lib.agent(name, description=f"Knows {name}.") for name in names]
        return lib.SelectorGroupChat(members, model_client=lib.model("chooser", family=family), **made)

    return team


@covers("B039")
async def test_what_the_prompt_holds(play: Player) -> None:
    def team(lib: Any) -> Any:
        members = [lib.agent("a", description="Knows\n  much   of a."), lib.agent("b"), lib.agent("c")]
        model = lib.model("chooser", family="gpt-4o")
        return lib.SelectorGroupChat(members, model, selector_prompt=PROMPT, max_turns=2)

    played = await play(team, {"chooser": ["a", "b"], "a": ["a1"], "b": ["b1"]}, "go")
    prompts = [body["messages"] for body in played.folkmoot.asked if body["model"] == "chooser"]
    assert [message["role"] for message in prompts[1]] == ["system"]
    assert "a: Knows much of a.\n" in prompts[0][0]["content"]
    assert "Candidates: ['b', 'c']\nSo far:\nuser: go\n\n\na: a1\n" in prompts[1][0]["content"]


@covers("B040")
@pytest.mark.parametrize("answer", ["b", "I choose b.", "**b**, please"])
async def test_the_models_choice_speaks(play: Player, answer: str) -> None:
    played = await play(selector("a", "b", "c"), {"chooser": [answer], "b": ["b1"]}, "go")
    assert played.folkmoot.last.said == [("user", "go"), ("b", "b1")]


@covers("B041")
@pytest.mark.parametrize("answer", ["data_clerk", "data clerk", "data\\_clerk"])
async def test_spellings_of_a_name(play: Player, answer: str) -> None:
    played = await play(selector("data_clerk", "b", "c"), {"chooser": [answer], "data_clerk": ["1"]}, "go")
    assert played.folkmoot.last.said[-1] == ("data_clerk", "1")


@covers("B041", "B042")
@pytest.mark.parametrize("answer", ["Anna", "annabel", "nobody", "anna or b", ""])
async def test_an_answer_without_one_name_gets_feedback(play: Player, answer: str) -> None:
    played = await play(selector("anna", "b", "c"), {"chooser": [answer, "b"], "b": ["b1"]}, "go", spare=True)
    assert played.folkmoot.last.said[-1] == ("b", "b1")
    assert len(played.folkmoot.asked[1]["messages"]) == 3


@covers("B043")
async def test_after_the_last_try(play: Player) -> None:
    script = {"chooser": ["nobody"] * 4, "a": ["a1", "a2"]}
    played = await play(selector("a", "b", "c", max_turns=2, max_selector_attempts=2), script, "go")
    assert [source for source, _ in played.folkmoot.last.said] == ["user", "a", "a"]


@covers("B044")
async def test_the_last_speaker_is_not_taken_again(play: Player) -> None:
    script = {"chooser": ["a", "a", "b"], "a": ["a1"], "b": ["b1"]}
    played = await play(selector("a", "b", "c", max_turns=2), script, "go")
    assert [source for source, _ in played.folkmoot.last.said] == ["user", "a", "b"]


@covers("B044")
async def test_the_last_speaker_may_be_allowed_again(play: Player) -> None:
    script = {"chooser": ["a", "a"], "a": ["a1", "a2"]}
    played = await play(selector("a", "b", "c", max_turns=2, allow_repeated_speaker=True), script, "go")
    assert [source for source, _ in played.folkmoot.last.said] == ["user", "a", "a"]


@covers("B045")
async def test_of_two_only_the_first_is_chosen(play: Player) -> None:
    script = {"chooser": ["b"], "a": ["a1"], "b": ["b1", "b2"]}
    played = await play(selector("a", "b", max_turns=3), script, "go")
    assert [source for source, _ in played.folkmoot.last.said] == ["user", "b", "a", "b"]


def choose(*names: str | None) -> Callable[[Sequence[Any]], str | None]:
    """A selector function that gives these one after the other."""
    left = list(names)

    def chosen(messages: Sequence[Any]) -> str | None:
        return left.pop(0)

    return chosen


def functions(**made: Callable[[], Any]) -> Callable[[Any], Any]:
    """A team of a, b and c with functions, new ones for each library."""

    def team(lib: Any) -> Any:
        return selector("a", "b", "c", max_turns=2, **{name: make() for name, make in made.items()})(lib)

    return team


@covers("B046")
async def test_a_function_decides_and_none_leaves_it_to_the_model(play: Player) -> None:
    script = {"chooser": ["b"], "b": ["b1"], "c": ["c1"]}
    played = await play(functions(selector_func=lambda: choose("c", None)), script, "go")
    assert [source for source, _ in played.folkmoot.last.said] == ["user", "c", "b"]


@covers("B046", "B098")
async def test_a_function_that_names_a_stranger(play: Player) -> None:
    played = await play(functions(selector_func=lambda: choose("a", "nobody")), {"a": ["a1"]}, "go")
    assert played.folkmoot.failure.type == "ValueError"
    assert "invalid speaker name: nobody" in played.folkmoot.failure.text


@better("B046", "B098", why=KEPT_BACK)
async def test_a_function_that_names_a_stranger_at_once(play: Player) -> None:
    played = await play(functions(selector_func=lambda: choose("nobody")), {}, "go")
    assert played.autogen.failure == played.folkmoot.failure
    assert played.autogen.last.said == []
    assert played.folkmoot.last.said == [("user", "go")]


@covers("B047")
async def test_candidates_are_narrowed(play: Player) -> None:
    def candidates(messages: Sequence[Any]) -> list[str]:
        return ["c"] if len(messages) == 1 else ["a", "b"]

    script = {"chooser": ["b"], "b": ["b1"], "c": ["c1"]}
    played = await play(functions(candidate_func=lambda: candidates), script, "go")
    assert [source for source, _ in played.folkmoot.last.said] == ["user", "c", "b"]
    assert "Candidates: ['a', 'b']" in str(played.folkmoot.asked[1]["messages"])


@better("B047", "B098", why=KEPT_BACK)
@pytest.mark.parametrize("found", [[], ["nobody"]], ids=["none", "a stranger"])
async def test_candidates_that_cannot_be(play: Player, found: list[str]) -> None:
    def candidates(messages: Sequence[Any]) -> list[str]:
        return found

    played = await play(functions(candidate_func=lambda: candidates), {}, "go")
    assert played.autogen.failure == played.folkmoot.failure
    assert played.autogen.failure.type == "ValueError"


@covers("B048")
async def test_functions_may_be_async(play: Player) -> None:
    async def pick(messages: Sequence[Any]) -> str | None:
        return "b" if len(messages) == 1 else None

    async def candidates(messages: Sequence[Any]) -> list[str]:
        return ["c"]

    team = functions(selector_func=lambda: pick, candidate_func=lambda: candidates)
    played = await play(team, {"b": ["b1"], "c": ["c1"]}, "go")
    assert [source for source, _ in played.folkmoot.last.said] == ["user", "b", "c"]


@covers("B049")
async def test_a_context_limits_the_history(play: Player) -> None:
    team = selector("a", "b", "c", max_turns=3, model_context=lambda lib: lib.BufferedChatCompletionContext(1))
    script = {"chooser": ["a", "b", "c"], "a": ["a1"], "b": ["b1"], "c": ["c1"]}
    played = await play(team, script, "go")
    last = [body for body in played.folkmoot.asked if body["model"] == "chooser"][-1]
    assert "So far:\nb: b1\n" in last["messages"][0]["content"]


@covers("B050")
async def test_other_families_get_a_user_message(play: Player) -> None:
    played = await play(selector("a", "b", "c", family="unknown"), {"chooser": ["b"], "b": ["b1"]}, "go")
    assert [message["role"] for message in played.folkmoot.asked[0]["messages"]] == ["user"]


@covers("B051")
async def test_streamed_selection_with_team_events(play: Player) -> None:
    team = selector("a", "b", "c", model_client_streaming=True, emit_team_events=True)
    played = await play(team, {"chooser": ["b"], "b": ["b1"]}, "go")
    assert played.folkmoot.last.types == ["TextMessage", "SelectorEvent", "SelectSpeakerEvent", "TextMessage"]


@covers("B039")
async def test_a_second_run_knows_the_first(play: Player) -> None:
    script = {"chooser": ["a", "b"], "a": ["a1"], "b": ["b1"]}
    played = await play(selector("a", "b", "c"), script, "one", "two")
    assert "So far:\nuser: one\n\n\na: a1\n\n\nuser: two\n" in str(played.folkmoot.asked[2]["messages"][0]["content"])


@covers("B044")
async def test_a_speaker_chosen_by_function_may_be_taken_again(play: Player) -> None:
    script = {"chooser": ["c"], "c": ["c1", "c2"]}
    played = await play(functions(selector_func=lambda: choose("c", None)), script, "go")
    assert [source for source, _ in played.folkmoot.last.said] == ["user", "c", "c"]


@covers("B029", "B045")
async def test_tokens_of_selections_do_not_count(play: Player) -> None:
    def limited(lib: Any) -> Any:
        stop = lib.TokenUsageTermination(max_total_token=30)
        return selector("a", "b", "c", max_turns=None, termination_condition=stop)(lib)

    played = await play(limited, {"chooser": ["a", "b"], "a": ["a1"], "b": ["b1"]}, "go")
    assert played.folkmoot.last.said[-1] == ("b", "b1")
    assert "total token count: 30," in str(played.folkmoot.last.stop_reason)


@covers("B040")
async def test_a_name_beyond_the_candidates_is_taken(play: Player) -> None:
    def candidates(messages: Sequence[Any]) -> list[str]:
        return ["a", "b"]

    script = {"chooser": ["c", "a"], "a": ["a1"], "c": ["c1"]}
    played = await play(functions(candidate_func=lambda: candidates), script, "go")
    assert [source for source, _ in played.folkmoot.last.said] == ["user", "c", "a"]


@covers("B044", "B047")
async def test_candidates_do_not_let_the_last_speaker_be_taken_again(play: Player) -> None:
    def candidates(messages: Sequence[Any]) -> list[str]:
        return ["a", "b"]

    script = {"chooser": ["a", "a", "b"], "a": ["a1"], "b": ["b1"]}
    played = await play(functions(candidate_func=lambda: candidates), script, "go")
    assert [source for source, _ in played.folkmoot.last.said] == ["user", "a", "b"]


@covers("B039", "B055")
async def test_what_a_handoff_carries_is_in_the_history(play: Player) -> None:
    def task(lib: Any) -> Any:
        context = [lib.UserMessage(content="Before.", source="x"), lib.AssistantMessage(content="I see.", source="y")]
        return lib.HandoffMessage(content="Take it.", source="user", target="a", context=context)

    await play(selector("a", "b", "c"), {"chooser": ["b"], "b": ["b1"]}, task)


@better(
    "B039",
    why="In a selection's history AutoGen shows images and calls as objects of Python, with their addresses; Folkmoot "
    "as `<image>`, and by name and arguments.",
)
async def test_images_and_calls_in_the_history(play: Player) -> None:
    def task(lib: Any) -> Any:
        made = lib.AssistantMessage(content=[lib.FunctionCall(id="1", name="add", arguments="{}")], source="x")
        image = lib.MultiModalMessage(content=["Look:", lib.Image.from_base64(PIXEL)], source="user")
        return [image, lib.HandoffMessage(content="Take it.", source="user", target="a", context=[made])]

    played = await play(selector("a", "b", "c"), {"chooser": ["b"], "b": ["b1"]}, task)
    assert "Image object at 0x" in str(played.autogen.asked[0]["messages"])
    assert (
        "So far:\nuser: Look:\n<image>\n\n\nx: add({})\n\n\nuser: Take it.\n"
        in (played.folkmoot.asked[0]["messages"][0]["content"])
    )


@covers("B039")
async def test_results_of_tools_in_the_history(play: Player) -> None:
    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    def team(lib: Any) -> Any:
        members = [lib.agent("a", tools=[add]), lib.agent("b"), lib.agent("c")]
        model = lib.model("chooser", family="gpt-4o")
        return lib.SelectorGroupChat(members, model, selector_prompt=PROMPT, max_turns=2)

    made = {"calls": [{"name": "add", "arguments": {"a": 1, "b": 2}}]}
    played = await play(team, {"chooser": ["a", "b"], "a": [made], "b": ["b1"]}, "go")
    assert "a: 3\n" in played.folkmoot.asked[2]["messages"][0]["content"]


@better("B097", why="After an agent's error AutoGen's team gives one turn a run, and nothing limits it any more.")
async def test_after_an_error_a_selector_completes(play: Player) -> None:
    script = {"chooser": ["a", "b"], "a": [{"status": 400, "message": "no"}, "a1"], "b": ["b1"]}
    played = await play(selector("a", "b", "c", max_turns=2), script, "go", None, spare=True)
    assert played.folkmoot.last.said == [("a", "a1"), ("b", "b1")]
    assert played.folkmoot.last.stop_reason == "Maximum number of turns 2 reached."
    assert played.autogen.last.stop_reason == "The group chat is stopped."
