"""Folkmoot's worker process, with the plugin's default settings. Arguments: address, model URL, store folder."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from temporalio.client import Client
from temporalio.worker import Worker

from folkmoot._client.workers import Workers
from folkmoot.agents import AssistantAgent
from folkmoot.models.openai import OpenAIChatModel
from folkmoot.plugin import FolkmootPlugin
from folkmoot.store import FolderStore
from folkmoot.teams import RoundRobinGroupChat

from .dialogue import AGENTS, MODEL
from .lines import serve

__all__ = ["QUEUE", "team"]

QUEUE = "folkmoot"


def team(turns: int) -> RoundRobinGroupChat:
    """The two agents, for so many turns."""
    return RoundRobinGroupChat(
        [AssistantAgent(agent.name, model_client=MODEL, system_message=agent.system) for agent in AGENTS],
        max_turns=turns,
    )


async def main() -> None:
    address, model_url, folder = sys.argv[1:]
    model = OpenAIChatModel(MODEL, base_url=model_url, api_key="none")
    plugin = FolkmootPlugin(models={MODEL: model}, store=FolderStore(folder))
    client = await Client.connect(address, plugins=[plugin])
    workers = Workers(client, QUEUE)
    async with Worker(client, task_queue=QUEUE):
        # Clients ask the server whether anybody polls; it knows a moment after polling began.
        while not await workers.any():
            await asyncio.sleep(0.01)

        async def handle(asked: dict[str, Any]) -> dict[str, Any]:
            raise ValueError(f"unknown request {asked['do']!r}")

        await serve({"ready": True}, handle)


if __name__ == "__main__":
    asyncio.run(main())
