"""An assistant's turn (AutoGen behaviour, AssistantAgent turn): what a model's reply and tool outcomes lead to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from folkmoot.agents import AssistantAgent, Handoff

from .state import Turn

__all__ = ["after_tools", "answer_of", "handoff_of", "phase_after_tools", "reply_entries"]

Fields = dict[str, Any]


class AgentFailure(Exception):
    """The agent cannot go on; the run ends with this error (AutoGen's type name and text)."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


def reply_entries(spec: AssistantAgent, turn: Turn, reply: Mapping[str, Any]) -> list[Fields]:
    """The entries a model's reply becomes.

    Args:
        spec: The agent.
        turn: Its turn; the reply answers `turn.need`.
        reply: `content` (text, or a list of calls), `usage` [prompt, completion], `thought`, `policies` of the calls.

    Raises:
        AgentFailure: The reply cannot be used.
    """
    fields: list[Fields] = []
    content: Any = reply["content"]
    usage = {"prompt_tokens": reply["usage"][0], "completion_tokens": reply["usage"][1]}
    calls = isinstance(content, list)
    if reply.get("thought"):
        thought = {"type": "ThoughtEvent", "source": spec.name, "content": reply["thought"]}
        # The first message of a reply has the id that streamed chunks carry (AutoGen), so a thought takes it.
        fields.append({"kind": "event", "call": turn.need, "message": thought})
    part: Fields = {"part": "-2"} if fields else {}
    if calls and turn.phase == "reflect":
        raise AgentFailure("RuntimeError", "Reflect on tool use produced no valid text response.")
    if calls:
        request: Fields = {
            "type": "ToolCallRequestEvent",
            "source": spec.name,
            "content": content,
            "models_usage": usage,
        }
        policies: Fields = {"policies": reply["policies"]} if reply.get("policies") else {}
        fields.append({"kind": "event", "call": turn.need, **part, "message": request, **policies})
    else:
        answer = answer_of(spec, content, usage)
        fields.append({"kind": "message", "role": "answer", "call": turn.need, **part, "message": answer})
    return fields


def answer_of(spec: AssistantAgent, content: Any, usage: Fields) -> Fields:
    """A final text as the message AutoGen makes of it: structured if the agent has an output type."""
    if spec.output_schema is None or not isinstance(content, str):
        return {"type": "TextMessage", "source": spec.name, "content": content, "models_usage": usage}
    try:
        output = json.loads(content, parse_constant=_no_number)
    except ValueError as error:
        raise AgentFailure("ModelOutputError", f"The reply is not JSON: {error}") from None
    if not isinstance(output, dict):
        raise AgentFailure("ModelOutputError", f"The reply is {type(output).__name__}, not a JSON object")
    message: Fields = {
        "type": f"StructuredMessage[{spec.output_schema['name']}]",
        "source": spec.name,
        "content": output,
        "models_usage": usage,
    }
    if spec.output_content_type_format is not None:
        message["format_string"] = spec.output_content_type_format
    return message


def _no_number(name: str) -> object:
    """Python reads NaN and the infinities, which are not JSON and have no place in the log."""
    raise ValueError(f"{name} is not JSON")


def handoff_of(spec: AssistantAgent, name: str) -> Handoff | None:
    """The handoff a call names, if it is one: handoffs need no worker, the engine answers them itself."""
    return next((handoff for handoff in spec.resolved_handoffs if handoff.name == name), None)


def phase_after_tools(spec: AssistantAgent, turn: Turn) -> Literal["model", "tools", "reflect"]:
    """What follows a complete set of outcomes; `tools` stands for: the engine writes the answer itself."""
    if turn.iteration + 1 < spec.max_tool_iterations:
        return "model"
    return "reflect" if spec.reflects else "tools"


def after_tools(
    spec: AssistantAgent, turn: Turn, calls: Sequence[Mapping[str, Any]], outcomes: Sequence[int]
) -> Fields | None:
    """The answer that follows tool outcomes without a model: a handoff, or the summary; None if a model is next.

    Args:
        spec: The agent.
        turn: Its turn, the execution event folded in.
        calls: The request's calls, in order.
        outcomes: Offsets of their outcomes, in the same order.
    """
    handoffs = [handoff for call in calls if (handoff := handoff_of(spec, call["name"])) is not None]
    if handoffs:
        # The first handoff wins; its siblings that are tools ride along as context (AutoGen).
        others = [
            offset for call, offset in zip(calls, outcomes, strict=True) if handoff_of(spec, call["name"]) is None
        ]
        message = {
            "type": "HandoffMessage",
            "source": spec.name,
            "target": handoffs[0].target,
            "content": handoffs[0].message,
        }
        return {"message": message, "request": turn.request, "results": others}
    if turn.phase != "tools":
        return None
    summary: Fields = {"type": "ToolCallSummaryMessage", "source": spec.name}
    if spec.tool_call_summary_format != "{result}":
        summary["format"] = spec.tool_call_summary_format
    return {"message": summary, "request": turn.request, "results": list(outcomes)}
