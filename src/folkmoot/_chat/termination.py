"""Termination conditions as incremental folds (AutoGen behaviour: conditions get the delta since their last call).

A condition's progress is a small JSON value that is part of the chat's state. `absorb` takes in one message or event
as it enters the log, `check` says at AutoGen's points in time (after the task, after each batch of turns) whether the
chat stops. Taking messages in one by one and asking later gives the same answer as handing over the delta, and the
state stays as small as the condition, however long the chat.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from folkmoot import conditions as c
from folkmoot.messages import is_chat, text_of

__all__ = ["Check", "absorb", "check", "copied", "fresh", "functions_of"]

Progress = dict[str, Any]


class Check(NamedTuple):
    """What a check needs besides the progress: the time, and the answers of functional conditions in their order."""

    time: str
    answers: tuple[bool, ...] = ()
    external: bool = False


def fresh(condition: c.TerminationCondition | None, time: str) -> Progress:
    """The progress of an unused condition; `time` starts the clock of a timeout (AutoGen: construction or reset)."""
    if condition is None:
        return {}
    if isinstance(condition, c.AndTerminationCondition | c.OrTerminationCondition):
        return {"of": [fresh(child, time) for child in condition.conditions]}
    if isinstance(condition, c.TimeoutTermination):
        return {"since": time}
    return {}


def copied(progress: Progress) -> Progress:
    """A copy that shares nothing that `absorb` and `check` change."""
    parts = {name: [copied(part) for part in value] for name, value in progress.items() if name == "of"}
    fired = {name: list(value) for name, value in progress.items() if name == "fired"}
    return {**progress, **parts, **fired}


def absorb(condition: c.TerminationCondition | None, progress: Progress, message: Mapping[str, Any]) -> None:
    """Take one message or event into `progress`: in full form, contents in the store replaced by what they mention."""
    match condition:
        case c.AndTerminationCondition() | c.OrTerminationCondition():
            for child, part in zip(condition.conditions, progress["of"], strict=True):
                # A fired child of an And is not called any more (AutoGen), so it counts nothing.
                if "stop" not in part:
                    absorb(child, part, message)
        case c.MaxMessageTermination():
            if condition.include_agent_event or is_chat(message["type"]):
                progress["count"] = progress.get("count", 0) + 1
        case c.TokenUsageTermination():
            usage: Mapping[str, int] = message.get("models_usage") or {}
            for name in ("prompt_tokens", "completion_tokens"):
                progress[name] = progress.get(name, 0) + usage.get(name, 0)
        case None:
            pass
        case _:
            if "hit" not in progress and (hit := _hit(condition, message)) is not None:
                progress["hit"] = hit


def _hit(condition: c.TerminationCondition, message: Mapping[str, Any]) -> str | None:
    """The stop text, if this very message fires the condition."""
    kind, source = message["type"], message["source"]
    match condition:
        case c.TextMentionTermination():
            allowed = condition.sources is None or source in condition.sources
            return f"Text '{condition.text}' mentioned" if allowed and condition.text in text_of(message) else None
        case c.StopMessageTermination():
            return "Stop message received" if kind == "StopMessage" else None
        case c.TextMessageTermination():
            fits = kind == "TextMessage" and condition.source in (None, source)
            return f"Text message received from '{source}'" if fits else None
        case c.HandoffTermination():
            fits = kind == "HandoffMessage" and message["target"] == condition.target
            return f"Handoff to {message['target']} from {source} detected." if fits else None
        case c.SourceMatchTermination():
            return f"'{source}' answered" if source in condition.sources else None
        case c.FunctionCallTermination():
            fits = kind == "ToolCallExecutionEvent" and any(
                result["name"] == condition.function_name for result in message["content"]
            )
            return f"Function '{condition.function_name}' was executed." if fits else None
        case _:
            return None


def check(condition: c.TerminationCondition | None, progress: Progress, now: Check) -> str | None:
    """Ask the condition; returns the stop text or None. Children of an And that fire are remembered in `progress`."""
    text = _check(condition, progress, now, iter(now.answers)) if condition is not None else None
    if text is None and now.external:
        return "External termination requested"
    return text


def _check(condition: c.TerminationCondition, progress: Progress, now: Check, answers: Iterator[bool]) -> str | None:
    match condition:
        case c.OrTerminationCondition():
            texts = [
                _check(child, part, now, answers)
                for child, part in zip(condition.conditions, progress["of"], strict=True)
            ]
            return ", ".join(text for text in texts if text is not None) or None
        case c.AndTerminationCondition():
            return _check_all(condition, progress, now, answers)
        case c.MaxMessageTermination():
            count = progress.get("count", 0)
            limit = condition.max_messages
            text = f"Maximum number of messages {limit} reached, current message count: {count}"
            return text if count >= limit else None
        case c.TokenUsageTermination():
            return _check_tokens(condition, progress)
        case c.TimeoutTermination():
            passed = datetime.fromisoformat(now.time) - datetime.fromisoformat(progress["since"])
            late = passed.total_seconds() >= condition.timeout_seconds
            return f"Timeout of {condition.timeout_seconds} seconds reached" if late else None
        case c.ExternalTermination():
            return "External termination requested" if now.external else None
        case c.FunctionalTermination():
            return "Functional termination condition met" if next(answers, False) else None
        case _:
            return progress.get("hit")


def _check_all(
    condition: c.AndTerminationCondition, progress: Progress, now: Check, answers: Iterator[bool]
) -> str | None:
    for child, part in zip(condition.conditions, progress["of"], strict=True):
        text = _check(child, part, now, answers)
        if text is not None and "stop" not in part:
            part["stop"] = text
            progress.setdefault("fired", []).append(text)
    if all("stop" in part for part in progress["of"]):
        return ", ".join(progress["fired"])
    return None


def _check_tokens(condition: c.TokenUsageTermination, progress: Progress) -> str | None:
    prompt, completion = progress.get("prompt_tokens", 0), progress.get("completion_tokens", 0)
    limits = (
        (condition.max_total_token, prompt + completion),
        (condition.max_prompt_token, prompt),
        (condition.max_completion_token, completion),
    )
    if any(limit is not None and used >= limit for limit, used in limits):
        return (
            f"Token usage limit reached, total token count: {prompt + completion}, "
            f"prompt token count: {prompt}, completion token count: {completion}."
        )
    return None


def _walk(condition: c.TerminationCondition | None) -> Iterator[c.TerminationCondition]:
    if isinstance(condition, c.AndTerminationCondition | c.OrTerminationCondition):
        for child in condition.conditions:
            yield from _walk(child)
    elif condition is not None:
        yield condition


def functions_of(condition: c.TerminationCondition | None) -> tuple[str, ...]:
    """Names of the functional conditions, in declaration order: they run on a worker before each check."""
    return tuple(leaf.func for leaf in _walk(condition) if isinstance(leaf, c.FunctionalTermination))
