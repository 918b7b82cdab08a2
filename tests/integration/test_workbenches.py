"""Workbenches on a real server: overridden tools, live ones, MCP servers over stdio, and what goes wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from folkmoot import (
    ChatFailedError,
    FolkmootPlugin,
    RoundRobinGroupChat,
    StaticWorkbench,
    TextResultContent,
    ToolOverride,
    ToolResult,
    UnknownNameError,
    Workbench,
)
from folkmoot.mcp import McpWorkbench
from tests.integration.conftest import Site, SiteFactory, said, worker_on
from tests.unit.mcp.servers import stdio


def call(**arguments: dict[str, Any]) -> dict[str, Any]:
    """A reply that calls tools."""
    return {"calls": [{"name": name, "arguments": given} for name, given in arguments.items()]}


def add(a: int, b: int) -> int:
    """Add."""
    return a + b


class Bench(Workbench):
    """Tools that can be taken away, and fail when told so."""

    name = "bench"

    def __init__(self, *tools: str) -> None:
        self.tools = list(tools)
        self.calls: list[tuple[str, Any, str | None]] = []
        self.life: list[str] = []

    async def list_tools(self) -> Sequence[Mapping[str, Any]]:
        parameters = {"type": "object", "properties": {"text": {"type": "string"}}}
        return [{"name": name, "description": f"The {name}.", "parameters": parameters} for name in self.tools]

    async def call_tool(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        cancellation_token: Any = None,
        call_id: str | None = None,
    ) -> ToolResult:
        text = (arguments or {}).get("text", "")
        self.calls.append((name, text, call_id))
        if text == "raise":
            raise OSError("it broke")
        return ToolResult(name=name, result=[TextResultContent(content=f"{name}: {text}")], is_error=text == "say so")

    async def start(self) -> None:
        self.life.append("start")

    async def stop(self) -> None:
        self.life.append("stop")


async def with_benches(sites: SiteFactory, script: Any, benches: Mapping[str, Any], **options: Any) -> Site:
    """A site whose worker has these workbenches registered."""
    site = await sites(script, **options)
    site.plugin.registry.workbenches.update(FolkmootPlugin(workbenches=benches).registry.workbenches)
    return site


def outcomes(result: Any) -> list[tuple[str, bool]]:
    events = (item for item in result.messages if item.type == "ToolCallExecutionEvent")
    return [(outcome.content, outcome.is_error) for event in events for outcome in event.content]


async def test_a_tool_under_another_name(sites: SiteFactory) -> None:
    site = await sites([call(plus={"a": 1, "b": 2})], tools=[add])
    bench = StaticWorkbench(["add"], {"add": ToolOverride("plus", "Sums up.")})
    chat = await site.open(site.agent(workbench=[bench]))
    result = await chat.run(task="go")
    (shown,) = site.model.requests[0]["tools"]
    assert (shown["function"]["name"], shown["function"]["description"]) == ("plus", "Sums up.")
    assert outcomes(result) == [("3", False)]


async def test_a_live_workbench(sites: SiteFactory) -> None:
    bench = Bench("echo", "other")
    replies = [call(echo={"text": "hi"}), call(echo={"text": "say so"}), call(echo={"text": "raise"}), "done"]
    site = await with_benches(sites, replies, {"bench": bench}, worker=False)
    async with worker_on(site.client, site.queue):
        chat = await site.open(site.agent(workbench=["bench"], max_tool_iterations=4))
        result = await chat.run(task="go")
        assert [tool["function"]["name"] for tool in site.model.requests[0]["tools"]] == ["echo", "other"]
        assert outcomes(result) == [("echo: hi", False), ("echo: say so", True), ("it broke", True)]
        assert bench.life == ["start"]
    assert bench.life == ["start", "stop"]


async def test_a_tool_that_is_gone_by_the_time_it_is_called(sites: SiteFactory) -> None:
    bench = Bench("echo")

    def reply(body: dict[str, Any]) -> Any:
        if body["messages"][-1]["role"] == "tool":
            return "I see."
        bench.tools = []
        return call(echo={"text": "hi"})

    site = await with_benches(sites, reply, {"bench": bench})
    chat = await site.open(site.agent(workbench=["bench"], max_tool_iterations=2))
    result = await chat.run(task="go")
    assert outcomes(result) == [("Error: tool 'echo' not found in any workbench", True)]
    assert said(result.messages)[-1] == ("writer", "I see.")


async def test_two_workbenches_with_a_tool_of_one_name(sites: SiteFactory) -> None:
    site = await with_benches(sites, ["never"], {"one": Bench("echo"), "two": Bench("echo")})
    chat = await site.open(site.agent(workbench=["one", "two"]))
    with pytest.raises(ChatFailedError, match="several tools of the same name: echo"):
        await chat.run(task="go")


async def test_an_unknown_workbench_is_refused(sites: SiteFactory) -> None:
    site = await sites()
    with pytest.raises(UnknownNameError, match="'bench'"):
        await (await site.open(site.agent(workbench=["bench"]))).run(task="go")


async def test_an_mcp_server(sites: SiteFactory) -> None:
    replies = [call(add={"a": 1, "b": 5}, fail={"text": "no"}), "done"]
    site = await with_benches(sites, replies, {"numbers": McpWorkbench(stdio())})
    agent = site.agent(workbench=["numbers"], max_tool_iterations=2)
    chat = await site.open(RoundRobinGroupChat([agent], max_turns=1))
    result = await chat.run(task="go")
    shown = {tool["function"]["name"]: tool["function"] for tool in site.model.requests[0]["tools"]}
    assert shown["add"]["description"] == "Add two numbers."
    (added, failed) = outcomes(result)
    assert added == ("6", False)
    assert failed[1]
    assert "no" in failed[0]
    assert said(result.messages)[-1] == ("writer", "done")


async def test_an_mcp_server_that_cannot_be_started_ends_the_run(sites: SiteFactory) -> None:
    site = await with_benches(sites, ["never"], {"numbers": McpWorkbench(stdio(command="no-such-command"))})
    chat = await site.open(site.agent(workbench=["numbers"]))
    with pytest.raises(ChatFailedError, match="no-such-command"):
        await chat.run(task="go")
