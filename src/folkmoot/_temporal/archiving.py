"""The activity that archives a closed chat: the rest of its log as a last segment, then the manifest."""

from __future__ import annotations

from typing import Any

from temporalio import activity
from temporalio.service import RPCError

from folkmoot._chat.state import ChatState
from folkmoot.errors import LogReadError, StoreMissingError
from folkmoot.store import StoreUnavailableError

from . import names
from .call_store import CallStore
from .failures import CallFailedError
from .heartbeat import beating
from .payloads import ArchiveInput, Manifest, Segment
from .reader import LogReader, seal_bytes

__all__ = ["Archiver"]


class Archiver:
    """Archives chats on one worker."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader

    @activity.defn(name=names.ACTIVITY_ARCHIVE)
    async def archive(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Put what is left of a closed chat into the store. Done twice, it is the same."""
        data = ArchiveInput.model_validate(raw)
        store = self._reader.store
        if store is None:
            raise CallFailedError("This worker has no store.", type=StoreMissingError.__name__, non_retryable=True)
        async with beating():
            try:
                return await self._archive(data, store)
            except (StoreUnavailableError, LogReadError, RPCError) as error:
                raise CallFailedError(str(error), type=type(error).__name__) from None

    async def _archive(self, data: ArchiveInput, store: CallStore) -> dict[str, Any]:
        chat = await self._reader.read_of(data.id, data.run_id, data.at, data.d, whole=False)
        spec = await activity.client().get_workflow_handle(data.id, run_id=data.run_id).query("spec")
        last = seal_bytes(data.uuid, chat.log, data.base, data.at, data.before)
        name = await store.once.put(last, chat=data.uuid)
        sealed = Segment(first=data.base, last=data.at - 1, digest=data.d, sha256=name, size=len(last))
        segments = [*data.segments, sealed]
        state = ChatState.load(data.state)
        manifest = Manifest(
            id=data.id,
            uuid=data.uuid,
            first_run_id=data.first_run_id,
            team=data.team,
            tenant=data.tenant,
            spec=spec,
            head=data.at,
            digest=data.d,
            segments=segments,
            opened=await self._reader.opened(segments, data.uuid),
            closed=data.closed,
            turns=state.turn,
            tokens=state.tokens,
            runs=data.runs,
            state=data.state,
        )
        namespace = activity.client().namespace
        encoded = manifest.model_dump_json().encode()
        await store.once.put_manifest(encoded, namespace=namespace, chat_id=data.id, chat=data.uuid)
        return {"archived": True, "head": data.at, "segments": len(segments)}
