"""Google-style docstrings as Markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

__all__ = ["cell", "docstring", "first_line", "items_of"]

_SECTION = re.compile(r"^(Args|Attributes|Returns|Yields|Raises):$", re.MULTILINE)
_ITEM = re.compile(r"^(?P<name>\*{0,2}[\w., ]+): (?P<text>.*)$")
_HEADS = {"Args": "Arguments:", "Attributes": "Attributes:", "Raises": "Raises:"}


def first_line(doc: str) -> str:
    """The first sentence of a docstring, its lines joined."""
    return escaped(" ".join(doc.partition("\n\n")[0].split()))


def cell(text: str) -> str:
    """A text for a cell of a table."""
    return escaped(" ".join(text.split())).replace("|", "\\|")


def escaped(text: str) -> str:
    """A text in which nothing outside code is taken for HTML."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"<(?=[\w/!])", r"\\<", part) for part in parts)


def items_of(doc: str) -> dict[str, str]:
    """What the docstring says of arguments and attributes, by their names."""
    found: dict[str, str] = {}
    for title, body in _sections(doc):
        if title in ("Args", "Attributes"):
            found |= dict(_items(body))
    return found


def docstring(doc: str, more: Mapping[str, str] | None = None) -> str:
    """A docstring as Markdown, which ends with a blank line.

    Args:
        doc: The docstring, without indentation.
        more: Attributes that are told of elsewhere, by name; what the docstring itself tells of is left out.
    """
    parts: list[str] = []
    rest = {name: text for name, text in (more or {}).items() if name not in items_of(doc)}
    for title, body in _sections(doc):
        if not title:
            # Lines that are indented are code, in Markdown as in docstrings.
            lines = [line if line.startswith("    ") else escaped(line) for line in body]
            parts.append("\n".join(lines).strip("\n"))
        elif title in ("Returns", "Yields"):
            parts.append(f"{title}: {escaped(' '.join(' '.join(body).split()))}")
        else:
            items = [*_items(body)]
            if title == "Attributes":
                items, rest = [*items, *rest.items()], {}
            parts.append(_list(_HEADS[title], items))
    if rest:
        parts.append(_list("Attributes:", [*rest.items()]))
    return "".join(f"{part}\n\n" for part in parts if part)


def _list(head: str, items: Sequence[tuple[str, str]]) -> str:
    return "\n".join(
        [head, "", *(f"- `{name}`: {escaped(text)}" if name else f"- {escaped(text)}" for name, text in items)]
    )


def _sections(doc: str) -> list[tuple[str, list[str]]]:
    pieces = _SECTION.split(doc)
    titles = ["", *pieces[1::2]]
    return [(title, body.splitlines()) for title, body in zip(titles, pieces[::2], strict=True)]


def _items(lines: Sequence[str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for line in lines:
        match = _ITEM.match(line[4:])
        if match is not None:
            found.append((match["name"], match["text"]))
        elif line.strip():
            # A sentence in the place of items stands for itself.
            name, text = found.pop() if found else ("", "")
            found.append((name, f"{text} {line.strip()}".lstrip()))
    return found
