"""What goes into a run and what comes out of it: tasks, responses, results."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, cast

from pydantic import BaseModel, BeforeValidator, SerializeAsAny

from .base import BaseAgentEvent, BaseChatMessage, is_builtin
from .chat import TextMessage
from .log import from_log

__all__ = ["AnyMessage", "Response", "TaskResult", "task_messages", "unregistered"]


def _revive(value: Any) -> Any:
    return from_log(cast(Mapping[str, Any], value)) if isinstance(value, Mapping) else value


AnyMessage = Annotated[SerializeAsAny[BaseChatMessage | BaseAgentEvent], BeforeValidator(_revive)]
"""A message or an event of any class; as a pydantic field it reads JSON by `type`."""


@dataclass(kw_only=True)
class Response:
    """What an agent's turn came to.

    Attributes:
        chat_message: Its answer.
        inner_messages: The events and messages on the way to it.
    """

    chat_message: BaseChatMessage
    inner_messages: Sequence[BaseAgentEvent | BaseChatMessage] | None = None


class TaskResult(BaseModel):
    """What a run came to."""

    messages: Sequence[AnyMessage]
    """Everything the run streamed, its task included unless the caller did not want it back."""
    stop_reason: str | None = None
    """Why it ended; None for a single agent."""


def task_messages(task: object, custom_message_types: Collection[str] | None = None) -> list[BaseChatMessage] | None:
    """The messages of a task, in any of the forms AutoGen takes.

    Args:
        task: Text (said by `user`), a message, a list of messages, or None to go on.
        custom_message_types: Names of users' own classes that the team takes; None: not checked here.

    Returns:
        The messages; None for None.

    Raises:
        ValueError: Any other task (AutoGen's texts).
    """
    if task is None:
        return None
    if isinstance(task, str):
        return [TextMessage(content=task, source="user")]
    if isinstance(task, BaseChatMessage):
        messages = [task]
    elif isinstance(task, list):
        messages = _listed(cast(list[object], task))
    else:
        raise ValueError("Task must be a string, a BaseChatMessage, or a list of BaseChatMessage.")
    if custom_message_types is not None:
        _check_registered(messages, custom_message_types)
    return messages


def _listed(task: list[object]) -> list[BaseChatMessage]:
    if not task:
        raise ValueError("Task list cannot be empty.")
    messages = [message for message in task if isinstance(message, BaseChatMessage)]
    if len(messages) != len(task):
        raise ValueError("All messages in task list must be valid BaseChatMessage types")
    return messages


def _check_registered(messages: list[BaseChatMessage], custom_message_types: Collection[str]) -> None:
    for message in messages:
        if not is_builtin(type(message)) and type(message).__name__ not in custom_message_types:
            raise ValueError(unregistered(type(message)))


def unregistered(kind: object) -> str:
    """What is said of a task of a class that the team does not take (AutoGen)."""
    return (
        f"Message type {kind} is not registered with the message factory. Please register it with the message factory "
        "by adding it to the custom_message_types list when creating the team."
    )
