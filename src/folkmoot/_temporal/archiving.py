"""The activity that archives a closed chat: the rest of its log as a last segment, then the manifest."""

from __future__ import annotations

from functools import partial
from typing import Any

from temporalio import activity
from temporalio.client import WorkflowFailureError, WorkflowQueryFailedError
from temporalio.service import RPCError

from folkmoot._chat.specs import json_of
from folkmoot._chat.state import ChatState
from folkmoot.errors import LogReadError, StoreMissingError
from folkmoot.store import StoreUnavailableError

from . import names
from .call_store import CallStore, awaited
from .failures import CallFailedError, ExpectedError
from .heartbeat import beating
from .payloads import ArchiveInput, LogQuery, Manifest, Page, Segment
from .reader import LogReader, seal_bytes
from .segments import indexed

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
            raise ExpectedError("This worker has no store.", type=StoreMissingError.__name__, non_retryable=True)
        async with beating():
            try:
                return await self._archive(data, store)
            except StoreUnavailableError as error:
                raise awaited(error) from None
            except (LogReadError, RPCError, WorkflowQueryFailedError) as error:
                raise CallFailedError(str(error), type=type(error).__name__) from None

    async def _archive(self, data: ArchiveInput, store: CallStore) -> dict[str, Any]:
        client = activity.client()
        handle = client.get_workflow_handle(data.id, run_id=data.run_id)
        try:
            await handle.result(follow_runs=False)
        except WorkflowFailureError as error:
            return {"archived": False, "why": f"The chat was not closed: {error.cause}"}
        asked = LogQuery(limit=1).model_dump(exclude_defaults=True)
        page = Page.model_validate(await handle.query("log", asked))
        final: dict[str, Any] = (await handle.query("state"))["state"]
        chat = await self._reader.read_of(data.id, data.run_id, page.head, page.head_digest, whole=False)
        last = seal_bytes(data.uuid, chat.log, data.base, page.head, data.before, data.spec)
        name = await store.once.put(last, chat=data.uuid)
        state = ChatState.load(final)
        told: dict[str, Any] = {"digest": page.head_digest, "turn": state.turn, "size": len(last)}
        sealed = Segment(first=data.base, last=page.head - 1, sha256=name, **told)
        segments = await indexed([*page.segments, sealed], partial(store.once.put, chat=data.uuid))
        manifest = Manifest(
            id=data.id,
            uuid=data.uuid,
            first_run_id=data.first_run_id,
            team=chat.team.name,
            tenant=data.tenant,
            spec=json_of(chat.team),
            head=page.head,
            digest=page.head_digest,
            segments=segments,
            opened=await self._reader.opened(segments, data.uuid),
            closed=chat.log.at(page.head - 1).time,
            turns=state.turn,
            tokens=state.tokens,
            runs=data.runs,
            state=final,
        )
        encoded = manifest.model_dump_json().encode()
        await store.once.put_manifest(encoded, namespace=client.namespace, chat_id=data.id, chat=data.uuid)
        return {"archived": True, "head": page.head, "segments": len(segments)}
