"""A chat read as a whole, up to a place: its state there, and all its views, made in this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from folkmoot._chat.agent_state import StateView
from folkmoot._chat.context import AgentContext
from folkmoot._chat.engine import Chat as EngineChat
from folkmoot._chat.log import Entry, Log
from folkmoot._chat.plan import Plan
from folkmoot._chat.saving import save
from folkmoot._chat.snapshots import state_at
from folkmoot._chat.state import ChatState
from folkmoot._chat.thread import ThreadView
from folkmoot._spec import AgentSpec, load_spec
from folkmoot.errors import BadCommandError
from folkmoot.teams import TeamSpec

from .pages import LogPages

__all__ = ["Whole", "read_whole"]


class Whole:
    """A chat up to the entry at `offset`, that entry included.

    Args:
        team: Its spec.
        uuid: Its uuid.
        log: All of its log up to there.
        offset: Where.
        blobs: Contents that lie in the store.
    """

    def __init__(self, team: TeamSpec | AgentSpec, uuid: str, log: Log, offset: int, blobs: Mapping[str, str]) -> None:
        self.team = team
        self.uuid = uuid
        self.log = log
        self.offset = offset
        self.blobs = blobs
        self.plan = Plan(team)

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
        return state_at(EngineChat(self.team, self.uuid, self.log), self.offset)

    def saved(self) -> dict[str, Any]:
        """The state there as AutoGen's JSON, with our key."""
        return save(self.plan, self.uuid, self.log, self.offset, self.state(), self, self.blobs)


async def read_whole(pages: LogPages, offset: int | None = None) -> Whole:
    """Read a chat up to `offset`; None: up to its end.

    Raises:
        BadCommandError: There is no such entry.
    """
    team = load_spec(await pages.query("spec"))
    assert isinstance(team, TeamSpec | AgentSpec)
    log = Log()
    while (offset is None or log.head <= offset) and (entries := await pages.fetch(log.head)):
        for entry in entries:
            log.extend(entry)
    last = log.head - 1 if offset is None else offset
    if not 0 <= last < log.head:
        raise BadCommandError(f"There is no entry {last}; the log ends at {log.head - 1}.")
    wanted: list[Entry] = [entry for first, end in log.branch(last + 1) for entry in log.after(first, end)]
    return Whole(team, pages.uuid, log, last, await pages.contents(wanted))
