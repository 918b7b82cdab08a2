"""What people are asked over all chats: read from what Temporal lists of them, where that tells it all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from temporalio.client import WorkflowExecution
from temporalio.service import RPCError

from folkmoot._chat.people import ANYONE, Person, audience
from folkmoot._temporal.names import MEMO_ASKED
from folkmoot.chat import PendingRequest
from folkmoot.errors import FolkmootError

from .chats import Chats
from .identity import Identity, Permission
from .listing import TEAM, Wanted, list_page
from .schemas import Inbox, InboxItem, PersonRequest

__all__ = ["Search", "may_decide", "people_of", "person_request", "search"]

_LOG = logging.getLogger(__name__)
AT_ONCE = 8
"""Chats that are asked at the same time."""
NAMED = 5
"""So many of those who may decide a list tells."""
PATIENCE = 5.0
"""Seconds in which a chat has to tell what it asks."""


@dataclass(frozen=True, slots=True)
class Search:
    """Which requests are looked for.

    Attributes:
        people: Only those that one of these may decide: ids, and roles as `role:NAME`; None: whoever may.
        anyone: Those, too, that everybody may decide.
        tenant: Only of this tenant's chats; None: of all.
        due_before: Only with a deadline before this time.
        overdue: Only those whose deadline is over.
    """

    people: tuple[str, ...] | None
    anyone: bool = True
    tenant: str | None = None
    due_before: datetime | None = None
    overdue: bool = False

    def waiting(self) -> tuple[str, ...]:
        """What chats with such requests wait for, as their search attribute tells it."""
        if self.people is None:
            return ()
        named = audience(self.people) if self.people else []
        return (*named, ANYONE) if self.anyone else tuple(named)

    def takes(self, item: InboxItem) -> bool:
        """Whether it is one of them."""
        if self.people is not None and set(self.waiting()).isdisjoint(item.who):
            return False
        due = _time(item.due)
        if self.due_before is not None and (due is None or due >= self.due_before):
            return False
        return item.overdue or not self.overdue


async def search(chats: Chats, identity: Identity, wanted: Search, limit: int, cursor: str | None) -> Inbox:
    """A page of what people are asked, the earliest deadline first.

    Args:
        chats: The server's chats.
        identity: Who looks.
        wanted: Which requests.
        limit: Chats that are looked into for a page.
        cursor: `next` of the page before.
    """
    due = wanted.due_before
    if wanted.overdue:
        now = datetime.now(UTC)
        due = now if due is None else min(now, due)
    filters = Wanted(
        people=wanted.waiting(), asks=wanted.people is None, due_before=due, tenant=wanted.tenant, living=True
    )
    if wanted.people is not None and not filters.people:
        return Inbox(requests=[], next=None)
    page, following = await list_page(chats.moot.client, filters, limit, cursor)
    slots = asyncio.Semaphore(AT_ONCE)

    async def asked(found: WorkflowExecution) -> list[InboxItem]:
        told = _Told(found.id, found.typed_search_attributes.get(TEAM) or "", (await found.memo()).get(MEMO_ASKED))
        if told.whole:
            return told.items()
        async with slots:
            return await _ask(chats, identity, told)

    items = [item for items in await asyncio.gather(*map(asked, page)) for item in items if wanted.takes(item)]
    items.sort(key=lambda item: (item.due is None, item.due or "", item.since))
    return Inbox(requests=items, next=following)


async def _ask(chats: Chats, identity: Identity, told: _Told) -> list[InboxItem]:
    """What a chat asks by its own words, as it is more than a list tells; if it does not answer, what that tells."""
    try:
        async with asyncio.timeout(PATIENCE), chats.chat(told.chat, identity) as chat:
            pending = await chat.pending()
    except (TimeoutError, FolkmootError, RPCError) as error:
        _LOG.warning("chat %r does not tell what it asks: %s", told.chat, error or type(error).__name__)
        return told.items()
    return [
        InboxItem(
            chat=told.chat,
            team=told.team,
            request=item.request,
            kind=item.kind,
            path=item.path,
            name=item.name,
            since=item.since,
            due=item.deadline,
            overdue=_late(item.deadline, item.overdue),
            who=audience(item.approvers),
        )
        for item in pending
    ]


@dataclass(frozen=True, slots=True)
class _Told:
    """What a list tells of the requests of a chat."""

    chat: str
    team: str
    asked: Mapping[str, Any] | None

    @property
    def whole(self) -> bool:
        """It is all there is."""
        asked = self.asked or {}
        return not asked.get("more") and all(len(item["who"]) < NAMED for item in asked.get("requests", ()))

    def items(self) -> list[InboxItem]:
        """The requests."""
        return [
            InboxItem.model_validate(
                {
                    "name": "",
                    "due": None,
                    **item,
                    "overdue": _late(item.get("due"), item.get("overdue", False)),
                    "chat": self.chat,
                    "team": self.team,
                }
            )
            for item in (self.asked or {}).get("requests", ())
        ]


def _late(due: str | None, overdue: bool) -> bool:
    """Whether a deadline is over, whatever the chat has noted of it."""
    end = _time(due)
    return overdue or (end is not None and end <= datetime.now(UTC))


def person_request(chat_id: str, item: PendingRequest) -> PersonRequest:
    """A request as the API tells it."""
    late = _late(item.deadline, item.overdue)
    return PersonRequest.model_validate({**asdict(item), "chat": chat_id, "overdue": late})


def may_decide(identity: Identity, request: PendingRequest | None) -> bool:
    """Whether somebody may decide by their role here, or because a request names them.

    Of a request that is not open the chat tells what became of it.
    """
    if identity.may(Permission.DECIDE) or request is None:
        return True
    return bool(request.approvers) and Person(identity.subject, tuple(identity.roles)).among(request.approvers)


def people_of(identity: Identity) -> tuple[str, ...]:
    """How requests name somebody."""
    return (identity.subject, *(f"role:{role}" for role in sorted(identity.roles)))


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
