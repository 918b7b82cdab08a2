"""The teams of a server, by name: JSON files in a folder, or specs given by a program; and whose specs count here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from folkmoot._chat.fold import Fold
from folkmoot._chat.specs import Team, team_of
from folkmoot._spec import AgentSpec
from folkmoot.errors import BadCommandError
from folkmoot.teams import TeamSpec

from .identity import Identity, Permission
from .problems import refusing_bad_input
from .refusals import ForbiddenError

__all__ = ["Roster", "TeamSource", "read_teams"]

TeamSource = Mapping[str, Team | Mapping[str, Any]] | Path | str | None
"""Specs by name, or the folder their files are in; None: there are none."""


@dataclass(frozen=True, slots=True)
class Roster:
    """The teams that chats can be of.

    A spec says what needs whose approval, so who brings one can leave that away: that is a right of its own.

    Attributes:
        named: Those of this server, by name.
        only: There are no others, whoever asks.
    """

    named: Mapping[str, Team]
    only: bool = False

    def pick(self, given: str | Mapping[str, Any], identity: Identity) -> Team:
        """The team that a body names, or whose spec it has.

        Raises:
            BadCommandError: There is none of that name, or it is no spec.
            ForbiddenError: It is a spec, and the caller may bring none.
        """
        if isinstance(given, str):
            if given not in self.named:
                raise BadCommandError(f"This server has no team {given!r}; it has: {self._names}.")
            return self.named[given]
        self.check_own(identity)
        with refusing_bad_input():
            return team_of(given)

    def check_own(self, identity: Identity) -> None:
        """Refuse a spec that comes with a request, if nobody may bring one or the caller may not.

        Raises:
            ForbiddenError: That is so.
        """
        if self.only:
            raise ForbiddenError(
                f"Chats of this server are of its own teams only, and no spec can be given; it has: {self._names}."
            )
        identity.check(Permission.DESIGN, f", or the name of a team of this server ({self._names})")

    def check_state(self, identity: Identity) -> None:
        """Refuse a saved state, or old messages, that come with a request, as `check_own` does a spec.

        Raises:
            ForbiddenError: That is so.
        """
        if self.only:
            raise ForbiddenError(
                "Chats of this server are of its own teams only, and no state and no messages can be given: they say "
                "what was said and agreed to so far."
            )
        identity.check(Permission.DESIGN, ", or neither state nor messages: they say what was said and agreed to")

    @property
    def _names(self) -> str:
        return ", ".join(sorted(self.named)) or "none"


def read_teams(source: TeamSource) -> dict[str, Team]:
    """The teams of a server; a file's name without `.json` is its team's.

    Raises:
        ValueError: A spec is none, or no chat can be made of it; tells which.
        OSError: The folder or a file cannot be read.
    """
    if source is None:
        return {}
    if isinstance(source, Mapping):
        return {name: _team(f"Team {name!r}", spec) for name, spec in source.items()}
    folder = Path(source).expanduser()
    if not folder.is_dir():
        raise ValueError(f"{str(folder)!r} is no folder; expected one with the JSON files of teams.")
    return {path.stem: _team(str(path), _read(path)) for path in sorted(folder.glob("*.json"))}


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: expected the JSON of a team or an agent; {error}") from None


def _team(where: str, spec: Any) -> Team:
    try:
        team = spec if isinstance(spec, TeamSpec | AgentSpec) else team_of(spec)
        Fold(team, "")  # Refuses what no chat can be made of.
    except (ValueError, TypeError) as error:
        raise ValueError(f"{where}: {error}") from None
    return team
