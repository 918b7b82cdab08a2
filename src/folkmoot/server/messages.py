"""Messages in bodies: AutoGen's JSON on its way to the client, and in whose name they may come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from folkmoot._chat.people import Person
from folkmoot._chat.plan import Plan, Seat
from folkmoot._spec import AgentSpec, Participant
from folkmoot.agents import UserProxyAgent
from folkmoot.chat import OldMessages, Task
from folkmoot.errors import BadCommandError
from folkmoot.messages import BaseChatMessage, from_log
from folkmoot.teams import TeamSpec

from . import schemas

__all__ = ["check_sources", "message_of", "old_messages_of", "task_of"]


def message_of(given: str | Mapping[str, Any]) -> str | BaseChatMessage:
    """A text, or the message of a JSON object.

    Raises:
        BadCommandError: It is none, or an event.
    """
    if isinstance(given, str):
        return given
    try:
        message = from_log(given)
    except (ValueError, TypeError, KeyError) as error:
        raise BadCommandError(f"Expected a message in AutoGen's JSON: {error}") from None
    if not isinstance(message, BaseChatMessage):
        raise BadCommandError(f"Expected a chat message, got an event, {message.type!r}.")
    return message


def task_of(given: str | Sequence[Mapping[str, Any]] | None) -> Task:
    """The task of a body.

    Raises:
        BadCommandError: One of its messages is none.
    """
    if given is None or isinstance(given, str):
        return given
    messages = [message_of(item) for item in given]
    return [message for message in messages if isinstance(message, BaseChatMessage)]


def check_sources(team: Participant, messages: Sequence[BaseChatMessage], by: Person | None) -> None:
    """Refuse what would come in the name of a participant: conditions go by who says something, and so do readers.

    Args:
        team: The chat's.
        messages: What is said, or the task of a run.
        by: Who sends it. Those who may answer for a person of the team may speak in that one's name.

    Raises:
        BadCommandError: One of the messages does.
    """
    assert isinstance(team, TeamSpec | AgentSpec)
    sources = {message.source for message in messages}
    for seat in Plan(team).seats.values():
        found = sources & {seat.name, seat.source}
        if found and not _speaks_for(by, seat):
            raise BadCommandError(
                f"The source of a message may not be a participant, in whose name it would speak; got {found.pop()!r}. "
                "A text without a source comes from 'user'."
            )


def _speaks_for(by: Person | None, seat: Seat) -> bool:
    if not isinstance(seat.agent, UserProxyAgent):
        return False
    people = seat.agent.people
    return not people or (by is not None and by.among(people))


def old_messages_of(given: schemas.OldMessages | list[schemas.JsonObject]) -> OldMessages:
    """The old messages of a body."""
    if isinstance(given, list):
        return OldMessages(given)
    return OldMessages(given.messages, given.termination, given.admin_name, given.names, given.max_tokens)
