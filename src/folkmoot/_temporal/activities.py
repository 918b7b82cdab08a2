"""The activities of a turn: model calls, tool calls, registered functions, sealing. Their inputs are references."""

from __future__ import annotations

import asyncio
import inspect
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from temporalio import activity

from folkmoot._chat import termination
from folkmoot._chat.entries import message_of, step_key
from folkmoot._chat.log import derive_id
from folkmoot.agents import AssistantAgent
from folkmoot.errors import LogReadError, ModelCallError, StoreMissingError, UnknownNameError
from folkmoot.messages import BaseAgentEvent, BaseChatMessage, from_log
from folkmoot.models import ModelResult
from folkmoot.options import ToolOptions
from folkmoot.teams import TeamSpec
from folkmoot.tools import CancellationToken, FunctionTool, ToolArgumentsError, ToolContext

from . import names
from .blobs import store_large
from .failures import CallFailedError
from .heartbeat import Heart, beating
from .kill_points import reach
from .log_cache import CachedChat
from .model_request import prepare
from .payloads import MAX_PAYLOAD, CallInput, Segment, size_of
from .reader import LogReader, seal_bytes
from .registry import Registry

__all__ = ["ChatActivities"]

PREVIEW_SECONDS = 0.1


class ChatActivities:
    """The activities of one worker.

    Args:
        registry: What the worker has registered.
        reader: How it reads logs.
    """

    def __init__(self, registry: Registry, reader: LogReader) -> None:
        self._registry = registry
        self._reader = reader

    @property
    def all(self) -> Sequence[Callable[..., Any]]:
        """To be registered on the worker."""
        return [self.model, self.tool, self.functions, self.seal]

    @activity.defn(name=names.ACTIVITY_MODEL)
    async def model(self, raw: dict[str, Any]) -> dict[str, Any]:
        """One model call of an assistant. Returns content, usage, and a thought or call policies if there are any."""
        data = CallInput.model_validate(raw)
        async with beating() as heart:
            chat = await self._read(data)
            spec = _assistant(chat, data.a)
            try:
                request, model = await prepare(chat, spec, data, self._registry, self._reader)
                reach("model.before")
                on_text = _preview(heart, chat, data) if spec.model_client_stream else None
                result = await model.create(replace(request, on_text=on_text))
            except UnknownNameError as error:
                raise _unknown(error) from None
            except ModelCallError as error:
                raise _model_error(error) from None
            reach("model.after")
            reply = self._reply(spec, result)
            # An output has to be read here and by the workflow, so it stays where it is.
            if isinstance(reply["content"], str) and spec.output_schema is None:
                reply["content"] = await store_large(reply["content"], chat, self._reader.store)
        if (size := size_of(reply)) > MAX_PAYLOAD:
            raise CallFailedError(
                f"The reply of {spec.name!r} has {size} bytes, more than the {MAX_PAYLOAD} a chat can take in.",
                type="PayloadTooLargeError",
                non_retryable=True,
            )
        return reply

    def _reply(self, spec: AssistantAgent, result: ModelResult) -> dict[str, Any]:
        reply: dict[str, Any] = {
            "content": result.content,
            "usage": [result.prompt_tokens, result.completion_tokens],
        }
        if result.thought:
            reply["thought"] = result.thought
        if isinstance(result.content, str):
            if spec.output_schema is not None:
                _check_output(spec, result.content)
            return reply
        policies = {
            str(index): options
            for index, call in enumerate(result.content)
            if (tool := self._registry.tools.get(call["name"])) is not None
            and (options := _options(spec, tool).model_dump(exclude_defaults=True))
        }
        return {**reply, "policies": policies} if policies else reply

    @activity.defn(name=names.ACTIVITY_TOOL)
    async def tool(self, raw: dict[str, Any]) -> dict[str, Any]:
        """One tool call. A raising tool gives an error result for the model (AutoGen), unless its options retry."""
        data, info = CallInput.model_validate(raw), activity.info()
        async with beating() as heart:
            chat = await self._read(data)
            call = chat.log.at(data.n).data["message"]["content"][data.i]
            spec = _assistant(chat, data.a)
            if call["name"] not in {tool.name for tool in spec.tools}:
                text = f"Error: tool '{call['name']}' not found in any workbench"
                return {"content": text, "is_error": True}
            try:
                tool = self._registry.tool(call["name"])
            except UnknownNameError as error:
                raise _unknown(error) from None
            try:
                arguments = json.loads(call["arguments"] or "{}")
            except ValueError as error:
                return {"content": f"Error: {error}", "is_error": True}
            context = ToolContext(
                chat_id=info.workflow_id or "",
                agent=data.a,
                call_id=call["id"],
                idempotency_key=f"{chat.uuid}-{data.n}-{data.i}",
                attempt=info.attempt,
                cancellation_token=CancellationToken(),
                heartbeat=heart.beat,
            )
            heart.on_cancel(context.cancellation_token.cancel)
            reach("tool.before")
            try:
                result = await tool.run_json(arguments, context)
            except Exception as error:  # noqa: BLE001 - the model is told, as in AutoGen
                options = _options(spec, tool)
                # Arguments the model got wrong are wrong on every attempt.
                again = options.retry_errors and not isinstance(error, ToolArgumentsError)
                if again and info.attempt < options.max_attempts:
                    raise CallFailedError(f"{type(error).__name__}: {error}"[:2000], type="ToolError") from None
                return {"content": await store_large(str(error), chat, self._reader.store), "is_error": True}
            reach("tool.after")
            return _bounded(tool.name, {"content": await store_large(result, chat, self._reader.store)})

    @activity.defn(name=names.ACTIVITY_FUNCTIONS)
    async def functions(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Ask the functional conditions over the messages since the last check; only True counts (AutoGen)."""
        data = CallInput.model_validate(raw)
        async with beating():
            chat = await self._read(data)
            await self._reader.fetch_blobs(chat, data.n, data.at)
            messages = [
                from_log(message_of(chat.uuid, entry, chat.log.at, chat.blobs))
                for entry in chat.log.after(data.n, data.at)
                if entry.kind in ("message", "event") and entry.data.get("role") != "team"
            ]
            condition = chat.team.termination_condition if isinstance(chat.team, TeamSpec) else None
            answers: list[bool] = []
            for name in termination.functions_of(condition):
                try:
                    answers.append(await _ask(self._registry.function(name), messages) is True)
                except UnknownNameError as error:
                    raise _unknown(error) from None
                except Exception as error:  # noqa: BLE001 - a user's function may raise anything
                    raise CallFailedError(str(error), type=type(error).__name__, non_retryable=True) from None
            return {"answers": answers}

    @activity.defn(name=names.ACTIVITY_SEAL)
    async def seal(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Put a stretch of the log into the store, with the state before it."""
        if self._reader.store is None:
            raise CallFailedError("This worker has no store.", type=StoreMissingError.__name__, non_retryable=True)
        async with beating():
            chat = await self._read(CallInput(at=raw["at"], d=raw["d"], n=0), whole=False)
            reach("seal.before")
            base, until = raw["base"], raw["at"]
            data = seal_bytes(chat.uuid, chat.log, base, until, raw["state"])
            name = await self._reader.store.put(data)
            reach("seal.after")
        return Segment(first=base, last=until - 1, digest=raw["d"], sha256=name, size=len(data)).model_dump()

    async def _read(self, data: CallInput, whole: bool = True) -> CachedChat:
        try:
            return await self._reader.read(data.at, data.d, whole=whole)
        except StoreMissingError as error:
            raise CallFailedError(str(error), type=type(error).__name__, non_retryable=True) from None
        except LogReadError as error:
            raise CallFailedError(str(error), type=type(error).__name__) from None


def _assistant(chat: CachedChat, name: str) -> AssistantAgent:
    members = chat.team.participants if isinstance(chat.team, TeamSpec) else (chat.team,)
    spec = next(member for member in members if member.name == name)
    assert isinstance(spec, AssistantAgent)
    return spec


def _options(spec: AssistantAgent, tool: FunctionTool) -> ToolOptions:
    """How a tool's calls are run: as the spec says, if it says anything, else as the tool was registered."""
    in_spec = next((named.options for named in spec.tools if named.name == tool.name), ToolOptions())
    return in_spec if in_spec != ToolOptions() else tool.options


async def _ask(function: Callable[..., Any], messages: Sequence[BaseChatMessage | BaseAgentEvent]) -> object:
    """A registered function's answer; one that is not a coroutine runs in a thread, as it may take its time."""
    if inspect.iscoroutinefunction(function):
        return await function(messages)
    answer = await asyncio.to_thread(function, messages)
    return await answer if inspect.isawaitable(answer) else answer


def _preview(heart: Heart, chat: CachedChat, data: CallInput) -> Callable[[str], None]:
    """Live text rides on heartbeats: readers see it in the pending activity, no event is added."""
    message_id, text, shown = derive_id(chat.uuid, step_key(data.n, data.a)), "", 0.0

    def on_text(delta: str) -> None:
        nonlocal text, shown
        text += delta
        # Each beat encodes the whole text; the server is told ten times a second at most anyway.
        if time.monotonic() - shown >= PREVIEW_SECONDS:
            shown = time.monotonic()
            heart.beat({"id": message_id, "agent": data.a, "text": text})

    return on_text


def _check_output(spec: AssistantAgent, text: str) -> None:
    try:
        output = json.loads(text)
    except ValueError:
        output = None
    if not isinstance(output, dict):
        name = spec.output_schema["name"] if spec.output_schema else ""
        raise CallFailedError(
            f"The reply is not a JSON object as output type {name!r} demands: {text[:200]!r}",
            type="ModelOutputError",
            non_retryable=True,
        )


def _bounded(name: str, result: dict[str, Any]) -> dict[str, Any]:
    if (size := size_of(result)) <= MAX_PAYLOAD:
        return result
    text = (
        f"Error: the result of tool '{name}' has {size} bytes, more than the {MAX_PAYLOAD} a chat without a store "
        "can take in."
    )
    return {"content": text, "is_error": True}


def _unknown(error: UnknownNameError) -> CallFailedError:
    reason = f"worker:{error.kind}:{error.name}"
    return CallFailedError(str(error), reason, type=type(error).__name__, non_retryable=True)


def _model_error(error: ModelCallError) -> CallFailedError:
    delay = timedelta(seconds=error.retry_after) if error.retry_after else None
    return CallFailedError(
        str(error)[:2000], type=type(error).__name__, non_retryable=not error.retryable, next_retry_delay=delay
    )
