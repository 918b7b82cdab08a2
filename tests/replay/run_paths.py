"""The paths of runs: how they begin, what is called in them, how they end (see `paths`)."""

from __future__ import annotations

import uuid

import pytest

from folkmoot import (
    ChatCancelled,
    ChatFailedError,
    FunctionalTermination,
    MaxMessageTermination,
    TextMentionTermination,
)
from folkmoot._spec import to_json
from tests.replay.caller import Caller
from tests.replay.stage import Stage, patiently, status
from tests.replay.steps import CALLS, Path, has, held

__all__ = ["RUN_PATHS"]


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
    run = await held(stage, chat)
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
    run = await held(stage, chat)
    known = stage.plugin.registry.tools.pop("add")
    stage.model.release("held")
    await status(chat, "waiting")
    await chat.cancel()
    with pytest.raises(ChatCancelled):
        await run
    stage.plugin.registry.tools["add"] = known
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
    await patiently(lambda: has(chat, "run_ended", 1), what="the run's end")
    return chat.id


RUN_PATHS: tuple[Path, ...] = (
    plain,
    single,
    tools,
    handoff,
    failure_and_retry,
    functional_condition,
    waiting_for_a_tool,
    waiting_is_cancelled,
    run_by_signal,
    no_one_to_reply_to,
)
