"""The source of a tool's function, where it can stand alone: AutoGen's component JSON holds it."""

from __future__ import annotations

import ast
import builtins
import inspect
import symtable
import textwrap
import types
from collections.abc import Iterator

from folkmoot.tools import FunctionTool

__all__ = ["function_source"]


def function_source(tool: FunctionTool) -> str:
    """The source of a tool's function, without `@tool`.

    AutoGen runs it in an empty module, so it may use nothing but builtins and what it imports itself.

    Raises:
        ValueError: There is no source, or it cannot stand alone; the text says why and fits into a sentence.
    """
    func = tool.func
    if not isinstance(func, types.FunctionType) or hasattr(func, "__wrapped__"):
        raise ValueError("AutoGen needs a plain function")
    try:
        tree = ast.parse(text := textwrap.dedent(inspect.getsource(func)))
    except (OSError, SyntaxError):
        raise ValueError("the source of its function is not to be had") from None
    node = tree.body[0]
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        raise ValueError("AutoGen needs a function written with `def`")
    if any(not _is_tool(decorator) for decorator in node.decorator_list):
        raise ValueError("its function has decorators")
    if "cancellation_token" in inspect.signature(func).parameters:
        raise ValueError("its function takes a cancellation token, which is of another class there")
    source = "".join(text.splitlines(keepends=True)[node.lineno - 1 : node.end_lineno])
    if strangers := sorted(set(_globals(symtable.symtable(source, "tool", "exec"))) - {node.name, *dir(builtins)}):
        raise ValueError(f"its function uses {', '.join(strangers)} from around it")
    return source if source.endswith("\n") else f"{source}\n"


def _is_tool(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return ast.unparse(called).rpartition(".")[2] == "tool"


def _globals(table: symtable.SymbolTable) -> Iterator[str]:
    """Every name that a piece of code takes from its module."""
    top = table.get_type() == "module"
    yield from (symbol.get_name() for symbol in table.get_symbols() if symbol.is_global() or top)
    for inner in table.get_children():
        yield from _globals(inner)
