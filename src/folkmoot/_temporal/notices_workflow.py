"""The workflow `GroupChatNotices`: what notices a closed chat has left are delivered, or given up in time."""

from __future__ import annotations

from typing import Any

from temporalio import workflow

from . import names
from .deliveries import Deliveries, Delivery, NoticesInput, NotifyInput, Undelivered

__all__ = ["ChatNotices"]


@workflow.defn(name=names.NOTICES, sandboxed=False)
class ChatNotices:
    """Started by a chat that is about to end, with a `NoticesInput`."""

    @workflow.run
    async def run(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Ends when nothing is left to try; tells what was not delivered, as the chat's log would."""
        data = NoticesInput.model_validate(raw)

        def reference(delivery: Delivery) -> NotifyInput:
            told = data.model_dump(include={"at", "d", "tenant", "id", "run_id"})
            return NotifyInput(n=delivery.offset, sink=delivery.sink, **told)

        deliveries, given_up = Deliveries(data.notices), list[Undelivered]()
        while deliveries:
            given_up += [*deliveries.take(), *deliveries.start(reference)]
            await workflow.wait_condition(lambda: deliveries.any_done or not deliveries)
        return {"notices": len(data.notices), "undelivered": [item.dump() for item in given_up]}
