"""What lists, inboxes and dashboards read without a worker: search attributes, and Temporal's current-details line.

An upsert is an event, so it is written when the status changes, else at most every 20 turns or 30 s.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributeUpdate

from folkmoot._chat.deadlines import approvers, deadline
from folkmoot._chat.engine import Chat
from folkmoot._chat.people import audience
from folkmoot._chat.state import ChatState

from . import names
from .memos import asked_of
from .payloads import ChatInput

__all__ = ["STATUS", "Visibility"]

STATUS = SearchAttributeKey.for_keyword("ChatStatus")
TEAM = SearchAttributeKey.for_keyword("ChatTeam")
TENANT = SearchAttributeKey.for_keyword("ChatTenant")
WAITING_FOR = SearchAttributeKey.for_keyword_list("ChatWaitingFor")
DUE = SearchAttributeKey.for_datetime("ChatDue")
TURNS = SearchAttributeKey.for_int("ChatTurns")
TOKENS = SearchAttributeKey.for_int("ChatTokens")

EVERY_TURNS = 20
EVERY = timedelta(seconds=30)


def _due(state: ChatState) -> str | None:
    """The earliest deadline of what people are asked."""
    return min((end for item in state.requests.values() if (end := deadline(item)) is not None), default=None)


def _audiences(state: ChatState) -> list[str]:
    """Whom the chat waits for."""
    return list(dict.fromkeys(who for item in state.requests.values() for who in audience(approvers(item))))


class Visibility:
    """Writes what is shown of one chat."""

    def __init__(self, chat: Chat, data: ChatInput) -> None:
        self._chat = chat
        self._tenant = data.tenant
        self.shown: list[Any] = list(data.shown)
        """Status, waits and turn as last written; carried over continue-as-new, where attributes stay."""
        self.cleared = False
        """A search attribute was taken away in this run."""
        self._at: datetime | None = None

    def write(self, now: datetime, *, run_ended: bool = False) -> None:
        """Write what changed, if it is time to; at a run's end always, as that wakes those who wait for it."""
        state = self._chat.state
        status, due = state.summary, _due(state)
        waits = [*state.waiting_for, *_audiences(state)]
        self._details(status, state.waiting_for)
        self._at = self._at or now
        first = not self.shown
        late, asked = ([*self.shown[3:], None, None])[:2]
        asks = asked_of(state) if state.requests else None
        if asks != asked:
            workflow.upsert_memo({names.MEMO_ASKED: asks})
        if not first and not run_ended and (self.shown[:2], late, asked) == ([status, waits], due, asks):
            turns = state.turn - self.shown[2]
            if turns < EVERY_TURNS and (turns == 0 or now - self._at < EVERY):
                return
        updates: list[SearchAttributeUpdate[Any]] = [TURNS.value_set(state.turn), TOKENS.value_set(state.tokens)]
        if first or run_ended or self.shown[0] != status:
            updates.append(STATUS.value_set(status))
        if first:
            updates.append(TEAM.value_set(self._chat.team.name))
            updates.append(TENANT.value_set(self._tenant))
        if (waits and first) or (not first and self.shown[1] != waits):
            updates.append(WAITING_FOR.value_set(waits))
        if due != late:
            self.cleared = self.cleared or due is None
            updates.append(DUE.value_unset() if due is None else DUE.value_set(datetime.fromisoformat(due)))
        workflow.upsert_search_attributes(updates)  # pyright: ignore[reportUnknownMemberType]
        asking = [due, asks] if asks else []
        self.shown, self._at = [status, waits, state.turn, *asking], now

    def _details(self, status: str, waits: list[str]) -> None:
        state = self._chat.state
        lines = [f"**{self._chat.team.name}**: {status}, run {state.run}, turn {state.turn}, {state.tokens} tokens"]
        if state.speakers:
            lines.append(f"Speaking: {', '.join(state.speakers)}")
        lines += [f"Waiting for `{reason}`" for reason in waits]
        if state.error is not None:
            lines.append(f"Last run failed: {state.error['type']}: {state.error['message'][:200]}")
        elif state.stop_reason:
            lines.append(f"Last run: {state.stop_reason}")
        workflow.set_current_details("\n\n".join(lines))
