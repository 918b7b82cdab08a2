"""Tools of a real MCP server, over stdio and over HTTP: what they are, and what their calls give."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from folkmoot.mcp import McpWorkbench, StdioServerParams, StreamableHttpServerParams
from folkmoot.messages import Image
from folkmoot.tools import CancellationToken
from folkmoot.workbench import ImageResultContent, TextResultContent, ToolOverride
from tests._support.waiting import eventually
from tests.unit.mcp.servers import stdio

PIXEL = Image.from_bytes(b"\x89PNG\r\n\x1a\n")


async def call(bench: McpWorkbench, tool: str, /, **arguments: Any) -> tuple[str, bool]:
    result = await bench.call_tool(tool, arguments)
    assert result.name == tool
    return result.to_text(), result.is_error


async def test_tools_are_listed_with_their_schemas(bench: McpWorkbench) -> None:
    tools = {tool["name"]: tool for tool in await bench.list_tools()}
    assert {"add", "fail", "meet", "block"} <= set(tools)
    add = tools["add"]
    assert add["description"] == "Add two numbers."
    parameters = add["parameters"]
    assert (parameters["type"], parameters["required"], parameters["additionalProperties"]) == ("object", ["a"], False)
    assert parameters["properties"]["b"]["default"] == 2


async def test_a_call_gives_text(bench: McpWorkbench) -> None:
    assert await call(bench, "add", a=1) == ("3", False)
    assert await call(bench, "add", a=1, b=4) == ("5", False)


async def test_every_kind_of_content_arrives(bench: McpWorkbench) -> None:
    see, image, sound, resource = (await bench.call_tool("parts", {"image": PIXEL.data})).result
    assert see == TextResultContent(content="see")
    assert image == ImageResultContent(content=PIXEL)
    assert sound == TextResultContent(content="[audio/wav, 4 characters of base64]")
    assert isinstance(resource, TextResultContent)
    assert json.loads(resource.content)["resource"] == {"uri": "memo://1", "text": "remember"}


async def test_structured_content_without_text_is_shown_as_json(bench: McpWorkbench) -> None:
    assert await call(bench, "structure") == ('{"städte": ["Köln"]}', False)


async def test_what_the_server_refuses_is_told_to_the_model(bench: McpWorkbench) -> None:
    assert await call(bench, "fail", text="no such city") == ("Error executing tool fail: no such city", True)
    assert await call(bench, "unknown") == ("Unknown tool: unknown", True)
    text, failed = await call(bench, "add", a="x")
    assert failed
    assert "valid integer" in text
    # The connection is as good as before.
    assert await call(bench, "add", a=1) == ("3", False)


async def test_calls_run_at_the_same_time_on_one_connection(bench: McpWorkbench) -> None:
    """Each waits for the other."""
    met = await asyncio.gather(call(bench, "meet", name="a", other="b"), call(bench, "meet", name="b", other="a"))
    assert met == [("a met b", False), ("b met a", False)]
    pids = await asyncio.gather(*(call(bench, "pid") for _ in range(3)))
    assert len(set(pids)) == 1


@pytest.mark.parametrize("by_token", [True, False])
async def test_a_cancelled_call_is_cancelled_at_the_server(bench: McpWorkbench, tmp_path: Path, by_token: bool) -> None:
    file, token = tmp_path / "state", CancellationToken()
    running = asyncio.ensure_future(bench.call_tool("block", {"file": str(file)}, token))
    await eventually(lambda: file.exists() and file.read_text() == "begun")
    if by_token:
        token.cancel()
    else:
        running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await eventually(lambda: file.read_text() == "cancelled")
    assert await call(bench, "add", a=1) == ("3", False)


async def test_a_process_sees_named_variables_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "secret")
    async with McpWorkbench(stdio(env={"SHOWN": "yes"})) as bench:
        assert await call(bench, "variable", name="SHOWN") == ("yes", False)
        assert await call(bench, "variable", name="SECRET_KEY") == ("not set", False)


async def test_headers_go_with_every_request(http: Any) -> None:
    async with McpWorkbench(http.params(headers={"x-shown": "yes"})) as bench:
        assert await call(bench, "header", name="x-shown") == ("yes", False)


async def test_overrides_are_what_models_see_and_call() -> None:
    overrides = {"add": ToolOverride(name="sum", description="Sums."), "pid": ToolOverride(description="")}
    async with McpWorkbench(stdio(), tool_overrides=overrides) as bench:
        tools = {tool["name"]: tool["description"] for tool in await bench.list_tools()}
        assert (tools["sum"], tools["pid"], "add" in tools) == ("Sums.", "", False)
        assert await call(bench, "sum", a=1) == ("3", False)


async def test_an_override_must_not_have_the_name_of_another_tool() -> None:
    async with McpWorkbench(stdio(), tool_overrides={"add": ToolOverride(name="pid")}) as bench:
        with pytest.raises(ValueError, match="Tool override name 'pid' conflicts with existing tool name"):
            await bench.list_tools()


def test_two_tools_cannot_be_shown_under_one_name() -> None:
    overrides = {"add": ToolOverride(name="x"), "pid": ToolOverride(name="x")}
    with pytest.raises(ValueError, match="Tool override name 'x' is used by multiple tools: 'add' and 'pid'"):
        McpWorkbench(stdio(), tool_overrides=overrides)


def test_names_are_stable_and_tell_no_secrets() -> None:
    def name(command: str, args: Sequence[str]) -> str:
        return McpWorkbench(StdioServerParams(command=command, args=list(args))).name

    assert name("/usr/bin/npx", ["a"]) == name("/usr/bin/npx", ["a"]) != name("/usr/bin/npx", ["b"])
    assert name("/usr/bin/npx", ["a"]).startswith("npx-")
    urls = [f"https://{login}example.org/mcp{query}" for login, query in (("", ""), ("me:pw@", "?key=secret"))]
    first, second = (McpWorkbench(StreamableHttpServerParams(url=url)).name for url in urls)
    assert first == second
    assert first.startswith("example.org-")
    assert McpWorkbench(stdio(), name="mine").name == "mine"


def test_credentials_are_not_shown() -> None:
    http = StreamableHttpServerParams(url="https://example.org/mcp", headers={"authorization": "secret"})
    shown = repr([McpWorkbench(stdio(env={"KEY": "secret"})), McpWorkbench(http)])
    assert "secret" not in shown
    assert "https://example.org/mcp" in shown


def test_defaults_are_autogens() -> None:
    assert StdioServerParams(command="x").read_timeout_seconds == 5
    http = StreamableHttpServerParams(url="http://x")
    assert (http.timeout, http.sse_read_timeout, http.terminate_on_close) == (30.0, 300.0, True)


@pytest.mark.parametrize(
    "given",
    [{"command": ""}, {"command": "x", "read_timeout_seconds": 0}, {"command": "x", "unknown": 1}],
)
def test_bad_parameters_of_processes_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="|".join(["command", "read_timeout_seconds", "unknown"])):
        StdioServerParams(**given)


@pytest.mark.parametrize("given", [{"url": "ftp://x"}, {"url": "x"}, {"url": "http://x", "timeout": -1}])
def test_bad_parameters_of_addresses_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"url|timeout"):
        StreamableHttpServerParams(**given)


def test_other_parameters_are_refused() -> None:
    given: Any = {"command": "x"}
    with pytest.raises(TypeError, match=r"server_params are StdioServerParams or .*, got \{'command': 'x'\}\."):
        McpWorkbench(given)
