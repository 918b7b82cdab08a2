"""Workbenches: overrides, results, what an agent's JSON holds of them, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from folkmoot._spec import carried, load_spec, spec_json, walk
from folkmoot.agents import AssistantAgent
from folkmoot.messages import Image
from folkmoot.options import ToolOptions
from folkmoot.tools import AgentTool, FunctionTool, Tool
from folkmoot.workbench import (
    ImageResultContent,
    NamedWorkbench,
    StaticWorkbench,
    TextResultContent,
    ToolOverride,
    ToolResult,
    Workbench,
    WorkbenchSpec,
    check_overrides,
)

PIXEL = Image.from_bytes(b"GIF8")


def search(query: str) -> str:
    """Search."""
    return query


class Bench(Workbench):
    """A live workbench."""

    def __init__(self, name: str | None = None) -> None:
        if name is not None:
            self.name = name
        self.states: list[str] = []

    async def list_tools(self) -> Sequence[Mapping[str, Any]]:
        return [FunctionTool(search).schema]

    async def call_tool(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        cancellation_token: object = None,
        call_id: str | None = None,
    ) -> ToolResult:
        return ToolResult(name=name, result=[])

    async def start(self) -> None:
        self.states.append("started")

    async def stop(self) -> None:
        self.states.append("stopped")


class Plain(Workbench):
    """One that needs neither start nor stop."""

    async def list_tools(self) -> Sequence[Mapping[str, Any]]:
        return []

    async def call_tool(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        cancellation_token: object = None,
        call_id: str | None = None,
    ) -> ToolResult:
        return ToolResult(name=name, result=[], is_error=True)


def agent(*benches: Any) -> AssistantAgent:
    return AssistantAgent("a", "m", workbench=[*benches])


def test_result_as_text() -> None:
    parts = [TextResultContent(content="one"), ImageResultContent(content=PIXEL), TextResultContent(content="two")]
    result = ToolResult(name="t", result=parts)
    assert not result.is_error
    assert result.to_text() == f"one\n[Image: {PIXEL.data}]\ntwo"
    assert result.to_text(replace_image="(image)") == "one\n(image)\ntwo"
    assert ToolResult.model_validate_json(result.model_dump_json()) == result
    assert ToolResult(name="t", result=[]).to_text() == ""


async def test_live_workbench_is_a_context_manager() -> None:
    bench = Bench()
    async with bench as entered:
        assert entered is bench
        assert bench.states == ["started"]
    assert bench.states == ["started", "stopped"]
    async with Plain() as plain:
        await plain.reset()
        assert (await plain.call_tool("x")).is_error


OVERRIDES = {"search": ToolOverride("look_up"), "file": ToolOverride(description="Files.")}


def test_static_tools_are_shown_as_told() -> None:
    bench = StaticWorkbench([search, "file", "plain"], OVERRIDES)
    schema = FunctionTool(search).schema
    assert bench.shown(schema) == {**schema, "name": "look_up"}
    assert bench.shown({"name": "file", "description": "x", "strict": True}) == {
        "name": "file",
        "description": "Files.",
        "strict": True,
    }
    assert bench.shown({"name": "plain", "description": "x"}) == {"name": "plain", "description": "x"}


def test_static_tools_are_found_by_either_name() -> None:
    bench = StaticWorkbench([search, "file"], OVERRIDES)
    for name, own in (("look_up", "search"), ("search", "search"), ("file", "file")):
        tool = bench.find(name)
        assert tool is not None
        assert tool.name == own
    assert bench.find("other") is None


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (
            {"search": ToolOverride("file")},
            (
                "Tool override name 'file' conflicts with existing tool name. "
                "Override names must not conflict with any tool names."
            ),
        ),
        (
            {"search": ToolOverride("x"), "file": ToolOverride("x")},
            "Tool override name 'x' is used by multiple tools: 'search' and 'file'. Override names must be unique.",
        ),
    ],
)
def test_overrides_that_clash_are_refused(overrides: dict[str, ToolOverride], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        StaticWorkbench([search, "file"], overrides)
    form = {"type": "StaticWorkbench", "tools": ["search", "file"]}
    with pytest.raises(ValueError, match=re.escape(said)):
        WorkbenchSpec.from_json({**form, "tool_overrides": {key: value.to_json() for key, value in overrides.items()}})


def test_overrides_that_change_nothing_are_no_clash() -> None:
    same = {"search": ToolOverride("search"), "file": ToolOverride(""), "other": ToolOverride(description="x")}
    bench = StaticWorkbench([search, "file"], same)
    assert bench.tool_overrides == same
    assert bench.shown({"name": "file"}) == {"name": "file"}
    assert bench.shown({"name": "other", "description": ""}) == {"name": "other", "description": "x"}
    check_overrides({"search": ToolOverride("file")})


def test_everything_comes_back_equal() -> None:
    inner = AgentTool(AssistantAgent("inner", "m"))
    spec = agent(StaticWorkbench([search, Tool("file", ToolOptions(timeout=3)), inner], OVERRIDES), "elsewhere")
    loaded = load_spec(spec_json(spec))
    assert loaded == spec
    assert isinstance(loaded, AssistantAgent)
    assert loaded.workbench[1] == NamedWorkbench("elsewhere")
    assert [part.name for part in walk(loaded)] == ["a", "inner"]
    assert carried(spec).tools == {"search": FunctionTool(search)}
    assert not carried(loaded).tools


def test_one_or_several() -> None:
    bench = Bench("web")
    for given in (bench, [bench], (bench,)):
        assert AssistantAgent("a", "m", workbench=given).workbench == (NamedWorkbench("web"),)
    assert AssistantAgent("a", "m", workbench="web").workbench == (NamedWorkbench("web"),)
    assert AssistantAgent("a", "m").workbench == ()


def test_live_workbench_is_known_by_its_name_and_carried() -> None:
    named, nameless = Bench("web"), Plain()
    spec = agent(named, nameless)
    assert spec.workbench == (NamedWorkbench("web"), NamedWorkbench("Plain"))
    assert carried(spec).workbenches == {"web": named, "Plain": nameless}
    assert not carried(load_spec(spec_json(spec))).workbenches
    with pytest.raises(ValueError, match="Two different workbenches are named 'web'"):
        carried(agent(named, Bench("web")))


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Tools cannot be used with a workbench\."):
        AssistantAgent("a", "m", tools=[search], workbench="web")
    for wrong in (3, Bench, object()):
        with pytest.raises(TypeError, match="A workbench is a spec, a live workbench or a registered name, got"):
            agent(wrong)
    with pytest.raises(ValueError, match="The name of a workbench must not be empty"):
        agent("")
    with pytest.raises(ValueError, match="Unsupported tool type: <class 'int'>"):
        StaticWorkbench([3])  # pyright: ignore[reportArgumentType]
