"""Texts in list filters. Servers read quotes and backslashes in them in ways of their own, so they cannot stand there.

Measured on 1.29 and 1.31: a tenant that is an escaped quote finds the chats of no tenant.
"""

from __future__ import annotations

import re

from folkmoot.errors import BadCommandError

__all__ = ["SAFE", "checked_tenant", "is_safe", "quoted"]

SAFE = r"^[^'\"\\\x00-\x1f\x7f]*$"
"""What can stand in a list filter."""


def is_safe(value: str) -> bool:
    """Whether a text can stand in a list filter."""
    return re.fullmatch(SAFE, value) is not None


def quoted(value: str) -> str:
    """A text as a list filter takes it.

    Raises:
        BadCommandError: It cannot stand there.
    """
    if not is_safe(value):
        raise BadCommandError(f"{value!r} cannot be looked for: it has a quote, a backslash or a control character.")
    return f"'{value}'"


def checked_tenant(tenant: str) -> str:
    """A tenant that lists can find.

    Raises:
        ValueError: It has what cannot stand in a list filter.
    """
    if not is_safe(tenant):
        raise ValueError(f"A tenant must be a text without quotes, backslashes and control characters, got {tenant!r}.")
    return tenant
