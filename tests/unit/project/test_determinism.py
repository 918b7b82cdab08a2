"""Code that runs inside workflows iterates over no sets and opens no files, which the lint rules cannot tell.

The order of a set of strings differs between processes, so a replay would take another path.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from .files import PACKAGE, ROOT, deterministic_files, expand

CONSUMERS = {"list", "tuple", "iter", "enumerate", "zip", "map", "filter", "reversed", "next", "dict", "extend", "join"}
"""Callables that keep the order of what they are given; `sorted`, `len`, `min`, `max`, `any`, `all`, `sum` do not."""
SET_METHODS = {"union", "intersection", "difference", "symmetric_difference"}
SET_TYPES = {"set", "frozenset", "Set", "AbstractSet", "MutableSet", "FrozenSet"}


class _Sets(ast.NodeVisitor):
    """Finds where the order of a set would be used."""

    def __init__(self, names: set[str]) -> None:
        self.names = names
        self.lines: list[int] = []

    def is_set(self, node: ast.AST) -> bool:
        match node:
            case ast.Set() | ast.SetComp():
                return True
            case ast.Call(func=ast.Name(id="set" | "frozenset")):
                return True
            case ast.Call(func=ast.Attribute(attr=method, value=value)) if method in SET_METHODS | {"copy"}:
                return self.is_set(value)
            case ast.BinOp(op=ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor(), left=left, right=right):
                return self.is_set(left) or self.is_set(right)
            case ast.IfExp(body=body, orelse=other):
                return self.is_set(body) or self.is_set(other)
            case ast.Name(id=name) | ast.Attribute(attr=name):
                return name in self.names
            case _:
                return False

    def consume(self, node: ast.AST) -> None:
        if self.is_set(node):
            self.lines.append(node.lineno)  # type: ignore[attr-defined]

    def visit_For(self, node: ast.For) -> None:
        self.consume(node.iter)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self.consume(node.iter)
        self.generic_visit(node)

    def visit_Starred(self, node: ast.Starred) -> None:
        self.consume(node.value)
        self.generic_visit(node)

    def visit_YieldFrom(self, node: ast.YieldFrom) -> None:
        self.consume(node.value)
        self.generic_visit(node)

    def visit_SetComp(self, node: ast.SetComp) -> None:
        # A set made from a set: no order enters it.
        for generator in node.generators:
            for part in (*generator.ifs, node.elt):
                self.visit(part)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in CONSUMERS:
            for argument in node.args:
                self.consume(argument)
        if name == "pop" and isinstance(node.func, ast.Attribute) and self.is_set(node.func.value):
            self.lines.append(node.lineno)
        if name in ORDERLESS and all(isinstance(argument, ast.GeneratorExp) for argument in node.args):
            return
        self.generic_visit(node)


ORDERLESS = {"sorted", "len", "min", "max", "any", "all", "sum", "set", "frozenset"}


def is_set_type(node: ast.AST | None) -> bool:
    match node:
        case ast.Subscript(value=value):
            return is_set_type(value)
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return is_set_type(left) or is_set_type(right)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in SET_TYPES
        case _:
            return False


def set_names(tree: ast.Module) -> set[str]:
    """Names of variables, parameters and attributes that a module annotates as sets or assigns sets to."""
    names: set[str] = set()
    plain = _Sets(names)
    for node in ast.walk(tree):
        match node:
            case ast.arg(arg=name, annotation=kind) if is_set_type(kind):
                names.add(name)
            case ast.AnnAssign(target=ast.Name(id=name) | ast.Attribute(attr=name), annotation=kind) if is_set_type(
                kind
            ):
                names.add(name)
            case ast.Assign(targets=targets, value=value) if plain.is_set(value):
                for target in targets:
                    match target:
                        case ast.Name(id=name) | ast.Attribute(attr=name):
                            names.add(name)
                        case _:
                            pass
            case _:
                pass
    return names


def ordered_uses(source: str) -> list[int]:
    """Lines on which the order of a set is used."""
    tree = ast.parse(source)
    finder = _Sets(set_names(tree))
    finder.visit(tree)
    return sorted(set(finder.lines))


def opens(source: str) -> list[int]:
    """Lines that call the builtin `open` or a `Path`'s reading and writing methods."""
    methods = {"read_text", "write_text", "read_bytes", "write_bytes"}
    return sorted(
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and (getattr(node.func, "id", "") == "open" or getattr(node.func, "attr", "") in methods)
    )


@pytest.mark.parametrize(
    "code",
    [
        "for x in {1, 2}: f(x)",
        "for x in set(xs): f(x)",
        "y = [x for x in frozenset(xs)]",
        "y = {x: 1 for x in set(xs)}",
        "y = list(set(xs))",
        "y = ', '.join({str(x) for x in xs})",
        "y = [*set(xs)]",
        "s = set()\nfor x in s: f(x)",
        "s: set[str] = load()\nfor x in s: f(x)",
        "def g(s: frozenset[str] | None):\n    return tuple(s)",
        "class A:\n    seen: set[str]\n    def g(self):\n        for x in self.seen: f(x)",
        "for x in set(a) | b: f(x)",
        "for x in set(a).union(b): f(x)",
        "s = set(a)\ny = s.pop()",
        "y = sorted([x for x in set(xs)], key=len)",
    ],
)
def test_the_order_of_a_set_is_seen(code: str) -> None:
    assert ordered_uses(code)


@pytest.mark.parametrize(
    "code",
    [
        "for x in sorted(set(xs)): f(x)",
        "y = len({1, 2})",
        "y = x in {1, 2}",
        "y = any(x > 1 for x in set(xs))",
        "y = {x + 1 for x in set(xs)}",
        "d = {1: 2}\nfor x in d: f(x)",
        "for x in dict.fromkeys(xs): f(x)",
        "s = set(a)\ns.add(1)\ny = s <= b",
    ],
)
def test_other_uses_are_not(code: str) -> None:
    assert not ordered_uses(code)


def test_opening_a_file_is_seen() -> None:
    assert opens("with open('f') as f: pass\np.read_text()") == [1, 2]


def test_the_deterministic_code_is_what_the_lint_settings_name() -> None:
    files = deterministic_files()
    assert PACKAGE / "_temporal" / "chat_workflow.py" in files
    assert PACKAGE / "_temporal" / "activities.py" not in files
    assert any(path.is_relative_to(PACKAGE / "_chat") for path in files)


def test_braces_expand() -> None:
    assert expand("a/{b,c/{d,e}*.py}") == ["a/b", "a/c/d*.py", "a/c/e*.py"]
    assert expand("a") == ["a"]


@pytest.mark.parametrize("path", deterministic_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_deterministic_code_uses_no_order_of_sets_and_no_files(path: Path) -> None:
    source = path.read_text()
    assert ordered_uses(source) == [], "iterate over sorted(...) or a dict"
    assert opens(source) == [], "files are for activities"
