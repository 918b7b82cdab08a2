"""What a process reads of its chat beyond what a run gives back: what people decided in it."""

from __future__ import annotations

import os

from temporalio import activity

from activities.contracts import Decision
from folkmoot import Folkmoot
from folkmoot.store import open_store

__all__ = ["decisions_of"]

STORE = "FOLKMOOT_STORE"


@activity.defn
async def decisions_of(chat: str) -> list[Decision]:
    """What people decided in a chat, oldest first, as its log tells it.

    Args:
        chat: Its id; it may be closed, but its worker must run.
    """
    # A long chat's log lies partly in the store, which is the worker's.
    url = os.environ.get(STORE)
    moot = Folkmoot(activity.client(), queue=activity.info().task_queue, store=open_store(url) if url else None)
    found: list[Decision] = []
    async with moot:
        async for entry in (await moot.get(chat)).events(follow=False):
            if entry.kind == "decided":
                data = entry.data
                decision = Decision(
                    request=data["request"],
                    verdict=data["verdict"],
                    by=list(data.get("by") or ()),
                    reason=data.get("reason") or "",
                    timeout=bool(data.get("timeout")),
                    offset=entry.offset,
                )
                found.append(decision)
    return found
