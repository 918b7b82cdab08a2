"""AutoGen's process: the same team in memory, its state saved to a file after every turn. Argument: the model's URL.

It runs in an environment of its own (see `autogen_venv`), without Folkmoot.
"""

# AutoGen is not installed where the types are checked.
# pyright: reportMissingImports=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.base import TaskResult
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_ext.models.openai import OpenAIChatCompletionClient

from .dialogue import AGENTS, MODEL, task
from .lines import serve


async def chat(client: OpenAIChatCompletionClient, turns: int, number: int, file: Path) -> int:
    """Run one chat; returns its prompt tokens."""
    agents: list[Any] = [
        AssistantAgent(agent.name, model_client=client, system_message=agent.system) for agent in AGENTS
    ]
    team = RoundRobinGroupChat(agents, max_turns=turns)
    used = 0
    async for message in team.run_stream(task=task(number)):
        if isinstance(message, TaskResult):
            break
        used += message.models_usage.prompt_tokens if message.models_usage else 0
        file.write_text(json.dumps(await team.save_state()))
    return used


async def main() -> None:
    client = OpenAIChatCompletionClient(model=MODEL, base_url=sys.argv[1], api_key="none")
    with tempfile.TemporaryDirectory() as folder:

        async def handle(asked: dict[str, Any]) -> dict[str, Any]:
            before, cpu = time.perf_counter(), time.process_time()
            runs = [
                chat(client, asked["turns"], number, Path(folder, f"{number}.json")) for number in range(asked["chats"])
            ]
            used = await asyncio.gather(*runs)
            return {
                "wall": time.perf_counter() - before,
                "cpu": time.process_time() - cpu,
                "prompt_tokens": sum(used),
            }

        await serve({"ready": True}, handle)


if __name__ == "__main__":
    asyncio.run(main())
