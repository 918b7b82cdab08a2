"""The teams of a server, by name: JSON files in a folder, or specs given by a program."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from folkmoot._chat.fold import Fold
from folkmoot._chat.specs import Team, team_of
from folkmoot._spec import AgentSpec
from folkmoot.teams import TeamSpec

__all__ = ["TeamSource", "read_teams"]

TeamSource = Mapping[str, Team | Mapping[str, Any]] | Path | str | None
"""Specs by name, or the folder their files are in; None: there are none."""


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
