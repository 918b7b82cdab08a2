"""A chat read as a whole, up to a place: its state there, and all its views, made in this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from folkmoot._chat.agent_state import StateView
from folkmoot._chat.context import AgentContext
from folkmoot._chat.log import NOTHING, Entry, Log
from folkmoot._chat.plan import Plan
from folkmoot._chat.saving import save
from folkmoot._chat.snapshots import past_at, past_in
from folkmoot._chat.specs import Team, team_at, team_of
from folkmoot._chat.state import ChatState
from folkmoot._chat.thread import ThreadView

from .pages import LogPages

__all__ = ["Whole", "entries_in", "read_branch"]

NEAR = 64
"""So many entries are looked at together for what a loaded state brought along."""


class Whole:
    """A chat up to the entry at `offset`, that entry included.

    Args:
        team: Its spec there.
        uuid: Its uuid.
        log: All of its log up to there, or all of the branch that ends there.
        offset: Where.
        blobs: Contents that lie in the store.
        state: The engine's state there; None: it is made of the log, which then begins with the chat, of this team.
    """

    def __init__(
        self,
        team: Team,
        uuid: str,
        log: Log,
        offset: int,
        blobs: Mapping[str, str],
        state: ChatState | None = None,
    ) -> None:
        self.team = team
        self.uuid = uuid
        self.log = log
        self.offset = offset
        self.blobs = blobs
        self.plan = Plan(team)
        self._state = state

    def context(self, path: str) -> AgentContext:
        """A seat's model context there."""
        view = AgentContext(self.plan, self.uuid, self.plan.seats[path])
        view.read(self.log, self.offset + 1, self.blobs)
        return view

    def thread(self, path: str) -> ThreadView:
        """A node's conversation there."""
        view = ThreadView(self.plan, self.uuid, self.plan.nodes[path])
        view.read(self.log, self.offset + 1, self.blobs)
        return view

    def agent_state(self, path: str) -> StateView:
        """A custom agent's state there."""
        view = StateView(path)
        view.read(self.log, self.offset + 1, self.blobs)
        return view

    def state(self) -> ChatState:
        """The engine's state there."""
        if self._state is not None:
            return self._state.model_copy(deep=True)
        return past_in(self.team, self.uuid, self.log, ChatState(), self.offset)[0]

    def saved(self) -> dict[str, Any]:
        """The state there as AutoGen's JSON, with our key."""
        return save(self.plan, self.uuid, self.log, self.offset, self.state(), self, self.blobs)


async def read_branch(pages: LogPages, offset: int | None = None) -> Whole:
    """Read the branch that ends at a snapshot, or with the present; of a long chat no more than its views need.

    They need it from the last state that was loaded on it, or from the chat's beginning: AutoGen's state has all that
    was said. What comes after the snapshot is left where it is, if it is sealed.

    Args:
        pages: Reads the chat's log.
        offset: The snapshot's; None: the present.

    Raises:
        BadCommandError: There is no such snapshot.
    """
    spec, team, end = team_of(await pages.query("spec")), None, None
    if offset is None:
        data = await pages.query("state")
        last, state = data["offset"], ChatState.load(data["state"])
    else:
        last, data = offset, await pages.query("snapshot", {"offset": offset})
        if "segments" in data:
            sealed = await pages.sealed_chat(await pages.leaf(data["segments"], offset))
            state, team = past_at(sealed, offset)
            end = offset + 1
        else:
            state = ChatState.load(data["state"])
    first = await _beginning(pages, state)
    log = Log(first)
    for entry in await entries_in(pages, first, end):
        log.extend(entry)
    # Of what the chat itself holds all is read: who took part is told by changes that came after, too.
    found = team_at(log, last + 1, spec) if team is None else team
    return Whole(found, pages.uuid, log, last, await _contents(pages, log, last), state=state)


async def _beginning(pages: LogPages, state: ChatState) -> int:
    """Where views begin to read the branch that ends with a state."""
    first = state.jumps[0][0] if state.jumps and state.jumps[0][1] == NOTHING else 0
    if state.epoch > first and (await pages.fetch(state.epoch))[0].kind == "loaded":
        # The team was changed, with which everything is said anew.
        first = state.epoch
    while first > 0:
        # What a loaded state refers to stands before it.
        before = await entries_in(pages, max(0, first - NEAR), first)
        others = [entry.offset for entry in before if entry.kind != "copied"]
        if others:
            return others[-1] + 1
        first = before[0].offset
    return first


async def entries_in(pages: LogPages, first: int, end: int | None = None) -> list[Entry]:
    """The entries from `first` on, before `end`; None: all there are."""
    if end is not None and first >= end:
        return []
    found: list[Entry] = []
    async for entry in pages.present(first):
        found.append(entry)
        if entry.offset + 1 == end:
            break
    return found


async def _contents(pages: LogPages, log: Log, last: int) -> dict[str, str]:
    """What the branch that ends with entry `last` refers to in the store."""
    return await pages.contents(entry for first, end in log.branch(last + 1) for entry in log.after(first, end))
