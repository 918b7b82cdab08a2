"""The activities of one worker, and the one that seals. Their inputs are references to the log, never copies of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from temporalio import activity

from folkmoot.errors import StoreMissingError

from . import names
from .agent_turns import AgentTurns
from .code_runs import CodeRuns
from .compensations import Compensations
from .failures import ExpectedError
from .functions import Functions
from .heartbeat import beating
from .kill_points import reach
from .model_calls import ModelCalls
from .notifying import Notifier
from .orchestration import Orchestration
from .payloads import CallInput, Segment
from .preparations import Preparations
from .reader import LogReader, seal_bytes
from .registry import Registry
from .segments import indexed
from .selection import Selection
from .side import Side
from .tool_calls import ToolCalls

__all__ = ["ChatActivities"]


class ChatActivities:
    """The activities of one worker.

    Args:
        registry: What the worker has registered.
        reader: How it reads logs.
    """

    def __init__(self, registry: Registry, reader: LogReader) -> None:
        self._side = Side(registry, reader)

    @property
    def all(self) -> Sequence[Callable[..., Any]]:
        """To be registered on the worker."""
        functions = Functions(self._side)
        return [
            AgentTurns(self._side).agent,
            CodeRuns(self._side).code,
            Compensations(self._side).undo,
            functions.format,
            functions.functions,
            functions.input,
            Orchestration(self._side).manage,
            ModelCalls(self._side).model,
            Notifier(self._side).notify,
            Preparations(self._side).prepare,
            Selection(self._side).select,
            ToolCalls(self._side).tool,
            self.seal,
        ]

    @activity.defn(name=names.ACTIVITY_SEAL)
    async def seal(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Put a stretch of the log into the store, with the state before it; given what is there, all is indexed."""
        store = self._side.reader.store
        if store is None:
            raise ExpectedError("This worker has no store.", type=StoreMissingError.__name__, non_retryable=True)
        async with beating():
            chat = await self._side.read(CallInput(at=raw["at"], d=raw["d"], n=0), whole=False)
            reach("seal.before")
            base, until = raw["base"], raw["at"]
            data = seal_bytes(chat.uuid, chat.log, base, until, raw["state"], raw["spec"])
            put = partial(store.put_now, chat=chat.uuid)
            segment = Segment(
                first=base, last=until - 1, digest=raw["d"], sha256=await put(data), size=len(data), turn=raw["turn"]
            )
            before = [Segment.model_validate(item) for item in raw.get("segments", ())]
            whole = await indexed([*before, segment], put) if before else []
            reach("seal.after")
        return {"segments": [item.model_dump() for item in whole]} if whole else segment.model_dump()
