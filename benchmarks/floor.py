"""The floor: a workflow whose activities post prebuilt bodies and return the replies. Less cannot be done on Temporal.

Everything is in process memory; no context, no conditions, no digests, no heartbeats, no readers, no sandbox. With
`newest` each activity is handed the newest message as well, the least a workflow without shared memory could do: it is
measured for its bytes of history only.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta
from typing import Any

import httpx2
from openai import AsyncOpenAI
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

from .bodies import bodies
from .lines import serve

__all__ = ["QUEUE", "Floor"]

QUEUE = "floor"
POST = "post"


@workflow.defn(name="Floor", sandboxed=False)
class Floor:
    """So many turns, one after another."""

    @workflow.run
    async def run(self, turns: int, newest: bool) -> dict[str, int]:
        replies: list[dict[str, Any]] = []
        message = ""
        for turn in range(turns):
            reply: dict[str, Any] = await workflow.execute_activity(
                POST,
                args=[turn, message] if newest else [turn],
                start_to_close_timeout=timedelta(minutes=10),
                result_type=dict,
            )
            replies.append(reply)
            message = reply["content"]
        return {"replies": len(replies), "prompt_tokens": sum(reply["usage"][0] for reply in replies)}


class Poster:
    """The activity side."""

    def __init__(self, model_url: str, turns: int) -> None:
        self._bodies = bodies(turns)
        self._client = AsyncOpenAI(base_url=model_url, api_key="none", max_retries=0, timeout=600)

    @activity.defn(name=POST)
    async def post(self, turn: int, _newest: str = "") -> dict[str, Any]:
        response = await self._client.post("/chat/completions", content=self._bodies[turn], cast_to=httpx2.Response)
        answer = json.loads(response.content)
        usage = answer["usage"]
        return {
            "content": answer["choices"][0]["message"]["content"],
            "usage": [usage["prompt_tokens"], usage["completion_tokens"]],
        }


async def main() -> None:
    """Arguments: the server's address, the model's URL, the most turns a run will have."""
    address, model_url, turns = sys.argv[1:]
    client = await Client.connect(address)
    poster = Poster(model_url, int(turns))
    async with Worker(client, task_queue=QUEUE, workflows=[Floor], activities=[poster.post]):

        async def handle(asked: dict[str, Any]) -> dict[str, Any]:
            raise ValueError(f"unknown request {asked['do']!r}")

        await serve({"ready": True}, handle)


if __name__ == "__main__":
    asyncio.run(main())
