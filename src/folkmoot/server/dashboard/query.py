"""Which chats an address asks for: the filters of the list are its query string, so they can be kept and sent on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from folkmoot.errors import BadCommandError
from folkmoot.server.identity import Identity
from folkmoot.server.listing import Wanted
from folkmoot.server.schemas import ChatState

from .boards import this_minute

__all__ = ["OVERDUE", "Filters"]

OVERDUE = "overdue"
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of an address; empty: none.

    Attributes:
        status: Of this status.
        search: Whose ids begin so.
        team: Of the team of this name.
        waiting: Waiting for this.
        tenant: Of this tenant.
        due: `overdue`: past their deadline; or a time, ISO 8601: with one before it.
        cursor: Of the page.
    """

    status: str = ""
    search: str = ""
    team: str = ""
    waiting: str = ""
    tenant: str = ""
    due: str = ""
    cursor: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Filters:
        """Those of a query string; what it has besides does not matter.

        Raises:
            BadCommandError: A value is none.
        """
        given = {name: query.get(name, "").strip() for name in cls.__slots__}
        for name, value in given.items():
            if name != "cursor" and len(value) > _LONGEST:
                raise BadCommandError(f"The filter {name!r} is longer than {_LONGEST} characters.")
        found = cls(**given)
        if found.status and found.status not in set(ChatState):
            raise BadCommandError(f"Status {found.status!r}: expected one of {', '.join(ChatState)}.")
        found.before()
        return found

    def before(self) -> datetime | None:
        """The time before which deadlines are asked for.

        Raises:
            BadCommandError: It is none.
        """
        if self.due in ("", OVERDUE):
            return this_minute() if self.due else None
        try:
            time = datetime.fromisoformat(self.due)
        except ValueError:
            time = None
        if time is None or time.tzinfo is None:
            raise BadCommandError(f"Due {self.due!r}: expected 'overdue', or a time such as 2030-01-31T12:00+00:00.")
        return time

    @property
    def any(self) -> bool:
        """Whether something is filtered, but for the page."""
        return replace(self, cursor="") != Filters()

    def wanted(self, identity: Identity) -> Wanted:
        """Which chats they ask for, of those that somebody may see.

        Raises:
            ForbiddenError: They ask for another tenant's.
            BadCommandError: A value cannot be looked for.
        """
        whose = None if not self.tenant and identity.all_tenants else identity.tenant_of(self.tenant or None)
        wanted = Wanted(
            status=ChatState(self.status) if self.status else None,
            team=self.team or None,
            waiting_for=self.waiting or None,
            prefix=self.search or None,
            due_before=self.before(),
            tenant=whose,
            living=bool(self.due),
        )
        wanted.query()
        return wanted

    def but(self, **changes: str) -> str:
        """The query string with other values, from the first page on; begins with "?" unless it is empty."""
        changed = replace(self, **{"cursor": "", **changes})
        given = {name: value for name in self.__slots__ if (value := getattr(changed, name))}
        return f"?{urlencode(given)}" if given else ""
