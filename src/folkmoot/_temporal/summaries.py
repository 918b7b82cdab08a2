"""What a chat came to, told by its last message, a model, or a registered function (AutoGen 0.2: `summary_method`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from folkmoot._chat.listener import as_llm
from folkmoot._chat.plan import Plan
from folkmoot._chat.thread import ThreadView
from folkmoot.contexts import Placeholder, TokenLimitedChatCompletionContext, select
from folkmoot.messages import from_log
from folkmoot.messages.log import model_text_of
from folkmoot.models import ModelRequest
from folkmoot.options import ModelSpec

from .failures import CallFailedError
from .kill_points import reach
from .log_cache import CachedChat
from .model_request import rendered, timeout_of
from .observing import call_model
from .side import Side, call_function
from .tokens import count_tokens

__all__ = ["summarized"]

PROMPT = (
    "The conversation above is over. Say in short what came of it: results, decisions, what is left to do. If what was "
    "asked for first was not done, say so. Begin with the matter itself."
)
END = "TERMINATE"
"""What agents are commonly told to end with; it is no part of a result."""
MARGIN = 2_000
"""Tokens of a model's window left for its answer."""


async def summarized(side: Side, chat: CachedChat, raw: Mapping[str, Any]) -> dict[str, Any]:
    """What the entry `summarized` tells: method, content, usage and cost if a model was asked.

    Args:
        side: The worker's.
        chat: The chat, its whole log read.
        raw: The command's fields, and `at`, the place up to which it is summarized.

    Raises:
        UnknownNameError: The worker knows no such function or model.
        ValueError: A function gave no text, there is no model to be asked, or nothing was said.
    """
    method: str = raw.get("method", "last_msg")
    view = await side.thread(chat, "", raw["at"])
    said = view.chat_messages()
    if not said:
        raise CallFailedError("Nothing has been said yet.", type="BadCommandError", non_retryable=True)
    found: dict[str, Any] = {}
    match method:
        case "last_msg":
            text = model_text_of(said[-1]).replace(END, "").strip()
        case "reflection_with_llm":
            text, found = await _reflected(side, chat, view, raw)
        case name:
            answer: object = await call_function(side.registry.function(name), [from_log(item) for item in said])
            if not isinstance(answer, str):
                raise ValueError(f"The function {name!r} must return the summary, a text, got {answer!r}"[:500])
            text = answer
    return side.bounded({"method": method, "content": await side.large(text, chat), **found}, "the summary")


async def _reflected(
    side: Side, chat: CachedChat, view: ThreadView, raw: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    client = _client(chat.plan, raw.get("model_client"))
    model = side.registry.models.resolve(client)
    if view.condensed is not None:
        items: list[Mapping[str, Any]] = [item.message for item in view.condensed.items]
    else:
        items = [item for message in view.chat_messages() for item in as_llm(message)]
    window = model.info.context_window
    context = TokenLimitedChatCompletionContext(None if window is None else max(1, window - MARGIN))

    def count(places: Sequence[int]) -> int:
        return sum(count_tokens(items[place]) for place in places)

    places = select(context, [item["type"] for item in items], count)
    seen = [place.message if isinstance(place, Placeholder) else items[place] for place in places]
    if not seen:
        raise ValueError(f"Nothing that was said fits the window of model {model.name!r}, {window} tokens.")
    ask = {"type": "UserMessage", "content": raw.get("prompt") or PROMPT, "source": "user"}
    reach("summary.before")
    result = await call_model(model, ModelRequest(messages=rendered([*seen, ask], model), timeout=timeout_of(client)))
    reach("summary.after")
    if not isinstance(result.content, str):
        raise ValueError(f"Model {model.name!r} was to write a summary, and asked for tools.")
    return result.content, await side.paid(model, result)


def _client(plan: Plan, given: str | Mapping[str, Any] | None) -> str | ModelSpec:
    """The model that is asked: the one given, else the team's, else that of the first agent who has one."""
    if given is not None:
        return given if isinstance(given, str) else ModelSpec.from_json(given)
    owners = (plan.root.team, *(seat.agent for seat in plan.seats.values()))
    for owner in owners:
        client = getattr(owner, "model_client", None)
        if client is not None:
            return client
    raise CallFailedError(
        "Nobody in the chat has a model; say which one by 'model_client'.", type="BadCommandError", non_retryable=True
    )
