"""All verbs of the command line, in the order its help shows them."""

from __future__ import annotations

from typing import Annotated

import typer

from . import (
    api,
    changing,
    control,
    deciding,
    doctor,
    encryption,
    history,
    inbox,
    reading,
    replay,
    retention,
    run,
    scripted,
    serve,
    setup,
    state,
    summarize,
    token,
)
from .demo import command as demo

__all__ = ["app"]

app = typer.Typer(
    help="Group chats of AI agents as durable Temporal workflows.",
    epilog="Every option can be given as the environment variable its help names.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from folkmoot import __version__

        typer.echo(f"folkmoot {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Group chats of AI agents as durable Temporal workflows."""


for group in (
    demo,
    serve,
    api,
    run,
    reading,
    inbox,
    deciding,
    control,
    history,
    state,
    summarize,
    changing,
    retention,
    replay,
    setup,
    doctor,
    token,
    encryption,
    scripted,
):
    for add in group.VERBS:
        add(app)
