"""Lists of chats: read from search attributes in pages, without asking a worker."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import datetime

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from folkmoot._temporal.filters import quoted
from folkmoot._temporal.names import WORKFLOW
from folkmoot.errors import BadCommandError

from .chats import TENANT
from .schemas import ChatState, ChatSummary

__all__ = ["Wanted", "list_page", "summary_of"]

STATUS = SearchAttributeKey.for_keyword("ChatStatus")
TEAM = SearchAttributeKey.for_keyword("ChatTeam")
TURNS = SearchAttributeKey.for_int("ChatTurns")
TOKENS = SearchAttributeKey.for_int("ChatTokens")
WAITING_FOR = SearchAttributeKey.for_keyword_list("ChatWaitingFor")
DUE = SearchAttributeKey.for_datetime("ChatDue")

_NO_CURSOR = "The cursor is none that a page of this list gave."
_BAD_TOKEN = {RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.INTERNAL, RPCStatusCode.UNKNOWN}
_DIGEST = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which chats are asked for; None: whatever they are.

    Attributes:
        status: Of this status.
        team: Of the team of this name.
        waiting_for: Waiting for this.
        prefix: Whose ids begin so.
        due_before: With a deadline before this time, UTC.
        tenant: Of this tenant.
        people: Waiting for one of these; empty: for whatever.
        asks: Waiting for something.
        living: Not closed.
        broken: Closed by something else than a command of theirs: failed, terminated, timed out.
        unbegun: Not closed, and no worker has begun with them.
    """

    status: ChatState | None = None
    team: str | None = None
    waiting_for: str | None = None
    prefix: str | None = None
    due_before: datetime | None = None
    tenant: str | None = None
    people: tuple[str, ...] = ()
    asks: bool = False
    living: bool = False
    broken: bool = False
    unbegun: bool = False

    def query(self) -> str:
        """The list filter."""
        parts = [f"WorkflowType = '{WORKFLOW}'", "ExecutionStatus != 'ContinuedAsNew'"]
        if self.status is ChatState.CLOSED:
            parts.append("ExecutionStatus != 'Running'")
        elif self.status is not None:
            parts.append(f"ExecutionStatus = 'Running' AND ChatStatus = '{self.status}'")
        texts = {"ChatTeam": self.team, "ChatWaitingFor": self.waiting_for, "ChatTenant": self.tenant}
        parts += [f"{name} = {quoted(value)}" for name, value in texts.items() if value is not None]
        if self.people:
            parts.append(f"ChatWaitingFor IN ({', '.join(map(quoted, self.people))})")
        if self.asks:
            parts.append("ChatWaitingFor IS NOT NULL")
        if self.living or self.unbegun:
            parts.append("ExecutionStatus = 'Running'")
        if self.unbegun:
            parts.append("ChatStatus IS NULL")
        if self.broken:
            parts.append("ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut', 'Canceled')")
        if self.prefix:
            parts.append(f"WorkflowId STARTS_WITH {quoted(self.prefix)}")
        if self.due_before is not None:
            due = self.due_before.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            parts.append(f"ChatDue < '{due}'")
        return " AND ".join(parts)


async def list_page(
    client: Client, wanted: Wanted, limit: int, cursor: str | None
) -> tuple[list[WorkflowExecution], str | None]:
    """A page of chats as the server lists them, newest first, and the cursor of the next; None: there is none.

    Raises:
        BadCommandError: The cursor is none that a page gave.
    """
    query = wanted.query()
    found = client.list_workflows(query, page_size=limit, next_page_token=_token(cursor, query))
    try:
        await found.fetch_next_page()
    except RPCError as error:
        if cursor is not None and error.status in _BAD_TOKEN:
            raise BadCommandError(_NO_CURSOR) from None
        raise
    following = found.next_page_token
    page = [*(found.current_page or ())]
    if wanted.tenant is not None:
        # What keeps tenants apart does not rest on how a filter is read.
        page = [item for item in page if (item.typed_search_attributes.get(TENANT) or "") == wanted.tenant]
    return page, _cursor(following, query) if following else None


def _cursor(token: bytes, query: str) -> str:
    return base64.urlsafe_b64encode(_digest(token, query) + token).decode()


def _token(cursor: str | None, query: str) -> bytes | None:
    """The server's token in a cursor.

    A server takes seconds to find out that a token is none of its own: so what was mistyped, or is of another list, is
    found out here.
    """
    if cursor is None:
        return None
    try:
        data = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadCommandError(_NO_CURSOR) from None
    digest, token = data[:_DIGEST], data[_DIGEST:]
    if digest != _digest(token, query):
        raise BadCommandError(_NO_CURSOR)
    return token


def _digest(token: bytes, query: str) -> bytes:
    return hashlib.blake2b(token, key=hashlib.sha256(query.encode()).digest(), digest_size=_DIGEST).digest()


def summary_of(found: WorkflowExecution) -> ChatSummary:
    """A line of a list."""
    attributes = found.typed_search_attributes
    running = found.status == WorkflowExecutionStatus.RUNNING
    return ChatSummary(
        id=found.id,
        status=ChatState(attributes.get(STATUS) or ChatState.IDLE) if running else ChatState.CLOSED,
        team=attributes.get(TEAM) or "",
        tenant=attributes.get(TENANT) or "",
        turns=attributes.get(TURNS) or 0,
        tokens=attributes.get(TOKENS) or 0,
        waiting_for=list(attributes.get(WAITING_FOR) or ()) if running else [],
        due=attributes.get(DUE) if running else None,
        started=found.start_time,
        closed=None if running else found.close_time,
    )
