"""Which spec is in force where: a chat's team can be changed, and a rollback goes back to the team of that time."""

from __future__ import annotations

from typing import Any, cast

from folkmoot._spec import load_spec, to_json
from folkmoot.agents import AgentSpec
from folkmoot.teams import TeamSpec

from .log import Entry, Log

__all__ = ["Team", "change_of_team", "first_team", "json_of", "team_at", "team_in", "team_of"]

Team = TeamSpec | AgentSpec

CHANGES = ("loaded", "rolled_back")


def change_of_team(now: Team, then: Team) -> dict[str, Any]:
    """The fields of an entry with which the chat's spec becomes another; none if it stays."""
    return {} if now == then else {"spec": json_of(then), "was": json_of(now)}


def team_in(entry: Entry) -> Team | None:
    """The spec that is in force from this entry on, if it changes."""
    return team_of(entry.data["spec"]) if entry.kind in CHANGES and "spec" in entry.data else None


def first_team(log: Log, team: Team) -> Team:
    """The spec at the beginning of what a log holds, if `team` is in force at its end."""
    for entry in log:
        if entry.kind in CHANGES and "was" in entry.data:
            return team_of(entry.data["was"])
    return team


def team_at(log: Log, until: int, team: Team) -> Team:
    """The spec in force just before offset `until`, if `team` is at the log's end; the log is whole."""
    ways = log.branch(until)
    for first, end in reversed(ways):
        for entry in reversed(log.after(first, end)):
            if (found := team_in(entry)) is not None:
                return found
    # A saved state is loaded into the team the chat has then, wherever that branch is.
    begun = ways[0][0] if ways else 0
    return team_at(log, begun, team) if begun else first_team(log, team)


def json_of(team: Team) -> dict[str, Any]:
    """A spec's JSON."""
    return cast(dict[str, Any], to_json(team))


def team_of(data: Any) -> Team:
    """The team or agent of a spec's JSON.

    Raises:
        ValueError: It is none.
    """
    found = load_spec(data)
    if not isinstance(found, TeamSpec | AgentSpec):
        raise ValueError(f"expected the spec of a team or an agent, got {found.type!r}")
    return found
