"""What steers a chat."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool

from .base import Given, JsonObject, Told

__all__ = [
    "ChangeTeam",
    "Force",
    "Pause",
    "Said",
    "Say",
    "Summarize",
    "Summary",
]


class Pause(Given):
    """How to pause."""

    now: StrictBool = False
    """Cancel the calls in flight; they are made again after resume."""


class Force(Given):
    """Whether a run that is under way is in the way."""

    force: StrictBool = False
    """End a run that is under way first."""


class Say(Given):
    """What a person says in a chat."""

    message: str | JsonObject = Field(examples=["Mind the budget, please."])
    """A text, which comes from `user`, or a message in AutoGen's JSON."""
    when: Literal["queue", "turn", "now"] = "queue"
    """`queue`: the task of a run that begins by itself once the one under way is over; `turn`: everyone hears it after
    the current turn; `now`: that is broken off, and who was speaking speaks again."""


class Said(Told):
    """What was said is in the log."""

    chat: str
    offset: int


class ChangeTeam(Force):
    """The team from now on."""

    team: Annotated[str, Field(min_length=1, max_length=200)] | JsonObject
    """The name of a team of this server, or the JSON of a spec where this server takes others."""
    hears: StrictBool = True
    """Newcomers hear what was said so far."""


class Summarize(Given):
    """How to sum a chat up."""

    method: Annotated[str, Field(min_length=1, max_length=200)] = "last_msg"
    """`last_msg`, `reflection_with_llm`, or the name of a registered function."""
    prompt: str | None = None
    """What the model is asked for."""
    model_client: str | JsonObject | None = None
    """Which model; none: the team's own, else that of the first agent who has one."""


class Summary(Told):
    """What a chat came to."""

    summary: str
