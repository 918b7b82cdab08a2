"""What an assistant's model says last, as the message it becomes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from folkmoot._chat.calls import AgentFailure
from folkmoot.agents import AssistantAgent

__all__ = ["answer_of"]


def answer_of(spec: AssistantAgent, content: Any, usage: Mapping[str, Any]) -> dict[str, Any]:
    """A final text as the message AutoGen makes of it: structured if the agent has an output type."""
    if spec.output_schema is None or not isinstance(content, str):
        return {"type": "TextMessage", "source": spec.name, "content": content, "models_usage": usage}
    try:
        output = json.loads(content, parse_constant=_no_number)
    except ValueError as error:
        raise AgentFailure("ModelOutputError", f"The reply is not JSON: {error}") from None
    if not isinstance(output, dict):
        raise AgentFailure("ModelOutputError", f"The reply is {type(output).__name__}, not a JSON object")
    message: dict[str, Any] = {
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
