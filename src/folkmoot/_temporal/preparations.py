"""The activity that looks at a command before the chat carries it out: it can read what is saved or sealed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from temporalio import activity

from folkmoot._chat.commands import no_snapshot
from folkmoot._chat.crossing import crossed
from folkmoot._chat.engine import Chat
from folkmoot._chat.entries import BLOB, all_references, blob_of
from folkmoot._chat.loading import load
from folkmoot._chat.needed import needed_offsets
from folkmoot._chat.plan import watched
from folkmoot._chat.snapshots import snapshots, state_at

from . import names
from .blobs import LARGE, putter, store_contents
from .failures import CallFailedError
from .heartbeat import beating
from .log_cache import CachedChat
from .payloads import CallInput
from .side import Side, errors_named

__all__ = ["Preparations"]


class Preparations:
    """What one worker finds out for commands."""

    def __init__(self, side: Side) -> None:
        self._side = side

    @activity.defn(name=names.ACTIVITY_PREPARE)
    async def prepare(self, raw: dict[str, Any]) -> dict[str, Any]:
        """What `commands.handle` wants under `prepared`; a refusal is an error of type BadCommandError."""
        async with beating():
            with errors_named():
                chat = await self._side.read(CallInput(at=raw["at"], d=raw["d"], n=0), whole=raw["verb"] == "rollback")
                if raw["verb"] == "rollback":
                    return await asyncio.to_thread(_gone_back, chat, raw["offset"], raw["at"])
                return self._side.bounded(await self._loaded(chat, raw["state"]), "the saved state")

    async def _loaded(self, chat: CachedChat, given: Mapping[str, Any]) -> dict[str, Any]:
        reference = blob_of(given)
        store = self._side.reader.store
        if reference is None:
            whole: Any = given
        else:
            if store is None:
                raise _refusal(f"The state lies in the store, {reference[BLOB]}, and this worker has none.")
            whole = json.loads(await store.get(reference[BLOB], chat=chat.uuid))
        try:
            loaded = await asyncio.to_thread(load, chat.plan, whole, _now())
        except ValueError as error:
            raise _refusal(str(error)) from None
        put = putter(store, chat.uuid)
        stored: Any = dict(given)
        if reference is None and put is not None:
            text = json.dumps(given, ensure_ascii=False).encode("utf-8", "replace")
            if len(text) > LARGE:
                stored = {BLOB: await put(text), "size": len(text)}

        async def words() -> tuple[str, ...]:
            return watched(chat.team)

        entries = [
            {**entry, "message": await store_contents(entry["message"], put, words)} if "message" in entry else entry
            for entry in loaded.entries
        ]
        told = {"turn": loaded.turn, "asks": loaded.asks}
        return {"state": loaded.state.dump(), "entries": entries, "stored": stored, **told}


def _gone_back(cached: CachedChat, to: int, head: int) -> dict[str, Any]:
    """The state at a snapshot that is sealed, with the entries it looks at, and what is crossed."""
    chat = Chat(cached.team, cached.uuid, cached.log)
    if all(snapshot.offset != to for snapshot in snapshots(chat)):
        raise _refusal(no_snapshot(to))
    state = state_at(chat, to)
    needed = {offset: cached.log.at(offset) for offset in needed_offsets(chat.plan, state)}
    needed |= all_references(needed.values(), cached.log.at)
    return {
        "state": state.dump(),
        "entries": {str(offset): needed[offset].encoded.decode() for offset in sorted(needed)},
        "crossed": crossed(chat.plan, cached.log, to, head),
    }


def _refusal(text: str) -> CallFailedError:
    return CallFailedError(text[:2000], type="BadCommandError", non_retryable=True)


def _now() -> str:
    return activity.info().scheduled_time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
