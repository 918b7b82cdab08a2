"""Who asks, answers and decides, as the commands of a chat tell it, and who may."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

__all__ = ["ANYONE", "Person", "audience", "person_of"]

ANYONE = "anyone"
"""What a request waits for that everybody may decide."""


class Person(NamedTuple):
    """A person, as whoever sends a command vouches for it.

    Attributes:
        subject: Their id.
        roles: What they are, without `role:`.
        channel: How the command came, e.g. `http` or `cli`.
    """

    subject: str
    roles: tuple[str, ...] = ()
    channel: str = ""

    def among(self, people: Sequence[str]) -> bool:
        """Whether they are one of these, by id or by role; nobody named means everybody."""
        named = [name for name in people if not name.startswith("role:")]
        return not people or self.subject in named or any(f"role:{role}" in people for role in self.roles)

    def dump(self) -> dict[str, Any]:
        """As entries hold it."""
        roles = {"roles": list(self.roles)} if self.roles else {}
        channel = {"channel": self.channel} if self.channel else {}
        return {"subject": self.subject, **roles, **channel}


def person_of(by: object) -> Person | None:
    """The person in a command's `by`: an id, or `{"subject": id, "roles": [...], "channel": text}`; None if nobody."""
    if isinstance(by, str):
        return Person(by) if by else None
    if not isinstance(by, Mapping):
        return None
    told = cast(Mapping[str, Any], by)
    subject = told.get("subject")
    if not isinstance(subject, str) or not subject:
        return None
    return Person(subject, tuple(map(str, told.get("roles") or ())), str(told.get("channel") or ""))


def audience(people: Iterable[str]) -> list[str]:
    """Those who are waited for, as lists of chats are searched by: `person:ID`, `role:NAME`, or `anyone`."""
    found = [name if name.startswith("role:") else f"person:{name}" for name in people]
    return found or [ANYONE]
