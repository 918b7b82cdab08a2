"""The paths of chats that tell others of what happens in them (see `paths`)."""

from __future__ import annotations

import asyncio

from folkmoot import HistoryLimits, RoundRobinGroupChat, UserProxyAgent
from folkmoot.notices import Notice, SinkRefusedError
from tests.replay.stage import Stage, patiently
from tests.replay.steps import Path, answer, continued, has

__all__ = ["NOTICE_PATHS"]


class Closed:
    """A sink that wants nothing."""

    async def send(self, notice: Notice) -> None:
        """Refuse it."""
        raise SinkRefusedError("closed")


class Away:
    """A sink that takes nothing for now."""

    async def send(self, notice: Notice) -> None:
        """Be away."""
        raise OSError("away")


async def told(stage: Stage) -> str:
    """A request, its answer and the end of the run are told to one who listens and to one who refuses."""
    stage.plugin.registry.add_sinks({"closed": Closed()})
    team = RoundRobinGroupChat([UserProxyAgent("editor")], max_turns=1, notify=["log", "closed"])
    chat = await stage.open(team)
    run = asyncio.create_task(chat.run(task="Write"))
    await answer(chat, "fine")
    await run
    await patiently(lambda: has(chat, "undelivered", 3), what="all refusals")
    return chat.id


async def told_in_vain(stage: Stage) -> str:
    """Nobody takes the notices: they are carried along, and handed over when the chat is closed."""
    stage.plugin.registry.add_sinks({"away": Away()})
    stage.script(*[f"draft {n}" for n in range(12)])
    limits = HistoryLimits(events=60, resting_events=40, resting_age=0)
    chat = await stage.open(stage.pair(max_turns=6, notify=["away"]), limits=limits)
    await chat.run(task="Write")
    await chat.run(task="Again")
    await patiently(lambda: continued(chat, 1), what="a continuation")
    await chat.close()
    return chat.id


NOTICE_PATHS: tuple[Path, ...] = (told, told_in_vain)
