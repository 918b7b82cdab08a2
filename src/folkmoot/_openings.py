"""Opening chats, new ones, from a saved state or old messages, as forks of others, and finding them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from ._chat.specs import team_of
from ._client.archived import find_archived
from ._client.old_messages import Ending, Messages, OldMessages, log_warnings, resumed
from ._client.opening import Opening, mark_of
from ._client.pages import LogPages
from ._client.states import EXPORT, stored_state
from ._client.workers import Workers
from ._spec import AgentSpec
from ._temporal import names
from ._temporal.payloads import HistoryLimits
from .agents import LiveAgent, as_opened
from .chat import Chat
from .errors import BadCommandError, ChatExistsError, ChatNotFoundError, error_from_wire
from .store import Store
from .teams import TeamSpec

__all__ = ["Openings"]

logger = logging.getLogger("folkmoot.client")


class Openings:
    """The part of `Folkmoot` that opens and finds chats.

    Args:
        client: A connected client.
        queue: Task queue of the workers.
        store: The workers' store.
    """

    def __init__(self, client: Client, queue: str, store: Store | None) -> None:
        self.client = client
        self.queue = queue
        self._store = store
        self._workers = Workers(client, queue)
        self._pages: dict[str, LogPages] = {}

    async def open(
        self,
        team: TeamSpec | AgentSpec | LiveAgent,
        id: str,
        *,
        state: Mapping[str, Any] | None = None,
        messages: Messages | OldMessages | None = None,
        termination: Ending = None,
        replace: bool = False,
        tenant: str = "",
        limits: HistoryLimits | None = None,
    ) -> Chat:
        """Start a chat, or find the one that lives.

        One that lives is given back as it is. `state` and `messages` are for the beginning only: a living chat that
        began with the same is given back too, however far it has come since, so that a caller who did not hear the
        answer may ask again; with anything else it is refused. Those go into a living chat with `Chat.load_state` and
        `Chat.load_messages`.

        Args:
            team: The team, or a single agent, live ones of your own and of AutoGen among them.
            id: The chat's id, which is its workflow's.
            state: A saved state to begin with, ours or AutoGen's (see `Chat.save_state`).
            messages: Old messages to begin with (see `Chat.load_messages`).
            termination: What becomes of a termination text in the last of them (see `Chat.load_messages`).
            replace: Start anew where a chat of that id was closed.
            tenant: Search attribute `ChatTenant`; no quotes, backslashes or control characters.
            limits: When the chat continues as new; the defaults suit every server.

        Raises:
            ChatExistsError: A chat of that id lives, with another team, or it did not begin with that state or those
                messages. Nothing was done.
            ChatClosedError: A chat of that id was closed, and `replace` is not set.
            ValueError: Both a state and messages, or `termination` without messages.
            UnknownNameError: The workers do not know a name in the spec. No chat was opened.
            BadCommandError: The state or the messages do not fit the team. No chat was opened.
            PayloadTooLargeError: The spec is too large, or the state without a store.
        """
        spec = as_opened(team)
        opening = Opening(self.client, self.queue, spec, id)
        if messages is not None and state is not None:
            raise ValueError("Give a state or messages to begin with, not both.")
        if messages is None and termination is not None:
            raise ValueError(
                f"termination is about the last of old messages, got {termination!r} and no messages to begin with."
            )
        warnings: list[str] = []
        if messages is not None:
            state, warnings = await resumed(spec, messages, termination)
        options: dict[str, Any] = {"replace": replace, "tenant": tenant, "limits": limits}
        if state is None:
            return await self._open(opening, id, None, **options, uuid=uuid4().hex)
        mark = mark_of(state)
        if await opening.lives_with(mark):
            return self._chat(id)
        log_warnings(warnings)
        uuid = uuid4().hex
        return await self._open(opening, id, await self._loading(state, uuid), **options, uuid=uuid, mark=mark)

    async def _loading(self, state: Mapping[str, Any], uuid: str, **fields: Any) -> list[Any]:
        """The command with which the chat of that uuid begins with a state."""
        put = None if self._store is None else partial(self._store.put, chat=uuid)
        return ["load_state", uuid4().hex, {"state": await stored_state(state, put), **fields}]

    async def _open(self, opening: Opening, id: str, first: Sequence[Any] | None, **options: Any) -> Chat:
        """Start a chat that begins with a command, or find the one that lives."""
        started = await opening.start(first=first, **options)
        if started:
            # What is kept here of a log is of the closed chat that had this id.
            self._pages.pop(id, None)
        chat = self._chat(id)
        if started:
            try:
                await self._check_names(chat)
                if first is not None:
                    await chat.begun_with(first[1])
            except BaseException:
                await opening.withdraw()
                raise
        return chat

    async def fork(
        self,
        source: str,
        id: str,
        *,
        offset: int | None = None,
        turn: int | None = None,
        label: str | None = None,
        tenant: str = "",
        limits: HistoryLimits | None = None,
    ) -> Chat:
        """Open a chat that goes on from a snapshot of another, which goes on by itself; at any time.

        What a person was being asked there the new chat asks again, under a new id. Calls in flight are not copied:
        the turn is taken up again by the next run. Its own use of tokens begins at zero.

        Args:
            source: The chat to fork.
            id: The new chat's id.
            offset: Which snapshot (see `Chat.find`); with none of the three: as it is now.
            turn: See `Chat.find`.
            label: See `Chat.find`.
            tenant: Search attribute `ChatTenant` of the new chat.
            limits: When the new chat continues as new.

        Raises:
            ChatNotFoundError: There is no chat `source`.
            ChatExistsError: A chat of that id lives.
            BadCommandError: There is no such snapshot.

        Returns:
            The new chat; its `crossed` names the calls of tools with side effects that the source made after it.
        """
        origin_chat = await self.get(source)
        whole = await origin_chat.read(offset, turn=turn, label=label)
        opening = Opening(self.client, self.queue, whole.team, id)
        if not await opening.free():
            raise ChatExistsError(f"A chat {id!r} is there already; a fork needs an id of its own.", chat_id=id)
        uuid = uuid4().hex
        origin = {"chat": source, "uuid": whole.uuid, "offset": whole.offset}
        first = await self._loading(whole.saved(), uuid, origin=origin)
        chat = await self._open(opening, id, first, replace=False, tenant=tenant, limits=limits, uuid=uuid)
        if (offset, turn, label) != (None, None, None):
            chat.crossed = tuple(await origin_chat.crossing(whole.offset))
        return chat

    async def import_chat(
        self,
        document: Mapping[str, Any],
        id: str,
        *,
        replace: bool = False,
        tenant: str = "",
        limits: HistoryLimits | None = None,
    ) -> Chat:
        """Open a chat that goes on from an exported one (see `Chat.export`), of whatever server.

        Args:
            document: The exported chat.
            id: The new chat's id.
            replace: Start anew where a chat of that id was closed.
            tenant: Search attribute `ChatTenant`.
            limits: When the chat continues as new.

        Raises:
            ChatExistsError: A chat of that id lives; without `replace`, also if it was closed.
            BadCommandError: It is no exported chat.
            UnknownNameError: The workers do not know a name in its spec. No chat was opened.
        """
        if document.get("format") != EXPORT or not isinstance(document.get("state"), Mapping):
            given = str(dict(document))[:100]
            raise BadCommandError(f"Expected an exported chat with 'format': {EXPORT!r}, 'spec', 'state'; got {given}")
        try:
            team = team_of(document.get("spec"))
        except ValueError as error:
            raise BadCommandError(f"The exported chat's spec cannot be read: {error}") from None
        opening = Opening(self.client, self.queue, team, id)
        if not (replace or await opening.free()):
            raise ChatExistsError(f"A chat {id!r} is there already.", chat_id=id)
        uuid = uuid4().hex
        origin = {name: document.get(name) for name in ("chat", "uuid", "offset")}
        first = await self._loading(document["state"], uuid, origin=origin)
        return await self._open(opening, id, first, replace=replace, tenant=tenant, limits=limits, uuid=uuid)

    async def _check_names(self, chat: Chat) -> None:
        if told := await self._workers.absence(chat.id):
            logger.warning("chat %r waits: %s", chat.id, told)
            return
        refusal = await self._pages[chat.id].query("check")
        if refusal is not None:
            raise error_from_wire(refusal["type"], refusal["message"], refusal.get("details"))

    async def get(self, id: str) -> Chat:
        """The chat of that id, living or closed.

        Raises:
            ChatNotFoundError: There is none.
        """
        try:
            found = await self.client.get_workflow_handle(id).describe()
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            found = None
        if found is None and await find_archived(self._store, self.client.namespace, id) is not None:
            return self._chat(id)
        if found is None or found.workflow_type != names.WORKFLOW:
            raise ChatNotFoundError(f"There is no chat {id!r}.", chat_id=id)
        first = found.raw_description.workflow_execution_info.first_run_id
        pages = self._pages.get(id)
        if pages is not None and pages.first_run_id not in ("", first):
            # Another process closed the chat and opened a new one of this id: what was read is not its log.
            del self._pages[id]
        chat = self._chat(id)
        self._pages[id].first_run_id = first
        return chat

    async def _bring(self, spec: TeamSpec | AgentSpec) -> None:
        """What a spec carries goes to the workers of this process, if it has any (see `local`)."""

    def _chat(self, chat_id: str) -> Chat:
        pages = self._pages.get(chat_id)
        if pages is None or pages.follower.closed:
            pages = self._pages[chat_id] = LogPages(self.client, chat_id, self._workers, self._store)
        return Chat(self.client, chat_id, self._workers, self._store, pages, self.fork, self._bring)
