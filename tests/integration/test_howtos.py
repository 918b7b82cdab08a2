"""The programs in the how-tos run as they stand."""

from __future__ import annotations

import importlib
from pathlib import Path
from textwrap import indent

import pytest
from temporalio.worker import Worker

from folkmoot import AssistantAgent, Folkmoot, FolkmootPlugin, ToolContext
from folkmoot._scripted import ScriptedModel
from tests._support.documents import python_blocks, run_block

CHANGING = """

@workflow.defn
class Changing:
    @workflow.run
    async def run(self) -> None:
        team = RoundRobinGroupChat([AssistantAgent("clerk", "gpt-4o-mini")], max_turns=1)
{}
"""
"""A workflow in which a part of a page runs that is none by itself."""


async def test_test_my_team(server_address: str) -> None:
    program, _, upgrade, _ = python_blocks("docs/howto/test-my-team.md")
    assert (await run_block(program, {}))["result"].messages[-1].to_text() == "APPROVE"
    plugin = FolkmootPlugin(models={"m": ScriptedModel(["hello"], name="m")})
    async with (
        await Folkmoot.connect(server_address, plugin=plugin, queue="howto") as moot,
        Worker(moot.client, task_queue="howto"),
    ):
        chat = await moot.open(AssistantAgent("writer", "m"), id="release-42")
        await chat.run(task="hi")
        assert len((await run_block(upgrade, {"moot": moot}))["histories"]) == 1


async def test_tools() -> None:
    (program,) = python_blocks("docs/howto/tools.md")
    names = await run_block(program, {})
    context = ToolContext(chat_id="c", agent="clerk", call_id="1", idempotency_key="key-1")
    assert await names["book"].run_json({"seat": "12A"}, context) == "12A is booked under key-1"
    assert list(names["book"].schema["parameters"]["properties"]) == ["seat"]


async def test_chats_in_your_workflow(server_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, change = python_blocks("docs/howto/chats-in-your-workflow.md")
    (tmp_path / "howto_review.py").write_text(program + CHANGING.format(indent(change, " " * 8)))
    # The sandbox imports it again for each instance.
    monkeypatch.syspath_prepend(tmp_path)
    howto_review = importlib.import_module("howto_review")
    plugin = FolkmootPlugin(models={"gpt-4o-mini": ScriptedModel(["good", "agreed", *"1234"], name="gpt-4o-mini")})
    async with (
        await Folkmoot.connect(server_address, plugin=plugin) as moot,
        Worker(moot.client, task_queue="howto-review", workflows=[howto_review.Review, howto_review.Changing]),
    ):
        text = await moot.client.execute_workflow(
            howto_review.Review.run, "a text", id="howto-review", task_queue="howto-review"
        )
        await moot.client.execute_workflow(howto_review.Changing.run, id="howto-changing", task_queue="howto-review")
        events = [event async for event in (await moot.get("order-7")).events(follow=False)]
    assert text == "agreed"
    said = [event.message.source for event in events if event.message]
    assert said == ["user", "clerk", "user", "clerk", "lawyer", "clerk"]
