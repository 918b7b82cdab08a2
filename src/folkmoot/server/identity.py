"""Who asks, what they may, and the dependency by which a route says what it takes.

A route's identity comes from the token alone. Nothing in a path, a query or a body can say who decides.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from folkmoot.errors import FolkmootError

from .claims import ROLES
from .refusals import ForbiddenError, NotAuthenticatedError

__all__ = ["ALL_TENANTS", "Identity", "Permission", "identity_of", "keep_identity", "require"]

ALL_TENANTS = "*"
_STATE = "folkmoot_identity"


class Permission(StrEnum):
    """What a route takes."""

    READ = "read"
    """See chats, logs, requests, usage."""
    OPERATE = "operate"
    """Open chats of this server's teams, run and steer them; say something in them."""
    DESIGN = "design"
    """Bring specs and states, and make a chat one of another team: they say what needs whose approval, or has it."""
    DECIDE = "decide"
    """Decide approvals and answer what people are asked; the policy of each says who counts."""
    ADMINISTER = "administer"
    """Delete, and what concerns all chats."""


_NEEDS = {
    Permission.READ: "viewer",
    Permission.OPERATE: "operator",
    Permission.DESIGN: "designer",
    Permission.DECIDE: "approver",
    Permission.ADMINISTER: "admin",
}
"""The least role for each."""
_OPERATOR = frozenset((Permission.READ, Permission.OPERATE))
_GRANTS = {
    "viewer": frozenset((Permission.READ,)),
    "operator": _OPERATOR,
    # Neither is above the other: who may leave policies away does not decide, and who decides leaves none away.
    "designer": _OPERATOR | {Permission.DESIGN},
    "approver": _OPERATOR | {Permission.DECIDE},
    "admin": frozenset(Permission),
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks.

    Attributes:
        subject: Their id, as policies name people.
        roles: The API's roles and those that policies name as `role:finance`, without that prefix.
        tenant: Whose chats they see; empty: those of no tenant.
        all_tenants: They see every tenant's.
        name: What to call them.
        token_id: The id of the token that says so.
        expires: When that ends, UTC.
        channel: Which way they came, for the log.
    """

    subject: str
    roles: frozenset[str] = frozenset()
    tenant: str = ""
    all_tenants: bool = False
    name: str = ""
    token_id: str = ""
    expires: datetime | None = None
    channel: str = "http"

    @property
    def role(self) -> str | None:
        """The last of the API's roles that they have."""
        return next((role for role in reversed(ROLES) if role in self.roles), None)

    @property
    def by(self) -> dict[str, Any]:
        """Who they are, as commands take it."""
        return {"subject": self.subject, "roles": sorted(self.roles), "channel": self.channel}

    def may(self, permission: Permission) -> bool:
        """Whether one of their roles is enough for it."""
        return any(permission in _GRANTS.get(role, ()) for role in self.roles)

    def amounts_to(self, role: str) -> bool:
        """Whether they may all that this role of the API may."""
        return all(map(self.may, _GRANTS[role]))

    def check(self, permission: Permission, otherwise: str = "") -> None:
        """Refuse what they may not.

        Args:
            permission: What it takes.
            otherwise: What else would do.

        Raises:
            ForbiddenError: No role of theirs is enough.
        """
        if not self.may(permission):
            had = f"yours is {self.role!r}" if self.role else "you have none"
            raise ForbiddenError(f"This takes the role {_NEEDS[permission]!r}{otherwise}; {had}.")

    def sees(self, tenant: str | None) -> bool:
        """Whether chats of that tenant are theirs to see; None and empty: of no tenant."""
        return self.all_tenants or (tenant or "") == self.tenant

    def tenant_of(self, asked: str | None) -> str:
        """The tenant of what they open: the one asked for, or theirs.

        Raises:
            ForbiddenError: They ask for another's.
        """
        tenant = self.tenant if asked is None else asked
        if not self.sees(tenant):
            raise ForbiddenError(f"Tenant {tenant!r} is not yours; expected {self.tenant!r}, or none.")
        return tenant


_BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="bearer",
    description="A token of `folkmoot token`, or of the OpenID Connect provider that the server trusts.",
)


def require(permission: Permission) -> Callable[..., Awaitable[Identity]]:
    """A FastAPI dependency: who asks, if they may.

    Raises:
        NotAuthenticatedError: There is no token, or none that counts.
        ForbiddenError: Their role is too low.
        ProviderUnavailableError: Their token cannot be checked now.
    """

    async def identity(
        request: Request,
        _: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],  # for the OpenAPI document
    ) -> Identity:
        found = identity_of(request)
        found.check(permission)
        return found

    return identity


def keep_identity(scope: MutableMapping[str, Any], found: Identity | FolkmootError) -> None:
    """Keep who asks, or why that is not known, with a request."""
    scope.setdefault("state", {})[_STATE] = found


def identity_of(request: Request) -> Identity:
    """Who asks.

    Raises:
        FolkmootError: It is not known, and why.
    """
    found = getattr(request.state, _STATE, None)
    if isinstance(found, Identity):
        return found
    raise found or NotAuthenticatedError("This takes a token: Authorization: Bearer TOKEN.")
