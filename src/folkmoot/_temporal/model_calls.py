"""The activity of a model call: assistants, code executors that write code, societies of mind."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from temporalio import activity

from folkmoot._chat.entries import all_references, message_of, step_key
from folkmoot._chat.listener import as_llm
from folkmoot._chat.log import derive_id
from folkmoot._chat.plan import Seat
from folkmoot._chat.thread import spoken
from folkmoot.agents import AssistantAgent, CodeExecutorAgent, SocietyOfMindAgent
from folkmoot.models import Model, ModelRequest, ModelResult

from . import names
from .call_policies import policies_of
from .condensing import Summing, summing
from .failures import CallFailedError
from .heartbeat import Heart, beating
from .kill_points import reach
from .log_cache import CachedChat
from .memories import remember
from .model_request import Words, rendered, timeout_of, words_of
from .observing import call_model
from .payloads import CallInput
from .side import Side, errors_named
from .tools_of import schemas_of

__all__ = ["ModelCalls", "preview"]

_Prepared = tuple[ModelRequest, Model, dict[str, Any]]
"""A request, whom it goes to, and what the reply tells the chat besides."""

PREVIEW_SECONDS = 0.1

RETRY_PROMPT = (
    "The code that was run last ended in an error:\n{output}\n\n"
    "Is it worth another attempt? Say in `retry` whether it is, and in `reason` what went wrong and, if it is to be "
    "tried again, what has to be changed."
)
RETRY_SCHEMA = {
    "name": "RetryDecision",
    "schema": {
        "type": "object",
        "properties": {"reason": {"type": "string"}, "retry": {"type": "boolean"}},
        "required": ["reason", "retry"],
        "additionalProperties": False,
    },
}


class ModelCalls:
    """Model calls of one worker."""

    def __init__(self, side: Side) -> None:
        self._side = side

    @activity.defn(name=names.ACTIVITY_MODEL)
    async def model(self, raw: dict[str, Any]) -> dict[str, Any]:
        """One model call of an agent.

        Returns content, usage, and a thought, call policies or what memories said if there is any. Where the request
        would have been too long for the agent's context, only a part of a summary was made: `condense`, usage.
        """
        data = CallInput.model_validate(raw)
        async with beating() as heart:
            chat = await self._side.read(data)
            seat = chat.plan.seats[data.a]
            with errors_named():
                prepared = await self._prepare(chat, seat, data)
                if isinstance(prepared, Summing):
                    return self._side.bounded(await prepared.make(self._side, chat), seat.source)
                request, model, extra = prepared
                reach("model.before")
                if getattr(seat.agent, "model_client_stream", False):
                    request = replace(request, on_text=preview(heart, chat, data, seat.name, seat.source))
                result = await call_model(model, request)
            reach("model.after")
            reply = {**await self._reply(seat, model, result), **extra}
            # An output or a decision has to be read here and by the workflow, so it stays where it is.
            if isinstance(reply["content"], str) and request.output_schema is None and not _is_code(seat, data):
                reply["content"] = await self._side.large(reply["content"], chat)
        return self._side.bounded(reply, seat.source)

    async def _prepare(self, chat: CachedChat, seat: Seat, data: CallInput) -> _Prepared | Summing:
        match seat.agent:
            case AssistantAgent():
                return await self._assistant(chat, seat, seat.agent, data)
            case CodeExecutorAgent():
                return await self._coder(chat, seat, seat.agent, data)
            case SocietyOfMindAgent():
                return await self._society(chat, seat, seat.agent, data)
            case _:
                raise ValueError(f"{seat.path!r} has no model to be called")

    async def _assistant(
        self, chat: CachedChat, seat: Seat, spec: AssistantAgent, data: CallInput
    ) -> _Prepared | Summing:
        registry = self._side.registry
        model = registry.models.resolve(spec.model_client)
        view = await self._side.context(chat, seat.path, data.at)
        # Before the memories are asked: they are asked once a turn, unless what they say now makes it too long.
        if (first := summing(spec.model_context, view.items, view.begun, self._side)) is not None:
            return first
        told, items = await remember(chat, seat, view, data, registry)
        if items is not None and (more := summing(spec.model_context, items, view.begun, self._side)) is not None:
            return more
        words = Words(spec.system_message, spec.model_context, spec.transforms)
        request = ModelRequest(
            messages=words_of(view, words, model, registry, items),
            tools=() if data.r else await schemas_of(spec, registry),
            tool_choice="none" if data.r else "auto",
            output_schema=spec.output_schema,
            timeout=timeout_of(spec.model_client),
        )
        return request, model, {"memory": told} if told else {}

    async def _coder(
        self, chat: CachedChat, seat: Seat, spec: CodeExecutorAgent, data: CallInput
    ) -> _Prepared | Summing:
        assert spec.model_client is not None
        registry = self._side.registry
        model = registry.models.resolve(spec.model_client)
        view = await self._side.context(chat, seat.path, data.at)
        if (first := summing(spec.model_context, view.items, view.begun, self._side)) is not None:
            return first
        asks = data.s == "retry"
        # Whether to try again is asked without the instructions for writing code (AutoGen).
        words = Words(None if asks else spec.system_message, spec.model_context)
        messages = words_of(view, words, model, registry)
        if asks:
            output = chat.log.at(data.n).data["message"]["result"]["output"]
            prompt = {"type": "UserMessage", "content": RETRY_PROMPT.format(output=output), "source": seat.source}
            messages = [*messages, *rendered([prompt], model)]
        schema = RETRY_SCHEMA if asks else None
        request = ModelRequest(messages=messages, output_schema=schema, timeout=timeout_of(spec.model_client))
        return request, model, {}

    async def _society(self, chat: CachedChat, seat: Seat, spec: SocietyOfMindAgent, data: CallInput) -> _Prepared:
        assert seat.inner is not None
        model = self._side.registry.models.resolve(spec.model_client)
        entries = spoken(chat.plan, chat.log, seat.inner, data.i, data.at)
        quoted = all_references(entries, chat.log.at).values()
        blobs = await self._side.reader.contents(chat, [*entries, *quoted])
        said = [message_of(chat.uuid, entry, chat.log.at, blobs) for entry in entries]
        kind = "SystemMessage" if model.info.multiple_system_messages else "UserMessage"
        frame = {} if kind == "SystemMessage" else {"source": "user"}
        first = {"type": kind, "content": spec.instruction, **frame}
        last = {"type": kind, "content": spec.response_prompt, **frame}
        # Of what a handoff carries AutoGen shows only its text here.
        talk = [as_llm(message)[-1] for message in said]
        messages = rendered([first, *talk, last], model)
        return ModelRequest(messages=messages, timeout=timeout_of(spec.model_client)), model, {}

    async def _reply(self, seat: Seat, model: Model, result: ModelResult) -> dict[str, Any]:
        reply: dict[str, Any] = {"content": result.content, **await self._side.paid(model, result)}
        if result.thought:
            reply["thought"] = result.thought
        spec = seat.agent
        if isinstance(result.content, str):
            if isinstance(spec, AssistantAgent) and spec.output_schema is not None:
                _check_output(spec, result.content)
            return reply
        if not isinstance(spec, AssistantAgent):
            raise CallFailedError(
                f"The model of {seat.path!r} asked for tools, which it has none of.",
                type="ModelOutputError",
                non_retryable=True,
            )
        return {**reply, **await policies_of(spec, result.content, self._side)}


def _is_code(seat: Seat, data: CallInput) -> bool:
    """The engine itself looks for code in what a code executor's model writes."""
    return isinstance(seat.agent, CodeExecutorAgent) and data.s == ""


def _check_output(spec: AssistantAgent, text: str) -> None:
    assert spec.output_schema is not None
    problem = ""
    try:
        output: Any = json.loads(text)
        if not isinstance(output, dict):
            problem = "it is no JSON object"
        else:
            Draft202012Validator(spec.output_schema["schema"]).validate(output)  # pyright: ignore[reportUnknownMemberType]
    except ValidationError as error:
        problem = f"at {error.json_path}: {error.message}"
    except ValueError as error:
        problem = f"it is not JSON ({error})"
    if problem:
        raise CallFailedError(
            f"The reply is not what output type {spec.output_schema['name']!r} demands: {problem[:500]}; "
            f"it begins {text[:200]!r}",
            type="ModelOutputError",
            non_retryable=True,
        )


def preview(
    heart: Heart, chat: CachedChat, data: CallInput, who: str, source: str | None = None
) -> Callable[[str], None]:
    """Live text rides on heartbeats: readers see it in the pending activity, no event is added.

    Args:
        heart: The activity's.
        chat: The chat.
        data: The call.
        who: Whose step it is: the id of the message that will come is made of it.
        source: The message's source; None: `who`.
    """
    message_id, text, shown = derive_id(chat.uuid, step_key(data.n, who)), "", 0.0

    def on_text(delta: str) -> None:
        nonlocal text, shown
        text += delta
        # Each beat encodes the whole text; the server is told ten times a second at most anyway.
        if time.monotonic() - shown >= PREVIEW_SECONDS:
            shown = time.monotonic()
            heart.beat({"id": message_id, "agent": source or who, "text": text})

    return on_text
