"""Runs: tasks in all their forms, what comes back, and what is refused."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from tests.conformance.marks import better, covers
from tests.conformance.play import Player
from tests.conformance.record import Failure
from tests.conformance.talk import Talk

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"


class Verdict(BaseModel):
    """An agent's structured answer."""

    good: bool


def note_class(lib: Any) -> Any:
    """A message class of the user's own."""

    class NoteMessage(lib.BaseTextChatMessage):
        type: Literal["NoteMessage"] = "NoteMessage"

    return NoteMessage


@covers("B001")
async def test_a_text_becomes_a_message_of_the_user(play: Player) -> None:
    async def story(talk: Talk) -> None:
        await talk.run("Write.")

    def team(lib: Any) -> Any:
        return lib.round_robin("writer", "critic", max_turns=2)

    played = await play(team, {"writer": ["Draft."], "critic": ["Fine."]}, story=story)
    assert played.folkmoot.last.said == [("user", "Write."), ("writer", "Draft."), ("critic", "Fine.")]
    assert played.folkmoot.last.stop_reason == "Maximum number of turns 2 reached."


@covers("B002")
async def test_the_stream_has_the_results_items(play: Player) -> None:
    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    script = {"writer": [{"calls": [{"name": "add", "arguments": {"a": 1, "b": 2}}]}]}
    played = await play(lambda lib: lib.RoundRobinGroupChat([lib.agent(tools=[add])], max_turns=1), script, "1 + 2?")
    assert played.folkmoot.last.types == [
        "TextMessage",
        "ToolCallRequestEvent",
        "ToolCallExecutionEvent",
        "ToolCallSummaryMessage",
    ]


@covers("B003")
async def test_text_message_and_list_are_one_task(play: Player) -> None:
    async def story(talk: Talk) -> None:
        for task in ("go", lambda lib: lib.text("go"), lambda lib: [lib.text("go")]):
            await talk.run(task)
            await talk.attempt("reset")

    played = await play(lambda lib: lib.round_robin("writer", max_turns=1), {"writer": ["yes"] * 3}, story=story)
    runs = [outcome for outcome in played.folkmoot.outcomes if outcome.verb == "run"]
    assert [run.said for run in runs] == [[("user", "go"), ("writer", "yes")]] * 3


@covers("B004")
async def test_every_message_of_a_list_is_heard_and_counted(play: Player) -> None:
    def task(lib: Any) -> Any:
        return [lib.text("one"), lib.text("two", source="boss"), lib.StopMessage(content="three", source="user")]

    def team(lib: Any) -> Any:
        return lib.round_robin("a", "b", termination_condition=lib.MaxMessageTermination(5))

    played = await play(team, {"a": ["a1"], "b": ["b1"]}, task)
    assert played.folkmoot.heard("b") == [("user", "one"), ("boss", "two"), ("user", "three"), ("a", "a1")]
    assert played.folkmoot.last.stop_reason == "Maximum number of messages 5 reached, current message count: 5"


@covers("B005")
async def test_bad_tasks_are_refused_each_in_its_words(play: Player) -> None:
    def team(lib: Any) -> Any:
        return lib.round_robin("writer", max_turns=1)

    tasks = ([], ["text"], lambda lib: [lib.text("fine"), "not"], 5, lambda lib: (lib.text("tuple"),), {"content": "x"})
    played = await play(team, {}, *tasks)
    texts = [outcome.failure.text for outcome in played.folkmoot.outcomes if outcome.failure]
    assert texts == [
        "Task list cannot be empty.",
        *["All messages in task list must be valid BaseChatMessage types"] * 2,
        *["Task must be a string, a BaseChatMessage, or a list of BaseChatMessage."] * 3,
    ]


@better("B005", why="Run alone, an AutoGen agent meets a task of a wrong type with Python's own TypeError.")
async def test_an_agent_refuses_bad_tasks_too(play: Player) -> None:
    played = await play(lambda lib: lib.agent(), {}, [], 5)
    empty, wrong = (outcome.failure for outcome in played.autogen.outcomes)
    assert empty == played.folkmoot.outcomes[0].failure == Failure("ValueError", "Task list cannot be empty.")
    assert wrong == Failure("TypeError", "'int' object is not iterable")
    text = "Task must be a string, a BaseChatMessage, or a list of BaseChatMessage."
    assert played.folkmoot.failure == Failure("ValueError", text)


@covers("B006")
async def test_a_hidden_task_is_heard_all_the_same(play: Player) -> None:
    async def story(talk: Talk) -> None:
        await talk.run("secret", output_task_messages=False)
        await talk.stream("more", output_task_messages=False)

    played = await play(lambda lib: lib.round_robin("a", "b", max_turns=1), {"a": ["a1"], "b": ["b1"]}, story=story)
    assert [outcome.said for outcome in played.folkmoot.outcomes] == [[("a", "a1")], [("b", "b1")]]
    assert played.folkmoot.heard("b") == [("user", "secret"), ("a", "a1"), ("user", "more")]


@covers("B006")
async def test_an_agents_task_can_be_hidden(play: Player) -> None:
    async def story(talk: Talk) -> None:
        await talk.run("secret", output_task_messages=False)

    played = await play(lambda lib: lib.agent(), {"writer": ["yes"]}, story=story)
    assert played.folkmoot.last.said == [("writer", "yes")]


@covers("B007")
async def test_images_go_to_models_that_see(play: Player) -> None:
    def task(lib: Any) -> Any:
        return lib.MultiModalMessage(content=["Look:", lib.Image.from_base64(PIXEL), "Well?"], source="user")

    def team(lib: Any) -> Any:
        blind = lib.agent("blind", model_client=lib.model("blind", vision=False))
        return lib.RoundRobinGroupChat([lib.agent("seeing"), blind], max_turns=2)

    played = await play(team, {"seeing": ["A pixel."], "blind": ["I cannot tell."]}, task)
    kinds = [part["type"] for part in played.folkmoot.heard("seeing")[0][1]]
    assert kinds == ["text", "image_url", "text"]
    assert played.folkmoot.heard("blind")[0] == ("user", "Look:\n<image>\nWell?")


@covers("B008")
async def test_a_task_of_an_unknown_class_is_refused(play: Player) -> None:
    def task(lib: Any) -> Any:
        return note_class(lib)(content="note", source="user")

    played = await play(lambda lib: lib.round_robin("writer", max_turns=1), {}, task)
    assert played.folkmoot.failure.type == "ValueError"
    assert "is not registered with the message factory" in played.folkmoot.failure.text


@covers("B009")
async def test_custom_message_types_make_it_known(play: Player) -> None:
    classes: dict[str, Any] = {}

    def team(lib: Any) -> Any:
        note = classes[lib.name] = note_class(lib)
        return lib.round_robin("writer", max_turns=1, custom_message_types=[note])

    played = await play(team, {"writer": ["Noted."]}, lambda lib: classes[lib.name](content="note", source="user"))
    assert played.folkmoot.last.types == ["NoteMessage", "TextMessage"]
    assert played.folkmoot.heard("writer") == [("user", "note")]


@better(
    "B010",
    why="AutoGen takes an agent's own structured answer for an unknown class unless the team names it; "
    "Folkmoot knows it by the agent's output type.",
)
async def test_an_agents_structured_answer_is_known_by_itself(play: Player) -> None:
    def team(lib: Any) -> Any:
        return lib.RoundRobinGroupChat([lib.agent(output_content_type=Verdict)], max_turns=1)

    played = await play(team, {"writer": ['{"good":true}']}, "Well?")
    assert played.autogen.failure.type == "ValueError"
    assert "StructuredMessage[Verdict]'> is not registered." in played.autogen.failure.text
    assert played.folkmoot.last.types == ["TextMessage", "StructuredMessage[Verdict]"]


@covers("B011")
async def test_a_second_run_is_refused_and_the_first_goes_on(play: Player) -> None:
    async def story(talk: Talk) -> None:
        first = talk.start("go")
        await talk.asked(1)
        await talk.run("again")
        talk.release("first")
        await first

    def team(lib: Any) -> Any:
        return lib.round_robin("a", "b", max_turns=2)

    played = await play(team, {"a": [{"text": "a1", "hold": "first"}], "b": ["b1"]}, story=story)
    assert played.folkmoot.failure.text == "The team is already running, it cannot run again until it is stopped."
    assert played.folkmoot.outcomes[0].said == [("user", "go"), ("a", "a1"), ("b", "b1")]


@covers("B012")
async def test_without_a_task_the_first_agent_speaks(play: Player) -> None:
    played = await play(lambda lib: lib.round_robin("a", "b", max_turns=1), {"a": ["Hello."]}, None)
    assert played.folkmoot.last.said == [("a", "Hello.")]
    assert played.folkmoot.heard("a") == []


@covers("B013")
def test_teams_without_members_or_with_equal_names_cannot_be_made(play: Player) -> None:
    found = play.refusals(lambda lib: lib.RoundRobinGroupChat([]))
    assert found["folkmoot"] == "ValueError: At least one participant is required."
    found = play.refusals(lambda lib: lib.round_robin("a", "a"))
    assert found["folkmoot"] == "ValueError: The participant names must be unique."
    found = play.refusals(lambda lib: lib.agent("not a name"))
    assert found["folkmoot"] == "ValueError: The agent name must be a valid Python identifier."
