"""From a raw payload to a checked command: whatever arrives becomes a command or a refusal, never an exception.

A typed handler would wedge the workflow task for ever on a payload it cannot read (measured), so handlers take raw
values, absent ones too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from pydantic import ValidationError
from temporalio import workflow
from temporalio.common import RawValue

from folkmoot._chat.entries import STORED, checked_reference, fill, is_image, references_in
from folkmoot.agents import AgentSpec
from folkmoot.messages import checked_log, is_chat, is_own_kind, task_messages, to_log
from folkmoot.messages.task import unregistered
from folkmoot.teams import TeamSpec

from .payloads import COMMANDS, MAX_TASK, Command, RunCommand, SayCommand, size_of

__all__ = ["Incoming", "argument", "parse_command", "refused"]

MAX_COMMAND_ID = 200
REFUSE = "refuse"


class Incoming(NamedTuple):
    """A command as it waits in the inbox; `verb` is `refuse` if its payload could not be used."""

    verb: str
    command: str
    fields: dict[str, Any]

    @property
    def error(self) -> tuple[str, str] | None:
        """Type and text of the refusal, if it is one."""
        if self.verb != REFUSE:
            return None
        return self.fields["error"]["type"], self.fields["error"]["message"]


def argument(args: Sequence[RawValue]) -> Any:
    """The first argument as plain JSON; None if absent.

    Raises:
        ValueError: It is not JSON, or there are several.
    """
    if not args:
        return None
    if len(args) > 1:
        raise ValueError(f"expected one JSON object, got {len(args)} arguments")
    try:
        return workflow.payload_converter().from_payload(args[0].payload)
    except Exception as error:  # noqa: BLE001 - a payload may be anything
        raise ValueError(f"expected a JSON object, got a payload that cannot be read: {_short(error)}") from None


def parse_command(verb: str, args: Sequence[RawValue], fallback_id: str, team: TeamSpec | AgentSpec) -> Incoming:
    """Check a command's payload.

    Args:
        verb: Signal or update name.
        args: The raw arguments.
        fallback_id: The id a command without one gets.
        team: Whom it is for.
    """
    name = "run" if verb == "submit" else verb
    command_id = fallback_id
    try:
        data = argument(args)
        if data is None:
            data = {}
        if not isinstance(data, Mapping):
            raise ValueError(f"expected a JSON object, got {_short(data)}")
        data = cast(Mapping[str, Any], data)
        given: object = data.get("command")
        if given:
            if not isinstance(given, str) or len(given) > MAX_COMMAND_ID:
                raise ValueError(
                    f"'command' must be a text of at most {MAX_COMMAND_ID} characters, got {_short(given)}"
                )
            command_id = given
        model = COMMANDS.get(verb, Command).model_validate(dict(data))
        fields = model.model_dump(mode="json", exclude_defaults=True, exclude={"command"})
        if isinstance(model, RunCommand):
            fields["task"] = _task(model.task, team)
        elif isinstance(model, SayCommand):
            message = fields.pop("message", "")
            if not message:
                raise ValueError("'message' must be a text or a message, got nothing")
            fields["task"] = _task(message if isinstance(message, str) else [message], team)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:3])
        return _refuse(name, command_id, f"Bad payload for {verb!r}: {problems}")
    except (ValueError, TypeError) as error:
        return _refuse(name, command_id, f"Bad payload for {verb!r}: {_short(error, 500)}")
    return Incoming(name, command_id, fields)


def _task(task: str | list[dict[str, Any]] | None, team: TeamSpec | AgentSpec) -> list[dict[str, Any]]:
    """The task as messages in log form (AutoGen's errors for empty and wrong ones)."""
    if task is None:
        return []
    if isinstance(task, str):
        messages = [to_log(message) for message in task_messages(task) or []]
    else:
        if not task:
            raise ValueError("Task list cannot be empty.")
        messages = [_task_message(item, team) for item in task]
    if (size := size_of(messages)) > MAX_TASK:
        raise ValueError(f"the task has {size} bytes, more than the {MAX_TASK} that fit a command; put it into a store")
    return messages


def _task_message(item: dict[str, Any], team: TeamSpec | AgentSpec) -> dict[str, Any]:
    """A task's message in log form; what it refers to in the store is not looked at."""
    message = checked_log(fill(item, _stand_in))
    kind: str = message["type"]
    if not is_chat(kind):
        raise ValueError("All messages in task list must be valid BaseChatMessage types")
    if isinstance(team, TeamSpec) and is_own_kind(kind) and kind not in team.custom_message_types:
        raise ValueError(unregistered(repr(kind)))
    if is_own_kind(kind) and STORED in item:
        given: object = item[STORED]
        if not isinstance(given, Mapping) or is_image(reference := cast(Mapping[str, Any], given)):
            raise ValueError(f"{STORED!r} holds a reference to a text in the store, got {given!r}")
        plain = {name: value for name, value in message.items() if name != "content"}
        return {**plain, STORED: checked_reference(reference)}
    if not references_in(item):
        return message
    stored = fill(item, checked_reference)
    return {**message, **{name: stored[name] for name in ("content", "context") if name in stored}}


def _stand_in(reference: Mapping[str, Any]) -> Any:
    """Something of the kind that a reference stands for."""
    return {"data": ""} if is_image(reference) else ""


def refused(incoming: Incoming, kind: str, text: str) -> Incoming:
    """The refusal of a command: error type and text."""
    error = {"type": kind, "message": text}
    return Incoming(REFUSE, incoming.command, {**incoming.fields, "verb": incoming.verb, "error": error})


def _refuse(verb: str, command_id: str, text: str) -> Incoming:
    return refused(Incoming(verb, command_id, {}), "BadCommandError", text)


def _short(value: object, limit: int = 120) -> str:
    text = str(value) if isinstance(value, BaseException) else repr(value)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"
