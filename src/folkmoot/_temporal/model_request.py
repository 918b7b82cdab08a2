"""From an agent's context view to a model request. What was rendered once is joined, never rendered again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from folkmoot._chat.context import AgentContext, Item
from folkmoot.agents import AssistantAgent
from folkmoot.contexts import (
    ChatCompletionContext,
    Placeholder,
    TokenLimitedChatCompletionContext,
    UnboundedChatCompletionContext,
    select,
)
from folkmoot.models import Model, ModelRequest
from folkmoot.options import ModelSpec

from .log_cache import CachedChat
from .payloads import CallInput
from .reader import LogReader
from .registry import Registry
from .tokens import count_tokens

__all__ = ["prepare"]

DEFAULT_TIMEOUT = 600.0


async def prepare(
    chat: CachedChat, spec: AssistantAgent, data: CallInput, registry: Registry, reader: LogReader
) -> tuple[ModelRequest, Model]:
    """The request of one model call, and the model it goes to.

    Raises:
        UnknownNameError: A model or tool is not registered on this worker.
    """
    model = registry.models.resolve(spec.model_client)
    view = chat.context(spec.name, data.at)
    await reader.fetch_blobs(chat, view.next, data.at)
    view = chat.context(spec.name, data.at)
    if not view.items and not view.prefix:
        view.prefix = [Item(message.model_dump(mode="json")) for message in spec.model_context.initial_messages]
    view.read(chat.log, data.at, chat.blobs)
    messages: list[bytes] = []
    if spec.system_message is not None:
        messages.append(_rendered(view.system(spec.system_message), model))
    if isinstance(spec.model_context, UnboundedChatCompletionContext):
        # The common case, without a look at each message of a long chat.
        messages += [_rendered(item, model) for item in view.prefix]
        messages += view.wire(model.name, model.render)
    else:
        messages += _selected(view, spec.model_context, model)
    timeout = spec.model_client.timeout if isinstance(spec.model_client, ModelSpec) else None
    request = ModelRequest(
        messages=messages,
        tools=() if data.r else _schemas(spec, registry),
        tool_choice="none" if data.r else "auto",
        output_schema=spec.output_schema,
        timeout=timeout or DEFAULT_TIMEOUT,
    )
    return request, model


def _selected(view: AgentContext, context: ChatCompletionContext, model: Model) -> list[bytes]:
    """What a context that leaves messages out lets through."""
    items = [*view.prefix, *view.items]
    counter = _counter(items) if isinstance(context, TokenLimitedChatCompletionContext) else None
    places = select(context, [item.type for item in items], counter, window=model.info.context_window)
    return [
        model.render(place.message) if isinstance(place, Placeholder) else _rendered(items[place], model)
        for place in places
    ]


def _rendered(item: Item, model: Model) -> bytes:
    data = item.rendered.get(model.name)
    if data is None:
        data = item.rendered[model.name] = model.render(item.message)
    return data


def _schemas(spec: AssistantAgent, registry: Registry) -> Sequence[Mapping[str, Any]]:
    tools = [registry.tool(tool.name).schema for tool in spec.tools]
    return [*tools, *(handoff.tool_schema for handoff in spec.resolved_handoffs)]


def _counter(items: list[Item]) -> Any:
    def count(places: Sequence[int]) -> int:
        total = 0
        for place in places:
            item = items[place]
            if item.tokens is None:
                item.tokens = count_tokens(item.message)
            total += item.tokens
        return total

    return count
