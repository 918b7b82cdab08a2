"""The page on the HTTP API, made of its OpenAPI document: every route, and every object in requests and answers."""

from __future__ import annotations

import json
from typing import Any

from .docstrings import cell, escaped

__all__ = ["routes_page"]

_HEAD = """\
# The HTTP API

Made of [openapi.json](openapi.json), which a running server gives at `/openapi.json`. How to begin, and who may do
what, is in the how-to [the HTTP API](../howto/http-api.md). Errors have the body [Problem](#problem).

"""
_TABLE = "| | in | type | what it is |\n|---|---|---|---|\n"
_FIELDS = "| field | type | what it is |\n|---|---|---|\n"


def routes_page(document: str) -> str:
    """The page of an OpenAPI document, as JSON text."""
    api = json.loads(document)
    schemas: dict[str, Any] = api["components"]["schemas"]
    groups: dict[str, list[str]] = {}
    for path, verbs in api["paths"].items():
        for verb, operation in verbs.items():
            groups.setdefault(operation["tags"][0], []).append(_route(verb.upper(), path, operation, schemas))
    parts = [_HEAD]
    for tag, routes in groups.items():
        parts += [f"## {tag.replace('_', ' ').capitalize()}\n\n", *routes]
    parts.append("## Objects\n\n")
    parts += [_object(name, schema) for name, schema in sorted(schemas.items())]
    return "".join(parts).rstrip("\n") + "\n"


def _route(verb: str, path: str, operation: dict[str, Any], schemas: dict[str, Any]) -> str:
    parts = [f"### {verb} {path}\n\n", f"{escaped(operation.get('description') or operation['summary'])}\n\n"]
    rows = [_parameter(item) for item in operation.get("parameters", ())]
    body: dict[str, Any] | None = operation.get("requestBody")
    if body is not None:
        for media, content in body["content"].items():
            needed = "" if body.get("required") else " May be left out."
            what = "The body." if media == "application/json" else f"The body, as `{media}`."
            rows.append(f"| | body | {_type(content['schema'])} | {what}{needed} |\n")
    if rows:
        parts += [_TABLE, *rows, "\n"]
    answers = [_answer(status, found) for status, found in operation["responses"].items() if status.isdigit()]
    good, bad = [text for code, text in answers if code < 400], [str(code) for code, _ in answers if code >= 400]
    parts.append(f"Answers: {'; '.join(good)}. Errors: {', '.join(bad) or 'none of its own'}.\n\n")
    return "".join(parts)


def _parameter(item: dict[str, Any]) -> str:
    schema = item["schema"]
    needed = "" if item.get("required") else _default(schema)
    return f"| `{item['name']}` | {item['in']} | {_type(schema)} | {cell(item.get('description', ''))}{needed} |\n"


def _answer(status: str, found: dict[str, Any]) -> tuple[int, str]:
    shown = [
        _type(content["schema"]) if media == "application/json" and content.get("schema") else f"`{media}`"
        for media, content in found.get("content", {}).items()
    ]
    return int(status), f"{status} {' or '.join(shown)}".strip()


def _object(name: str, schema: dict[str, Any]) -> str:
    parts = [f"### {name}\n\n"]
    if told := schema.get("description"):
        parts.append(f"{escaped(told)}\n\n")
    if "properties" not in schema:
        parts.append(f"{_type({key: value for key, value in schema.items() if key != 'title'})}\n\n")
        return "".join(parts)
    needed = set(schema.get("required", ()))
    parts.append(_FIELDS)
    for field, found in schema["properties"].items():
        default = "" if field in needed else _default(found)
        parts.append(f"| `{field}` | {_type(found)} | {cell(found.get('description', ''))}{default} |\n")
    return "".join([*parts, "\n"])


def _default(schema: dict[str, Any]) -> str:
    value = schema.get("default")
    return " May be left out." if value is None else f" Default: `{json.dumps(value)}`."


def _type(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(_type(item) for item in schema[several])
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    limits = [f"{word} {schema[key]}" for key, word in _LIMITS.items() if key in schema]
    return " ".join([schema.get("format") or kind, *([f"({', '.join(limits)})"] if limits else [])])


_LIMITS = {
    "minimum": "from",
    "maximum": "to",
    "exclusiveMinimum": "above",
    "exclusiveMaximum": "below",
    "minLength": "length from",
    "maxLength": "length to",
}
