"""The handle of a chat: AutoGen's verbs, and what a durable chat has besides. It holds no state of the chat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from temporalio.client import Client

from ._chat.entries import content_of
from ._chat.log import Entry
from ._chat.masking import mask_entry
from ._client.commands import Commands
from ._client.comparing import Comparison
from ._client.history import Branch, LabelledSnapshot, Rollback
from ._client.model_views import ModelView
from ._client.old_messages import OldMessages
from ._client.pages import LogPages
from ._client.people import By, Decision, PendingRequest, People
from ._client.running import Previews, RunReader
from ._client.tasks import log_task
from ._client.workers import Workers
from ._spec import AgentSpec, to_json
from .budgets import BudgetUse
from .messages import BaseAgentEvent, BaseChatMessage, TaskResult
from .options import ModelSpec
from .store import Store
from .teams import TeamSpec
from .tools import CancellationToken

__all__ = [
    "Branch",
    "Chat",
    "ChatEvent",
    "ChatStatus",
    "Comparison",
    "Decision",
    "LabelledSnapshot",
    "ModelView",
    "OldMessages",
    "PendingRequest",
    "Rollback",
]

Task = str | BaseChatMessage | Sequence[BaseChatMessage] | None


@dataclass(frozen=True, slots=True)
class ChatEvent:
    """An entry of the log.

    Attributes:
        offset: Its place; read on with `events(after=offset)`.
        kind: What happened (see the docs on the log): `message`, `event`, `turn`, `run_started`, `run_ended`, ...
        time: ISO 8601, UTC.
        data: The entry as it is kept.
        message: The AutoGen message or event, for entries that are one.
    """

    offset: int
    kind: str
    time: str
    data: Mapping[str, Any]
    message: BaseChatMessage | BaseAgentEvent | None


@dataclass(frozen=True, slots=True)
class ChatStatus:
    """Where a chat stands.

    Attributes:
        status: idle, running, pausing, paused, waiting or closed.
        team: The team's name.
        run: Number of the current or last run.
        turn: Turns so far, over all runs.
        speakers: Who is speaking.
        head: The offset the next entry will get.
        stop_reason: Of the last run.
        error: Of the last run: agent, type, message.
        waiting_for: What it waits for, e.g. `worker:tool:lookup`.
        tokens: Used so far.
        continued: How often it has continued as new.
    """

    status: str
    team: str
    run: int
    turn: int
    speakers: tuple[str, ...]
    head: int
    stop_reason: str | None
    error: Mapping[str, Any] | None
    waiting_for: tuple[str, ...]
    tokens: int
    continued: int


class Chat(People):
    """A chat, wherever it runs. Any number of processes may hold handles on one.

    Made by `Folkmoot.open` and `Folkmoot.get`.
    """

    def __init__(
        self,
        client: Client,
        chat_id: str,
        workers: Workers,
        store: Store | None,
        pages: LogPages,
        forks: Callable[..., Awaitable[Chat]],
        brings: Callable[[TeamSpec | AgentSpec], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(chat_id, Commands(client, chat_id, workers, pages), pages, store is not None)
        self._client = client
        self._forks = forks
        self._brings = brings
        self.crossed: tuple[Mapping[str, Any], ...] = ()
        """Of a fork just made: calls of tools with side effects that its source made after the snapshot."""

    def __repr__(self) -> str:
        return f"Chat({self.id!r})"

    async def _bring(self, spec: TeamSpec | AgentSpec) -> None:
        if self._brings is not None:
            await self._brings(spec)

    async def fork(self, id: str, **options: Any) -> Chat:
        """Open a chat that goes on from a snapshot of this one, which goes on by itself (see `Folkmoot.fork`).

        Args:
            id: The new chat's id.
            options: As for `Folkmoot.fork`: `offset`, `turn` or `label`, `tenant`, `limits`.
        """
        return await self._forks(self.id, id, **options)

    async def run(
        self,
        *,
        task: Task = None,
        cancellation_token: CancellationToken | None = None,
        output_task_messages: bool = True,
        by: By = None,
    ) -> TaskResult:
        """Run the team to its end (AutoGen: `Team.run`).

        If this process dies the run goes on; `events` shows it to whoever asks.

        Args:
            task: What to do: a text, a message, a list of messages; None goes on where the last run ended.
            cancellation_token: Cancelling it cancels the run.
            output_task_messages: False: the task is not part of the result.
            by: Who asks for it: an approval's policy may keep them from deciding.

        Raises:
            ValueError: A bad task, or a run is under way (AutoGen's texts). Nothing was recorded.
            ChatFailedError: An agent failed.
            ChatCancelled: The run was cancelled.
            NoWorkerError: No worker polls the chat's queue.
        """
        reader = await self._start(task, output_task_messages, by)
        with _Cancelling(self, cancellation_token):
            return reader.result(await reader.finish())

    async def run_stream(
        self,
        *,
        task: Task = None,
        cancellation_token: CancellationToken | None = None,
        output_task_messages: bool = True,
        by: By = None,
    ) -> AsyncIterator[BaseChatMessage | BaseAgentEvent | TaskResult]:
        """As `run`, yielding messages and events as they come and the TaskResult last.

        Agents with `model_client_stream` show their words as chunks while they speak; chunks are not in the result.
        """
        reader = await self._start(task, output_task_messages, by)
        streams = (await self._memo()).get("stream", False)
        previews = Previews(self._client, self.id) if streams else None
        messages: list[BaseChatMessage | BaseAgentEvent] = []
        with _Cancelling(self, cancellation_token):
            async for message in reader.messages(previews):
                if message.type != "ModelClientStreamingChunkEvent":
                    messages.append(message)
                yield message
            yield reader.result(messages)

    async def _start(self, task: Task, echo: bool, by: By) -> RunReader:
        fields = await log_task(task, self._pages.put if self._stores else None, self._spec)
        if by:
            fields["by"] = by
        if not echo:
            fields["echo"] = False
        return RunReader(self._pages, self.id, await self._commands.update("run", fields))

    async def _memo(self) -> dict[str, Any]:
        described = await self._client.get_workflow_handle(self.id).describe()
        return dict((await described.memo()).get("folkmoot") or {})

    async def events(self, *, after: int = -1, follow: bool = True) -> AsyncIterator[ChatEvent]:
        """The log from the entry after offset `after` on, and then what comes, until the chat is closed.

        Args:
            after: Offset of the last entry already known; -1: from the beginning.
            follow: False: only what there is now.

        Raises:
            ChatNotFoundError: There is no such chat.
        """
        if follow:
            async for entry in self._pages.follow(after + 1):
                yield await self._event(entry)
            return
        async for entry in self._pages.present(after + 1):
            yield await self._event(entry)

    async def _event(self, entry: Entry) -> ChatEvent:
        message = await self._pages.message(entry)
        return ChatEvent(entry.offset, entry.kind, entry.time, mask_entry(entry).data, message)

    async def pause(self, *, now: bool = False) -> None:
        """Let no new step start until `resume`; calls in flight finish and are kept. Returns at `pausing`.

        Args:
            now: Cancel the calls in flight; `resume` makes them again.
        """
        await self._commands.signal("pause", {"now": True} if now else {})

    async def resume(self) -> None:
        """Go on after a pause; without one, nothing happens."""
        await self._commands.signal("resume")

    async def reset(self, *, force: bool = False) -> None:
        """Forget the conversation and start afresh (AutoGen: `Team.reset`); the log stays readable.

        Args:
            force: End a run that is under way first.

        Raises:
            ChatBusyError: A run is under way (AutoGen's text).
        """
        await self._commands.signal("reset", {"force": True} if force else {})

    async def stop(self) -> None:
        """End the run after the current turn (AutoGen: ExternalTermination); while idle, the next after its task."""
        await self._commands.signal("stop")

    async def cancel(self) -> None:
        """End the run now. Calls in flight are cancelled; the chat can run again."""
        await self._commands.signal("cancel")

    async def close(self, *, force: bool = False) -> None:
        """End the chat. Its log stays readable as long as the server keeps its history.

        Args:
            force: End a run that is under way first.

        Raises:
            ChatBusyError: A run is under way.
        """
        await self._commands.signal("close", {"force": True} if force else {})

    async def status(self) -> ChatStatus:
        """Where the chat stands now."""
        data = await self._pages.query("status")
        last = data["last_run"]
        return ChatStatus(
            status=data["status"],
            team=data["team"],
            run=data["run"],
            turn=data["turn"],
            speakers=tuple(data["speakers"]),
            head=data["head"],
            stop_reason=last["stop_reason"],
            error=last["error"],
            waiting_for=tuple(data["waiting_for"]),
            tokens=data["tokens"],
            continued=data["continued"],
        )

    async def summarize(
        self,
        method: str = "last_msg",
        *,
        prompt: str | None = None,
        model_client: str | ModelSpec | None = None,
        by: str = "",
    ) -> str:
        """What the chat came to (AutoGen 0.2: `summary_method`), while no run is under way; also of old messages.

        The summary is an entry of the log, `summarized`; nobody in the chat hears of it.

        Args:
            method: `last_msg`, the last message without a "TERMINATE"; `reflection_with_llm`, a model's words; or the
                name of a registered function of the list of messages, which returns a text.
            prompt: What the model is asked for.
            model_client: Which model; None: the team's own, else that of the first agent who has one.
            by: Who asks for it, for the log.

        Raises:
            ChatBusyError: A run is under way.
            UnknownNameError: The workers know no such function or model.
            BadCommandError: Nothing was said, there is no model to ask, or a model's arguments with another method.
            FolkmootError: The model or the function failed.
        """
        fields: dict[str, Any] = {"method": method}
        given = {"prompt": prompt, "model_client": model_client, "by": by or None}
        fields |= {name: to_json(value) for name, value in given.items() if value is not None}
        entry = await self._commands.settled("summarize", fields, "summarized")
        return content_of(entry.data["content"], await self._pages.contents([entry]))

    async def usage(self) -> dict[str, dict[str, int]]:
        """Tokens and calls by agent, over the chat's whole life, abandoned branches included.

        With a price function also `cost`, in millionths, and `unpriced`: calls of which it did not tell the price.
        """
        return (await self._pages.query("usage"))["agents"]

    async def budgets(self) -> list[BudgetUse]:
        """How far the limits of the chat's budgets are used, the chat's own first."""
        found = (await self._pages.query("usage")).get("budgets", ())
        return [BudgetUse.of(item, _passed(item.get("since"))) for item in found]


def _passed(since: str | None) -> float:
    """Seconds that a clock which runs has not counted yet."""
    return 0 if since is None else max(0.0, (datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds())


class _Cancelling:
    """While the block runs, cancelling the token cancels the chat's run."""

    def __init__(self, chat: Chat, token: CancellationToken | None) -> None:
        self._chat = chat
        self._token = token
        self._tasks: list[asyncio.Task[None]] = []
        self._over = False

    def __enter__(self) -> None:
        if self._token is not None:
            loop = asyncio.get_running_loop()

            def cancelled() -> None:
                loop.call_soon_threadsafe(self._cancel)

            self._token.add_callback(cancelled)

    def _cancel(self) -> None:
        if not self._over:
            self._tasks.append(asyncio.ensure_future(self._chat.cancel()))

    def __exit__(self, *error: object) -> None:
        self._over = True
