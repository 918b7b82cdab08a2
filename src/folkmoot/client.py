"""Where programs start: `Folkmoot.connect` opens and finds chats on any Temporal server, `local` on its own."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey
from temporalio.envconfig import ClientConfigProfile
from temporalio.service import RPCError

from ._client.filtering import refusing_filter
from ._client.inbox import InboxItem, inbox
from ._client.replaying import BreakingChat, ReplayReport, replay_chats
from ._client.retention import Deletion, Retention
from ._encryption.keys import KeyRing
from ._openings import Openings
from ._temporal import names
from ._temporal.encrypting import keys_of
from ._temporal.filters import quoted
from .errors import (
    ServerUnavailableError,
)
from .plugin import FolkmootPlugin
from .store import Store, as_store
from .store.encrypted import encrypted

__all__ = ["ChatInfo", "Folkmoot", "InboxItem"]

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


class Folkmoot(Openings):
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
        store = plugin.store if store is None and plugin is not None else store
        super().__init__(client, queue, encrypted(store, keys_of(client.data_converter)))
        self._plugin = plugin

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
        encryption: KeyRing | None = None,
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
            encryption: The workers' keys, or None: the plugin's, else the environment's (see `FolkmootPlugin`).
            options: Further arguments of `temporalio.client.Client.connect`.

        Raises:
            ServerUnavailableError: No server answers there.
            ValueError: The keys are none, or there are others, or another payload codec.
        """
        if plugin is not None and encryption is not None:
            raise ValueError("A plugin brings its own keys; expected encryption= with it, or here, not both.")
        config = connect_options(profile)
        given = {"target_host": address, "namespace": namespace, "tls": tls, "api_key": api_key}
        config.update({key: value for key, value in given.items() if value is not None})
        config.setdefault("target_host", "localhost:7233")
        opened = as_store(store)
        plugin = plugin or FolkmootPlugin(store=opened, encryption=encryption)
        plugins = [plugin, *options.pop("plugins", [])]
        try:
            client = await Client.connect(**config, plugins=plugins, **options)
        except (RuntimeError, RPCError, OSError) as error:
            raise ServerUnavailableError(
                f"No Temporal server answers at {config['target_host']!r}: {str(error)[:300]}"
            ) from None
        return cls(client, plugin=plugin, queue=queue, store=opened)

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

        Raises:
            BadCommandError: A value has a quote or a backslash, or the filter is none.
        """
        parts = [f"WorkflowType = '{names.WORKFLOW}'", "ExecutionStatus != 'ContinuedAsNew'"]
        given = {"ChatStatus": status, "ChatTeam": team, "ChatTenant": tenant}
        parts += [f"{key} = {quoted(value)}" for key, value in given.items() if value is not None]
        if filter:
            parts.append(f"({filter})")
        with refusing_filter(filter):
            async for found in self.client.list_workflows(" AND ".join(parts), limit=limit):
                yield _info(found)

    async def inbox(
        self,
        people: Sequence[str] | None = None,
        *,
        tenant: str | None = None,
        due_before: str | None = None,
    ) -> AsyncIterator[InboxItem]:
        """What people are asked, in all chats, from Temporal's visibility store (which follows within a second).

        Args:
            people: Ids, and roles as `role:NAME`: only what they may decide; None: whatever anybody is asked.
            tenant: Only of this tenant's chats.
            due_before: ISO 8601: only of chats of which something is due before then.
        """
        async for item in inbox(self.client, people, tenant, due_before):
            yield item

    async def delete(self, id: str, *, force: bool = False, dry_run: bool = False) -> list[Deletion]:
        """Delete the closed chats that had this id: workflows, and all the store keeps of them. It cannot be undone.

        Args:
            id: The chat's id.
            force: A living one too; it is terminated first.
            dry_run: Only tell what would be deleted.

        Raises:
            ChatNotFoundError: There is none.
            ChatBusyError: It lives, and `force` is not set. Nothing was deleted.
        """
        found = await Retention(self.client, self._store, self._workers).delete(id, force=force, dry_run=dry_run)
        if not dry_run and (pages := self._pages.pop(id, None)) is not None:
            await pages.follower.close()
        return found

    async def delete_older(self, than: timedelta, *, dry_run: bool = False) -> AsyncIterator[Deletion]:
        """Delete the chats that were closed longer ago than that, as `delete` does, one after another.

        Args:
            than: The age.
            dry_run: Only tell what would be deleted.
        """
        async for deletion in Retention(self.client, self._store, self._workers).delete_older(than, dry_run=dry_run):
            if not dry_run:
                self._pages.pop(deletion.id, None)
            yield deletion

    async def replay(
        self,
        filter: str = "",
        *,
        limit: int | None = None,
        id: str | None = None,
        on_chat: Callable[[str, BreakingChat | None], None] | None = None,
    ) -> ReplayReport:
        """Replay the live chats of the namespace with the code of this process, to see which of them it would break.

        Args:
            filter: A condition in Temporal's list filter language.
            limit: At most so many chats.
            id: Only this one.
            on_chat: Is told of each chat, with what breaks it.

        Raises:
            BadCommandError: The filter is none.
            ChatNotFoundError: There is no chat `id`.
            ChatClosedError: The chat `id` is closed.
        """
        return await replay_chats(self.client, filter=filter, limit=limit, id=id, on_chat=on_chat)

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
