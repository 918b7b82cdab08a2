"""What a model would see next, as far as that can be told without asking it or a worker's functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from folkmoot._chat.listener import as_llm
from folkmoot._chat.plan import Node, Plan, Seat
from folkmoot._temporal.tokens import count_tokens
from folkmoot.agents import AssistantAgent, CodeExecutorAgent, filtered
from folkmoot.contexts import ChatCompletionContext, Placeholder, TokenLimitedChatCompletionContext, select
from folkmoot.errors import BadCommandError
from folkmoot.teams import SelectorGroupChat
from folkmoot.transforms import FunctionTransform, Transform, transformed

from .whole import Whole

__all__ = ["ModelView", "model_view"]

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ModelView:
    """What a model would see.

    Attributes:
        messages: LLM messages in AutoGen's JSON form, instructions first.
        tokens: Of all of them, about: exact with the extra `tokens`.
        whole: Messages of the conversation before the model context and transforms left anything out.
        unapplied: Names of functions that will change the messages on a worker, and were not asked.
    """

    messages: tuple[Message, ...]
    tokens: int
    whole: int
    unapplied: tuple[str, ...] = ()


def model_view(whole: Whole, path: str) -> ModelView:
    """What the model of a participant, or of a team's manager, would see next.

    Raises:
        BadCommandError: There is no such model.
    """
    plan = whole.plan
    if path in plan.seats:
        return _agent_view(whole, plan.seats[path])
    for node in plan.nodes.values():
        if node.manager_path == path and isinstance(node.team, SelectorGroupChat):
            return _selector_view(whole, node, node.team)
    raise BadCommandError(f"There is no model of {path!r}; known are {', '.join(_known(plan))}.")


def _known(plan: Plan) -> list[str]:
    seats = [path for path, seat in plan.seats.items() if isinstance(seat.agent, AssistantAgent | CodeExecutorAgent)]
    return [*seats, *(node.manager_path for node in plan.nodes.values() if isinstance(node.team, SelectorGroupChat))]


def _agent_view(whole: Whole, seat: Seat) -> ModelView:
    agent = seat.agent
    if not isinstance(agent, AssistantAgent | CodeExecutorAgent):
        raise BadCommandError(f"{seat.path!r} has no model context; known are {', '.join(_known(whole.plan))}.")
    view = whole.context(seat.path)
    fresh: Sequence[Message] = view.unread
    for config in seat.filters:
        fresh = filtered(fresh, config, lambda message: message["source"])
    heard = [item for message in fresh for item in as_llm(message)]
    messages = [*(item.message for item in view.items), *heard]
    system = [] if agent.system_message is None else [{"type": "SystemMessage", "content": agent.system_message}]
    transforms = agent.transforms if isinstance(agent, AssistantAgent) else ()
    return _view(system, messages, agent.model_context, transforms)


def _selector_view(whole: Whole, node: Node, team: SelectorGroupChat) -> ModelView:
    thread = whole.thread(node.path)
    if thread.condensed is None:
        messages = [item for said in thread.chat_messages() for item in as_llm(said)]
    else:
        messages = [item.message for item in thread.condensed.items]
    return _view([], messages, team.model_context, team.select_speaker_transforms)


def _view(
    system: list[dict[str, Any]],
    messages: Sequence[Message],
    context: ChatCompletionContext,
    transforms: Sequence[Transform],
) -> ModelView:
    items: list[Message] = [*(message.model_dump(mode="json") for message in context.initial_messages), *messages]
    places = select(context, [item["type"] for item in items], _counter(items, context))
    shown: list[Message] = [place.message if isinstance(place, Placeholder) else items[place] for place in places]
    shown = [*system, *shown]
    unapplied = [step for step in transforms if isinstance(step, FunctionTransform)]
    shown = transformed([step for step in transforms if step not in unapplied], shown, count_tokens)
    names = tuple(step.func for step in unapplied)
    return ModelView(tuple(shown), sum(map(count_tokens, shown)), len(messages), names)


def _counter(items: Sequence[Message], context: ChatCompletionContext) -> Callable[[Sequence[int]], int] | None:
    if not isinstance(context, TokenLimitedChatCompletionContext):
        return None
    return lambda places: sum(count_tokens(items[place]) for place in places)
