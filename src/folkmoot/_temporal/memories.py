"""What an agent's memories add to its context, asked once a turn, before its first model call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter

from folkmoot._chat.context import AgentContext, Item
from folkmoot._chat.log import NOTHING
from folkmoot._chat.plan import Seat
from folkmoot.agents import AssistantAgent
from folkmoot.memory import ListMemory
from folkmoot.messages import LLMMessage

from .log_cache import CachedChat
from .payloads import CallInput
from .registry import Registry

__all__ = ["remember"]

_MESSAGE: TypeAdapter[Any] = TypeAdapter(LLMMessage)


class _Context:
    """An agent's context as a store sees it: it may read it, and put messages at its end."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items
        self.added: list[dict[str, Any]] = []

    async def get_messages(self) -> list[Any]:
        plain = ({name: value for name, value in item.message.items() if name != "memory"} for item in self._items)
        return [_MESSAGE.validate_python(message) for message in plain]

    async def add_message(self, message: Any) -> None:
        self.added.append(message.model_dump(mode="json"))


async def remember(
    chat: CachedChat, seat: Seat, view: AgentContext, data: CallInput, registry: Registry
) -> tuple[list[dict[str, Any]], list[Item] | None]:
    """Ask the agent's memories, if this is the first model call of its turn.

    What a memory says again is not written again: the entry refers to the earlier one, and the context stays as it is.

    Returns:
        What the reply tells the chat of it, and the context's items with it; None: they have not changed.

    Raises:
        UnknownNameError: A memory is not registered on this worker.
    """
    spec = seat.agent
    if not isinstance(spec, AssistantAgent) or not spec.memory or data.i or chat.log.at(data.n).kind != "turn":
        return [], None
    told: list[dict[str, Any]] = []
    items: list[Item] | None = None
    for number, memory in enumerate(spec.memory):
        store: Any = memory if isinstance(memory, ListMemory) else registry.memory(memory.name)
        part = f"-m{number}"
        now = view.items if items is None else items
        before = [item for item in now if item.message.get("memory") != part]
        context = _Context(before)
        result = await store.update_context(context)
        found = [content.model_dump(mode="json") for content in result.memories.results]
        last = view.memories.get(part)
        if last is not None and last.results == found and last.context == context.added:
            if found and last.offset == NOTHING:
                # It was said in the chat that this one's state comes from: there is no entry to refer to.
                told.append({"part": part, "event": {"content": found}, "context": context.added})
            elif found:
                told.append({"part": part, "same": last.offset})
            continue
        if not found and not context.added and last is None:
            continue
        told.append({"part": part, "event": {"content": found}, "context": context.added})
        items = [*before, *(Item({**message, "memory": part}) for message in context.added)]
    return told, items
