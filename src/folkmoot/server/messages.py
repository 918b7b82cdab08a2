"""Messages in bodies: AutoGen's JSON on its way to the client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from folkmoot.chat import OldMessages, Task
from folkmoot.errors import BadCommandError
from folkmoot.messages import BaseChatMessage, from_log

from . import schemas

__all__ = ["message_of", "old_messages_of", "task_of"]


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


def old_messages_of(given: schemas.OldMessages | list[schemas.JsonObject]) -> OldMessages:
    """The old messages of a body."""
    if isinstance(given, list):
        return OldMessages(given)
    return OldMessages(given.messages, given.termination, given.admin_name, given.names, given.max_tokens)
