"""People and their roles from one TOML file, which is read again when it changes.

    [people.alice]
    name = "Alice Smith"
    roles = ["approver", "finance"]
    tenant = "acme"

What it says of a subject wins over what a token says; subjects it does not have are what their tokens say.
"""

from __future__ import annotations

import logging
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from .claims import Claims

__all__ = ["People", "Person", "read_people"]

_LOG = logging.getLogger(__name__)
_FIELDS = ("name", "roles", "tenant", "tenants")


@dataclass(frozen=True, slots=True)
class Person:
    """What the file says of a subject; None: nothing, so it is what the token says."""

    name: str | None = None
    roles: frozenset[str] | None = None
    tenant: str | None = None
    tenants: tuple[str, ...] | None = None


def read_people(path: Path) -> dict[str, Person]:
    """The people of a file, by subject.

    Raises:
        ValueError: It is no such file; tells where and what.
        OSError: It cannot be read.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: byte {error.start} is no UTF-8; expected a TOML file.") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path}: {error}; expected a TOML file of tables [people.SUBJECT].") from None
    for name in document:
        if name != "people":
            raise ValueError(f"{path}: {name}: expected nothing but tables [people.SUBJECT].")
    found = document.get("people", {})
    if not isinstance(found, dict):
        raise ValueError(f"{path}: people: expected tables [people.SUBJECT], got {found!r}.")
    people = cast(dict[str, object], found)
    for subject in people:
        if not subject.strip() or subject.startswith("role:"):
            raise ValueError(f"{path}: people.{subject}: expected the id of somebody.")
    return {subject: _person(f"{path}: people.{subject}", value) for subject, value in people.items()}


def _person(where: str, value: object) -> Person:
    if not isinstance(value, dict):
        raise ValueError(f"{where}: expected a table of {', '.join(_FIELDS)}, got {value!r}.")
    fields = cast(dict[str, Any], value)
    for name in fields:
        if name not in _FIELDS:
            raise ValueError(f"{where}.{name}: expected one of {', '.join(_FIELDS)}.")
    for name in ("name", "tenant"):
        if not isinstance(fields.get(name, ""), str):
            raise ValueError(f"{where}.{name}: expected a text, got {fields[name]!r}.")
    for name in ("roles", "tenants"):
        given = fields.get(name, [])
        texts = cast(list[object], given) if isinstance(given, list) else [None]
        if not all(isinstance(item, str) and item.strip() for item in texts):
            raise ValueError(f"{where}.{name}: expected a list of texts, got {given!r}.")
    roles, tenants = fields.get("roles"), fields.get("tenants")
    return Person(
        name=fields.get("name"),
        roles=None if roles is None else frozenset(roles),
        tenant=fields.get("tenant"),
        tenants=None if tenants is None else tuple(tenants),
    )


class People:
    """The people of a file, as it is now. While it is bad or gone, as it was.

    Args:
        path: The file; None: nobody.

    Raises:
        ValueError: It is bad from the start.
        OSError: It cannot be read from the start.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._people: dict[str, Person] = {}
        self._state: object = None
        if path is not None:
            self._state = _state(path)
            self._people = read_people(path)

    def merged(self, claims: Claims) -> Claims:
        """The claims with what the file says of their subject."""
        person = self._now().get(claims.subject)
        if person is None:
            return claims
        return replace(
            claims,
            name=claims.name if person.name is None else person.name,
            roles=claims.roles if person.roles is None else person.roles,
            tenant=claims.tenant if person.tenant is None else person.tenant,
            tenants=claims.tenants if person.tenants is None else person.tenants,
        )

    def _now(self) -> dict[str, Person]:
        if self._path is None:
            return self._people
        try:
            state: object = _state(self._path)
        except OSError as error:
            state = type(error)
        if state != self._state:
            # Kept first: what is wrong with a file is told once.
            self._state = state
            try:
                self._people = read_people(self._path)
            except (ValueError, OSError) as error:
                _LOG.error("The people are those of before, since their file is bad: %s", error)
            else:
                _LOG.info("Read %d people from %s", len(self._people), self._path)
        return self._people


def _state(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino
