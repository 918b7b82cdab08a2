"""What a process and its tools read of a chat beyond what a run gives back: what people decided in it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from temporalio import activity

from activities.contracts import Decision
from folkmoot import Folkmoot
from folkmoot.store import open_store

__all__ = ["STORE", "decisions_in", "decisions_of"]

STORE = "FOLKMOOT_STORE"
"""Environment variable: the store of the workers."""


@activity.defn
async def decisions_of(chat: str) -> list[Decision]:
    """What people decided in a chat, oldest first, as its log tells it.

    Args:
        chat: Its id; it may be closed, but its worker must run.
    """
    return await decisions_in(chat)


async def decisions_in(chat: str) -> list[Decision]:
    """The same for a tool that is called in the chat; from an activity only.

    What was decided on a branch that was left since counts, too: people meant it.

    Args:
        chat: The chat's id.
    """
    # A long chat's log lies partly in the store, which is the worker's.
    url = os.environ.get(STORE)
    moot = Folkmoot(activity.client(), queue=activity.info().task_queue, store=open_store(url) if url else None)
    asked: dict[str, Mapping[str, Any]] = {}
    voters: dict[tuple[str, str], list[str]] = {}
    found: list[Decision] = []
    async with moot:
        async for entry in (await moot.get(chat)).events(follow=False):
            data = entry.data
            match entry.kind:
                case "request":
                    asked[data["request"]] = data
                case "vote":
                    # The last vote of each is that on the arguments as they were decided.
                    voters[data["request"], data["by"]["subject"]] = list(data["by"].get("roles") or ())
                case "decided":
                    found.append(_decision(entry.offset, data, asked.get(data["request"], {}), voters))
                case _:
                    pass
    return found


def _decision(
    offset: int, data: Mapping[str, Any], asked: Mapping[str, Any], voters: Mapping[tuple[str, str], list[str]]
) -> Decision:
    by: list[str] = list(data.get("by") or ())
    return Decision(
        request=data["request"],
        verdict=data["verdict"],
        by=by,
        roles={person: voters.get((data["request"], person), []) for person in by},
        tool=asked.get("name", "") if data.get("for") == "approval" else "",
        arguments=_arguments(data.get("arguments", asked.get("arguments"))),
        reason=data.get("reason") or "",
        timeout=bool(data.get("timeout")),
        offset=offset,
    )


def _arguments(told: Any) -> dict[str, Any] | None:
    """Arguments as JSON; None: there are none, or none that a tool takes."""
    try:
        read = json.loads(told) if isinstance(told, str) else told
    except ValueError:
        return None
    return dict(read) if isinstance(read, dict) else None  # pyright: ignore[reportUnknownArgumentType]
