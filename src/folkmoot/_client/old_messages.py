"""From old messages to a state that a chat begins with or goes on from."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import uuid4

from folkmoot._chat.old import Ending, Messages, Rehearsal, rehearse
from folkmoot._chat.saving import save
from folkmoot._spec import AgentSpec
from folkmoot._temporal.tokens import count_tokens
from folkmoot.errors import BadCommandError
from folkmoot.teams import TeamSpec

from .whole import Whole

__all__ = ["Ending", "Messages", "OldMessages", "Resumed", "log_warnings", "resumed"]

logger = logging.getLogger("folkmoot.client")


@dataclass(frozen=True)
class OldMessages:
    """Old messages, and how they are to be read.

    Attributes:
        messages: The messages, oldest first.
        termination: What becomes of the last one's text: None and `keep` leave it, and None warns if it would end the
            chat; `remove` takes out what TextMentionTermination looks for; a mapping replaces texts; a function is
            given the text.
        admin_name: A further name of the person outside (AutoGen 0.2: GroupChat).
        names: Names in the messages, and the participants they mean.
        max_tokens: Only the newest that have no more tokens together, and the first task, are kept.
    """

    messages: Messages
    termination: Ending = None
    admin_name: str = "Admin"
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    max_tokens: int | None = None


class Resumed(NamedTuple):
    """What a chat goes on with.

    Attributes:
        state: After the messages.
        warnings: What a caller should know of them.
    """

    state: dict[str, Any]
    warnings: list[str]


async def resumed(team: TeamSpec | AgentSpec, given: Messages | OldMessages, termination: Ending = None) -> Resumed:
    """The state after old messages, as if they had been said in a chat of this team.

    It is made in a thread: thousands of messages take seconds, in which a process of many chats has others to serve.

    Raises:
        BadCommandError: They cannot be.
    """

    def work() -> Resumed:
        found = _rehearsed(team, given, termination)
        return Resumed(_state_of(found), found.warnings)

    return await asyncio.to_thread(work)


def log_warnings(warnings: Sequence[str]) -> None:
    """Tell of what a caller should know of the messages with which a chat goes on."""
    for warning in warnings:
        logger.warning("%s", warning)


def _rehearsed(team: TeamSpec | AgentSpec, given: Messages | OldMessages, termination: Ending) -> Rehearsal:
    old = given if isinstance(given, OldMessages) else OldMessages(given)
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    try:
        return rehearse(
            team,
            old.messages,
            time=now,
            termination=old.termination if termination is None else termination,
            uuid=uuid4().hex,
            admin_name=old.admin_name,
            names=old.names,
            max_tokens=old.max_tokens,
            count=None if old.max_tokens is None else count_tokens,
        )
    except ValueError as error:
        raise BadCommandError(str(error)) from None


def _state_of(old: Rehearsal) -> dict[str, Any]:
    chat = old.chat
    whole = Whole(chat.team, chat.uuid, chat.log, chat.log.head - 1, {})
    # Not the state that follows from the log: conditions have not seen old messages.
    state = chat.state.model_copy(deep=True)
    return save(whole.plan, whole.uuid, whole.log, whole.offset, state, whole, {})
