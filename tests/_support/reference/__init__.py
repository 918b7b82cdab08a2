"""The reference, made from the code: `python -m tests._support.reference` writes docs/reference/ anew.

What is in docs/reference/ besides is written by hand (wire.md) or by `make client` (openapi.json).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from folkmoot._local.environment import ENVIRONMENT
from folkmoot._telemetry.metrics import METRICS

from .commands import commands_page
from .python import python_pages
from .routes import routes_page

__all__ = ["FOLDER", "HEAD", "pages"]

FOLDER = Path(__file__).parents[3] / "docs" / "reference"
HEAD = "<!-- Made from the code by `make reference`: change nothing here. -->\n\n"


def pages() -> dict[str, str]:
    """All pages that are made, with their texts, by their path from the folder of the reference."""
    python, list_of_modules = python_pages()
    made = {
        **{f"python/{name}.md": text for name, text in python.items()},
        "command-line.md": commands_page(),
        "environment.md": _environment(ENVIRONMENT),
        "http.md": routes_page((FOLDER / "openapi.json").read_text(encoding="utf-8")),
        "metrics.md": _metrics(),
        "README.md": _INDEX.format(modules=list_of_modules),
    }
    return {name: HEAD + text for name, text in made.items()}


_INDEX = """\
# Reference

Made from the code, but for the wire contract; a test keeps it up to date. What is for what is told in [the
how-tos](../README.md).

- [The command line](command-line.md): every command with its arguments and options.
- [Environment variables](environment.md): what every process reads.
- [The HTTP API](http.md): every route, and every object in requests and answers; the same as
  [OpenAPI](openapi.json).
- [Metrics](metrics.md): what Prometheus finds.
- [The wire contract](wire.md): signals, updates, queries and entries of the log, for any Temporal client.

## Python

What a module below exports is public, and so is what `folkmoot` itself exports of them. `folkmoot.api_client`, the HTTP
API's client, is generated from the OpenAPI document: one function for each route.

{modules}"""

_ENVIRONMENT = """\
# Environment variables

What Folkmoot's processes read. Every option of the command line has a variable of its own, by which it can be set for
good; an option given wins. Workers and clients in your own programs read Temporal's and OpenAI's; the rest is the
command line's and `worker.py`'s.

| variable | meaning |
|---|---|
"""

_METRICS = """\
# Metrics

Folkmoot's own. How they are turned on, and what they have in common, is in the how-to [observe](../howto/observe.md).
`workflow` and `activity` are told by workers, `api` by `folkmoot serve`.

| metric | kind | labels | told by | what it is |
|---|---|---|---|---|
"""


def _environment(variables: Mapping[str, str]) -> str:
    return _ENVIRONMENT + "".join(f"| `{name}` | {meaning} |\n" for name, meaning in variables.items())


def _metrics() -> str:
    rows: list[str] = []
    for metric in METRICS.values():
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        rows.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.told} | {metric.help} |\n")
    return _METRICS + "".join(rows)
