"""Where programs start: `Folkmoot.connect` opens and finds chats on any Temporal server, `local` on its own."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey
from temporalio.envconfig import ClientConfigProfile
from temporalio.service import RPCError, RPCStatusCode

from ._client.history import stored_state
from ._client.old_messages import Ending, Messages, OldMessages, rehearsed, state_of
from ._client.opening import Opening
from ._client.pages import LogPages
from ._client.workers import Workers
from ._spec import AgentSpec
from ._temporal import names
from ._temporal.payloads import HistoryLimits
from .agents import LiveAgent, as_opened
from .chat import Chat
from .errors import (
    ChatExistsError,
    ChatNotFoundError,
    ServerUnavailableError,
    error_from_wire,
)
from .plugin import FolkmootPlugin
from .store import Store, as_store
from .teams import TeamSpec

__all__ = ["ChatInfo", "Folkmoot"]

logger = logging.getLogger("folkmoot.client")


@dataclass(frozen=True, slots=True)
class ChatInfo:
    """A line of a list of chats, read from search attributes: no worker is asked.

    Attributes:
        id: The chat.
        status: idle, running, pausing, paused, waiting, or closed.
        team: The team's name.
        turns: Turns so far, written at least every 20.
        tokens: Tokens used, likewise.
        waiting_for: What it waits for.
        started: When it was opened, or last continued as new. ISO 8601.
    """

    id: str
    status: str
    team: str
    turns: int
    tokens: int
    waiting_for: tuple[str, ...]
    started: str


class Folkmoot:
    """Opens and finds chats on one Temporal server.

    Args:
        client: A connected client, made with a `FolkmootPlugin`.
        plugin: That plugin, where a worker runs in this process.
        queue: Task queue of the workers.
        store: The workers' store, to read sealed parts and large contents.
    """

    def __init__(
        self,
        client: Client,
        *,
        plugin: FolkmootPlugin | None = None,
        queue: str = names.DEFAULT_QUEUE,
        store: Store | None = None,
    ) -> None:
        self.client = client
        self.queue = queue
        self._store = store if store is not None else plugin.store if plugin is not None else None
        self._plugin = plugin
        self._workers = Workers(client, queue)
        self._pages: dict[str, LogPages] = {}

    @classmethod
    async def connect(
        cls,
        address: str | None = None,
        *,
        namespace: str | None = None,
        tls: Any = None,
        api_key: str | None = None,
        profile: str | None = None,
        queue: str = names.DEFAULT_QUEUE,
        store: Store | str | Path | None = None,
        plugin: FolkmootPlugin | None = None,
        **options: Any,
    ) -> Folkmoot:
        """Connect to a Temporal server or Temporal Cloud; workers run elsewhere.

        What is not given comes from Temporal's environment configuration (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`,
        `TEMPORAL_API_KEY`, `TEMPORAL_TLS_*`, or a profile of its configuration file).

        Args:
            address: host:port.
            namespace: The namespace.
            tls: True, or a `temporalio.service.TLSConfig`.
            api_key: An API key; it is never shown.
            profile: Which profile of the configuration file to use.
            queue: Task queue of the workers.
            store: The workers' store, or its URL (see `folkmoot.store.open_store`).
            plugin: A plugin, if workers are made of this client.
            options: Further arguments of `temporalio.client.Client.connect`.

        Raises:
            ServerUnavailableError: No server answers there.
        """
        config = connect_options(profile)
        given = {"target_host": address, "namespace": namespace, "tls": tls, "api_key": api_key}
        config.update({key: value for key, value in given.items() if value is not None})
        config.setdefault("target_host", "localhost:7233")
        opened = as_store(store)
        plugin = plugin or FolkmootPlugin(store=opened)
        plugins = [plugin, *options.pop("plugins", [])]
        try:
            client = await Client.connect(**config, plugins=plugins, **options)
        except (RuntimeError, RPCError, OSError) as error:
            raise ServerUnavailableError(
                f"No Temporal server answers at {config['target_host']!r}: {str(error)[:300]}"
            ) from None
        return cls(client, plugin=plugin, queue=queue, store=opened)

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

        One that lives is given back as it is: `state` and `messages` are for the beginning only. To put them into a
        living chat, use `Chat.load_state` and `Chat.load_messages`.

        Args:
            team: The team, or a single agent, live ones of your own and of AutoGen among them.
            id: The chat's id, which is its workflow's.
            state: A saved state to begin with, ours or AutoGen's (see `Chat.save_state`).
            messages: Old messages to begin with (see `Chat.load_messages`).
            termination: What becomes of a termination text in the last of them (see `Chat.load_messages`).
            replace: Start anew where a chat of that id was closed.
            tenant: Search attribute `ChatTenant`.
            limits: When the chat continues as new; the defaults suit every server.

        Raises:
            ChatExistsError: A chat of that id lives, with another team.
            ChatClosedError: A chat of that id was closed, and `replace` is not set.
            UnknownNameError: The workers do not know a name in the spec. No chat was opened.
            BadCommandError: The state or the messages do not fit the team. No chat was opened.
            PayloadTooLargeError: The spec is too large, or the state without a store.
        """
        spec = as_opened(team)
        opening = Opening(self.client, self.queue, spec, id)
        if messages is not None:
            if state is not None:
                raise ValueError("Give a state or messages to begin with, not both.")
            state = state_of(rehearsed(spec, messages, termination))
        uuid, first = uuid4().hex, None
        if state is not None:
            put = None if self._store is None else partial(self._store.put, chat=uuid)
            first = ["load_state", uuid4().hex, {"state": await stored_state(state, put)}]
        return await self._open(opening, id, first, replace=replace, tenant=tenant, limits=limits, uuid=uuid)

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
        """
        whole = await (await self.get(source)).read(offset, turn=turn, label=label)
        opening = Opening(self.client, self.queue, whole.team, id)
        uuid, command = uuid4().hex, uuid4().hex
        put = None if self._store is None else partial(self._store.put, chat=uuid)
        origin = {"chat": source, "uuid": whole.uuid, "offset": whole.offset}
        fields = {"state": await stored_state(whole.saved(), put), "origin": origin}
        first = ["load_state", command, fields]
        if not await opening.free():
            raise ChatExistsError(f"A chat {id!r} is there already; a fork needs an id of its own.", chat_id=id)
        return await self._open(opening, id, first, replace=False, tenant=tenant, limits=limits, uuid=uuid)

    async def _check_names(self, chat: Chat) -> None:
        if not await self._workers.any():
            logger.warning("no worker polls task queue %r yet; chat %r waits for one", self.queue, chat.id)
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

    async def list(
        self,
        filter: str = "",
        *,
        status: str | None = None,
        team: str | None = None,
        tenant: str | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[ChatInfo]:
        """Chats, newest first, from Temporal's visibility store (which follows within a second).

        Args:
            filter: A further condition in Temporal's list filter language, e.g. `ChatTurns > 100`.
            status: Only chats of this status.
            team: Only of this team.
            tenant: Only of this tenant.
            limit: At most so many.
        """
        parts = [f"WorkflowType = '{names.WORKFLOW}'", "ExecutionStatus != 'ContinuedAsNew'"]
        given = {"ChatStatus": status, "ChatTeam": team, "ChatTenant": tenant}
        parts += [f"{key} = '{_quoted(value)}'" for key, value in given.items() if value is not None]
        if filter:
            parts.append(f"({filter})")
        async for found in self.client.list_workflows(" AND ".join(parts), limit=limit):
            yield _info(found)

    def _chat(self, chat_id: str) -> Chat:
        pages = self._pages.get(chat_id)
        if pages is None or pages.follower.closed:
            pages = self._pages[chat_id] = LogPages(self.client, chat_id, self._workers, self._store)
        return Chat(self.client, chat_id, self._workers, self._store, pages)

    async def close(self) -> None:
        """Stop following chats. They go on."""
        for pages in self._pages.values():
            await pages.follower.close()
        if self._plugin is not None:
            await self._plugin.close()
        if self._store is not None:
            await self._store.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def connect_options(profile: str | None = None) -> dict[str, Any]:
    """The arguments of `Client.connect` that Temporal's environment configuration gives."""
    return dict(ClientConfigProfile.load(profile=profile).to_client_connect_config())


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


def _info(found: WorkflowExecution) -> ChatInfo:
    attributes = found.typed_search_attributes
    running = found.status == WorkflowExecutionStatus.RUNNING
    status = attributes.get(SearchAttributeKey.for_keyword("ChatStatus"))
    return ChatInfo(
        id=found.id,
        status=(status or "idle") if running else "closed",
        team=attributes.get(SearchAttributeKey.for_keyword("ChatTeam")) or "",
        turns=attributes.get(SearchAttributeKey.for_int("ChatTurns")) or 0,
        tokens=attributes.get(SearchAttributeKey.for_int("ChatTokens")) or 0,
        waiting_for=tuple(attributes.get(SearchAttributeKey.for_keyword_list("ChatWaitingFor")) or ()),
        started=found.start_time.isoformat(),
    )
