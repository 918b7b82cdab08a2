"""A tool that is a Python function, as worker processes need it."""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, cast, get_args, overload

from pydantic import BaseModel, PrivateAttr

from folkmoot._function_schema import Arguments, read_arguments, read_docs, strict_schema
from folkmoot._spec import Carried
from folkmoot.options import ToolOptions

from .context import ToolArgumentsError, ToolContext
from .named import Tool

__all__ = ["FunctionTool", "as_tool", "tool"]

Function = Callable[..., Any]


class FunctionTool(Tool, frozen=True):
    """A tool made of a Python function, sync (run in a thread) or async.

    Models are told of its parameters by their annotations; descriptions come from `Annotated[..., "text"]` or
    the docstring. A parameter annotated `ToolContext` gets the call's context, one named `cancellation_token`
    its token; models do not see them.

    Args:
        func: The function.
        description: What it does, for models; None: the first sentence of its docstring.
        name: None: the function's name.
        global_imports: Taken for AutoGen's sake and ignored: functions are never stored as source.
        strict: Endpoints hold models to the schema; parameters must not have defaults then (AutoGen).
        options: How its calls are run.

    Raises:
        ValueError: The name or a parameter cannot be told to a model, or `strict` meets a default.
    """

    _func: Function = PrivateAttr()
    _description: str = PrivateAttr()
    _strict: bool = PrivateAttr()
    _arguments: Arguments = PrivateAttr()
    _injected: list[str] = PrivateAttr()

    def __init__(
        self,
        func: Function,
        description: str | None = None,
        name: str | None = None,
        *,
        global_imports: Sequence[object] = (),  # noqa: ARG002
        strict: bool = False,
        options: ToolOptions | None = None,
    ) -> None:
        super().__init__(_name_of(func) if name is None else name, options)
        docs = read_docs(func)
        arguments, injected = read_arguments(self.name, func, docs.arguments, _is_injected)
        description = docs.summary if description is None else description
        self._hold(_func=func, _description=description, _strict=strict, _arguments=arguments, _injected=injected)
        parameters = arguments.schema
        if strict and set(parameters["required"]) != set(parameters["properties"]):
            raise ValueError(
                "Strict mode is enabled, but not all input arguments are marked as required. "
                "Default arguments are not allowed in strict mode."
            )

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Refused: JSON holds no function.

        Raises:
            ValueError: Always.
        """
        raise ValueError(f"A FunctionTool needs its function; {data!r} names a tool, use Tool for it.")

    @property
    def func(self) -> Function:
        """The function."""
        return self._func

    @property
    def description(self) -> str:
        """What it does, for models."""
        return self._description

    @property
    def schema(self) -> dict[str, Any]:  # pyright: ignore[reportIncompatibleMethodOverride] - AutoGen's name
        """What a model is told: `name`, `description`, `parameters` (JSON schema), `strict`."""
        parameters = self._arguments.schema
        return {
            "name": self.name,
            "description": self._description,
            "parameters": strict_schema(parameters) if self._strict else parameters,
            "strict": self._strict,
        }

    def same_as(self, other: FunctionTool) -> bool:
        """Whether both are the same function, shown to models in the same way."""
        return self._func == other._func and self.schema == other.schema

    def carry(self, into: Carried) -> None:
        """The tool itself."""
        into.add_tool(self)

    async def run_json(self, args: Mapping[str, Any], context: ToolContext) -> str:
        """Call the function.

        Args:
            args: The model's arguments.
            context: The call.

        Returns:
            The result as a model reads it: text as it is, a pydantic object as JSON, else `str()` (AutoGen).

        Raises:
            ToolArgumentsError: The arguments do not fit.
            Exception: Whatever the function raises.
        """
        try:
            values = self._arguments.read(args)
        except ValueError as error:
            raise ToolArgumentsError(f"Invalid arguments for tool {self.name!r}: {error}") from None
        for name in self._injected:
            values[name] = context.cancellation_token if name == "cancellation_token" else context
        if _is_async(self._func):
            return _as_text(await self._func(**values))
        result = await asyncio.to_thread(self._func, **values)
        return _as_text(await result if inspect.isawaitable(result) else result)


@overload
def tool(func: Function, /) -> FunctionTool: ...


@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    strict: bool = False,
    options: ToolOptions | None = None,
) -> Callable[[Function], FunctionTool]: ...


def tool(
    func: Function | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    strict: bool = False,
    options: ToolOptions | None = None,
) -> FunctionTool | Callable[[Function], FunctionTool]:
    """Make a function a `FunctionTool`: `@tool`, or `@tool(options=ToolOptions(...))`; arguments as there."""

    def make(func: Function) -> FunctionTool:
        return FunctionTool(func, description, name, strict=strict, options=options)

    return make if func is None else make(func)


def _name_of(func: Function) -> str:
    named = func.func if isinstance(func, functools.partial) else func
    return getattr(named, "__name__", type(named).__name__)


def _is_injected(name: str, hint: object) -> bool:
    return name == "cancellation_token" or hint is ToolContext or ToolContext in get_args(hint)


def _is_async(func: Function) -> bool:
    while isinstance(func, functools.partial):
        func = func.func
    return inspect.iscoroutinefunction(func) or inspect.iscoroutinefunction(type(func).__call__)


def _as_text(value: object) -> str:
    if isinstance(value, BaseModel):
        return json.dumps(cast(object, value.model_dump(mode="json")), ensure_ascii=False)
    return str(value)


def as_tool(given: object) -> Tool:
    """A tool in any of the forms an agent or a workbench takes: a tool, a function, a registered name.

    Raises:
        ValueError: It is none of these (AutoGen's text).
    """
    if isinstance(given, Tool):
        return given
    if isinstance(given, str):
        return Tool(given)
    if callable(given):
        return FunctionTool(given)
    raise ValueError(f"Unsupported tool type: {type(given)}")
