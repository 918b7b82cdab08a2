"""The activity of a custom agent: its whole turn, or one of its hooks, and what changed of its state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from temporalio import activity

from folkmoot._chat.agent_state import change_of
from folkmoot._chat.entries import BLOB
from folkmoot._chat.plan import Seat, watched
from folkmoot.agents import CustomAgent
from folkmoot.messages import BaseAgentEvent, BaseChatMessage, from_log, is_own_kind, to_log
from folkmoot.store import StoreUnavailableError
from folkmoot.teams import TeamSpec
from folkmoot.tools import CancellationToken

from . import names
from .blobs import putter, store_contents
from .call_store import FITS_THE_LOG
from .custom_agents import CustomAgents, Hook
from .heartbeat import beating
from .kill_points import reach
from .log_cache import CachedChat
from .model_calls import preview
from .payloads import CallInput
from .side import Side, errors_named

__all__ = ["AgentTurns"]


class AgentTurns:
    """Turns of custom agents on one worker."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._agents = CustomAgents()

    @activity.defn(name=names.ACTIVITY_AGENT)
    async def agent(self, raw: dict[str, Any]) -> dict[str, Any]:
        """A turn: `messages`, the answer last, and `state`, if it changed. A hook: `state`, if it changed."""
        data = CallInput.model_validate(raw)
        async with beating() as heart:
            chat = await self._side.read(data)
            seat = chat.plan.seats[data.a]
            spec = seat.agent
            assert isinstance(spec, CustomAgent)
            token = CancellationToken()
            heart.on_cancel(token.cancel)
            state = (await self._side.agent_state(chat, seat.path, data.at)).state
            key = f"{chat.uuid}/{seat.path}"
            with errors_named():
                registered = self._side.registry.agent(spec.agent)
                if data.s:
                    saved = await self._agents.call_hook(registered, spec, key, cast(Hook, data.s), state, token)
                    return {} if saved is None else await self._changed(state, saved, chat)
                view = await self._side.context(chat, seat.path, data.at)
                heard = [from_log(message) for message in view.new]
                reach("agent.before")
                turn = await self._agents.take_turn(
                    registered,
                    spec,
                    key,
                    [message for message in heard if isinstance(message, BaseChatMessage)],
                    state,
                    token,
                    preview(heart, chat, data, seat.name, seat.source),
                )
                _check_types(chat, seat, [*(event for event, _ in turn.events), turn.answer])
            reach("agent.after")
            messages: list[dict[str, Any]] = [
                {
                    "message": await self._stored(event, chat),
                    **({"chat": True} if isinstance(event, BaseChatMessage) else {}),
                    **({"shown": True} if shown else {}),
                }
                for event, shown in turn.events
            ]
            messages.append({"message": await self._stored(turn.answer, chat)})
            return self._side.bounded({"messages": messages, **await self._changed(state, turn.state, chat)}, seat.path)

    async def _stored(self, message: BaseChatMessage | BaseAgentEvent, chat: CachedChat) -> dict[str, Any]:
        async def words() -> tuple[str, ...]:
            return watched(chat.team)

        return await store_contents(to_log(message), putter(self._side.reader.store, chat.uuid), words)

    async def _changed(self, before: Any, after: Any, chat: CachedChat) -> dict[str, Any]:
        change, whole = change_of(before, after)
        store = self._side.reader.store
        if whole is not None and store is not None:
            data = whole.encode("utf-8", "replace")
            try:
                return {"state": {BLOB: await store.put(data, chat=chat.uuid), "size": len(data)}}
            except StoreUnavailableError:
                if len(data) > FITS_THE_LOG:
                    raise
        return {} if change is None else {"state": change}


def _check_types(chat: CachedChat, seat: Seat, messages: Sequence[BaseChatMessage | BaseAgentEvent]) -> None:
    """Refuse a class of the users' own that neither the agent's team nor one around it lists (AutoGen).

    Raises:
        ValueError: There is one.
    """
    teams = [node.team for node in chat.plan.chain(seat.node) if isinstance(node.team, TeamSpec)]
    for message in messages:
        kind = message.type
        if teams and is_own_kind(kind) and not any(kind in team.custom_message_types for team in teams):
            raise ValueError(f"Message type {type(message)} is not registered.")
