"""Function tools: the schema a model is shown, its arguments checked and converted, the result as text."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from folkmoot.options import ToolOptions
from folkmoot.tools import CancellationToken, FunctionTool, Tool, ToolArgumentsError, ToolContext, tool


class Place(BaseModel):
    """A nested argument."""

    city: str
    zoom: int = 3
    default: str = "a field of that name"


class Unit(Enum):
    """A choice."""

    METRIC = "metric"
    IMPERIAL = "imperial"


def context(**changes: Any) -> ToolContext:
    call = {"chat_id": "c", "agent": "a", "call_id": "1", "idempotency_key": "k", **changes}
    return ToolContext(**call)


async def weather(
    place: Place,
    days: Annotated[int, "How many days.", Field(ge=1)],
    unit: Unit = Unit.METRIC,
    style: Literal["short", "long"] = "short",
    *,
    call: ToolContext,
    cancellation_token: CancellationToken,
) -> str:
    """Tell the weather.

    With more on it that models are not told.

    Args:
        place: Where.
        days: Not this: the annotation says it.
        unit: Measures.
    """
    return f"{place.city} {days} {unit.value} {style} {call.idempotency_key} {cancellation_token.is_cancelled()}"


def test_schema_comes_from_annotations_and_docstring() -> None:
    schema = FunctionTool(weather).schema
    assert schema["name"] == "weather"
    assert schema["description"] == "Tell the weather."
    assert schema["strict"] is False
    parameters = schema["parameters"]
    properties = parameters["properties"]
    assert list(properties) == ["place", "days", "unit", "style"]
    assert properties["days"] == {"type": "integer", "minimum": 1, "description": "How many days."}
    assert properties["place"]["description"] == "Where."
    assert properties["unit"]["default"] == "metric"
    assert properties["style"] == {"type": "string", "enum": ["short", "long"], "default": "short"}
    assert parameters["required"] == ["place", "days"]
    assert parameters["additionalProperties"] is False
    assert parameters["$defs"]["Place"]["properties"]["city"] == {"type": "string"}


def test_strict_schema_is_closed_at_every_depth() -> None:
    def locate(place: Place, exact: bool) -> str:
        """Find."""
        return place.city

    parameters = FunctionTool(locate, strict=True).schema["parameters"]
    place = parameters["$defs"]["Place"]
    assert place["required"] == ["city", "zoom", "default"]
    assert place["additionalProperties"] is False
    assert "default" not in place["properties"]["zoom"]
    assert parameters["required"] == ["place", "exact"]


def test_strict_refuses_defaults_in_autogens_words() -> None:
    def locate(exact: bool = True) -> str:
        return ""

    text = (
        r"^Strict mode is enabled, but not all input arguments are marked as required\. "
        r"Default arguments are not allowed in strict mode\.$"
    )
    with pytest.raises(ValueError, match=text):
        FunctionTool(locate, strict=True)


def test_function_without_arguments_has_an_empty_schema() -> None:
    def now() -> str:
        return "now"

    parameters = FunctionTool(now, "The time.").schema["parameters"]
    assert parameters == {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


async def test_arguments_are_converted_and_context_injected() -> None:
    args = {"place": {"city": "Ulm"}, "days": "2", "unit": "imperial"}
    assert await FunctionTool(weather).run_json(args, context()) == "Ulm 2 imperial short k False"


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        ({"days": 1}, "place: Field required"),
        ({"place": {"city": "Ulm"}, "days": 0}, "days: Input should be greater than or equal to 1, got 0"),
        ({"place": {"city": "Ulm"}, "days": 1, "dayz": 2}, "dayz: Extra inputs are not permitted, got 2"),
        ({"place": {"city": 5}, "days": 1}, "place.city: Input should be a valid string, got 5"),
        ({"place": {"city": "Ulm"}, "days": 1, "call": {}}, "call: Extra inputs are not permitted"),
    ],
)
async def test_bad_arguments_are_explained_to_the_model(args: dict[str, Any], problem: str) -> None:
    with pytest.raises(ToolArgumentsError) as caught:
        await FunctionTool(weather).run_json(args, context())
    assert str(caught.value).startswith("Invalid arguments for tool 'weather': ")
    assert problem in str(caught.value)


async def test_sync_function_runs_in_a_thread_and_may_heartbeat() -> None:
    beats: list[object] = []

    def work(call: ToolContext) -> str:
        call.heartbeat(f"attempt {call.attempt}")
        return threading.current_thread().name

    name = await FunctionTool(work).run_json({}, context(attempt=2, heartbeat=beats.append))
    assert name != threading.current_thread().name
    assert beats == ["attempt 2"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        (Place(city="Köln"), '{"city": "Köln", "zoom": 3, "default": "a field of that name"}'),
        (3.5, "3.5"),
        ([1, "a"], "[1, 'a']"),
        (None, "None"),
        (date(2026, 1, 2), "2026-01-02"),
    ],
)
async def test_results_become_text(value: object, text: str) -> None:
    def give() -> object:
        return value

    assert await FunctionTool(give).run_json({}, context()) == text


async def test_exceptions_of_the_function_come_through() -> None:
    def fail() -> str:
        raise LookupError("no such thing")

    with pytest.raises(LookupError, match="no such thing"):
        await FunctionTool(fail).run_json({}, context())


async def test_parameters_may_have_any_name() -> None:
    def odd(schema: str, _hidden: int, model_config: str, json: str = "j") -> str:
        return f"{schema} {_hidden} {model_config} {json}"

    odd_tool = FunctionTool(odd)
    assert list(odd_tool.schema["parameters"]["properties"]) == ["schema", "_hidden", "model_config", "json"]
    assert await odd_tool.run_json({"schema": "s", "_hidden": 1, "model_config": "m"}, context()) == "s 1 m j"


async def test_methods_partials_and_callable_objects() -> None:
    class Greeter:
        """Greets."""

        async def __call__(self, name: str) -> str:
            return f"hello {name}"

        def greet(self, name: str) -> str:
            """Greet somebody."""
            return f"hi {name}"

    bound = FunctionTool(Greeter().greet)
    assert (bound.name, bound.description) == ("greet", "Greet somebody.")
    assert await bound.run_json({"name": "x"}, context()) == "hi x"
    called = FunctionTool(Greeter())
    assert called.name == "Greeter"
    assert await called.run_json({"name": "x"}, context()) == "hello x"
    partial = FunctionTool(functools.partial(weather, place=Place(city="Ulm")))
    assert partial.name == "weather"
    assert (await partial.run_json({"days": 1}, context())).startswith("Ulm 1")


async def test_default_that_is_no_json_stays_with_the_function() -> None:
    marker = object()

    def find(what: Any = marker) -> str:
        return str(what is marker)

    found = FunctionTool(find)
    assert found.schema["parameters"]["properties"] == {"what": {}}
    assert await found.run_json({}, context()) == "True"


def unannotated(thing) -> str:  # type: ignore[no-untyped-def]
    return ""


def starred(*things: str) -> str:
    return ""


def socketed(handle: threading.Thread) -> str:
    return ""


def unresolved(thing: Missing) -> str:  # type: ignore[name-defined]  # noqa: F821
    return ""


@pytest.mark.parametrize(
    ("func", "message"),
    [
        (unannotated, "Parameter 'thing' of tool 'unannotated' has no type annotation"),
        (starred, "Parameter 'things' of tool 'starred' cannot be passed by name"),
        (socketed, "Tool 'socketed' has a parameter whose type a model cannot be told of"),
        (unresolved, "An annotation of tool 'unresolved' cannot be resolved: name 'Missing'"),
        (lambda: "", "A tool's name has 1 to 64 letters.*got '<lambda>'"),
    ],
)
def test_functions_models_cannot_be_told_of_are_refused(func: Callable[..., object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FunctionTool(func)


@pytest.mark.parametrize("name", ["", "two words", "x" * 65, "naïve"])
def test_names_that_endpoints_refuse_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"letters, digits, '_' and '-'; got '{name}'"):
        Tool(name)


def test_decorator_makes_a_tool() -> None:
    @tool
    def plain(x: int) -> int:
        """Plain."""
        return x

    @tool(name="other", description="Said.", strict=True, options=ToolOptions(max_attempts=1))
    def decorated(x: int) -> int:
        return x

    assert (plain.name, plain.description) == ("plain", "Plain.")
    assert plain.func(3) == 3
    assert (decorated.name, decorated.description, decorated.options.max_attempts) == ("other", "Said.", 1)
    assert decorated.schema["strict"] is True


def test_function_tool_takes_autogens_arguments() -> None:
    made = FunctionTool(weather, "Says it.", "sky", global_imports=["math"], strict=False)
    assert (made.name, made.description) == ("sky", "Says it.")


def test_function_tool_is_not_made_of_json() -> None:
    with pytest.raises(ValueError, match="A FunctionTool needs its function; 'weather' names a tool"):
        FunctionTool.from_json("weather")


def test_cancellation_token_calls_back_once() -> None:
    token, calls = CancellationToken(), []
    token.add_callback(lambda: calls.append("before"))
    assert not token.is_cancelled()
    token.cancel()
    token.cancel()
    token.add_callback(lambda: calls.append("after"))
    assert token.is_cancelled()
    assert calls == ["before", "after"]


async def test_cancellation_token_cancels_a_linked_future() -> None:
    token = CancellationToken()
    future = token.link_future(asyncio.get_running_loop().create_future())
    await asyncio.to_thread(token.cancel)
    with pytest.raises(asyncio.CancelledError):
        await future
