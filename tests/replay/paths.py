"""Every path a chat's workflow can take, on a real server. Each function takes one, and returns the chat's id."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from folkmoot import (
    BadCommandError,
    Chat,
    ChatBusyError,
    ChatCancelled,
    ChatFailedError,
    DiGraphBuilder,
    FunctionalTermination,
    FunctionTool,
    GraphFlow,
    HistoryLimits,
    MaxMessageTermination,
    RoundRobinGroupChat,
    SelectorGroupChat,
    TaskResult,
    TextMentionTermination,
    ToolOptions,
    UnknownNameError,
)
from folkmoot._spec import to_json
from folkmoot.contexts import SummarizedChatCompletionContext
from tests._support.repertoire import PIECES
from tests.replay.caller import Caller
from tests.replay.stage import Stage, patiently, status
from tests.replay.time_paths import TIME_PATHS

Path = Callable[[Stage], Awaitable[str]]

CALLS = {"calls": [{"name": "add", "arguments": {"a": n, "b": 1}, "id": f"c{n}"} for n in (1, 2)]}
HELD = {"text": "draft 1", "hold": "held"}
"""The model's answer waits until `held` is released."""


async def _held(stage: Stage, chat: Chat) -> asyncio.Task[Any]:
    """A run that waits for its model."""
    asked = len(stage.model.requests)
    run = asyncio.create_task(chat.run(task="Write"))
    await stage.model.wait_for_requests(asked + 1)
    return run


async def plain(stage: Stage) -> str:
    """Two runs that end by their conditions, an agent that streams, and events of the team."""
    team = stage.pair(
        termination_condition=TextMentionTermination("APPROVE", sources=["critic"]) | MaxMessageTermination(8),
        emit_team_events=True,
    )
    stage.script("draft 1", "more", "draft 2", "APPROVE", "draft 3", "APPROVE")
    chat = await stage.open(team, tenant="house")
    assert (await chat.run(task="Write")).stop_reason == "Text 'APPROVE' mentioned"
    assert (await chat.run()).stop_reason == "Text 'APPROVE' mentioned"
    return chat.id


async def single(stage: Stage) -> str:
    """A single agent as a chat."""
    stage.script("hello")
    chat = await stage.open(stage.agent())
    assert len((await chat.run(task="Say hello")).messages) == 2
    return chat.id


async def tools(stage: Stage) -> str:
    """Parallel tool calls, an unknown tool, a failing one, reflection and a summary."""
    bad = {"calls": [{"name": "none", "id": "d1"}, {"name": "add", "arguments": "[", "id": "d2"}]}
    stage.script(CALLS, "fine", bad, "still fine")
    chat = await stage.open(stage.pair(max_turns=4))
    assert len((await chat.run(task="Add")).messages) == 9
    return chat.id


async def handoff(stage: Stage) -> str:
    """A turn of several rounds of tools with an answer made of them, and one that ends in a handoff."""
    agent = stage.agent(tools=["add"], handoffs=["critic"], reflect_on_tool_use=True, max_tool_iterations=3)
    stage.script(CALLS, CALLS, "sums", {"calls": [{"name": "transfer_to_critic", "id": "h"}]})
    chat = await stage.open(agent)
    await chat.run(task="Add")
    assert (await chat.run(task="Pass on")).messages[-1].type == "HandoffMessage"
    return chat.id


async def pause_and_resume(stage: Stage) -> str:
    """Paused during a call, which is kept, and while idle."""
    stage.script(HELD, "fine", "draft 2", "fine")
    chat = await stage.open(stage.pair(max_turns=2))
    run = await _held(stage, chat)
    await chat.pause()
    stage.model.release("held")
    await status(chat, "paused")
    await chat.resume()
    await run
    await chat.pause()
    run = asyncio.create_task(chat.run(task="Again"))
    await patiently(lambda: _has(chat, "run_started", 2), what="the second run")
    await chat.resume()
    await run
    return chat.id


async def pause_now(stage: Stage) -> str:
    """The call in flight is cancelled, and made again on resume."""
    stage.script(HELD, "draft 2", "fine")
    chat = await stage.open(stage.pair(max_turns=2))
    run = await _held(stage, chat)
    await chat.pause(now=True)
    await status(chat, "paused")
    await chat.resume()
    assert (await run).messages[1].to_text() == "draft 2"
    return chat.id


async def reset(stage: Stage) -> str:
    """Refused in a run, forced in another, and plain."""
    stage.script(HELD, "draft 2", "fine")
    chat = await stage.open(stage.pair(max_turns=2))
    run = await _held(stage, chat)
    with pytest.raises(ChatBusyError):
        await chat.reset()
    await chat.reset(force=True)
    with pytest.raises(ChatCancelled):
        await run
    await chat.run(task="Again")
    await chat.reset()
    return chat.id


async def stop(stage: Stage) -> str:
    """After the turn under way, and asked for while idle."""
    stage.script(HELD, "never")
    chat = await stage.open(stage.pair())
    run = await _held(stage, chat)
    await chat.stop()
    stage.model.release("held")
    assert (await run).stop_reason == "External termination requested"
    await chat.stop()
    assert (await chat.run(task="Again")).stop_reason == "External termination requested"
    return chat.id


async def cancel(stage: Stage) -> str:
    """During a model call and during tool calls; then the chat runs again."""
    stage.script(HELD, CALLS, "draft 2", "fine")
    chat = await stage.open(stage.pair(max_turns=2))
    run = await _held(stage, chat)
    await chat.cancel()
    with pytest.raises(ChatCancelled):
        await run
    known = stage.plugin.registry.tools.pop("add")
    begun = asyncio.Event()
    stage.plugin.registry.tools["add"] = _endless(begun)
    run = asyncio.create_task(chat.run(task="Add"))
    await begun.wait()
    await chat.cancel()
    with pytest.raises(ChatCancelled):
        await run
    stage.plugin.registry.tools["add"] = known
    await chat.run(task="Again")
    return chat.id


def _endless(begun: asyncio.Event) -> FunctionTool:
    """A tool whose calls end only when they are cancelled."""

    async def add(a: int, b: int) -> str:
        """Add two numbers."""
        begun.set()
        return str(await asyncio.Event().wait())

    return FunctionTool(add)


async def failure_and_retry(stage: Stage) -> str:
    """A model that fails for a moment, and one that fails for good; the turn is taken again."""
    stage.script({"status": 429, "retry_after": 0.01}, "draft 1", {"status": 400, "message": "no"}, "fine")
    chat = await stage.open(stage.pair(max_turns=2))
    with pytest.raises(ChatFailedError):
        await chat.run(task="Write")
    assert (await chat.run()).messages[-1].to_text() == "fine"
    return chat.id


async def functional_condition(stage: Stage) -> str:
    """A function decides on a worker."""
    stage.script(*[f"draft {n}" for n in range(1, 5)])
    chat = await stage.open(stage.pair(termination_condition=FunctionalTermination("enough")))
    assert (await chat.run(task="Write")).stop_reason == "Functional termination condition met"
    return chat.id


async def waiting_for_a_tool(stage: Stage) -> str:
    """The worker does not know a tool, then it does."""
    stage.script({**CALLS, "hold": "held"}, "fine")
    chat = await stage.open(stage.pair(max_turns=2))
    run = await _held(stage, chat)
    known = stage.plugin.registry.tools.pop("add")
    stage.model.release("held")
    assert (await status(chat, "waiting")).waiting_for[0] == "worker:tool:add"
    stage.plugin.registry.tools["add"] = known
    await run
    return chat.id


async def waiting_is_cancelled(stage: Stage) -> str:
    """The run is cancelled while it waits for a worker."""
    stage.script({**CALLS, "hold": "held"})
    chat = await stage.open(stage.pair(max_turns=2))
    run = await _held(stage, chat)
    known = stage.plugin.registry.tools.pop("add")
    stage.model.release("held")
    await status(chat, "waiting")
    await chat.cancel()
    with pytest.raises(ChatCancelled):
        await run
    stage.plugin.registry.tools["add"] = known
    return chat.id


async def continue_as_new_sealed(stage: Stage) -> str:
    """Several runs of the workflow, the log sealed in the store."""
    stage.script(*[f"draft {n}" for n in range(12)])
    limits = HistoryLimits(events=40, resting_events=20, resting_age=0, seal_bytes=0)
    chat = await stage.open(stage.pair(max_turns=6), limits=limits)
    await chat.run(task="Write")
    await chat.run(task="Again")
    await patiently(lambda: _continued(chat, 2), what="several continuations")
    return chat.id


async def continue_as_new_carried(stage: Stage) -> str:
    """The log is carried in the workflow's input, as it is small."""
    stage.script(*[f"draft {n}" for n in range(12)])
    limits = HistoryLimits(events=60, resting_events=40, resting_age=0)
    chat = await stage.open(stage.pair(max_turns=6), limits=limits)
    await chat.run(task="Write")
    await chat.run(task="Again")
    await patiently(lambda: _continued(chat, 1), what="a continuation")
    return chat.id


async def bad_commands(stage: Stage) -> str:
    """What cannot be read, is unknown, comes late, is refused or comes twice."""
    stage.script(HELD, "fine")
    chat = await stage.open(stage.pair(max_turns=2))
    handle = stage.moot.client.get_workflow_handle(chat.id)
    for verb, args in [
        ("decide", []),
        ("answer", ["nobody asked"]),
        ("pause", [{"now": "perhaps"}]),
        ("submit", [{"task": [{"type": "Nonsense"}], "command": "bad"}]),
        ("dance", [{}, {}]),
        ("reset", [[1]]),
        ("resume", [{"command": "again"}]),
        ("resume", [{"command": "again"}]),
    ]:
        await handle.signal(verb, args=args)
    await patiently(lambda: _has(chat, "refused", 6), what="the refusals")
    run = await _held(stage, chat)
    with pytest.raises(ChatBusyError):
        await chat.run(task="Me too")
    await handle.signal("submit", {"task": "And me"})
    await handle.signal("close", {})
    await patiently(lambda: _has(chat, "refused", 8), what="the refusals during a run")
    stage.model.release("held")
    await run
    return chat.id


async def run_by_signal(stage: Stage) -> str:
    """A user's workflow asks for runs, and gets its answers by signal."""
    stage.script("draft 1", "draft 2")
    chat_id = f"path-{uuid.uuid4().hex[:12]}"
    answers = await stage.moot.client.execute_workflow(
        Caller.run,
        args=[to_json(stage.pair(max_turns=1)), chat_id, stage.queue],
        id=f"caller-{chat_id}",
        task_queue=stage.queue,
    )
    assert answers == ["draft 1", "draft 1", "draft 2"]
    await stage.moot.client.get_workflow_handle(chat_id).result()
    return chat_id


async def no_one_to_reply_to(stage: Stage) -> str:
    """Who asked for the run is gone when it ends."""
    stage.script("draft 1")
    chat = await stage.open(stage.pair(max_turns=1))
    reply = {"workflow_id": "gone", "signal": "reply"}
    await stage.moot.client.get_workflow_handle(chat.id).signal("submit", {"task": "Write", "reply": reply})
    await patiently(lambda: _has(chat, "run_ended", 1), what="the run's end")
    return chat.id


async def close(stage: Stage) -> str:
    """Refused in a run, then forced; the workflow completes."""
    stage.script(HELD)
    chat = await stage.open(stage.pair())
    run = await _held(stage, chat)
    with pytest.raises(ChatBusyError):
        await chat.close()
    await chat.close(force=True)
    with pytest.raises(ChatCancelled):
        await run
    await stage.moot.client.get_workflow_handle(chat.id).result()
    return chat.id


def _performance(piece: str) -> Path:
    """The path of an undisturbed performance of the repertoire."""

    async def path(stage: Stage) -> str:
        chat, run = await stage.perform(piece)
        if piece == "person":
            await _answer(chat, "Mine [person-plain]")
        await run
        assert stage.play.counts(piece, "plain") == dict.fromkeys(PIECES[piece].calls, 1)
        return chat.id

    path.__name__ = f"team_{piece}"
    return path


async def _answer(chat: Chat, content: str) -> None:
    (request,) = await patiently(chat.pending, what="a person is asked")
    await chat.answer(request.request, content)


async def selected_by_a_person(stage: Stage) -> str:
    """Each speaker is asked for; an answer that names nobody is refused."""
    members = [stage.agent(), stage.agent("critic"), stage.agent("editor")]
    team = SelectorGroupChat(members, speaker_selection_method="manual", max_turns=2)
    stage.script("draft 1", "fine")
    chat = await stage.open(team)
    run = asyncio.create_task(chat.run(task="Write"))
    (request,) = await patiently(chat.pending, what="the speaker is asked for")
    with pytest.raises(BadCommandError):
        await chat.answer(request.request, "nobody")
    await chat.answer(request.request, "writer")
    await _answer(chat, "critic")
    assert [message.source for message in (await run).messages] == ["user", "writer", "critic"]
    return chat.id


async def hooks(stage: Stage) -> str:
    """A custom agent is told of a pause, of its end, and of a reset."""
    chat, run = await stage.perform("custom", "critic:1")
    await chat.pause()
    stage.release("custom", "critic:1")
    await status(chat, "paused")
    await chat.resume()
    await run
    await chat.reset()
    await patiently(lambda: _has(chat, "agent_state", 5), what="two turns and three hooks")
    return chat.id


async def paused_in_a_batch(stage: Stage) -> str:
    """Paused at once when the left has spoken and the right has not."""
    chat, run = await stage.perform("graph", "right:1")
    await patiently(lambda: _has(chat, "message", 3), what="the left has spoken")
    await chat.pause(now=True)
    await status(chat, "paused")
    stage.release("graph", "right:1")
    await chat.resume()
    await run
    return chat.id


async def failure_in_a_batch(stage: Stage) -> str:
    """One of two speakers fails when the other has spoken; only that one speaks again."""
    left, right = (stage.agent(name, system_message=f"You are {name}.") for name in ("left", "right"))
    builder = DiGraphBuilder().add_node(left).add_node(right)
    stage.script(
        {"text": "fine", "when": {"system_contains": "left"}},
        {"status": 400, "message": "no", "hold": "held", "when": {"system_contains": "right"}},
        {"text": "fine too", "when": {"system_contains": "right"}},
    )
    chat = await stage.open(GraphFlow([left, right], graph=builder.build()))
    run = asyncio.create_task(chat.run(task="Write"))
    await patiently(lambda: _has(chat, "message", 2), what="the left has spoken")
    stage.model.release("held")
    with pytest.raises(ChatFailedError):
        await run
    assert [message.source for message in (await chat.run()).messages] == ["right"]
    return chat.id


async def stopped_in_a_loop(stage: Stage) -> str:
    """Between a graph's two rounds; the next run goes on with the second."""
    chat, run = await stage.perform("graph", "join:1")
    await chat.stop()
    stage.release("graph", "join:1")
    assert (await run).stop_reason == "External termination requested"
    await chat.run()
    assert stage.play.counts("graph", "plain") == dict.fromkeys(PIECES["graph"].calls, 1)
    return chat.id


async def cancelled_in_a_tool_run(stage: Stage) -> str:
    """While an agent and a team work as tools."""
    chat, run = await stage.perform("tools", "helper:1", "dora:1")
    await chat.cancel()
    with pytest.raises(ChatCancelled):
        await run
    return chat.id


async def condensed(stage: Stage) -> str:
    """An agent's context and a selection's are summarised, a large message in pieces; paused in between."""
    view = SummarizedChatCompletionContext("gpt", 200, keep_last=1, prompt="Keep the record.")
    agents = [stage.agent(name, model_context=view) for name in ("left", "right")]
    team = SelectorGroupChat(agents, "gpt", max_turns=3, model_context=view, selector_prompt="Select: {history}")
    record = {"text": "in short", "when": {"system_contains": "Keep the record"}}
    picks = [{"text": name, "when": {"system_contains": "Select:"}} for name in ("left", "right", "left")]
    stage.script({**record, "hold": "held"}, {**record, "repeat": True}, *picks, *(["many words " * 60] * 3))
    chat = await stage.open(team)
    run = asyncio.create_task(chat.run(task="Write " * 200))
    await stage.model.wait_for_requests(1)
    await chat.pause()
    stage.model.release("held")
    await status(chat, "paused")
    await chat.resume()
    await run
    assert await _has(chat, "summary", 5)
    return chat.id


async def summarized(stage: Stage) -> str:
    """Once by the last message, once refused, once in a model's words, and then on."""
    stage.script("draft 1", "It was good.", "draft 2")
    chat = await stage.open(stage.agent())
    await chat.run(task="Write")
    assert await chat.summarize() == "draft 1"
    with pytest.raises(UnknownNameError):
        await chat.summarize("nobody")
    assert await chat.summarize("reflection_with_llm") == "It was good."
    await chat.run(task="Again")
    return chat.id


def _continued_performance(piece: str) -> Path:
    """The path of a performance in which the chat continues as new wherever it can, sealed."""

    async def path(stage: Stage) -> str:
        limits = HistoryLimits(events=12, resting_events=12, resting_age=0, seal_bytes=0)
        chat, run = await stage.perform(piece, limits=limits)
        await run
        await patiently(lambda: _continued(chat, 1), what="a continuation")
        return chat.id

    path.__name__ = f"continued_{piece}"
    return path


async def change(stage: Stage) -> str:
    """One joins, one is replaced, one leaves, one joins during a run; then back to before all that."""
    stage.script("draft 1", "fine", "draft 2", "good", "draft 3", "better", HELD, "draft 4", "fine again")
    chat = await stage.open(stage.pair(max_turns=2))
    await chat.run(task="Write")
    await chat.add_participant(stage.agent("editor"))
    assert _speakers(await chat.run()) == ["writer", "critic"]
    await chat.replace_participant("critic", stage.agent("judge"))
    assert _speakers(await chat.run()) == ["editor", "writer"]
    await chat.remove_participant("judge")
    run = await _held(stage, chat)
    with pytest.raises(ChatBusyError):
        await chat.add_participant(stage.agent("late"))
    await chat.add_participant(stage.agent("late"), force=True)
    with pytest.raises(ChatCancelled):
        await run
    await chat.rollback(turn=2)
    assert _speakers(await chat.run()) == ["writer", "critic"]
    return chat.id


def _speakers(result: TaskResult) -> list[str]:
    return [message.source for message in result.messages]


async def compensated(stage: Stage) -> str:
    """Of two calls that are gone back behind, one cannot be undone, and the tool for it is waited for."""
    options = ToolOptions(side_effects=True, compensate="refund")
    known = stage.plugin.registry.tools
    known["order"] = FunctionTool(_order, "Order.", name="order", options=options)
    known["refund"] = FunctionTool(_refund, "Give back.", name="refund")
    asked = [{"name": "order", "arguments": {"what": what}, "id": what} for what in ("pens", "ink")]
    stage.script("draft 1", {"calls": asked}, "never mind")
    team = RoundRobinGroupChat([stage.agent(), stage.agent("critic", tools=["order"])], max_turns=2)
    chat = await stage.open(team)
    await chat.run(task="Order")
    refund = known.pop("refund")
    going_back = asyncio.create_task(chat.rollback(turn=1, compensate=True))
    await patiently(lambda: _has(chat, "waiting", 1), what="the tool that undoes is waited for")
    known["refund"] = refund
    done = (await going_back).compensated
    assert [(item["content"], item.get("is_error", False)) for item in done] == [
        ("ValueError: ink is used up", True),
        ("pens given back", False),
    ]
    assert _speakers(await chat.run())[:1] == ["critic"]
    return chat.id


def _order(what: str) -> str:
    return f"{what} ordered"


def _refund(what: str) -> str:
    if what == "ink":
        raise ValueError("ink is used up")
    return f"{what} given back"


async def _has(chat: Chat, kind: str, count: int) -> bool:
    return len([event async for event in chat.events(follow=False) if event.kind == kind]) >= count


async def _continued(chat: Chat, count: int) -> bool:
    return (await chat.status()).continued >= count


PATHS: dict[str, Path] = {
    path.__name__: path
    for path in (
        plain,
        single,
        tools,
        handoff,
        pause_and_resume,
        pause_now,
        reset,
        stop,
        cancel,
        failure_and_retry,
        functional_condition,
        waiting_for_a_tool,
        waiting_is_cancelled,
        continue_as_new_sealed,
        continue_as_new_carried,
        bad_commands,
        run_by_signal,
        no_one_to_reply_to,
        close,
        selected_by_a_person,
        hooks,
        paused_in_a_batch,
        failure_in_a_batch,
        stopped_in_a_loop,
        cancelled_in_a_tool_run,
        change,
        compensated,
        condensed,
        summarized,
        *TIME_PATHS,
        *(_performance(piece) for piece in PIECES),
        *(_continued_performance(piece) for piece in ("graph", "magentic", "nested", "society", "tools")),
    )
}
