"""What was said in the chat that another was forked from, up to there: read from that chat, and marked as its."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from folkmoot._chat.log import stretches
from folkmoot._client.whole import entries_in
from folkmoot.chat import ChatEvent
from folkmoot.errors import BadCommandError, ChatNotFoundError
from folkmoot.server.handles import RequestChat

from .looking import Look
from .transcript import Item, Transcript
from .window import SIZE

__all__ = ["Origin", "origin_in", "read_inherited"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a chat was forked from.

    Attributes:
        chat: The other chat's id.
        uuid: Its uuid: an id can be used again.
        offset: Of the last entry that both have.
        here: Offset of the entry that says so.
    """

    chat: str
    uuid: str
    offset: int
    here: int


def origin_in(event: ChatEvent) -> Origin | None:
    """Where a chat was forked from, by an entry of its log; None: the entry does not tell."""
    told: Mapping[str, Any] = event.data.get("origin") or {}
    if event.kind != "loaded" or not told:
        return None
    return Origin(str(told["chat"]), str(told["uuid"]), int(told["offset"]), event.offset)


async def read_inherited(look: Look, origin: Origin) -> tuple[list[Item], int]:
    """The last of what was said there on the branch that was forked, and the offset it begins at; 0: it is all of it.

    Raises:
        ChatNotFoundError: The chat is not there any more, or is another's.
        FolkmootError: It cannot be read now.
    """
    found = await look.site.chats.find(origin.chat, look.identity)
    async with look.site.chats.hold(found, look.identity) as chat:
        if await chat.uuid() != origin.uuid:
            raise ChatNotFoundError(f"Chat {origin.chat!r} is another one by now.", chat_id=origin.chat)
        end = origin.offset + 1
        ways = stretches(await _jumps(chat, origin.offset), end)
        first = max(0, end - SIZE)
        entries = [
            entry
            for entry in await entries_in(chat.pages, first, end)
            if any(begin <= entry.offset < until for begin, until in ways)
        ]
        made = Transcript()
        for entry in entries:
            made.add(await chat.event(entry))
    return [item for item in made.items if item.mark is None], first


async def _jumps(chat: RequestChat, offset: int) -> list[tuple[int, int]]:
    """Where the branch that goes through an entry goes on after an earlier one."""
    try:
        state: Mapping[str, Any] = (await chat.snapshot(offset))["state"]
    except BadCommandError:
        # It was forked as it was then, between two snapshots.
        state = (await chat.pages.query("state"))["state"]
    return [(there, back) for there, back in state.get("jumps", ()) if there <= offset]
