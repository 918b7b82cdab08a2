"""Pages of the public Python modules: what each exports, with signatures and docstrings."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator

import folkmoot

from .docstrings import docstring, first_line
from .source import Definition, Function, definition, field_docs, module_doc

__all__ = ["exports", "python_pages"]

_OTHERS = frozenset({"folkmoot.api_client", "folkmoot.cli", "folkmoot.server"})
"""Told of by the pages on the HTTP API and the command line."""
_WIDTH = 116
_SHORT = 70
_EMPTY = {"dict": "{}", "list": "[]"}
_FIELDS = frozenset({"BaseModel", "NamedTuple", "TypedDict"})
"""Bases whose classes are made of their fields."""


def exports() -> dict[str, list[Definition]]:
    """What each public module exports, by the module's name, in the order of `__all__`."""
    names = [folkmoot.__name__]
    names += [
        f"folkmoot.{module.name}"
        for module in pkgutil.iter_modules(folkmoot.__path__)
        if not module.name.startswith("_")
    ]
    found: dict[str, list[Definition]] = {}
    for module in names:
        if module not in _OTHERS:
            exported: list[str] = getattr(importlib.import_module(module), "__all__", [])
            items = [definition(module, name) for name in exported if not name.startswith("__")]
            found[module] = [item for item in items if item is not None]
    return found


def python_pages() -> tuple[dict[str, str], str]:
    """The pages by module, and a list of the modules with links to them."""
    exported = exports()
    homes = _homes(exported)
    pages = {module: _page(module, items, homes) for module, items in exported.items()}
    listed = "".join(f"- [`{module}`](python/{module}.md): {first_line(module_doc(module))}\n" for module in pages)
    return pages, listed


def _homes(exported: dict[str, list[Definition]]) -> dict[tuple[str, str], str]:
    """The module whose page tells of each definition: where it lies, or whoever but the root exports it first."""
    homes: dict[tuple[str, str], str] = {}
    for module in sorted(exported, key=lambda module: (module == folkmoot.__name__, module)):
        for item in exported[module]:
            own = item.source.module
            if item.key not in homes or own == module or (own.startswith(f"{module}.") and module != folkmoot.__name__):
                homes[item.key] = module
    return homes


def _page(module: str, items: list[Definition], homes: dict[tuple[str, str], str]) -> str:
    here = sorted((item for item in items if homes[item.key] == module), key=lambda item: item.name)
    there = sorted((item for item in items if homes[item.key] != module), key=lambda item: item.name)
    parts = [f"# {module}\n\n", docstring(module_doc(module))]
    if there:
        parts.append("## From other modules\n\n")
        parts += [f"- {_link(item, homes[item.key])}: {first_line(item.doc)}\n" for item in there]
        parts.append("\n")
    parts += [_told(item, homes) for item in here]
    return "".join(parts).rstrip("\n") + "\n"


def _link(item: Definition, home: str) -> str:
    return f"[`{item.name}`]({home}.md#{item.name.lower()})"


def _told(item: Definition, homes: dict[tuple[str, str], str]) -> str:
    node = item.node
    if isinstance(node, ast.ClassDef):
        return "".join(_class(item, node, homes))
    if isinstance(node, Function):
        return f"## {item.name}\n\n{_code(_function(item, node))}{docstring(item.doc)}"
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    assert value is not None, f"{item.key}: neither a class, a function nor a value"
    typed = f": {item.source.words(node.annotation)}" if isinstance(node, ast.AnnAssign) else ""
    return f"## {item.name}\n\n{_code(f'{item.name}{typed} = {item.source.words(value)}')}{docstring(item.doc)}"


def _class(item: Definition, node: ast.ClassDef, homes: dict[tuple[str, str], str]) -> Iterator[str]:
    above = item.bases()
    told = [base for base in above if base.key in homes]
    # What private bases have is told of here, unless a public one tells of it already.
    elsewhere = {base.key for public in told for base in public.bases()}
    own = [item, *(base for base in above if base.key not in homes and base.key not in elsewhere)]
    yield f"## {item.name}\n\n{_code(_constructor(item, above))}"
    yield docstring(item.doc, {name: text for part in own for name, text in _fields_told(part).items()})
    if nearest := [base for base in told if base.key not in elsewhere]:
        yield f"Based on {', '.join(_link(base, homes[base.key]) for base in nearest)}.\n\n"
    # What says anew what a public base says already is not told twice.
    seen = {name for base in above if base not in own for name in _methods(base)}
    for part in own:
        assert isinstance(part.node, ast.ClassDef)
        for member in part.node.body:
            if not isinstance(member, Function) or member.name in seen or not _public(member):
                continue
            if any(member.name in _methods(base) for base in own[own.index(part) + 1 :]):
                continue
            seen.add(member.name)
            code = _code(_function(part, member))
            yield f"### {item.name}.{member.name}\n\n{code}{docstring(ast.get_docstring(member) or '')}"


def _methods(item: Definition) -> set[str]:
    assert isinstance(item.node, ast.ClassDef)
    return {member.name for member in item.node.body if isinstance(member, Function) and _public(member)}


def _fields_told(item: Definition) -> dict[str, str]:
    assert isinstance(item.node, ast.ClassDef)
    own = {name: text for name, text in field_docs(item.node.body).items() if not name.startswith("_")}
    for member in item.node.body:
        # Attributes that only `__init__` makes.
        if isinstance(member, Function) and member.name == "__init__":
            own |= _assigned_in(member)
    return own


def _assigned_in(function: Function) -> dict[str, str]:
    """Attributes that have a string under them, in `__init__`."""
    found: dict[str, str] = {}
    for node, after in zip(function.body, function.body[1:], strict=False):
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Attribute) and not target.attr.startswith("_"):
            told = field_docs([ast.Assign([ast.Name(target.attr)], ast.Constant(0)), after])
            found |= told
    return found


def _public(member: Function) -> bool:
    decorators = {ast.unparse(decorator) for decorator in member.decorator_list}
    # What only says again what a base says has no docstring; setters follow the property they belong to.
    return not member.name.startswith("_") and bool(ast.get_docstring(member)) and "overload" not in decorators


def _constructor(item: Definition, above: list[Definition]) -> str:
    for part in (item, *above):
        assert isinstance(part.node, ast.ClassDef)
        fields = _are_fields(item, part)
        for member in part.node.body:
            if isinstance(member, Function) and member.name == "__init__":
                return _laid_out(f"class {item.name}", _arguments(part, member.args), "")
        if fields:
            return _laid_out(f"class {item.name}", _fields(item, above), "")
    if item.roots() & {"Enum", "StrEnum", "IntEnum"}:
        assert isinstance(item.node, ast.ClassDef)
        members = [node for node in item.node.body if isinstance(node, ast.Assign)]
        lines = (f"    {ast.unparse(node.targets[0])} = {item.source.words(node.value)}" for node in members)
        return "\n".join([f"class {item.name}", *lines])
    return f"class {item.name}"


def _are_fields(item: Definition, part: Definition) -> bool:
    assert isinstance(part.node, ast.ClassDef)
    decorators = [ast.unparse(decorator) for decorator in part.node.decorator_list]
    return any(name.startswith("dataclass") for name in decorators) or (part is item and bool(item.roots() & _FIELDS))


def _fields(item: Definition, above: list[Definition]) -> list[str]:
    found: dict[str, str] = {}
    for part in reversed([item, *above]):
        assert isinstance(part.node, ast.ClassDef)
        for node in part.node.body:
            if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
                continue
            annotation = part.source.words(node.annotation)
            if not node.target.id.startswith("_") and not annotation.startswith("ClassVar"):
                found[node.target.id] = f"{node.target.id}: {annotation}{_field_default(part, node.value)}"
    return list(found.values())


def _field_default(item: Definition, value: ast.expr | None) -> str:
    """What a field has that is not given: as it is written, or what `field(...)` or `Field(...)` says of it."""
    if value is None:
        return ""
    if not isinstance(value, ast.Call) or item.source.words(value.func) not in ("field", "Field"):
        return f" = {_default(item, value)}"
    said = {keyword.arg: keyword.value for keyword in value.keywords}
    if "default_factory" in said:
        made = item.source.words(said["default_factory"]).partition("[")[0]
        return f" = {_EMPTY.get(made, f'{made}()')}"
    default = said.get("default", value.args[0] if value.args else None)
    return "" if default is None else f" = {_default(item, default)}"


def _function(item: Definition, node: Function) -> str:
    decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
    returns = "" if node.returns is None else f" -> {item.source.words(node.returns)}"
    kind = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    if decorators & {"property", "cached_property", "functools.cached_property"}:
        return f"{node.name}{returns.replace(' -> ', ': ', 1)}"
    if "asynccontextmanager" in decorators:
        kind = "async with"
    marked = "".join(f"@{name}\n" for name in ("classmethod", "staticmethod") if name in decorators)
    return marked + _laid_out(f"{kind} {node.name}", _arguments(item, node.args), returns)


def _arguments(item: Definition, given: ast.arguments) -> list[str]:
    def one(argument: ast.arg, default: ast.expr | None, prefix: str = "") -> str:
        typed = "" if argument.annotation is None else f": {item.source.words(argument.annotation)}"
        equal = " = " if typed else "="
        return f"{prefix}{argument.arg}{typed}{'' if default is None else equal + _default(item, default)}"

    positional = [*given.posonlyargs, *given.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(given.defaults)) + [*given.defaults]
    found = [one(argument, default) for argument, default in zip(positional, defaults, strict=True)]
    if given.posonlyargs:
        found.insert(len(given.posonlyargs), "/")
    if given.vararg is not None:
        found.append(one(given.vararg, None, "*"))
    elif given.kwonlyargs:
        found.append("*")
    found += [one(item, default) for item, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    if given.kwarg is not None:
        found.append(one(given.kwarg, None, "**"))
    return found[1:] if positional and positional[0].arg in ("self", "cls") else found


def _default(item: Definition, value: ast.expr) -> str:
    """A default as it is written; of a private name, what that stands for, unless it is long."""
    if isinstance(value, ast.Name) and value.id.startswith("_"):
        meant = definition(item.source.module, value.id)
        given = meant.node.value if meant is not None and isinstance(meant.node, ast.Assign) else None
        words = "..." if meant is None or given is None else meant.source.words(given)
        return words if len(words) <= _SHORT else "..."
    return item.source.words(value)


def _laid_out(head: str, arguments: list[str], tail: str) -> str:
    line = f"{head}({', '.join(arguments)}){tail}"
    if len(line) <= _WIDTH:
        return line
    return "\n".join([f"{head}(", *(f"    {argument}," for argument in arguments), f"){tail}"])


def _code(text: str) -> str:
    return f"```text\n{text}\n```\n\n"
