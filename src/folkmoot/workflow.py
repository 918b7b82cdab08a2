"""Chats in your own workflows: a business process asks a group chat for a run and waits for its outcome.

The chat is a workflow of its own with parent close policy ABANDON. Commands go to it as signals with an id and a reply
address; the outcome comes back as a signal. So the caller may continue as new, and a chat may serve it for months.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from temporalio import workflow
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

from ._chat.state import ENGINE
from ._spec import AgentSpec, spec_digest, to_json
from ._temporal import names
from ._temporal.filters import checked_tenant
from ._temporal.memos import memo_of
from ._temporal.payloads import MAX_TASK, ChatInput, size_of
from .errors import (
    ChatCancelled,
    ChatExistsError,
    ChatFailedError,
    ChatNotFoundError,
    PayloadTooLargeError,
    error_from_wire,
)
from .messages import BaseAgentEvent, BaseChatMessage, from_log, task_messages, to_log
from .teams import TeamSpec

__all__ = ["GroupChatHandle", "RunOutcome", "get_group_chat", "open_group_chat", "run_group_chat"]

_REPLIES = "_folkmoot_replies"


@dataclass(frozen=True)
class RunOutcome:
    """What a run came to, bounded in size.

    Attributes:
        messages: All the run's messages and events if they have at most 1 MB, else the last one.
        complete: Whether they are all there; if not, read the log from `first` to `last`.
        stop_reason: Why it ended; None for a single agent.
        run: Its number in the chat.
        first: Offset of its first entry.
        last: Offset of its last entry.
        usage: Tokens and calls by agent, over the chat's whole life.
    """

    messages: Sequence[BaseChatMessage | BaseAgentEvent]
    complete: bool
    stop_reason: str | None
    run: int
    first: int
    last: int
    usage: Mapping[str, Mapping[str, int]]


class GroupChatHandle:
    """A chat as a workflow uses it. Made by `open_group_chat` and `get_group_chat`.

    Attributes:
        id: The chat's id.
    """

    def __init__(self, chat_id: str, digest: str | None) -> None:
        self.id = chat_id
        self._digest = digest
        self._opened = digest is not None
        self._others = False
        self._replies = _replies()

    async def run(
        self,
        *,
        task: str | BaseChatMessage | Sequence[BaseChatMessage] | None = None,
        command: str | None = None,
        timeout: timedelta | None = None,
        by: str | Mapping[str, Any] | None = None,
    ) -> RunOutcome:
        """Ask for a run and wait until it has ended.

        Args:
            task: As for `Chat.run`.
            command: An id of your own for this run. Give it if you continue as new while the run is on: asking again
                with the same id waits for the same run.
            timeout: Give up waiting after so long; the run goes on.
            by: Who asks for it, as `Chat.run` takes it.

        Raises:
            ValueError: A bad task.
            ChatBusyError: Another run is under way.
            ChatExistsError: The chat lives with another team, or was opened by somebody else (see `open_group_chat`).
            ChatFailedError: An agent failed.
            ChatCancelled: The run was cancelled.
            ChatNotFoundError: The chat is gone.
            TimeoutError: `timeout` is over.
        """
        fields: dict[str, Any] = {"command": command or str(workflow.uuid4())}
        if self._digest is not None:
            fields["spec"] = self._digest
        if self._opened:
            fields["opened"] = True
        messages = task_messages(task)
        if messages is not None:
            fields["task"] = [to_log(message) for message in messages]
            if (size := size_of(fields["task"])) > MAX_TASK:
                raise PayloadTooLargeError(size, MAX_TASK, "The task")
        if by:
            fields["by"] = by
        fields["reply"] = {"workflow_id": workflow.info().workflow_id, "signal": names.REPLY_SIGNAL}
        await self._send("submit", fields)
        await workflow.wait_condition(
            lambda: fields["command"] in self._replies,
            timeout=timeout,
            timeout_summary=f"run of chat {self.id}" if timeout else None,
        )
        try:
            return _outcome(self.id, self._replies.pop(fields["command"]))
        except ChatExistsError:
            self._others = True
            raise

    async def stop(self) -> None:
        """End the run after the current turn."""
        await self._send("stop", {})

    async def say(
        self,
        message: str | BaseChatMessage,
        *,
        when: Literal["queue", "turn", "now"] = "queue",
        by: str | Mapping[str, Any] | None = None,
    ) -> None:
        """Say something into the chat, whatever it is doing (see `Chat.say`).

        Args:
            message: A text, which comes from `user`, or a message.
            when: `queue`: the task of a run that begins by itself once the one under way is over; `turn`: after the
                current turn; `now`: that is broken off.
            by: Who says it.
        """
        (given,) = task_messages(message) or []
        fields: dict[str, Any] = {"message": to_log(given), "when": when}
        await self._send("say", {**fields, "by": by} if by else fields)

    async def change(
        self, team: TeamSpec | AgentSpec, *, hears: bool = True, force: bool = False, by: str | Mapping[str, Any] = ""
    ) -> None:
        """Go on with another team, whoever it is made of (see `Chat.change`); `run` asks for runs of it from now on.

        It does not wait for the chat, which takes this before whatever is asked for next; the log says what came of it.
        If the chat refused it, as without `force` while a run is under way, it refuses the next run, too.

        Args:
            team: The team from now on.
            hears: Newcomers hear what was said so far.
            force: End a run that is under way first.
            by: Who asks for it.

        Raises:
            PayloadTooLargeError: The spec is too large.
            ChatNotFoundError: The chat is gone.
        """
        spec = to_json(team)
        if (size := size_of(spec)) > MAX_TASK:
            raise PayloadTooLargeError(size, MAX_TASK, "The spec")
        fields: dict[str, Any] = {"spec": spec, **({} if hears else {"hears": False})}
        fields |= {**({"force": True} if force else {}), **({"by": by} if by else {})}
        await self._send("change", fields)
        self._digest = spec_digest(team)

    async def cancel(self) -> None:
        """End the run now."""
        await self._send("cancel", {})

    async def close(self, *, force: bool = False) -> None:
        """End the chat; one that turned out to be somebody else's is left alone."""
        if self._others:
            return
        await self._send("close", {"force": True} if force else {})

    async def _send(self, verb: str, fields: dict[str, Any]) -> None:
        # One number of the workflow's is drawn for each, whether or not it is used: histories depend on that.
        fields = {"command": str(workflow.uuid4()), **fields}
        try:
            await workflow.get_external_workflow_handle(self.id).signal(verb, fields)
        except ApplicationError as error:
            raise ChatNotFoundError(f"There is no living chat {self.id!r}: {error}", chat_id=self.id) from None


async def open_group_chat(
    team: TeamSpec | AgentSpec, id: str, *, queue: str | None = None, tenant: str = ""
) -> GroupChatHandle:
    """Start a chat from a workflow, or find the one that it has started before; to be called in workflow code only.

    A chat of that id that lives with another team, or that somebody else has opened, refuses the first run with a
    `ChatExistsError`. `get_group_chat` takes others' chats.

    Args:
        team: The team, or a single agent.
        id: The chat's id.
        queue: Task queue of the chat's workers; None: that of the caller, as a worker with the plugin serves both.
        tenant: Search attribute `ChatTenant`; no quotes, backslashes or control characters.

    Raises:
        ValueError: Lists could not find the tenant.
        PayloadTooLargeError: The spec is too large.
    """
    spec, digest = to_json(team), spec_digest(team)
    if (size := size_of(spec)) > MAX_TASK:
        raise PayloadTooLargeError(size, MAX_TASK, "The spec")
    data = ChatInput(spec=dict(spec), engine=ENGINE, tenant=checked_tenant(tenant))  # type: ignore[call-overload]
    try:
        await workflow.start_child_workflow(
            names.WORKFLOW,
            data.model_dump(mode="json", exclude_defaults=True),
            id=id,
            task_queue=queue,
            parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            memo={names.MEMO_CHAT: memo_of(team)},
        )
    except WorkflowAlreadyStartedError:
        pass  # It lives already, from an earlier run of the caller; if it is somebody else's, it refuses to run.
    return GroupChatHandle(id, digest)


def get_group_chat(id: str) -> GroupChatHandle:
    """A chat that was opened elsewhere, whatever its team; to be called in workflow code only.

    Nothing is asked of it yet: that it is not there is said by what is.

    Args:
        id: The chat's id.
    """
    return GroupChatHandle(id, None)


async def run_group_chat(
    team: TeamSpec | AgentSpec,
    *,
    task: str | BaseChatMessage | Sequence[BaseChatMessage] | None = None,
    id: str,
    queue: str | None = None,
    timeout: timedelta | None = None,
) -> RunOutcome:
    """One run of a chat of its own, which is closed afterwards; to be called in workflow code only.

    Raises:
        As `open_group_chat` and `GroupChatHandle.run`; the chat is closed in every case.
    """
    chat = await open_group_chat(team, id, queue=queue)
    try:
        return await chat.run(task=task, timeout=timeout)
    finally:
        await chat.close(force=True)


def _replies() -> dict[str, dict[str, Any]]:
    """Outcomes received by this workflow, by command; they live on the workflow's own object."""
    owner = workflow.instance()
    replies: dict[str, dict[str, Any]] | None = getattr(owner, _REPLIES, None)
    if replies is None:
        replies = {}
        setattr(owner, _REPLIES, replies)

        def received(reply: dict[str, Any]) -> None:
            replies[reply["command"]] = reply

        workflow.set_signal_handler(names.REPLY_SIGNAL, received)  # pyright: ignore[reportUnknownMemberType]
    return replies


def _outcome(chat_id: str, reply: Mapping[str, Any]) -> RunOutcome:
    error = reply.get("error")
    status = reply.get("status")
    if status is None and error:
        raise error_from_wire(error["type"], error["message"], error.get("details"))
    if status == "failed" and error:
        raise ChatFailedError(error["agent"], error["type"], error["message"], chat_id=chat_id)
    if status == "cancelled":
        raise ChatCancelled(f"The run of chat {chat_id!r} was cancelled.", chat_id=chat_id)
    return RunOutcome(
        messages=[from_log(message) for message in reply["messages"]],
        complete=reply["complete"],
        stop_reason=reply.get("stop_reason"),
        run=reply["run"],
        first=reply["first"],
        last=reply["last"],
        usage=reply["usage"],
    )
