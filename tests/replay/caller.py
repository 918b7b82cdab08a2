"""A user's own workflow that asks a group chat for runs."""

from __future__ import annotations

from typing import Any

from temporalio import workflow

from folkmoot import load_spec
from folkmoot.teams import RoundRobinGroupChat
from folkmoot.workflow import open_group_chat


@workflow.defn
class Caller:
    """Two runs of a chat, one of them asked for twice, then its end."""

    @workflow.run
    async def run(self, spec: dict[str, Any], chat_id: str, queue: str) -> list[str | None]:
        team = load_spec(spec)
        assert isinstance(team, RoundRobinGroupChat)
        chat = await open_group_chat(team, chat_id, queue=queue)
        outcomes = [
            await chat.run(task="First", command="one"),
            await chat.run(task="First", command="one"),
            await chat.run(task="Second"),
        ]
        await chat.close()
        return [outcome.messages[-1].to_model_text() for outcome in outcomes]  # type: ignore[union-attr]
