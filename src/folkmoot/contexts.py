"""Model contexts: which of an agent's messages its model gets to see (AutoGen: `autogen_core.model_context`).

A context here is only a spec; `select` is the rule, as a pure function over message *types*: it answers with
places, so messages that were rendered for a model once are used again as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import PrivateAttr

from ._spec import Carried, Spec
from .agents.live import ModelClient, NamedModel, check_model, live_model, model_field
from .messages import LLMMessage
from .options import ModelSpec

__all__ = [
    "BufferedChatCompletionContext",
    "ChatCompletionContext",
    "HeadAndTailChatCompletionContext",
    "Placeholder",
    "SummarizedChatCompletionContext",
    "TokenLimitedChatCompletionContext",
    "UnboundedChatCompletionContext",
    "select",
]

InitialMessages = Sequence[LLMMessage] | None

_PROMPT = (
    "You keep the record of a conversation that is too long to be read again. Put what you are given into a summary "
    "that can stand in its place: facts, names, numbers, decisions with their reasons, what was asked and is still "
    "open, who said what where it matters. Leave nothing out that later speakers will need, add nothing, and do not "
    "answer anybody. Write the summary only."
)


class ChatCompletionContext(Spec, frozen=True):
    """The base of all contexts. `initial_messages` stand before all the agent hears, as part of the view."""

    initial_messages: tuple[LLMMessage, ...] = ()


class UnboundedChatCompletionContext(ChatCompletionContext, frozen=True):
    """Every message."""

    type: Literal["UnboundedChatCompletionContext"] = "UnboundedChatCompletionContext"

    def __init__(self, initial_messages: InitialMessages = None) -> None:
        self._fill(initial_messages=tuple(initial_messages or ()))


class BufferedChatCompletionContext(ChatCompletionContext, frozen=True):
    """The last messages.

    Args:
        buffer_size: How many messages, at least 1.
        initial_messages: What stands before the agent's own messages.
    """

    type: Literal["BufferedChatCompletionContext"] = "BufferedChatCompletionContext"
    buffer_size: int

    def __init__(self, buffer_size: int, initial_messages: InitialMessages = None) -> None:
        self._fill(buffer_size=buffer_size, initial_messages=tuple(initial_messages or ()))

    def check(self) -> None:
        """Refuse an empty buffer."""
        super().check()
        _check_positive("buffer_size", self.buffer_size)


class HeadAndTailChatCompletionContext(ChatCompletionContext, frozen=True):
    """The first and the last messages, and between them a note on how many were skipped.

    Args:
        head_size: How many of the first messages, at least 1.
        tail_size: How many of the last messages, at least 1.
        initial_messages: What stands before the agent's own messages.
    """

    type: Literal["HeadAndTailChatCompletionContext"] = "HeadAndTailChatCompletionContext"
    head_size: int
    tail_size: int

    def __init__(self, head_size: int, tail_size: int, initial_messages: InitialMessages = None) -> None:
        self._fill(head_size=head_size, tail_size=tail_size, initial_messages=tuple(initial_messages or ()))

    def check(self) -> None:
        """Refuse an empty head or tail."""
        super().check()
        _check_positive("head_size", self.head_size)
        _check_positive("tail_size", self.tail_size)


class TokenLimitedChatCompletionContext(ChatCompletionContext, frozen=True):
    """As many messages as fit into a number of tokens; messages are taken out of the middle.

    Args:
        token_limit: Tokens; None: the window of the agent's model.
        initial_messages: What stands before the agent's own messages.
    """

    type: Literal["TokenLimitedChatCompletionContext"] = "TokenLimitedChatCompletionContext"
    token_limit: int | None = None

    def __init__(self, token_limit: int | None = None, initial_messages: InitialMessages = None) -> None:
        self._fill(token_limit=token_limit, initial_messages=tuple(initial_messages or ()))

    def check(self) -> None:
        """Refuse a limit nothing fits into."""
        super().check()
        if self.token_limit is not None:
            _check_positive("token_limit", self.token_limit)


class SummarizedChatCompletionContext(ChatCompletionContext, frozen=True):
    """What was said last, and summaries in place of what was said before; what a model sees stays within a limit.

    A model writes each summary once. It is an entry of the log, beside the messages it stands for: these stay as they
    were, and no failure, restart or rollback has it written again.

    When what would be shown exceeds `token_limit`, the oldest messages go into one running summary, as many as make up
    `stretch_tokens`. A message larger than that is first summarised alone, in pieces if need be, and so is a message
    among the last ones that takes up too much of the limit. A tool call and its results count as one message.

    Args:
        model_client: The model that writes the summaries; see `AssistantAgent`.
        token_limit: Tokens of what is shown, instructions and tools aside.
        keep_last: How many of the last messages are kept as they are, as long as they fit the limit.
        each: Every earlier message of more than `message_tokens` tokens is summarised alone, as soon as it is none of
            the last ones, also below the limit.
        message_tokens: See `each`.
        summary_tokens: Tokens of one summary: the model is told so, and what it writes beyond is cut off. None: a
            quarter of the limit.
        stretch_tokens: Tokens of what is summarised at a time, an earlier summary aside; None: half of the limit.
        prompt: The instructions of the model that writes the summaries.
        initial_messages: What stands before the agent's own messages; it is never summarised.

    Raises:
        ValueError: A number is not positive, summaries may be as long as the limit, or a name or the prompt is empty.
    """

    type: Literal["SummarizedChatCompletionContext"] = "SummarizedChatCompletionContext"
    model_client: str | ModelSpec
    token_limit: int
    keep_last: int = 4
    each: bool = False
    message_tokens: int = 500
    summary_tokens: int | None = None
    stretch_tokens: int | None = None
    prompt: str = _PROMPT

    _model: NamedModel | None = PrivateAttr(default=None)

    def __init__(
        self,
        model_client: ModelClient,
        token_limit: int,
        *,
        keep_last: int = 4,
        each: bool = False,
        message_tokens: int = 500,
        summary_tokens: int | None = None,
        stretch_tokens: int | None = None,
        prompt: str = _PROMPT,
        initial_messages: InitialMessages = None,
    ) -> None:
        self._fill(
            model_client=model_field(model_client),
            token_limit=token_limit,
            keep_last=keep_last,
            each=each,
            message_tokens=message_tokens,
            summary_tokens=summary_tokens,
            stretch_tokens=stretch_tokens,
            prompt=prompt,
            initial_messages=tuple(initial_messages or ()),
        )
        self._hold(_model=live_model(model_client))

    def check(self) -> None:
        """Refuse numbers nothing fits into."""
        super().check()
        check_model(self.model_client)
        for name in ("token_limit", "keep_last", "message_tokens", "summary_tokens", "stretch_tokens"):
            if (value := getattr(self, name)) is not None:
                _check_positive(name, value)
        if self.longest_summary >= self.token_limit:
            raise ValueError(
                f"summary_tokens must be less than token_limit, {self.token_limit}, got {self.longest_summary}."
            )
        if not self.prompt.strip():
            raise ValueError(f"prompt must tell the model what to write, got {self.prompt!r}.")

    def carry(self, into: Carried) -> None:
        """The model, if it was passed itself."""
        if self._model is not None:
            into.add_model(self._model.name, self._model)

    @property
    def longest_summary(self) -> int:
        """Tokens of one summary."""
        return self.summary_tokens or max(1, self.token_limit // 4)

    @property
    def stretch(self) -> int:
        """Tokens of what is summarised at a time."""
        return self.stretch_tokens or max(1, self.token_limit // 2)


def _check_positive(name: str, value: int) -> None:
    if value <= 0:
        raise ValueError(f"{name} must be greater than 0.")


@dataclass(frozen=True)
class Placeholder:
    """What stands for messages that were left out.

    Attributes:
        skipped: How many messages lie outside head and tail.
    """

    skipped: int

    @property
    def message(self) -> Mapping[str, Any]:
        """The LLM message, in AutoGen's JSON and words."""
        return {"type": "UserMessage", "content": f"Skipped {self.skipped} messages.", "source": "System"}


def select(
    context: ChatCompletionContext,
    kinds: Sequence[str],
    count: Callable[[Sequence[int]], int] | None = None,
    *,
    window: int | None = None,
) -> list[int | Placeholder]:
    """What of a context's messages a model sees.

    Beyond AutoGen's rules no view tears a tool call from its results: endpoints refuse both halves.

    Args:
        context: The spec.
        kinds: The `type` of every LLM message of the context, initial messages included, oldest first.
        count: Tokens of the messages at these places together; more messages never count less. Needed by a
            token limit.
        window: Tokens the model takes, used where the context has no limit of its own; None: no limit.

    Returns:
        Places in `kinds`, ascending, with at most one placeholder among them.

    Raises:
        ValueError: The context limits tokens and `count` is missing, or its class is unknown here.
    """
    total = len(kinds)
    match context:
        case UnboundedChatCompletionContext() | SummarizedChatCompletionContext():
            # Summaries stand in the context itself.
            return [*_whole(range(total), kinds)]
        case BufferedChatCompletionContext():
            return [*_whole(range(max(0, total - context.buffer_size), total), kinds)]
        case HeadAndTailChatCompletionContext():
            return _head_and_tail(context, kinds)
        case TokenLimitedChatCompletionContext():
            limit = window if context.token_limit is None else context.token_limit
            if limit is None:
                return [*_whole(range(total), kinds)]
            if count is None:
                raise ValueError("A TokenLimitedChatCompletionContext needs a function that counts tokens.")
            return [*_whole(_fitting(total, limit, count), kinds)]
        case _:
            raise ValueError(f"No rule for a model context of type {context.type!r}.")


def limited(messages: Sequence[Mapping[str, Any]], context: ChatCompletionContext) -> list[Mapping[str, Any]]:
    """The messages that a context which counts messages, not tokens, lets through; one that counts tokens, all.

    Args:
        messages: LLM messages in AutoGen's JSON form.
        context: The context.
    """
    if isinstance(context, TokenLimitedChatCompletionContext | SummarizedChatCompletionContext):
        return list(messages)
    places = select(context, [message["type"] for message in messages])
    return [place.message if isinstance(place, Placeholder) else messages[place] for place in places]


def _head_and_tail(context: HeadAndTailChatCompletionContext, kinds: Sequence[str]) -> list[int | Placeholder]:
    total = len(kinds)
    skipped = total - context.head_size - context.tail_size
    if skipped <= 0:
        return [*_whole(range(total), kinds)]
    kept = _whole([*range(context.head_size), *range(total - context.tail_size, total)], kinds)
    head = [place for place in kept if place < context.head_size]
    return [*head, Placeholder(skipped), *kept[len(head) :]]


def _fitting(total: int, limit: int, count: Callable[[Sequence[int]], int]) -> list[int]:
    """Places left when the middle message is taken out again and again until the rest fits.

    Taking out the middle of n down to m leaves the first half of m, rounded up, and the last half: so the
    greatest m that fits is found by bisection instead of counting after each step.
    """

    def rest(size: int) -> list[int]:
        return [*range((size + 1) // 2), *range(total - size // 2, total)]

    low, high = 0, total
    while low < high:
        middle = (low + high + 1) // 2
        if count(rest(middle)) <= limit:
            low = middle
        else:
            high = middle - 1
    return rest(low)


def _whole(places: Sequence[int], kinds: Sequence[str]) -> list[int]:
    """`places` without tool calls that lost a result and without results that lost their call."""
    kept = set(places)
    for call, results in _exchanges(kinds):
        if call is None or not kept.issuperset((call, *results)):
            kept.difference_update(results if call is None else (call, *results))
    return [place for place in places if place in kept]


def _exchanges(kinds: Sequence[str]) -> list[tuple[int | None, list[int]]]:
    """Every run of tool results with the place of the call before it; None where there is none."""
    found: list[tuple[int | None, list[int]]] = []
    for place, kind in enumerate(kinds):
        if kind != "FunctionExecutionResultMessage":
            continue
        if found and place - 1 in found[-1][1]:
            found[-1][1].append(place)
        else:
            asked = place > 0 and kinds[place - 1] == "AssistantMessage"
            found.append((place - 1 if asked else None, [place]))
    return found
