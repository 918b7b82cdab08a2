"""Summaries of what a context no longer shows: the request to the model that writes them, and what it brought.

One summary is one call, made in place of the call whose request would have been too long. The chat writes it down and
makes that call again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from folkmoot._chat.condensing import Begun, Item, Step, next_step, summary_in
from folkmoot.contexts import ChatCompletionContext, SummarizedChatCompletionContext
from folkmoot.models import Model, ModelRequest

from .failures import CallFailedError
from .kill_points import reach
from .log_cache import CachedChat
from .model_request import rendered, timeout_of
from .observing import call_model
from .side import Side
from .tokens import count_tokens

__all__ = ["Summing", "summing"]

IMAGE_TOKENS = 1_000
"""What an image counts for, about; its bytes would count for a thousand times that."""
CHARACTERS_PER_TOKEN = 16
"""More than there are in any text but the oddest."""
LENGTH = "Use at most {words} words."
WORDS_PER_TOKEN = 0.6
"""Less than there are in English, so that a model that keeps to it stays within the tokens."""
SO_FAR = "The summary so far, to be put into the new one:\n\n{summary}\n\n"
SINCE = "What is to be summarised:\n\n"

Part = str | Mapping[str, Any]
"""A text, or an image in AutoGen's JSON."""


@dataclass(frozen=True)
class Summing:
    """A summary that has to be written before anything else.

    Attributes:
        context: The spec.
        model: Writes it.
        messages: The request's, rendered.
        told: What the entry says besides the summary.
    """

    context: SummarizedChatCompletionContext
    model: Model
    messages: Sequence[bytes]
    told: Mapping[str, Any]

    async def make(self, side: Side, chat: CachedChat) -> dict[str, Any]:
        """The activity's result: the summary, in place of what was asked of it.

        Raises:
            CallFailedError: The model wrote nothing.
        """
        reach("summary.before")
        timeout = timeout_of(self.context.model_client)
        result = await call_model(self.model, ModelRequest(messages=self.messages, timeout=timeout))
        reach("summary.after")
        if not isinstance(result.content, str) or not result.content.strip():
            raise CallFailedError(
                f"Model {self.model.name!r} was to write a summary, and wrote none: {str(result.content)[:200]!r}.",
                type="ModelOutputError",
                non_retryable=True,
            )
        text = _cut(result.content.strip(), self.context.longest_summary)
        content = await side.large(text, chat)
        return {"condense": {**self.told, "content": content}, **await side.paid(self.model, result)}


def summing(
    context: ChatCompletionContext,
    items: Sequence[Item],
    begun: Begun | None,
    side: Side,
) -> Summing | None:
    """The summary that has to be written before a model may see these items; None: it may see them.

    Args:
        context: The spec of what it sees.
        items: All items of the context, what memories said among them.
        begun: A message that is summarised in pieces.
        side: Has the models.

    Raises:
        UnknownNameError: No model has the name the context gives.
    """
    if not isinstance(context, SummarizedChatCompletionContext):
        return None
    said = [item for item in items if not item.remembered]
    initial = (Item(message.model_dump(mode="json")) for message in context.initial_messages)
    fixed = sum(map(_tokens, initial)) + sum(_tokens(item) for item in items if item.remembered)
    step = next_step(context, said, fixed, _tokens, begun)
    if step is None:
        return None
    model = side.registry.models.resolve(context.model_client)
    parts, before, told = _stretch(context, said, step, begun)
    words = LENGTH.format(words=max(10, int(context.longest_summary * WORDS_PER_TOKEN)))
    first = {"type": "SystemMessage", "content": f"{context.prompt}\n\n{words}"}
    intro = f"{SO_FAR.format(summary=before) if before else ''}{SINCE}"
    asked: list[Part] = [intro + parts[0], *parts[1:]] if isinstance(parts[0], str) else [intro, *parts]
    content = asked[0] if len(asked) == 1 else asked
    messages = rendered([first, {"type": "UserMessage", "content": content, "source": "user"}], model)
    return Summing(context, model, messages, told)


def _stretch(
    context: SummarizedChatCompletionContext, said: Sequence[Item], step: Step, begun: Begun | None
) -> tuple[list[Part], str, dict[str, Any]]:
    """What is to be summarised, the summary it goes on from, and what the entry tells of both."""
    told: dict[str, Any] = {"count": step.count}
    if step.place is None:
        running = said[0].stands == "many"
        parts = _transcript(said[1 if running else 0 : step.count])
        return parts, summary_in(said[0]) if running else "", told
    told["place"] = step.place
    parts = _transcript(said[step.place : step.place + step.count])
    done = 0 if begun is None else begun.done
    piece, end = _piece(parts, done, context.stretch)
    if end is not None:
        told["done"] = end
    return piece, "" if begun is None else begun.content, told


def _transcript(items: Sequence[Item]) -> list[Part]:
    """What was said, in the order it was, texts that stand side by side as one."""
    found: list[Part] = []
    for item in items:
        for part in _words(item):
            if isinstance(part, str) and found and isinstance(found[-1], str):
                found[-1] += part
            else:
                found.append(part)
    return found


def _words(item: Item) -> list[Part]:
    message, content = item.message, item.message["content"]
    source: str = message.get("source") or "system"
    if item.stands == "one":
        return [f"{source}: {summary_in(item)}\n\n"]
    if isinstance(content, str):
        return [f"{source}: {content}\n\n"]
    parts = cast(list[Any], content)
    if item.type == "FunctionExecutionResultMessage":
        return ["".join(f"{one['name']} {_outcome(one)}: {one['content']}\n\n" for one in parts)]
    if item.type == "AssistantMessage":
        thought = f"{message['thought']}\n" if message.get("thought") else ""
        calls = "\n".join(f"calls {call['name']}({call['arguments']})" for call in parts)
        return [f"{source}: {thought}{calls}\n\n"]
    return [f"{source}: ", *parts, "\n\n"]


def _outcome(result: Mapping[str, Any]) -> str:
    return "failed" if result.get("is_error") else "returned"


def _piece(parts: Sequence[Part], done: int, limit: int) -> tuple[list[Part], int | None]:
    """The next piece of about `limit` tokens, and where it ends; None: with the whole. An image is one character."""
    piece: list[Part] = []
    at, room = 0, limit
    for part in parts:
        size = len(part) if isinstance(part, str) else 1
        skip = min(max(0, done - at), size)
        at += skip
        if skip == size:
            continue
        if piece and room <= 0:
            return piece, at
        if not isinstance(part, str):
            piece.append(part)
            room, at = room - IMAGE_TOKENS, at + 1
            continue
        rest = part[skip:]
        text = _cut(rest, max(1, room), "")
        piece.append(text)
        room, at = room - _count(text), at + len(text)
        if len(text) < len(rest):
            return piece, at
    return piece, None


def _tokens(item: Item) -> int:
    """Tokens of an item, counted once."""
    if item.tokens is None:
        content = item.message["content"]
        if isinstance(content, str):
            item.tokens = count_tokens(item.message)
        else:
            parts = cast(list[Any], content)
            rest = [part for part in parts if isinstance(part, str) or "data" not in part]
            item.tokens = count_tokens({"content": rest}) + IMAGE_TOKENS * (len(parts) - len(rest))
    return item.tokens


def _count(text: str) -> int:
    return count_tokens({"content": text}) - count_tokens({"content": ""})


def _cut(text: str, limit: int, mark: str = "…") -> str:
    """The text's beginning of at most about `limit` tokens, one character at least, between two words if it can be."""
    # Not all of a long text is counted to find a short beginning of it.
    head = text[: limit * CHARACTERS_PER_TOKEN]
    tokens = _count(head)
    if tokens <= limit and len(head) == len(text):
        return text
    size = min(len(head), max(1, len(head) * limit // tokens))
    while size > 1 and _count(text[:size]) > limit:
        size = size * 9 // 10
    blank = max(text.rfind(" ", size // 2, size), text.rfind("\n", size // 2, size))
    return text[: blank + 1 or size] + mark
