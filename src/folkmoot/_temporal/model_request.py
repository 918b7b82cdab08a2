"""From an agent's context view to a model request. What was rendered once is joined, never rendered again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from folkmoot._chat.context import AgentContext, Item
from folkmoot._chat.listener import Message
from folkmoot.contexts import (
    ChatCompletionContext,
    Placeholder,
    TokenLimitedChatCompletionContext,
    UnboundedChatCompletionContext,
    select,
)
from folkmoot.models import Model
from folkmoot.options import ModelSpec
from folkmoot.transforms import Transform, transformed

from .registry import Registry
from .tokens import count_tokens

__all__ = ["DEFAULT_TIMEOUT", "Words", "render", "rendered", "timeout_of", "words_of"]

DEFAULT_TIMEOUT = 600.0


@dataclass(frozen=True)
class Words:
    """What of an agent's spec decides what its model reads.

    Attributes:
        system_message: Its instructions.
        model_context: What of the conversation it sees.
        transforms: What is changed in that.
    """

    system_message: str | None
    model_context: ChatCompletionContext
    transforms: Sequence[Transform] = ()


def words_of(
    view: AgentContext, words: Words, model: Model, registry: Registry, extra: Sequence[Item] | None = None
) -> list[bytes]:
    """The messages of a model call, rendered.

    Args:
        view: The agent's context, read up to the call.
        words: What decides what it reads.
        model: Whose form they are rendered in.
        registry: Has the functions of transforms.
        extra: The items in place of the view's; None: the view's.
    """
    if view.prefix is None:
        view.prefix = [Item(message.model_dump(mode="json")) for message in words.model_context.initial_messages]
    system = [] if words.system_message is None else [view.system(words.system_message)]
    if extra is None and not words.transforms and isinstance(words.model_context, UnboundedChatCompletionContext):
        # The common case, without a look at each message of a long chat.
        return [*(render(item, model) for item in [*system, *view.prefix]), *view.wire(model.name, model.render)]
    items = [*view.prefix, *(view.items if extra is None else extra)]
    chosen = [*system, *_selected(items, words.model_context, model)]
    if words.transforms:
        chosen = _transformed(chosen, words.transforms, registry)
    return [render(item, model) for item in chosen]


def rendered(messages: Sequence[Message], model: Model) -> list[bytes]:
    """LLM messages that no view keeps."""
    return [model.render(message) for message in messages]


def render(item: Item, model: Model) -> bytes:
    """An item in a model's form, made once."""
    data = item.rendered.get(model.name)
    if data is None:
        data = item.rendered[model.name] = model.render(item.message)
    return data


def timeout_of(client: str | ModelSpec | None) -> float:
    """Seconds a call of a model may take."""
    given = client.timeout if isinstance(client, ModelSpec) else None
    return given or DEFAULT_TIMEOUT


def _selected(items: Sequence[Item], context: ChatCompletionContext, model: Model) -> list[Item]:
    """What a context that leaves messages out lets through."""
    counter = _counter(items) if isinstance(context, TokenLimitedChatCompletionContext) else None
    places = select(context, [item.type for item in items], counter, window=model.info.context_window)
    return [Item(place.message) if isinstance(place, Placeholder) else items[place] for place in places]


def _transformed(items: Sequence[Item], transforms: Sequence[Transform], registry: Registry) -> list[Item]:
    """The items after the transforms; those that are left as they were keep what was rendered of them."""
    known = {id(item.message): item for item in items}
    changed = transformed(transforms, [item.message for item in items], count_tokens, registry.functions)
    return [known.get(id(message)) or Item(message) for message in changed]


def _counter(items: Sequence[Item]) -> Any:
    def count(places: Sequence[int]) -> int:
        total = 0
        for place in places:
            item = items[place]
            if item.tokens is None:
                item.tokens = count_tokens(item.message)
            total += item.tokens
        return total

    return count
