"""The page on the command line: every command with its help, arguments and options."""

from __future__ import annotations

from enum import Enum
from typing import Any

import typer.main

from folkmoot.cli.app import app

from .docstrings import cell, escaped

__all__ = ["commands_page"]

_HEAD = """\
# The command line

`folkmoot COMMAND --help` shows the same. Each argument and option can be given as the environment variable
that stands beside it. What all commands take is told once, here:

"""
_TABLE = "| | variable | what it is |\n|---|---|---|\n"


def commands_page() -> str:
    """The page."""
    commands: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    rows = {name: [_row(parameter) for parameter in command.params] for name, command in commands.items()}
    common = [row for row in next(iter(rows.values())) if all(row in others for others in rows.values())]
    parts = [_HEAD, _TABLE, *common, "\n"]
    for name, command in commands.items():
        names = [_name(item) for item in command.params if item.param_type_name == "argument"]
        own = [row for row in rows[name] if row not in common]
        parts += [f"## folkmoot {name}\n\n```text\n{' '.join(['folkmoot', name, *names, '[OPTIONS]'])}\n```\n\n"]
        parts += [f"{escaped(command.help)}\n\n", *([_TABLE, *own, "\n"] if own else [])]
    return "".join(parts).rstrip("\n") + "\n"


def _name(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    return name if argument.required else f"[{name}]"


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        names = f"`{parameter.metavar or parameter.name.upper()}`"
    else:
        names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    told = cell(parameter.help or "")
    default = parameter.default.value if isinstance(parameter.default, Enum) else parameter.default
    if default not in (None, False, "", (), []) and not callable(default):
        told += f" Default: `{default}`."
    return f"| {names} | `{parameter.envvar}` | {told} |\n"
