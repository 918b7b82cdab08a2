"""The activity of a tool call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from temporalio import activity

from folkmoot._chat.log import Entry
from folkmoot.agents import AssistantAgent
from folkmoot.options import ToolOptions
from folkmoot.tools import CancellationToken, FunctionTool, ToolArgumentsError, ToolContext
from folkmoot.workbench import Workbench

from . import names
from .call_policies import policies_of
from .failures import CallFailedError
from .heartbeat import Heart, beating
from .kill_points import reach
from .observing import calling_tool
from .payloads import MAX_PAYLOAD, CallInput, size_of
from .side import Side, errors_named
from .tool_arguments import arguments_of
from .tools_of import find_tool, options_of

__all__ = ["ToolCalls", "context_of"]


class ToolCalls:
    """Tool calls of one worker."""

    def __init__(self, side: Side) -> None:
        self._side = side

    @activity.defn(name=names.ACTIVITY_TOOL)
    async def tool(self, raw: dict[str, Any]) -> dict[str, Any]:
        """One tool call. A raising tool gives an error result for the model (AutoGen), unless its options retry."""
        data = CallInput.model_validate(raw)
        async with beating() as heart:
            chat = await self._side.read(data)
            request = chat.log.at(data.n).data
            call, origin = request["message"]["content"][data.i], request.get("keys", {}).get(str(data.i), data.n)
            spec = chat.plan.seats[data.a].agent
            assert isinstance(spec, AssistantAgent)
            with errors_named():
                tool = await find_tool(spec, call["name"], self._side.registry)
            if tool is None:
                text = f"Error: tool '{call['name']}' not found in any workbench"
                return {"content": text, "is_error": True}
            if not data.l and (asks := await self._unasked(chat.log.at(data.n), spec, call)) is not None:
                return {"asks": asks}
            # What people let be called is what they saw, or changed it to.
            allowed = chat.log.at(data.l).data.get("arguments") if data.l else None
            try:
                arguments = arguments_of(call["arguments"] if allowed is None else allowed)
            except ValueError as error:
                return {"content": f"Error: {error}", "is_error": True}
            context = context_of(data.a, call["id"], f"{chat.uuid}-{origin}-{data.i}", heart)
            reach("tool.before")
            with calling_tool(call["name"], call["id"]) as timing:
                try:
                    text, is_error = await _run(tool, call["name"], arguments, context)
                except Exception as error:  # noqa: BLE001 - the model is told, as in AutoGen
                    options = options_of(spec, call["name"], self._side.registry) or ToolOptions()
                    # Arguments the model got wrong are wrong on every attempt.
                    again = options.retry_errors and not isinstance(error, ToolArgumentsError)
                    if again and context.attempt < options.max_attempts:
                        timing.labels["outcome"] = "retried"
                        raise CallFailedError(f"{type(error).__name__}: {error}"[:2000], type="ToolError") from None
                    text, is_error = str(error), True
                else:
                    timing.labels["outcome"] = "error" if is_error else "ok"
                    reach("tool.after")
            outcome = {"content": await self._side.large(text, chat)}
            return _bounded(call["name"], {**outcome, "is_error": True} if is_error else outcome)

    async def _unasked(self, entry: Entry, spec: AssistantAgent, call: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What people have to be asked of a call before it is made; None: nothing, or it was looked at with the reply.

        Old messages and states may come from anybody: they do not tell what needs whose approval.
        """
        if entry.kind != "copied" and entry.data.get("role") != "again":
            return None
        return (await policies_of(spec, [call], self._side)).get("approvals", {}).get("0")


async def _run(
    tool: FunctionTool | Workbench, name: str, arguments: Mapping[str, Any], context: ToolContext
) -> tuple[str, bool]:
    """The result as the model reads it, and whether it tells of an error."""
    if isinstance(tool, FunctionTool):
        return await tool.run_json(arguments, context), False
    result = await tool.call_tool(name, arguments, context.cancellation_token, context.call_id)
    # AutoGen would show the model an image as its base64 text.
    return result.to_text("[image]"), result.is_error


def context_of(agent: str, call_id: str, key: str, heart: Heart) -> ToolContext:
    """What the current activity tells a tool.

    Args:
        agent: The path of whose call it is.
        call_id: The call's id, as the model gave it.
        key: The idempotency key.
        heart: The activity's.
    """
    info = activity.info()
    context = ToolContext(
        chat_id=info.workflow_id or "",
        agent=agent,
        call_id=call_id,
        idempotency_key=key,
        attempt=info.attempt,
        cancellation_token=CancellationToken(),
        heartbeat=heart.beat,
    )
    heart.on_cancel(context.cancellation_token.cancel)
    return context


def _bounded(name: str, result: dict[str, Any]) -> dict[str, Any]:
    if (size := size_of(result)) <= MAX_PAYLOAD:
        return result
    text = (
        f"Error: the result of tool '{name}' has {size} bytes, more than the {MAX_PAYLOAD} a chat without a store "
        "can take in."
    )
    return {"content": text, "is_error": True}
