"""The teams that chats can be opened with by name."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path

from folkmoot._chat.specs import Team as AnyTeam
from folkmoot._chat.specs import json_of
from folkmoot.teams import TeamSpec

from .bodies import StrictRoute
from .dependencies import READS, AllTeams
from .identity import Permission, require
from .schemas import Team, Teams, TeamSummary

__all__ = ["router"]

router = APIRouter(
    route_class=StrictRoute,
    prefix="/teams",
    tags=["teams"],
    responses=READS,
    dependencies=[Depends(require(Permission.READ))],
)


@router.get("", summary="List the teams of this server")
async def list_teams(teams: AllTeams) -> Teams:
    """The teams that were set up on this server: those that operators open chats with, by name."""
    return Teams(teams=[TeamSummary(**_told(name, team)) for name, team in sorted(teams.named.items())])


@router.get("/{name}", summary="Show a team")
async def get_team(
    teams: AllTeams, name: Annotated[str, Path(max_length=200, description="The team's name here.")]
) -> Team:
    """A team with its spec."""
    if name not in teams.named:
        raise HTTPException(404, f"This server has no team {name!r}.")
    return Team(**_told(name, teams.named[name]), spec=json_of(teams.named[name]))


def _told(name: str, team: AnyTeam) -> dict[str, Any]:
    return {
        "name": name,
        "type": team.type,
        "label": team.name,
        "description": team.description,
        "participants": list(team.participant_names) if isinstance(team, TeamSpec) else [team.name],
    }
