"""What calls of models and tools tell of themselves: metrics, spans, and where they belong. For activities."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from folkmoot._telemetry import current, spans
from folkmoot._telemetry.meters import Timing, count, timed
from folkmoot._telemetry.metrics import OTHER, bounded
from folkmoot.errors import ModelCallError
from folkmoot.models import Model, ModelRequest, ModelResult

from .log_cache import CachedChat
from .payloads import CallInput

__all__ = ["at_work", "call_model", "calling_tool", "kind_of", "paid"]

FAR = 500
"""Entries that are looked through for the run and the turn that a call belongs to."""


async def call_model(model: Model, request: ModelRequest) -> ModelResult:
    """A call of a model, measured. Each one counts, the ones whose results are lost too."""
    label = bounded("model", model.name)
    told: dict[str, spans.Value] = {"gen_ai.operation.name": "chat", "gen_ai.request.model": model.name}
    if agent := current.now().get("agent"):
        told["gen_ai.agent.name"] = agent
    with (
        spans.span(f"chat {model.name}", told) as span,
        timed("folkmoot_model_seconds", model=label, outcome="ok") as timing,
    ):
        try:
            result = await model.create(request)
        except asyncio.CancelledError:
            timing.labels["outcome"] = "cancelled"
            raise
        except Exception as error:
            timing.labels["outcome"] = "error"
            kind = kind_of(error)
            span.failed = kind
            count("folkmoot_model_errors_total", model=label, kind=kind)
            raise
        span.attributes["gen_ai.usage.input_tokens"] = result.prompt_tokens
        span.attributes["gen_ai.usage.output_tokens"] = result.completion_tokens
    count("folkmoot_model_tokens_total", max(0, result.prompt_tokens), model=label, of="prompt")
    count("folkmoot_model_tokens_total", max(0, result.completion_tokens), model=label, of="completion")
    return result


def paid(model: Model, cost: int | None) -> None:
    """Count what a call cost, in millionths; None: nobody knows."""
    label = bounded("model", model.name)
    if cost is None:
        count("folkmoot_model_unpriced_total", model=label)
    else:
        count("folkmoot_model_cost_millionths_total", cost, model=label)


def kind_of(error: Exception) -> str:
    """Which kind of error a model's is, as metrics tell it."""
    if isinstance(error, TimeoutError):
        return "timeout"
    if not isinstance(error, ModelCallError):
        return OTHER
    match error.status:
        case None:
            return error.kind or OTHER
        case 408:
            return "timeout"
        case 429:
            return "rate_limited" if error.retryable else "quota"
        case status:
            return "server" if status >= 500 else "client"


@contextmanager
def calling_tool(name: str, call_id: str) -> Generator[Timing]:
    """Measure a tool call; the outcome is set in what the block is given."""
    told = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name, "gen_ai.tool.call.id": call_id}
    label = bounded("tool", name)
    with (
        spans.span(f"execute_tool {name}", told, "internal") as span,
        timed("folkmoot_tool_seconds", tool=label, outcome="error") as timing,
    ):
        try:
            yield timing
        except asyncio.CancelledError:
            timing.labels["outcome"] = "cancelled"
            raise
        finally:
            span.attributes["folkmoot.outcome"] = timing.labels["outcome"]


def at_work(chat: CachedChat, data: CallInput) -> None:
    """From now on logs and spans of this activity tell which run, turn and agent it is for."""

    @cache
    def fields() -> Mapping[str, Any]:
        return {**({"agent": data.a} if data.a else {}), **_place(chat, data.at)}

    current.within(fields)
    spans.tell(current.now() if spans.on() else {})


def _place(chat: CachedChat, at: int) -> dict[str, Any]:
    """Run, turn and command that an offset belongs to, as far as they are near."""
    found: dict[str, Any] = {}
    for offset in range(at - 1, max(chat.log.base, at - FAR) - 1, -1):
        data = chat.log.at(offset).data
        if data["kind"] == "turn":
            found.setdefault("turn", data["turn"])
        elif data["kind"] == "run_started":
            return {"run": data["run"], **found, "command": data["command"]}
    return found
