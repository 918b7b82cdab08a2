"""What the package's source defines, found by reading it: definitions, followed through imports, and their words.

Signatures are shown as they are written, so that they are the same for every Python that makes the pages.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import folkmoot

__all__ = ["Definition", "Function", "definition", "field_docs", "module_doc"]

ROOT = Path(folkmoot.__file__).parent.parent

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """A module's text.

    Attributes:
        module: Its dotted name.
        package: The dotted name that its relative imports start from.
        text: All of it.
        tree: The same, parsed.
    """

    module: str
    package: str
    text: str
    tree: ast.Module

    def words(self, node: ast.expr) -> str:
        """An expression as it is written, in one line."""
        found = ast.get_source_segment(self.text, node)
        assert found is not None
        return " ".join(found.split())


@dataclass(frozen=True)
class Definition:
    """A class, a function or a value of a module.

    Attributes:
        name: What it is called there.
        source: The module.
        node: Where it is defined.
        doc: What its docstring says, or the string under a value.
    """

    name: str
    source: Source
    node: ast.stmt
    doc: str

    @property
    def key(self) -> tuple[str, str]:
        """The same for two definitions only if they are one."""
        return self.source.module, self.name

    def bases(self) -> list[Definition]:
        """The classes of the package that a class is made of, nearest first, itself left out."""
        found: list[Definition] = []
        for base in self.node.bases if isinstance(self.node, ast.ClassDef) else ():
            name = base.value if isinstance(base, ast.Subscript) else base
            above = definition(self.source.module, name.id) if isinstance(name, ast.Name) else None
            if above is not None:
                found += [item for item in (above, *above.bases()) if item not in found]
        return found

    def roots(self) -> set[str]:
        """The names of all bases, those from elsewhere included."""
        names: set[str] = set()
        for item in (self, *self.bases()):
            for base in item.node.bases if isinstance(item.node, ast.ClassDef) else ():
                names.add(item.source.words(base).partition("[")[0].rpartition(".")[2])
        return names


@cache
def _source(module: str) -> Source | None:
    path = ROOT.joinpath(*module.split("."))
    is_package = (path / "__init__.py").is_file()
    file = path / "__init__.py" if is_package else path.with_suffix(".py")
    if not file.is_file():
        return None
    text = file.read_text(encoding="utf-8")
    return Source(module, module if is_package else module.rpartition(".")[0], text, ast.parse(text))


def module_doc(module: str) -> str:
    """A module's docstring."""
    found = _source(module)
    assert found is not None
    return ast.get_docstring(found.tree) or ""


@cache
def definition(module: str, name: str) -> Definition | None:
    """What a name means in a module; None: nothing of the package."""
    source = _source(module)
    if source is None:
        return None
    statements = list(_statements(source.tree.body))
    for position, node in enumerate(statements):
        if isinstance(node, ast.ClassDef | Function) and node.name == name and not _is_overload(node):
            return Definition(name, source, node, ast.get_docstring(node) or "")
        if name in _assigned(node):
            after = statements[position + 1] if position + 1 < len(statements) else None
            return Definition(name, source, node, _text(after))
    for node in statements:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return definition(_imported(source, node), alias.name)
    return None


def field_docs(body: list[ast.stmt]) -> dict[str, str]:
    """The strings under a class's fields, by the field's name."""
    pairs = zip(body, [*body[1:], None], strict=True)
    return {name: text for node, after in pairs for name in _assigned(node) if (text := _text(after))}


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, those under `if TYPE_CHECKING:` too."""
    for node in body:
        yield node
        if isinstance(node, ast.If):
            yield from _statements(node.body)


def _assigned(node: ast.stmt) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _is_overload(node: ast.ClassDef | Function) -> bool:
    return any(isinstance(decorator, ast.Name) and decorator.id == "overload" for decorator in node.decorator_list)


def _text(node: ast.stmt | None) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return inspect.cleandoc(node.value.value)
    return ""


def _imported(source: Source, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    above = source.package.split(".")[: len(source.package.split(".")) - node.level + 1]
    return ".".join([*above, *((node.module or "").split(".") if node.module else [])])
