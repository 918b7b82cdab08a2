"""The verb that gives a living chat another team."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from .chats import a_moot
from .history import By, Force
from .loading import load_team
from .reading import ChatId
from .screen import clean
from .serve import App
from .verbs import Invocation, verb

__all__ = ["VERBS"]

NewTeam = Annotated[
    str,
    typer.Argument(
        metavar="TEAM",
        envvar="FOLKMOOT_NEW_TEAM",
        show_envvar=True,
        help="The team from now on: a JSON file, or module:attribute.",
    ),
]
Untold = Annotated[
    bool, typer.Option("--untold", envvar="FOLKMOOT_UNTOLD", help="Newcomers do not hear what was said so far.")
]


async def change(
    invocation: Invocation,
    chat_id: ChatId,
    team: NewTeam,
    untold: Untold = False,
    force: Force = False,
    by: By = "",
    app: App = None,
) -> None:
    """Give a living chat another team: participants come, go and are replaced, options change."""
    spec = load_team(team)
    async with a_moot(invocation, chat_id, app) as (_, chat):
        await chat.change(spec, hears=not untold, force=force, by=by)
        status = await chat.status()
    data = {"chat": chat_id, "command": "change", "team": status.team, "status": status.status}
    invocation.screen.emit(data, Text(clean(f"{chat_id}: {status.team}, {status.status}")))


VERBS = [verb("change", change)]
