"""A chat read as a whole, up to a place: its state there, and all its views, made in this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from folkmoot._chat.agent_state import StateView
from folkmoot._chat.context import AgentContext
from folkmoot._chat.log import Entry, Log
from folkmoot._chat.plan import Plan
from folkmoot._chat.saving import save
from folkmoot._chat.snapshots import past_in
from folkmoot._chat.specs import Team, first_team, team_at, team_of
from folkmoot._chat.state import ChatState
from folkmoot._chat.thread import ThreadView
from folkmoot.errors import BadCommandError

from .pages import LogPages

__all__ = ["Whole", "read_whole"]


class Whole:
    """A chat up to the entry at `offset`, that entry included.

    Args:
        team: Its spec there.
        uuid: Its uuid.
        log: All of its log up to there.
        offset: Where.
        blobs: Contents that lie in the store.
        first: The spec it began with; None: it never changed.
    """

    def __init__(
        self, team: Team, uuid: str, log: Log, offset: int, blobs: Mapping[str, str], first: Team | None = None
    ) -> None:
        self.first = team if first is None else first
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
        return past_in(self.first, self.uuid, self.log, ChatState(), self.offset)[0]

    def saved(self) -> dict[str, Any]:
        """The state there as AutoGen's JSON, with our key."""
        return save(self.plan, self.uuid, self.log, self.offset, self.state(), self, self.blobs)


async def read_whole(pages: LogPages, offset: int | None = None) -> Whole:
    """Read a chat up to `offset`; None: up to its end.

    Raises:
        BadCommandError: There is no such entry.
    """
    team = team_of(await pages.query("spec"))
    log = Log()
    # All of it: who takes part at a place is told by changes that come after it, too.
    while entries := await pages.fetch(log.head):
        for entry in entries:
            log.extend(entry)
    last = log.head - 1 if offset is None else offset
    if not 0 <= last < log.head:
        raise BadCommandError(f"There is no entry {last}; the log ends at {log.head - 1}.")
    wanted: list[Entry] = [entry for first, end in log.branch(last + 1) for entry in log.after(first, end)]
    blobs = await pages.contents(wanted)
    return Whole(team_at(log, last + 1, team), pages.uuid, log, last, blobs, first_team(log, team))
