"""Continue-as-new: when it is due, what is carried, and what is sealed into the store first.

The log's own base state is carried and everything after it folded again, so a chat restored is a chat replayed: there
is no second description of the state to drift. What is carried never exceeds what the closing run added, so all
histories of a chat together stay within twice its log.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, WorkflowAlreadyStartedError

from folkmoot._chat.engine import Chat
from folkmoot._chat.entries import all_references
from folkmoot._chat.log import EMPTY_DIGEST, Log
from folkmoot._chat.needed import needed_offsets
from folkmoot._chat.specs import json_of, team_of
from folkmoot._chat.state import ENGINE, ChatState
from folkmoot._spec import spec_digest

from . import names
from .calls import HEARTBEAT
from .payloads import MAX_PAYLOAD, ArchiveInput, ChatInput, HistoryLimits, Segment, pack, size_of, unpack
from .segments import overfull

__all__ = ["Carrier", "restore"]

SEAL_TIMEOUT = timedelta(seconds=60)
SEAL_TRIES = 3
"""Then the chat goes on unsealed, and tries again later."""
LONGEST_PAUSE = timedelta(seconds=30)
"""Between tries of a chat that can do nothing else any more."""


def restore(data: ChatInput) -> Chat:
    """The chat of a start or a continuation.

    Raises:
        ValueError: The spec or the carried log cannot be read.
    """
    team = team_of(data.spec)
    uuid = data.uuid or workflow.uuid4().hex
    pinned = {offset: encoded.encode() for offset, encoded in data.pinned.items()}
    log = Log.restore(data.base, data.digest or EMPTY_DIGEST, unpack(data.entries), pinned)
    return Chat(team, uuid, log, ChatState.load(data.state), data.engine)


class Carrier:
    """Decides when a chat continues as new, and does it."""

    def __init__(self, chat: Chat, data: ChatInput) -> None:
        self._chat = chat
        self._data = data
        self._limits = data.limits or HistoryLimits()
        self._store = data.store
        self._away = False
        """The store did not answer when it was last needed."""
        self._not_before = 0
        self.signals = 0
        """Signals this run of the workflow has got."""

    @property
    def spec_digest(self) -> str:
        """Of the spec in force."""
        return spec_digest(self._chat.team)

    def due(self) -> bool:
        """Whether to continue as new now, with nothing in flight."""
        info, limits = workflow.info(), self._limits
        events = info.get_current_history_length()
        if events < self._not_before:
            return False
        age = (workflow.now() - info.start_time).total_seconds()
        resting = not self._chat.wanted() and age >= limits.resting_age
        if not (
            events >= limits.events
            or info.get_current_history_size() >= limits.bytes
            or info.is_continue_as_new_suggested()
            or (resting and events >= limits.resting_events)
            or self._near_the_end()
        ):
            return False
        return self._near_the_end() or self._carried() <= self._added()

    def forced(self) -> bool:
        """Whether the history is so long that the chat has to continue as new before it does anything else."""
        return self._near_the_end() and workflow.info().get_current_history_length() >= self._not_before

    def _near_the_end(self) -> bool:
        """Whether the server would soon end the workflow."""
        info, limits = workflow.info(), self._limits
        return (
            info.get_current_history_length() >= limits.forced_events
            or info.get_current_history_size() >= limits.forced_bytes
            or self.signals >= limits.forced_signals
        )

    def _seals(self) -> bool:
        return self._chat.log.bytes > self._limits.seal_bytes and self._store is not False

    def _carried(self) -> int:
        """Bytes of log the next run would start with, before packing."""
        return self._pinned_bytes() if self._seals() else self._chat.log.bytes

    def _pins(self, base: int) -> dict[int, str]:
        """The entries before `base` that what is carried refers to."""
        chat = self._chat
        # What is not sealed is folded again on the carried base state, which needs its own.
        states = [(chat.base_plan, chat.base)] if base == chat.log.base else []
        states.append((chat.plan, chat.state))
        needed = {offset: chat.log.at(offset) for plan, state in states for offset in needed_offsets(plan, state)}
        held = chat.log.after(base)
        found = {**needed, **all_references([*needed.values(), *held], chat.log.at)}
        return {offset: found[offset].encoded.decode() for offset in sorted(found) if offset < base}

    def _pinned_bytes(self) -> int:
        return sum(len(encoded) for encoded in self._pins(self._chat.log.head).values())

    def _added(self) -> int:
        return workflow.info().get_current_history_size() - self._data.carried

    async def continue_as_new(self, rest: Callable[[], dict[str, Any]], *, cleared: bool = False) -> None:
        """Seal if need be, then continue as new. Returns only if it has to be put off.

        Args:
            rest: What lives outside the log; asked last, so that commands arriving meanwhile are carried.
            cleared: A search attribute was taken away in this run.
        """
        chat, segments = self._chat, list(self._data.segments)
        base, state = chat.log.base, chat.base
        if self._seals():
            sealed = await self._seal(segments)
            if sealed is not None:
                segments = sealed
                base = segments[-1].last + 1
                state = chat.state
            elif self._away and chat.log.bytes > self._added() and not self._near_the_end():
                # Carried whole each time, the log would be kept many times over while the store is away.
                self._put_off()
                return
        entries = [entry.encoded for entry in chat.log.after(base)]
        carried = ChatInput(
            spec=self._data.spec if base == chat.log.base else json_of(chat.team),
            uuid=chat.uuid,
            engine=ENGINE,
            base=base,
            digest=chat.log.digest_at(base),
            state=state.dump(),
            entries=pack(entries),
            pinned=self._pins(base),
            segments=segments,
            tenant=self._data.tenant,
            runs=self._data.runs + 1,
            store=self._store,
            limits=self._data.limits,
            **rest(),
        ).model_dump(mode="json", exclude_defaults=True)
        carried["carried"] = size = size_of(carried)
        if size > MAX_PAYLOAD:
            self._put_off()
            return
        # An attribute that was taken away would be carried as null, which the SDK cannot read as a time.
        kept = workflow.info().typed_search_attributes if cleared else None
        workflow.continue_as_new(args=[carried], search_attributes=kept)

    def _put_off(self) -> None:
        self._not_before = workflow.info().get_current_history_length() + self._limits.resting_events

    async def _seal(self, segments: list[Segment]) -> list[Segment] | None:
        """Put what is no longer needed here into the store; None if there is none or it does not answer.

        Args:
            segments: What is there already.
        """
        until = self._chat.log.head
        data: dict[str, Any] = {
            "base": self._chat.log.base,
            "at": until,
            "d": self._chat.log.digest_at(until),
            "state": self._chat.base.dump(),
            "spec": self._data.spec,
            "turn": self._chat.state.turn,
        }
        if overfull(segments):
            data["segments"] = [segment.model_dump(exclude_defaults=True) for segment in segments]
        last_resort = self._near_the_end()
        try:
            sealed: dict[str, Any] = await workflow.execute_activity(
                names.ACTIVITY_SEAL,
                data,
                start_to_close_timeout=SEAL_TIMEOUT,
                schedule_to_close_timeout=None if last_resort else SEAL_TIMEOUT,
                heartbeat_timeout=HEARTBEAT,
                retry_policy=RetryPolicy(
                    initial_interval=timedelta(seconds=1),
                    maximum_interval=LONGEST_PAUSE,
                    # Tries add no event: a history near its end can wait for the store for as long as it takes.
                    maximum_attempts=0 if last_resort else SEAL_TRIES,
                ),
                summary=f"seal entries {self._chat.log.base} to {until - 1}",
            )
        except ActivityError as error:
            if isinstance(error.cause, ApplicationError) and error.cause.type == "StoreMissingError":
                self._store = False
            self._away = self._store is not False
            return None
        self._store, self._away = True, False
        if "segments" in sealed:
            return [Segment.model_validate(item) for item in sealed["segments"]]
        return [*segments, Segment.model_validate(sealed)]

    def full(self) -> str | None:
        """Why the chat can take no more, if its log no longer fits and there is no store; nothing is lost."""
        if self._not_before and self._near_the_end() and not self._away:
            return (
                f"The chat's log has {self._chat.log.bytes} bytes, more than one history may carry. "
                "Start its workers with a store and ask again: each attempt to run looks for one."
            )
        return None

    def ask_again(self) -> None:
        """Look for a store once more before the chat rests: its workers may have been started with one since."""
        self._not_before, self._store = workflow.info().get_current_history_length(), None

    async def archive(self) -> None:
        """Before the chat is closed: have what will be left of it put into the store.

        By a workflow of its own, which waits for the end of this one and outlives it: the chat is closed at once, and
        its id free again, however long the store stays away. A server starts no child of a workflow that has ended, so
        it is started before.
        """
        if self._store is False:
            return
        info, chat = workflow.info(), self._chat
        data = ArchiveInput(
            id=info.workflow_id,
            run_id=info.run_id,
            first_run_id=info.first_execution_run_id,
            uuid=chat.uuid,
            tenant=self._data.tenant,
            base=chat.log.base,
            before=chat.base.dump(),
            spec=self._data.spec,
            runs=self._data.runs,
        )
        with suppress(WorkflowAlreadyStartedError):
            await workflow.start_child_workflow(
                names.ARCHIVE,
                data.model_dump(mode="json"),
                id=names.ARCHIVE_ID + chat.uuid,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                static_summary=f"archive {info.workflow_id}"[:200],
            )

    def last_word(self) -> dict[str, Any]:
        """The workflow's result: where the closed chat's log stands."""
        log = self._chat.log
        return {"uuid": self._chat.uuid, "head": log.head, "digest": log.digest, "turns": self._chat.state.turn}
