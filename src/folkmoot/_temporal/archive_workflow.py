"""The workflow `GroupChatArchive`: a closed chat is put into the store, however long that stays away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from . import names
from .calls import HEARTBEAT

__all__ = ["ChatArchive"]

TIMEOUT = timedelta(minutes=10)
LONGEST_PAUSE = timedelta(minutes=1)


@workflow.defn(name=names.ARCHIVE, sandboxed=False)
class ChatArchive:
    """Started by a chat when it is closed, with an `ArchiveInput`."""

    @workflow.run
    async def run(self, data: dict[str, Any]) -> dict[str, Any]:
        """Ends when the chat is in the store, or there is none to put it into."""
        try:
            return await workflow.execute_activity(
                names.ACTIVITY_ARCHIVE,
                data,
                start_to_close_timeout=TIMEOUT,
                heartbeat_timeout=HEARTBEAT,
                retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=LONGEST_PAUSE),
                summary=f"archive {data['id']}"[:200],
            )
        except ActivityError as error:
            if isinstance(error.cause, ApplicationError) and error.cause.type == "StoreMissingError":
                return {"archived": False, "why": error.cause.message}
            raise
