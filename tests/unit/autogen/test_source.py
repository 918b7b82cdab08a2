"""The source of tools' functions: what can stand alone, and why something cannot."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import pytest

import folkmoot.tools
from folkmoot.autogen.source import function_source
from folkmoot.tools import CancellationToken, FunctionTool, tool

LIMIT = 3


@tool
def plain(text: str, times: int = 2) -> str:
    """Repeat a text."""
    import textwrap

    return "\n".join(textwrap.dedent(text) for _ in range(times))


@folkmoot.tools.tool(name="loud")
async def with_options(text: str) -> str:
    return text.upper()


def uses_module(text: str) -> str:
    return text[:LIMIT]


def uses_module_inside(text: str) -> str:
    def cut() -> str:
        return text[:LIMIT]

    return cut()


def annotated(texts: Sequence[str]) -> str:
    return "".join(texts)


def cancellable(text: str, cancellation_token: CancellationToken) -> str:
    return text


@functools.cache
def decorated(text: str) -> str:
    return text


def marked(func: Any) -> Any:
    return func


@marked
def decorated_openly(text: str) -> str:
    return text


def around() -> Callable[[str], str]:
    limit = 3

    def closure(text: str) -> str:
        return text[:limit]

    return closure


@pytest.mark.parametrize(
    ("made", "begins"), [(plain, "def plain(text: str"), (with_options, "async def with_options(")]
)
def test_the_source_runs_in_an_empty_module(made: FunctionTool, begins: str) -> None:
    source = function_source(made)
    assert source.startswith(begins)
    module: dict[str, Any] = {}
    exec(source, module)
    assert callable(module[made.func.__name__])


@pytest.mark.parametrize(
    ("func", "says"),
    [
        (uses_module, "its function uses LIMIT from around it"),
        (uses_module_inside, "its function uses LIMIT from around it"),
        (around(), "its function uses limit from around it"),
        (annotated, "its function uses Sequence from around it"),
        (cancellable, "its function takes a cancellation token"),
        (decorated, "AutoGen needs a plain function"),
        (decorated_openly, "its function has decorators"),
        (functools.partial(uses_module, text="x"), "AutoGen needs a plain function"),
    ],
)
def test_what_cannot_stand_alone_is_refused(func: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        function_source(FunctionTool(func, "Does something.", "something"))


def test_a_lambda_is_refused() -> None:
    # fmt: off
    short = FunctionTool(
        lambda: "x", "Says x.", "x"
    )
    # fmt: on
    with pytest.raises(ValueError, match=r"source of its function is not to be had|written with `def`"):
        function_source(short)
