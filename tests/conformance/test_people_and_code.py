"""People, code, memory, workbenches, and agents and teams as tools."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.marks import better, covers
from tests.conformance.play import Player
from tests.conformance.record import Failure
from tests.conformance.talk import Talk


@covers("B117")
@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_a_person_is_asked(play: Player, kind: str) -> None:
    def team(lib: Any) -> Any:
        def ask(prompt: str) -> str:
            lib.notes.append(prompt)
            return "Fine."

        async def ask_later(prompt: str, cancellation_token: Any = None) -> str:
            return ask(prompt)

        person = lib.UserProxyAgent("person", input_func=ask if kind == "sync" else ask_later)
        return lib.RoundRobinGroupChat([lib.agent("a"), person], max_turns=2)

    played = await play(team, {"a": ["Well?"]}, "go")
    assert played.folkmoot.last.types == ["TextMessage", "TextMessage", "UserInputRequestedEvent", "TextMessage"]
    assert played.folkmoot.last.said[-1] == ("person", "Fine.")
    assert played.folkmoot.notes == ["Enter your response: "]


@covers("B117")
async def test_a_handoff_is_answered_with_a_handoff(play: Player) -> None:
    def team(lib: Any) -> Any:
        def ask(prompt: str) -> str:
            return "Go on."

        person = lib.UserProxyAgent("person", input_func=ask)
        return lib.Swarm([lib.agent("a", handoffs=["person"]), person], max_turns=3)

    handed = {"calls": [{"name": "transfer_to_person", "arguments": {}}]}
    played = await play(team, {"a": [handed, "Done."]}, "go")
    handoffs = [message for message in played.folkmoot.last.messages if message["type"] == "HandoffMessage"]
    assert [(message["source"], message["target"]) for message in handoffs] == [("a", "person"), ("person", "a")]


@better("B117", why="AutoGen wraps the error of an input function twice.")
async def test_a_failing_input_is_wrapped(play: Player) -> None:
    def team(lib: Any) -> Any:
        def ask(prompt: str) -> str:
            raise OSError("nobody is there")

        return lib.RoundRobinGroupChat([lib.UserProxyAgent("person", input_func=ask)], max_turns=1)

    played = await play(team, {}, "go")
    text = "Failed to get user input: nobody is there"
    assert played.autogen.failure == Failure("RuntimeError", f"Failed to get user input: {text}")
    assert played.folkmoot.failure == Failure("RuntimeError", text)


def coder(**options: Any) -> Callable[[Any], Any]:
    """A team whose agent a writes code, and whose runner runs it."""

    def team(lib: Any) -> Any:
        runner = lib.CodeExecutorAgent("runner", code_executor=lib.executor(), **options)
        return lib.RoundRobinGroupChat([lib.agent("a"), runner], max_turns=2)

    return team


def block(source: str, language: str = "python") -> str:
    """A fenced block."""
    return f"```{language}\n{source}\n```"


@pytest.mark.filterwarnings("ignore:No approval function")
@covers("B114")
@pytest.mark.parametrize(
    ("text", "start"),
    [
        (block("print(6 * 7)"), "42"),
        (f"{block('print(1)')}\nand\n{block('echo 2', 'sh')}", "1\n2"),
        ("No code.", "No code blocks found in the thread."),
        (
            block("import sys; print('oh'); sys.exit(3)"),
            "The script ran, then exited with an error (POSIX exit code: 3)",
        ),
        (block("x = 1"), "The script ran but produced no output"),
        (block("class A {}", "java"), "No code blocks found in the thread."),
    ],
    ids=["one", "two", "none", "failing", "silent", "other language"],
)
async def test_code_blocks_are_run(play: Player, text: str, start: str) -> None:
    played = await play(coder(), {"a": [text]}, "go")
    assert played.folkmoot.last.said[-1][1].startswith(start)


@covers("B115")
@pytest.mark.parametrize("approved", [True, False])
@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_code_is_approved_or_not(play: Player, approved: bool, kind: str) -> None:
    def team(lib: Any) -> Any:
        def approve(request: Any) -> Any:
            lib.notes.append((request.code, len(request.context)))
            return lib.ApprovalResponse(approved=approved, reason="Because.")

        async def approve_later(request: Any) -> Any:
            return approve(request)

        return coder(approval_func=approve if kind == "sync" else approve_later)(lib)

    played = await play(team, {"a": [block("print(6 * 7)")]}, "go")
    assert ("42" in played.folkmoot.last.said[-1][1]) is approved
    assert ("Code execution was not approved. Reason: Because." in played.folkmoot.last.said[-1][1]) is not approved


@pytest.mark.filterwarnings("ignore:No approval function")
@covers("B116")
async def test_a_model_writes_code_tries_again_and_sums_up(play: Player) -> None:
    def team(lib: Any) -> Any:
        executor = lib.executor()
        runner = lib.CodeExecutorAgent(
            "runner", code_executor=executor, model_client=lib.model("runner"), max_retries_on_error=1
        )
        return lib.RoundRobinGroupChat([runner], max_turns=1)

    script = {
        "runner": [
            block("raise SystemExit(1)"),
            '{"reason":"A slip.","retry":true}',
            block("print(6 * 7)"),
            "It is 42.",
        ]
    }
    played = await play(team, script, "6 * 7?", unheard=["runner"])
    tried = ["CodeGenerationEvent", "CodeExecutionEvent"]
    again = "CodeGenerationEvent"  # AutoGen tells of the decision to try again by the same event
    assert played.folkmoot.last.types == ["TextMessage", *tried, again, *tried, "TextMessage"]
    assert played.folkmoot.last.said[-1] == ("runner", "It is 42.")


@covers("B109")
async def test_a_memory_adds_to_the_context_and_shows_an_event(play: Player) -> None:
    def team(lib: Any) -> Any:
        content = lib.MemoryContent(content="The user likes tea.", mime_type="text/plain")
        memory = lib.ListMemory(name="tastes", memory_contents=[content])
        return lib.RoundRobinGroupChat([lib.agent("a", memory=[memory])], max_turns=1)

    played = await play(team, {"a": ["Tea."]}, "What shall I drink?")
    assert played.folkmoot.last.types == ["TextMessage", "MemoryQueryEvent", "TextMessage"]
    assert "The user likes tea." in str(played.folkmoot.asked[0]["messages"])


@better("B109", why="AutoGen adds the whole memory to the context again on every turn, so that it piles up.")
async def test_a_memory_does_not_pile_up(play: Player) -> None:
    def team(lib: Any) -> Any:
        content = lib.MemoryContent(content="The user likes tea.", mime_type="text/plain")
        memory = lib.ListMemory(name="tastes", memory_contents=[content])
        return lib.RoundRobinGroupChat([lib.agent("a", memory=[memory])], max_turns=1)

    played = await play(team, {"a": ["Tea.", "Tea again."]}, "What shall I drink?", "And now?")
    assert str(played.autogen.asked[-1]["messages"]).count("The user likes tea.") == 2
    assert str(played.folkmoot.asked[-1]["messages"]).count("The user likes tea.") == 1


def add(a: int, b: int) -> int:
    """Add."""
    return a + b


def double(a: int) -> int:
    """Double."""
    return 2 * a


@covers("B113")
async def test_several_workbenches_and_overridden_tools(play: Player) -> None:
    def team(lib: Any) -> Any:
        first = lib.StaticWorkbench([lib.FunctionTool(add, description="Add.")])
        override = lib.ToolOverride(name="twice", description="Twice as much.")
        second = lib.StaticWorkbench(
            [lib.FunctionTool(double, description="Double.")], tool_overrides={"double": override}
        )
        return lib.RoundRobinGroupChat([lib.agent("a", workbench=[first, second])], max_turns=1)

    made = [{"name": "add", "arguments": {"a": 1, "b": 2}}, {"name": "twice", "arguments": {"a": 4}}]
    played = await play(team, {"a": [{"calls": made}]}, "go")
    assert played.folkmoot.last.said[-1] == ("a", "3\n8")
    assert [tool["function"]["name"] for tool in played.folkmoot.asked[0]["tools"]] == ["add", "twice"]


@covers("B113")
def test_an_override_with_a_name_that_is_taken_is_refused(play: Player) -> None:
    def build(lib: Any) -> Any:
        tools = [lib.FunctionTool(add, description="Add."), lib.FunctionTool(double, description="Double.")]
        return lib.StaticWorkbench(tools, tool_overrides={"double": lib.ToolOverride(name="add")})

    assert "ValueError" in play.refusals(build)["autogen"]


@better("B118", why="AutoGen loses its words on what the argument `task` is for.")
@pytest.mark.parametrize("last", [False, True])
async def test_an_agent_as_a_tool(play: Player, last: bool) -> None:
    def team(lib: Any) -> Any:
        helper = lib.AgentTool(lib.agent("helper", description="Helps."), return_value_as_last_message=last)
        return lib.RoundRobinGroupChat([lib.agent("a", tools=[helper])], max_turns=1)

    made = {"calls": [{"name": "helper", "arguments": {"task": "Help."}}]}
    played = await play(team, {"a": [made, made], "helper": ["I help.", "I help."]}, "go", "again")
    assert played.autogen.outcomes == played.folkmoot.outcomes
    assert played.autogen.heard("helper") == played.folkmoot.heard("helper"), "its state is kept between calls"
    assert played.folkmoot.last.said[-1] == ("a", "I help." if last else "helper: I help.")


@better("B118", why="AutoGen loses its words on what the argument `task` is for.")
@pytest.mark.parametrize("last", [False, True])
async def test_a_team_as_a_tool(play: Player, last: bool) -> None:
    def team(lib: Any) -> Any:
        inner = lib.round_robin("b", "c", name="inner", max_turns=2)
        helper = lib.TeamTool(inner, name="helpers", description="Help.", return_value_as_last_message=last)
        return lib.RoundRobinGroupChat([lib.agent("a", tools=[helper])], max_turns=1)

    made = {"calls": [{"name": "helpers", "arguments": {"task": "Help."}}]}
    played = await play(team, {"a": [made, made], "b": ["b1", "b2"], "c": ["c1", "c2"]}, "go", "again")
    assert played.autogen.outcomes == played.folkmoot.outcomes
    assert played.autogen.heard("b") == played.folkmoot.heard("b"), "its state is kept between calls"
    assert played.folkmoot.outcomes[0].said[-1] == ("a", "c1" if last else "b: b1\n\nc: c1")


@better("B118", why="AutoGen loses its words on what the argument `task` is for.")
async def test_what_happens_inside_a_tool_is_streamed(play: Player) -> None:
    def team(lib: Any) -> Any:
        helper = lib.agent("helper", tools=[add], max_tool_iterations=2)
        member = lib.agent("a", tools=[lib.AgentTool(helper)], max_tool_iterations=2)
        return lib.RoundRobinGroupChat([member], termination_condition=lib.FunctionCallTermination("add"), max_turns=1)

    inside = {"calls": [{"name": "add", "arguments": {"a": 1, "b": 2}, "id": "inside"}]}
    made = {"calls": [{"name": "helper", "arguments": {"task": "Add."}, "id": "outside"}]}
    played = await play(team, {"a": [made, "Three."], "helper": [inside, "It is 3."]}, "go")
    assert played.autogen.outcomes == played.folkmoot.outcomes
    assert played.folkmoot.last.types.count("ToolCallExecutionEvent") == 2


@better("B118", "B099", why="Cancelled in a tool that is a team, AutoGen hangs; in Folkmoot both run again.")
async def test_a_team_as_a_tool_is_free_after_a_cancellation(play: Player) -> None:
    async def story(talk: Talk) -> None:
        run = talk.start("go")
        await talk.asked(2)
        talk.cancel()
        await talk.within(1.0 if talk.lib.autogen else 20.0, run)
        if not talk.lib.autogen:
            await talk.stream("again")

    def team(lib: Any) -> Any:
        inner = lib.round_robin("b", name="inner", max_turns=1)
        helper = lib.TeamTool(inner, name="helpers", description="Help.")
        return lib.RoundRobinGroupChat([lib.agent("a", tools=[helper])], max_turns=1)

    made = {"calls": [{"name": "helpers", "arguments": {"task": "Help."}}]}
    script = {"a": [made, made], "b": [{"text": "never", "hold": "never"}, "b1"]}
    played = await play(team, script, story=story, spare=True)
    assert played.autogen.failure == Failure("Hangs", "")
    assert played.folkmoot.outcomes[0].failure == Failure("Cancelled", "")
    assert played.folkmoot.last.said[-1] == ("a", "b: b1")
