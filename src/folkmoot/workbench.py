"""Workbenches (AutoGen: `autogen_core.tools`): sets of tools that an agent has as a whole.

`Workbench` is the base of live ones, such as MCP servers, which workers have registered by name; `WorkbenchSpec` is
what an agent's JSON holds: such a name, or a `StaticWorkbench` with its tools.
"""

from __future__ import annotations

import reprlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, cast

from pydantic import BaseModel, Field, PrivateAttr

from ._spec import Carried, Frozen, Spec
from .messages import Image
from .options import ToolOptions
from .tools import Tool, as_tool

if TYPE_CHECKING:
    from types import TracebackType

    from .tools import CancellationToken

__all__ = [
    "ImageResultContent",
    "NamedWorkbench",
    "StaticWorkbench",
    "TextResultContent",
    "ToolOverride",
    "ToolResult",
    "Workbench",
    "WorkbenchSpec",
    "as_workbenches",
    "check_overrides",
]


class TextResultContent(BaseModel):
    """A part of a tool's result that is text."""

    type: Literal["TextResultContent"] = "TextResultContent"
    content: str


class ImageResultContent(BaseModel):
    """A part of a tool's result that is an image."""

    type: Literal["ImageResultContent"] = "ImageResultContent"
    content: Image


class ToolResult(BaseModel):
    """What a call of a workbench's tool came to."""

    type: Literal["ToolResult"] = "ToolResult"
    name: str
    """The tool, as it was called."""
    result: list[Annotated[TextResultContent | ImageResultContent, Field(discriminator="type")]]
    is_error: bool = False
    """The result tells of an error."""

    def to_text(self, replace_image: str | None = None) -> str:
        """The parts as text, a line each.

        Args:
            replace_image: What stands for an image; None: its base64 text.
        """
        return "\n".join(
            part.content if isinstance(part, TextResultContent) else _image_text(part.content, replace_image)
            for part in self.result
        )


def _image_text(image: Image, replacement: str | None) -> str:
    return f"[Image: {image.to_base64()}]" if replacement is None else replacement


class Workbench(ABC):
    """The base of live workbenches. A worker knows one by `name`, or by its class's name where it has none."""

    name: str
    tool_options: Mapping[str, ToolOptions] = MappingProxyType({})
    """How calls of its tools are run, by the names models know; those not named by the defaults."""

    @abstractmethod
    async def list_tools(self) -> Sequence[Mapping[str, Any]]:
        """The tools there are now: `name`, `description`, `parameters` (JSON schema) and perhaps `strict` of each."""

    @abstractmethod
    async def call_tool(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        cancellation_token: CancellationToken | None = None,
        call_id: str | None = None,
    ) -> ToolResult:
        """Call a tool.

        Args:
            name: The tool.
            arguments: The model's arguments; None: none.
            cancellation_token: Cancelled when the result is no longer wanted.
            call_id: The model's id of the call.
        """

    async def start(self) -> None:  # noqa: B027
        """Make ready; called before the first use. Does nothing by default."""

    async def stop(self) -> None:  # noqa: B027
        """Let go of everything. Does nothing by default."""

    async def reset(self) -> None:  # noqa: B027
        """Go back to how it was at the start. Does nothing by default."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


class ToolOverride(Frozen, frozen=True):
    """How a tool is shown to models instead; None, and an empty name: as it is."""

    name: str | None = None
    description: str | None = None

    def __init__(self, name: str | None = None, description: str | None = None) -> None:
        self._fill(name=name, description=description)


def check_overrides(overrides: Mapping[str, ToolOverride], known: Sequence[str] = ()) -> None:
    """Refuse overrides under which two tools would have one name.

    Args:
        overrides: By the tools' own names.
        known: Names of all tools, as far as they are known.

    Raises:
        ValueError: Two would (AutoGen's texts).
    """
    taken: dict[str, str] = {}
    for tool, override in overrides.items():
        if not override.name or override.name == tool:
            continue
        if override.name in known:
            raise ValueError(
                f"Tool override name '{override.name}' conflicts with existing tool name. "
                "Override names must not conflict with any tool names."
            )
        if override.name in taken:
            raise ValueError(
                f"Tool override name '{override.name}' is used by multiple tools: "
                f"'{taken[override.name]}' and '{tool}'. Override names must be unique."
            )
        taken[override.name] = tool


class WorkbenchSpec(Spec, frozen=True):
    """The base of what an agent's JSON holds of its workbenches."""


class StaticWorkbench(WorkbenchSpec, frozen=True):
    """Tools that stay the same, perhaps under other names or descriptions.

    Args:
        tools: Tools, plain functions, or names of registered tools.
        tool_overrides: What models are shown instead, by the tools' own names.

    Raises:
        ValueError: Under the overrides two tools would have one name (AutoGen's texts).
    """

    type: Literal["StaticWorkbench"] = "StaticWorkbench"
    tools: tuple[Tool, ...]
    tool_overrides: dict[str, ToolOverride] = Field(default_factory=dict)

    def __init__(
        self,
        tools: Sequence[Tool | Callable[..., Any] | str],
        tool_overrides: Mapping[str, ToolOverride] | None = None,
    ) -> None:
        self._fill(tools=tuple(as_tool(tool) for tool in tools), tool_overrides=dict(tool_overrides or {}))

    def check(self) -> None:
        """Refuse overrides that clash."""
        super().check()
        check_overrides(self.tool_overrides, [tool.name for tool in self.tools])

    def find(self, name: str) -> Tool | None:
        """The tool a model means by a name: the one shown under it, or the one that has it (AutoGen)."""
        own = next((tool for tool, override in self.tool_overrides.items() if override.name == name), name)
        return next((tool for tool in self.tools if tool.name == own), None)

    def shown(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """What a model is told of a tool.

        Args:
            schema: The tool's own, as `FunctionTool.schema`.
        """
        override = self.tool_overrides.get(schema["name"], ToolOverride())
        told = dict(schema)
        if override.name:
            told["name"] = override.name
        if override.description is not None:
            told["description"] = override.description
        return told


class NamedWorkbench(WorkbenchSpec, frozen=True):
    """A workbench registered on the worker.

    Args:
        name: Its registered name.
        tool_options: How calls of its tools are run, by the names models know; those not named by the defaults.

    Raises:
        ValueError: The name is empty.
    """

    type: Literal["NamedWorkbench"] = "NamedWorkbench"
    name: str
    tool_options: dict[str, ToolOptions] = Field(default_factory=dict[str, ToolOptions])

    _live: object | None = PrivateAttr(default=None)

    def __init__(self, name: str, tool_options: Mapping[str, ToolOptions] | None = None) -> None:
        self._fill(name=name, tool_options=dict(tool_options or {}))

    @classmethod
    def of(cls, live: object) -> Self:
        """The spec of a live workbench, which it carries."""
        name: object = getattr(live, "name", None)
        options = cast(Mapping[str, ToolOptions] | None, getattr(live, "tool_options", None))
        self = cls(name if isinstance(name, str) and name else type(live).__name__, options)
        self._hold(_live=live)
        return self

    def check(self) -> None:
        """Refuse an empty name."""
        super().check()
        if not self.name:
            raise ValueError("The name of a workbench must not be empty.")

    def carry(self, into: Carried) -> None:
        """The workbench, if it was passed itself."""
        if self._live is not None:
            into.add_workbench(self.name, self._live)


def as_workbenches(given: object) -> tuple[WorkbenchSpec, ...]:
    """An agent's workbenches, from one or several specs, live ones (AutoGen's too) or registered names.

    Raises:
        TypeError: Something is no workbench.
    """
    if given is None:
        return ()
    items = cast(Sequence[object], given) if isinstance(given, list | tuple) else [given]
    return tuple(_as_workbench(item) for item in items)


def _as_workbench(given: object) -> WorkbenchSpec:
    if isinstance(given, WorkbenchSpec):
        return given
    if isinstance(given, str):
        return NamedWorkbench(given)
    if not isinstance(given, type) and all(
        callable(getattr(given, method, None)) for method in ("list_tools", "call_tool")
    ):
        return NamedWorkbench.of(given)
    raise TypeError(f"A workbench is a spec, a live workbench or a registered name, got {reprlib.repr(given)}.")
