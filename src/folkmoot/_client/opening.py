"""Starting a chat's workflow, or seeing that the one that lives is the one meant."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    DeleteWorkflowExecutionRequest,
    GetWorkflowExecutionHistoryReverseRequest,
)
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from folkmoot._chat.fold import Fold
from folkmoot._chat.state import ENGINE
from folkmoot._spec import AgentSpec, spec_digest, to_json
from folkmoot._temporal import names
from folkmoot._temporal.filters import checked_tenant
from folkmoot._temporal.memos import memo_of
from folkmoot._temporal.payloads import MAX_TASK, ChatInput, HistoryLimits, size_of
from folkmoot.errors import ChatClosedError, ChatExistsError, PayloadTooLargeError
from folkmoot.teams import TeamSpec

__all__ = ["REFUSED", "Opening", "mark_of", "unmake"]

REFUSED = "refused when it was opened"
"""Reason of the termination of a chat that was never open, where it could not be deleted: its id is free."""
_BEGINNING = "folkmoot.beginning"
"""Memo: the mark of the state a chat was opened with; it stays, whatever the chat does."""
_OF_THE_MOMENT = ("created_at", "since")
"""In a state: when a message came to be, and since when a condition counts."""


async def unmake(client: Client, chat_id: str, run_id: str) -> None:
    """End a chat that could not do what it was opened for, so that it never was: its id is free, and no list has it.

    Args:
        client: A connected client.
        chat_id: The chat's id.
        run_id: The run of its workflow, which has not ended: the server takes its time to forget one that has.
    """
    run = WorkflowExecution(workflow_id=chat_id, run_id=run_id)
    request = DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=run)
    try:
        await client.workflow_service.delete_workflow_execution(request)
    except RPCError:
        # Not everybody who may start a workflow may delete one.
        await client.get_workflow_handle(chat_id, run_id=run_id).terminate(reason=REFUSED)


class Opening:
    """One call of `Folkmoot.open`.

    Raises:
        TypeError: `team` is neither a team nor an agent.
        ValueError: The engine has no rules for a participant, or the id is empty.
        PayloadTooLargeError: The spec is too large.
    """

    def __init__(self, client: Client, queue: str, team: object, chat_id: object) -> None:
        if not isinstance(team, TeamSpec | AgentSpec):
            raise TypeError(f"Expected a team or an agent, got {team!r}.")
        if not chat_id or not isinstance(chat_id, str):
            raise ValueError(f"A chat's id must be a text that is not empty, got {chat_id!r}.")
        Fold(team, "")  # Refuses what no chat can be made of.
        self._client = client
        self._queue = queue
        self._team = team
        self._id = chat_id
        self._run_id = ""
        self._spec = to_json(team)
        self._digest = spec_digest(team)
        if (size := size_of(self._spec)) > MAX_TASK:
            raise PayloadTooLargeError(size, MAX_TASK, "The spec")

    async def start(
        self,
        *,
        replace: bool,
        tenant: str,
        limits: HistoryLimits | None,
        uuid: str | None = None,
        first: Sequence[Any] | None = None,
        mark: str = "",
    ) -> bool:
        """Start the chat; False if it lives already, and was not to begin with anything else.

        Args:
            replace: Start anew where a chat of that id was closed.
            tenant: Search attribute `ChatTenant`.
            limits: When the chat continues as new.
            uuid: The chat's uuid; None: it makes one.
            first: A command it begins with: verb, command id, fields.
            mark: Of what that command brings (see `mark_of`); empty: a chat that lives never began with it.

        Raises:
            ValueError: The tenant has a quote, a backslash or a control character.
            ChatExistsError: It lives with another team, or began with something else.
            ChatClosedError: It was closed and is not to be replaced.
        """
        checked_tenant(tenant)
        inbox = [] if first is None else [list(first)]
        data = ChatInput(spec=dict(self._spec), engine=ENGINE, uuid=uuid, tenant=tenant, limits=limits, inbox=inbox)  # type: ignore[call-overload]
        argument = data.model_dump(mode="json", exclude_defaults=True)
        try:
            await self._start(argument, replace, mark)
        except WorkflowAlreadyStartedError:
            if not await self._living() and await self._refused():
                await self._start(argument, True, mark)
                return True
            await self._same(None if first is None else mark)
            return False
        return True

    async def lives_with(self, mark: str) -> bool:
        """Whether the chat lives already, and was opened with a state of this mark.

        Raises:
            ChatExistsError: It lives with another team, or began with something else.
        """
        try:
            living = await self._living()
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            return False
        if living:
            await self._same(mark)
        return living

    async def _start(self, argument: dict[str, Any], replace: bool, mark: str) -> None:
        team = self._team
        members = team.participants if isinstance(team, TeamSpec) else (team,)
        handle: WorkflowHandle[Any, Any] = await self._client.start_workflow(
            names.WORKFLOW,
            argument,
            id=self._id,
            task_queue=self._queue,
            id_reuse_policy=(
                WorkflowIDReusePolicy.ALLOW_DUPLICATE if replace else WorkflowIDReusePolicy.REJECT_DUPLICATE
            ),
            memo={names.MEMO_CHAT: memo_of(team), **({_BEGINNING: mark} if mark else {})},
            static_summary=f"{team.name}: {', '.join(member.name for member in members)}"[:200],
        )
        self._run_id = handle.first_execution_run_id or ""

    async def withdraw(self) -> None:
        """End the chat just started, so that it never was."""
        await unmake(self._client, self._id, self._run_id)

    async def free(self) -> bool:
        """Whether no chat has or had this id."""
        try:
            await self._client.get_workflow_handle(self._id).describe()
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return True
            raise
        return await self._refused()

    async def _living(self) -> bool:
        found = await self._client.get_workflow_handle(self._id).describe()
        return found.status == WorkflowExecutionStatus.RUNNING

    async def _refused(self) -> bool:
        """Whether the closed workflow of this id is one that `withdraw` ended."""
        request = GetWorkflowExecutionHistoryReverseRequest(
            namespace=self._client.namespace,
            execution=WorkflowExecution(workflow_id=self._id),
            maximum_page_size=1,
        )
        history = (await self._client.workflow_service.get_workflow_execution_history_reverse(request)).history
        return any(
            event.workflow_execution_terminated_event_attributes.reason == REFUSED for event in history.events[:1]
        )

    async def _same(self, mark: str | None) -> None:
        """See that the chat is the one meant: of this team, and begun with a state of this mark if there is one."""
        found = await self._client.get_workflow_handle(self._id).describe()
        if found.status != WorkflowExecutionStatus.RUNNING:
            raise ChatClosedError(
                f"Chat {self._id!r} was closed; open it with replace=True to start a new chat of that id.",
                chat_id=self._id,
            )
        memo = await found.memo()
        known: dict[str, Any] = memo.get(names.MEMO_CHAT) or {}
        if known.get("spec") != self._digest:
            raise ChatExistsError(
                f"Chat {self._id!r} lives with another team, {known.get('team')!r}; "
                "take it as it is, by its id alone, or open a chat of another id.",
                chat_id=self._id,
            )
        if mark is not None and (not mark or memo.get(_BEGINNING) != mark):
            raise ChatExistsError(
                f"Chat {self._id!r} lives already, and did not begin with this: a state or messages to begin with are "
                "for a new chat. Put them into the living one with `load_state` or `load_messages`.",
                chat_id=self._id,
            )


def mark_of(state: Mapping[str, Any]) -> str:
    """By what a state is known again that a chat begins with.

    What only tells when it was made is left out, and the ids of messages: those of old messages that had none are made
    anew each time the state is.
    """
    text = json.dumps(_lasting(state), sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _lasting(value: Any) -> Any:
    if isinstance(value, Mapping):
        data = cast(Mapping[str, Any], value)
        passing = (*_OF_THE_MOMENT, "id") if "created_at" in data else _OF_THE_MOMENT
        return {name: _lasting(item) for name, item in data.items() if name not in passing}
    if isinstance(value, list | tuple):
        return [_lasting(item) for item in cast(Sequence[Any], value)]
    return value
