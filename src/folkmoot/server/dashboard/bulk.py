"""The same command for several chats: what it does to work in flight is said first, what became of each afterwards."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from folkmoot.server.chats import Chats
from folkmoot.server.handles import RequestChat
from folkmoot.server.identity import Identity

from .errors import EXPECTED, told

__all__ = ["VERBS", "Outcome", "Verb", "command_lines", "command_them"]

AT_ONCE = 8
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Verb:
    """A command that several chats can be given at once.

    Attributes:
        name: As the command line has it.
        label: On its button.
        done: What became of a chat that took it.
        effect: What it does, to work in flight too.
        do: Gives it.
        danger: What it does cannot be taken back.
    """

    name: str
    label: str
    done: str
    effect: str
    do: Callable[[RequestChat], Awaitable[object]]
    danger: bool = False


VERBS = (
    Verb(
        "pause",
        "Pause",
        "takes no new step",
        "No new step begins until the chat is resumed. Calls to models and tools that are in flight finish, and what "
        "they return is kept.",
        lambda chat: chat.pause(),
    ),
    Verb(
        "resume",
        "Resume",
        "goes on",
        "A chat that was paused goes on where it stood, and nothing is done twice. One that was not stays as it is.",
        lambda chat: chat.resume(),
    ),
    Verb(
        "stop",
        "Stop",
        "ends its run after the turn",
        "The run ends after the current turn, which is finished and kept, calls in flight included. The chat stays "
        "open and can be run again. In an idle chat, the next run ends after its task.",
        lambda chat: chat.stop(),
        danger=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command to one chat.

    Attributes:
        id: The chat.
        text: What is said of it.
        done: It was taken.
    """

    id: str
    text: str
    done: bool


async def command_them(chats: Chats, identity: Identity, verb: Verb, ids: Sequence[str]) -> list[Outcome]:
    """Give chats a command, a few at a time; one that refuses it keeps none of the others from it."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(id: str) -> Outcome:
        async with slots:
            try:
                async with chats.chat(id, identity) as chat:
                    await verb.do(chat)
            except EXPECTED as error:
                return Outcome(id, told(error), False)
        return Outcome(id, verb.done, True)

    return [*await asyncio.gather(*map(one, ids))]


def command_lines(verb: Verb, ids: Sequence[str]) -> str:
    """The same as a line of a shell."""
    if len(ids) > _SHOWN:
        return f'for chat in {shlex.join(ids)}; do folkmoot {verb.name} "$chat"; done'
    return "; ".join(shlex.join(["folkmoot", verb.name, chat]) for chat in ids)
