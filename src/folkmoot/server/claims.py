"""What a token says of its bearer, whichever kind of token it is; and how roles are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

from .refusals import TokenRefusedError

__all__ = ["LEEWAY", "ROLES", "Claims", "roles_of", "text_of", "texts_of"]

ROLES = ("viewer", "operator", "designer", "approver", "admin")
"""The API's own roles, as they are told. Any other role is one that approval policies name."""
LEEWAY = 10.0
"""Seconds that the clocks of who issues a token and who reads it may differ."""
_LONGEST = 256
"""Characters of a subject, a role or a tenant; each is written to logs with every decision."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token that was verified says.

    Attributes:
        subject: Who bears it.
        roles: What they are: the API's roles, and those that approval policies name.
        tenant: Whose chats they see.
        tenants: `("*",)` with an admin's token of no tenant: those of all.
        name: What to call them.
        token_id: The token's own id, for logs.
        expires: When it ends, UTC.
    """

    subject: str
    roles: frozenset[str] = frozenset()
    tenant: str = ""
    tenants: tuple[str, ...] = ()
    name: str = ""
    token_id: str = ""
    expires: datetime | None = None

    @classmethod
    def of(
        cls,
        payload: Mapping[str, Any],
        *,
        subject: str = "sub",
        roles: str = "roles",
        tenant: str = "tenant",
        tenants: str | None = "tenants",
        name: str = "name",
    ) -> Claims:
        """The claims of a verified token's payload, from the claims of these names.

        A name with dots that is no claim itself is the way into objects: `realm_access.roles`. Without a name for
        `tenants` no claim counts as that.

        Raises:
            TokenRefusedError: A claim is none of the kind that is needed.
        """
        who = text_of(payload, subject)
        if not who:
            raise TokenRefusedError(f"The token has no claim {subject!r}, which would tell whose it is.")
        if who.startswith("role:"):
            # Policies name roles like that: nobody can be one.
            raise TokenRefusedError(f"The token's claim {subject!r} is a role; expected the id of somebody.")
        return cls(
            subject=who,
            roles=frozenset(texts_of(payload, roles)),
            tenant=text_of(payload, tenant),
            tenants=() if tenants is None else texts_of(payload, tenants),
            name=text_of(payload, name),
            token_id=text_of(payload, "jti"),
            expires=datetime.fromtimestamp(payload["exp"], UTC),
        )

    def with_roles(self, roles: Iterable[str]) -> Claims:
        """The same with other roles."""
        return replace(self, roles=frozenset(roles))


def roles_of(text: str) -> tuple[str, ...]:
    """The roles in a text, with blanks or commas between."""
    return tuple(text.replace(",", " ").split())


def text_of(payload: Mapping[str, Any], name: str) -> str:
    """A text claim; empty: there is none.

    Raises:
        TokenRefusedError: It is none, or too long.
    """
    found = _found(payload, name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise TokenRefusedError(f"The token's claim {name!r} is no text.")
    return _short(found, name)


def texts_of(payload: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A claim of several texts: a list, or one text with blanks or commas between.

    Raises:
        TokenRefusedError: It is none, or one is too long.
    """
    found = _found(payload, name)
    if found is None:
        return ()
    if isinstance(found, str):
        found = roles_of(found)
    if not isinstance(found, list | tuple) or not all(isinstance(item, str) for item in cast(list[object], found)):
        raise TokenRefusedError(f"The token's claim {name!r} is no list of texts.")
    return tuple(_short(item, name) for item in cast(list[str], found))


def _short(text: str, name: str) -> str:
    if len(text) > _LONGEST or not text.isprintable():
        raise TokenRefusedError(
            f"The token's claim {name!r} is longer than {_LONGEST} characters, or has some that cannot be shown."
        )
    return text


def _found(payload: Mapping[str, Any], name: str) -> object:
    if name in payload:
        return payload[name]
    found: object = payload
    for part in name.split("."):
        if not isinstance(found, Mapping):
            return None
        found = cast(Mapping[str, object], found).get(part)
    return found
