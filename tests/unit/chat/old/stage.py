"""What tests of old messages share: dictionaries as AutoGen 0.2 kept them, and a driver for what became of them."""

from __future__ import annotations

from typing import Any

from folkmoot._chat.old import Rehearsal, rehearse
from folkmoot.agents import AgentSpec
from folkmoot.teams import TeamSpec
from tests.unit.chat.driver import UUID, Driver, Json, at


def old(team: TeamSpec | AgentSpec, messages: object, **options: Any) -> Rehearsal:
    return rehearse(team, messages, time=at(0), uuid=UUID, **options)


def going_on(rehearsal: Rehearsal) -> Driver:
    """A driver of the resumed chat; calls under way are in flight."""
    driver = Driver(rehearsal.chat.team)
    driver.chat = rehearsal.chat
    driver.settle()
    return driver


def by(name: str | None, content: Any, role: str = "user", **more: Any) -> Json:
    """A message of a 0.2 group chat."""
    return {"content": content, "role": role, **({"name": name} if name else {}), **more}


def calls(name: str, *tools: str, content: Any = None, arguments: str = "{}") -> Json:
    """Calls that an agent of 0.2 suggests; their ids are `call_TOOL`."""
    asked = [
        {"id": f"call_{tool}", "type": "function", "function": {"name": tool, "arguments": arguments}} for tool in tools
    ]
    return {"content": content, "tool_calls": asked, "role": "assistant", "name": name}


def results(name: str, **said: str) -> Json:
    """What came of such calls, as the agent that ran them told it."""
    responses = [{"tool_call_id": f"call_{tool}", "role": "tool", "content": text} for tool, text in said.items()]
    return {"content": "\n\n".join(said.values()), "tool_responses": responses, "role": "tool", "name": name}


def chat(source: str, content: Any = "hello", kind: str = "TextMessage", **more: Any) -> Json:
    """A message or event as AutoGen dumps it."""
    common: Json = {"id": f"id-{source}-{kind}", "models_usage": None, "metadata": {}}
    return {**common, "created_at": "2025-05-01T10:00:00Z", "source": source, "content": content, "type": kind, **more}


def asked(source: str, *tools: str, ids: str = "c") -> Json:
    content = [{"id": f"{ids}{place}", "name": tool, "arguments": "{}"} for place, tool in enumerate(tools)]
    return chat(source, content, "ToolCallRequestEvent")


def came(source: str, *tools: str, ids: str = "c") -> Json:
    content = [
        {"content": f"{tool} done", "name": tool, "call_id": f"{ids}{place}", "is_error": False}
        for place, tool in enumerate(tools)
    ]
    return chat(source, content, "ToolCallExecutionEvent")


def handoff(source: str, target: str) -> Json:
    return chat(source, f"over to {target}", "HandoffMessage", target=target, context=[])
