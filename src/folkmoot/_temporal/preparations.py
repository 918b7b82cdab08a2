"""The activity that looks at a command before the chat carries it out: it can read what is saved or sealed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from temporalio import activity

from folkmoot._chat.agent_state import StateView
from folkmoot._chat.changing import adapted
from folkmoot._chat.commands import no_snapshot
from folkmoot._chat.context import AgentContext
from folkmoot._chat.crossing import crossed
from folkmoot._chat.engine import Chat
from folkmoot._chat.entries import BLOB, all_references, blob_of
from folkmoot._chat.loading import load
from folkmoot._chat.log import Log
from folkmoot._chat.managers import manager_of
from folkmoot._chat.needed import needed_offsets
from folkmoot._chat.plan import Plan, watched
from folkmoot._chat.saved import KEY
from folkmoot._chat.saving import save
from folkmoot._chat.snapshots import past_at, snapshots
from folkmoot._chat.specs import json_of, team_of
from folkmoot._chat.state import ChatState
from folkmoot._chat.thread import ThreadView

from . import names
from .blobs import LARGE, putter, store_contents
from .failures import CallFailedError, refusals
from .heartbeat import beating
from .kill_points import reach
from .log_cache import CachedChat
from .payloads import CallInput
from .side import Side, errors_named
from .signed import looked_at
from .summaries import summarized

__all__ = ["Preparations"]


class Preparations:
    """What one worker finds out for commands."""

    def __init__(self, side: Side) -> None:
        self._side = side

    @activity.defn(name=names.ACTIVITY_PREPARE)
    async def prepare(self, raw: dict[str, Any]) -> dict[str, Any]:
        """What `commands.handle` wants under `prepared`; a refusal is an error of type BadCommandError."""
        async with beating():
            with refusals(), errors_named():
                whole = raw["verb"] in ("rollback", "change", "summarize")
                chat = await self._side.read(CallInput(at=raw["at"], d=raw["d"], n=0), whole=whole)
                reach("prepare.before")
                found = await self._found(chat, raw)
                reach("prepare.after")
                return found

    async def _found(self, chat: CachedChat, raw: Mapping[str, Any]) -> dict[str, Any]:
        match raw["verb"]:
            case "rollback":
                if not chat.segments or raw["offset"] > chat.segments[-1].last:
                    # The chat itself has all but the calls that lie in the store.
                    return {"crossed": crossed(chat.plan, chat.log, raw["offset"], raw["at"])}
                part = await self._part(chat, raw["offset"])
                return await asyncio.to_thread(_gone_back, chat, part, raw["offset"], raw["at"])
            case "summarize":
                return await summarized(self._side, chat, raw)
            case "decide":
                return looked_at(chat.uuid, raw, self._side.registry.decision_keys)
            case "change":
                team = team_of(raw["spec"])
                self._side.registry.check(team)
                state = await self._changed(chat, Plan(team), raw)
                return self._side.bounded(await self._loaded(chat, Plan(team), state, changed=True), "the chat's state")
            case _:
                return self._side.bounded(await self._loaded(chat, chat.plan, raw["state"]), "the saved state")

    async def _part(self, cached: CachedChat, offset: int) -> Chat:
        """The chat as it stood at the end of the sealed part that holds an offset, with that part's entries."""
        leaf = await self._side.reader.leaf(cached.segments, cached.uuid, offset)
        header = await self._side.reader.header_of(leaf, cached.uuid)
        state, team = ChatState.load(header["state"]), team_of(header["spec"])
        log = Log(leaf.first, header["digest"])
        for entry in cached.log.each(leaf.first, leaf.last + 1):
            log.extend(entry)
        needed = [cached.log.at(place) for place in needed_offsets(Plan(team), state)]
        earlier = {entry.offset: entry for entry in needed} | all_references([*needed, *log], cached.log.at)
        log.pinned = {place: entry for place, entry in earlier.items() if place < leaf.first}
        return Chat(team, cached.uuid, log, state)

    async def _changed(self, chat: CachedChat, new: Plan, raw: Mapping[str, Any]) -> dict[str, Any]:
        """The chat's present state as one of the new team."""
        at, side = raw["at"], self._side
        views = _Views(
            {path: await side.context(chat, path, at) for path in chat.plan.seats},
            {path: await side.thread(chat, path, at) for path in chat.plan.nodes},
            {path: await side.agent_state(chat, path, at) for path in chat.plan.seats},
        )
        state = ChatState.load(raw["state"])
        asked = [request.path for request in state.requests.values()]
        blobs = await side.reader.fetch_blobs(chat, 0, at)
        whole = save(chat.plan, chat.uuid, chat.log, at - 1, state, views, blobs)
        if asked and not any(path in new.seats or path in new.nodes for path in asked):
            # Nobody is there any more who would ask it again.
            whole[KEY]["asks"] = False
        try:
            return adapted(chat.plan, new, whole, raw.get("hears", True))
        except ValueError as error:
            raise _refusal(str(error)) from None

    async def _loaded(
        self, chat: CachedChat, plan: Plan, given: Mapping[str, Any], *, changed: bool = False
    ) -> dict[str, Any]:
        reference = blob_of(given)
        store = self._side.reader.store
        if reference is None:
            whole: Any = given
        else:
            if store is None:
                raise _refusal(f"The state lies in the store, {reference[BLOB]}, and this worker has none.")
            whole = json.loads(await store.get(reference[BLOB], chat=chat.uuid))
        try:
            loaded = await asyncio.to_thread(load, plan, whole, _now())
        except ValueError as error:
            raise _refusal(str(error)) from None
        if changed:
            for path, node in plan.nodes.items():
                manager_of(node).forget_strangers(node, loaded.state.scopes[path])
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


@dataclass(frozen=True)
class _Views:
    """Views that were read up to one place."""

    contexts: Mapping[str, AgentContext]
    threads: Mapping[str, ThreadView]
    states: Mapping[str, StateView]

    def context(self, path: str) -> AgentContext:
        return self.contexts[path]

    def thread(self, path: str) -> ThreadView:
        return self.threads[path]

    def agent_state(self, path: str) -> StateView:
        return self.states[path]


def _gone_back(cached: CachedChat, chat: Chat, to: int, head: int) -> dict[str, Any]:
    """The state at a snapshot that is sealed, with the entries it looks at, and what is crossed.

    Args:
        cached: The chat, its log whole.
        chat: As it stood at the end of the part that holds the snapshot.
        to: The snapshot's offset.
        head: Where the log ends.
    """
    if all(snapshot.offset != to for snapshot in snapshots(chat)):
        raise _refusal(no_snapshot(to))
    state, team = past_at(chat, to)
    needed = {offset: cached.log.at(offset) for offset in needed_offsets(Plan(team), state)}
    needed |= all_references(needed.values(), cached.log.at)
    return {
        "state": state.dump(),
        "team": None if team == cached.team else json_of(team),
        "asks": bool(cached.log.at(to).data.get("asks")),
        "entries": {str(offset): needed[offset].encoded.decode() for offset in sorted(needed)},
        "crossed": crossed(cached.plan, cached.log, to, head),
    }


def _refusal(text: str) -> CallFailedError:
    return CallFailedError(text[:2000], type="BadCommandError", non_retryable=True)


def _now() -> str:
    return activity.info().scheduled_time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
