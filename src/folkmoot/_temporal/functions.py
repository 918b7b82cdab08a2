"""Activities that ask registered functions: conditions, graph edges, summary formatters, people's input functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from temporalio import activity

from folkmoot._chat.entries import all_references, message_of
from folkmoot._chat.managers import manager_of
from folkmoot._chat.managers.graph import function_edges
from folkmoot._chat.plan import Node
from folkmoot._chat.thread import Said
from folkmoot.agents import AssistantAgent, UserProxyAgent
from folkmoot.messages import BaseAgentEvent, BaseChatMessage, FunctionCall, FunctionExecutionResult, from_log
from folkmoot.teams import GraphFlow
from folkmoot.tools import CancellationToken

from . import names
from .heartbeat import beating
from .payloads import CallInput
from .side import Side, call_function, errors_named

__all__ = ["Functions"]


class Functions:
    """Calls of registered functions on one worker."""

    def __init__(self, side: Side) -> None:
        self._side = side

    @activity.defn(name=names.ACTIVITY_FUNCTIONS)
    async def functions(self, raw: dict[str, Any]) -> dict[str, Any]:
        """What a team's functional conditions say of what was said since the last check, and a graph's edges."""
        data = CallInput.model_validate(raw)
        async with beating():
            chat = await self._side.read(data)
            node = chat.plan.nodes[data.a]
            view = await self._side.thread(chat, data.a, data.at)
            new = [item for item in view.thread if data.n <= item.entered < data.at and _counts(node, item)]
            messages = [from_log(item.message) for item in new]
            with errors_named():
                answers = [await self._ask(name, messages) is True for name in node.functions]
                edges = await self._edges(node, new)
            return {"answers": answers, **({"edges": edges} if edges else {})}

    async def _ask(self, name: str, messages: Sequence[BaseChatMessage | BaseAgentEvent]) -> object:
        return await call_function(self._side.registry.function(name), messages)

    async def _edges(self, node: Node, new: Sequence[Said]) -> list[bool]:
        """Whether the edges with a function are open, in the order in which the graph looks at them."""
        if not isinstance(node.team, GraphFlow):
            return []
        return [
            bool(await call_function(self._side.registry.function(name), from_log(message)))
            for name, message in function_edges(node.team.graph, [(item.how, item.seat, item.message) for item in new])
        ]

    @activity.defn(name=names.ACTIVITY_FORMAT)
    async def format(self, raw: dict[str, Any]) -> dict[str, Any]:
        """The words an agent's formatter finds for its tool calls, one after another (AutoGen)."""
        data = CallInput.model_validate(raw)
        async with beating():
            chat = await self._side.read(data)
            spec = chat.plan.seats[data.a].agent
            assert isinstance(spec, AssistantAgent)
            assert spec.tool_call_summary_formatter is not None
            event = chat.log.at(data.n)
            quoted = all_references([event], chat.log.at).values()
            blobs = await self._side.reader.contents(chat, [event, *quoted])
            results = message_of(chat.uuid, event, chat.log.at, blobs)["content"]
            calls = chat.log.at(data.i).data["message"]["content"]
            with errors_named():
                formatter = self._side.registry.function(spec.tool_call_summary_formatter)
                texts = [
                    await call_function(formatter, FunctionCall(**call), FunctionExecutionResult.model_validate(result))
                    for call, result in zip(calls, results, strict=True)
                ]
            return self._side.bounded({"content": "\n".join(map(str, texts))}, spec.name)

    @activity.defn(name=names.ACTIVITY_INPUT)
    async def input(self, raw: dict[str, Any]) -> dict[str, Any]:
        """What an input function brings (AutoGen: `UserProxyAgent(input_func=...)`)."""
        data = CallInput.model_validate(raw)
        async with beating() as heart:
            chat = await self._side.read(data)
            spec = chat.plan.seats[data.a].agent
            assert isinstance(spec, UserProxyAgent)
            assert spec.input_func is not None
            prompt, token = chat.log.at(data.n).data["prompt"], CancellationToken()
            heart.on_cancel(token.cancel)
            with errors_named():
                function = self._side.registry.function(spec.input_func)
                try:
                    text = await call_function(function, prompt, *([token] if _takes_token(function) else []))
                except Exception as error:
                    raise RuntimeError(f"Failed to get user input: {error}") from error
            return self._side.bounded({"content": str(text)}, spec.name)


def _counts(node: Node, item: Said) -> bool:
    """Whether the team's condition is shown this."""
    return item.how != "manager" and (item.how != "task" or manager_of(node).checks_tasks)


def _takes_token(function: Callable[..., Any]) -> bool:
    """AutoGen gives its token to async input functions."""
    try:
        return len(inspect.signature(function).parameters) > 1
    except (TypeError, ValueError):
        return False
