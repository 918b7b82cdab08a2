"""The notices of one chat: which entries are told to which sinks, and what becomes of it.

Each notice goes to each sink in an activity of its own, which is tried for a day and holds up nothing else of the chat.
Activities end with their run of the workflow, so what is not delivered by then is carried along and begun again, with
the same id. A chat whose team names no sinks writes nothing of this into its history.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import WorkflowAlreadyStartedError

from folkmoot._chat.deadlines import after
from folkmoot._chat.engine import Chat
from folkmoot._chat.log import Entry
from folkmoot.notices import LOG
from folkmoot.teams import TeamSpec

from . import names
from .deliveries import Deliveries, Delivery, NoticesInput, NotifyInput, Undelivered
from .payloads import ChatInput

__all__ = ["Notices", "kind_of"]

PATIENCE = 86_400.0
"""Seconds for which a notice is tried."""
MOST = 500
"""Notices that may wait. More would make what a chat carries too large: the oldest are given up."""
LAST_WORDS = timedelta(seconds=2)
"""How long a chat that is closed waits for its last notices; then a workflow of their own delivers them."""

_KINDS = {
    "request": "request",
    "reminded": "reminder",
    "escalated": "escalation",
    "expired": "overdue",
    "decided": "decision",
    "answered": "decision",
    "budget_warned": "budget_warning",
    "run_ended": "run_ended",
}


def kind_of(entry: Entry) -> str | None:
    """What kind of notice an entry is told as; None: it is not."""
    if entry.kind == "run_ended" and entry.data["status"] == "failed":
        return "run_failed"
    return _KINDS.get(entry.kind)


class Notices:
    """See the module.

    Args:
        chat: The chat.
        data: What this run of the workflow began with.
    """

    def __init__(self, chat: Chat, data: ChatInput) -> None:
        self._chat = chat
        self._tenant = data.tenant
        self._next = chat.log.head
        self._deliveries = Deliveries(data.notices)
        self._waited = False

    @property
    def any_done(self) -> bool:
        """Whether there is something to take in."""
        return self._deliveries.any_done

    def move(self, time: str, hold: bool) -> None:
        """Take in what became of notices, and start what can be.

        Args:
            time: ISO 8601, UTC.
            hold: Start nothing: the history is near its end.
        """
        deliveries = self._deliveries
        given_up = deliveries.take()
        sinks = self._sinks
        self._take_in(sinks)
        if (many := len(deliveries.waiting) - MOST) > 0:
            error = {"type": "TooManyError", "message": f"More than {MOST} notices waited."}
            given_up += [Undelivered(delivery, error) for delivery in deliveries.waiting[:many]]
            del deliveries.waiting[:many]
        if not hold:
            given_up += deliveries.start(self._reference, len(sinks))
        for item in given_up:
            workflow.logger.warning("a notice was not delivered", extra={"notice": item.dump()})
            self._chat.append(time, "undelivered", **item.dump())

    @property
    def _sinks(self) -> tuple[str, ...]:
        team = self._chat.team
        return team.notify if isinstance(team, TeamSpec) else ()

    def _take_in(self, sinks: tuple[str, ...]) -> None:
        """What has happened since the last look, and whom it is to be told."""
        log = self._chat.log
        for entry in log.after(self._next):
            if (kind := kind_of(entry)) is not None:
                if LOG not in sinks:
                    _note(kind, entry)
                until = after(entry.time, PATIENCE)
                self._deliveries.waiting += [Delivery(entry.offset, sink, until) for sink in sinks]
        self._next = log.head

    def _reference(self, delivery: Delivery) -> NotifyInput:
        log = self._chat.log
        # Of what lies sealed there is no digest any more; whoever has the log after it can read it.
        until = max(delivery.offset + 1, log.base)
        digest = log.digest_at(until) or ""
        return NotifyInput(n=delivery.offset, at=until, d=digest, sink=delivery.sink, tenant=self._tenant)

    def rest(self) -> list[list[Any]]:
        """What is carried over continue-as-new."""
        return self._deliveries.rest()

    async def hand_over(self) -> bool:
        """Before a closed chat ends: see that its last notices are delivered. False: there was nothing to do.

        By a workflow of its own if they are not delivered soon: the chat's id is free again, however long that takes.
        Commands may have come meanwhile.
        """
        if not self._deliveries:
            return False
        if not self._waited:
            self._waited = True
            with suppress(TimeoutError):
                await workflow.wait_condition(self._deliveries.all_done, timeout=LAST_WORDS)
            return True
        info, log = workflow.info(), self._chat.log
        data = NoticesInput(
            id=info.workflow_id,
            run_id=info.run_id,
            at=log.head,
            d=log.digest,
            tenant=self._tenant,
            notices=self._deliveries.rest(),
        )
        self._deliveries = Deliveries(())
        with suppress(WorkflowAlreadyStartedError):
            await workflow.start_child_workflow(
                names.NOTICES,
                data.model_dump(mode="json", exclude_defaults=True),
                id=names.NOTICES_ID + self._chat.uuid,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                static_summary=f"last notices of {info.workflow_id}"[:200],
            )
        return True


def _note(kind: str, entry: Entry) -> None:
    """A short line in the worker's log, of chats without sinks too; not in a replay."""
    told = {name: entry.data[name] for name in ("request", "run", "verdict", "status") if name in entry.data}
    level = workflow.logger.warning if kind in ("overdue", "run_failed") else workflow.logger.info
    what = " ".join(f"{name}={value}" for name, value in told.items())
    level("%s %s", kind, what, extra={"notice": {"kind": kind, "offset": entry.offset, "time": entry.time, **told}})
