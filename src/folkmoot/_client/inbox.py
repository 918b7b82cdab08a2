"""What people are asked in all chats, read from what Temporal lists of them: no chat and no worker is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from temporalio.client import Client
from temporalio.common import SearchAttributeKey

from folkmoot._chat.people import ANYONE, audience
from folkmoot._temporal import names
from folkmoot._temporal.filters import quoted

__all__ = ["InboxItem", "inbox"]

_WAITING_FOR = "ChatWaitingFor"
_TEAM = SearchAttributeKey.for_keyword("ChatTeam")


@dataclass(frozen=True, slots=True)
class InboxItem:
    """A request to people, in short; `Chat.pending` tells it in full.

    Attributes:
        chat: The chat's id.
        team: Its team's name.
        request: The request's id.
        kind: See `PendingRequest.kind`.
        path: Who asks.
        name: The tool's name.
        since: ISO 8601, UTC.
        due: Its deadline, ISO 8601 in UTC; None: there is none.
        overdue: The deadline is over, and the chat goes on waiting.
        who: Who may decide, at most five of them: `person:ID`, `role:NAME`, or `anyone`.
        more: How many more the chat asks than its list tells.
    """

    chat: str
    team: str
    request: str
    kind: str
    path: str
    name: str
    since: str
    due: str | None
    overdue: bool
    who: tuple[str, ...]
    more: int


async def inbox(
    client: Client, people: Sequence[str] | None, tenant: str | None, due_before: str | None
) -> AsyncIterator[InboxItem]:
    """What is asked of these people, in no order: visibility stores cannot sort.

    Args:
        client: A connected client.
        people: Ids, and roles as `role:NAME`, besides what everybody may decide; None: whatever is asked of anybody.
        tenant: Only of this tenant's chats; None: of all.
        due_before: ISO 8601: only of chats of which something is due before.
    """
    parts = [f"WorkflowType = '{names.WORKFLOW}'", "ExecutionStatus = 'Running'"]
    mine = {*audience(people), ANYONE} if people else {ANYONE}
    if people is None:
        parts.append("ChatStatus = 'waiting'")
    else:
        parts.append(f"{_WAITING_FOR} IN ({', '.join(quoted(who) for who in sorted(mine))})")
    if tenant is not None:
        parts.append(f"ChatTenant = {quoted(tenant)}")
    if due_before is not None:
        parts.append(f"ChatDue < {quoted(due_before)}")
    async for found in client.list_workflows(" AND ".join(parts)):
        told: dict[str, Any] = (await found.memo()).get(names.MEMO_ASKED) or {}
        team = found.typed_search_attributes.get(_TEAM) or ""
        for item in told.get("requests", ()):
            # Of whom a list does not tell all, it was found for one of these.
            if people is None or item.get("cut") or not mine.isdisjoint(item["who"]):
                yield InboxItem(
                    chat=found.id,
                    team=team,
                    request=item["request"],
                    kind=item["kind"],
                    path=item["path"],
                    name=item.get("name", ""),
                    since=item["since"],
                    due=item.get("due"),
                    overdue=item.get("overdue", False),
                    who=tuple(item["who"]),
                    more=told.get("more", 0),
                )
