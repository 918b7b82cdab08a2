"""What users name on the command line: a team's JSON file, or an attribute of a module of theirs."""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from folkmoot._spec import AgentSpec, load_spec
from folkmoot.plugin import FolkmootPlugin
from folkmoot.processes import Process
from folkmoot.store import Store
from folkmoot.teams import TeamSpec

from .verbs import one_line

__all__ = ["load_attribute", "load_plugin", "load_processes", "load_team"]

logger = logging.getLogger("folkmoot.cli")

_PLUGIN_ARGUMENTS = (
    "models",
    "tools",
    "functions",
    "agents",
    "memories",
    "workbenches",
    "code_folder",
    "sinks",
    "price",
    "store",
    "encryption",
)


def load_team(source: str) -> TeamSpec | AgentSpec:
    """The team, or single agent, of a JSON file or of `module:attribute`.

    Args:
        source: The path of a file with a team's JSON, ours or AutoGen's; or `module:attribute`, where the attribute
            may be a function without arguments.

    Raises:
        ValueError: There is no such file or attribute, or it is no team; the text names it.
    """
    if ":" in source and not Path(source).exists():
        found = _called(load_attribute(source))
        if not isinstance(found, TeamSpec | AgentSpec):
            raise ValueError(
                f"{source!r} is {_kind(found)}; expected a team or an agent, or a function that returns one."
            )
        return found
    return _team_of_file(Path(source))


def _team_of_file(path: Path) -> TeamSpec | AgentSpec:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ValueError(f"There is no file {str(path)!r}; expected a team's JSON file or module:attribute.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"Team file {str(path)!r} cannot be read: {error}") from None
    try:
        data: object = json.loads(text)
        if not isinstance(data, dict):
            raise ValueError("expected a JSON object")
        spec = _read(cast(dict[str, Any], data))
    except json.JSONDecodeError as error:
        raise ValueError(f"Team file {str(path)!r} is not JSON: {error}") from None
    except ValueError as error:
        raise ValueError(f"Team file {str(path)!r} holds no team: {one_line(error)}") from None
    if not isinstance(spec, TeamSpec | AgentSpec):
        raise ValueError(f"Team file {str(path)!r} holds a {spec.type}; expected a team or an agent.")
    return spec


def _read(data: dict[str, Any]) -> Any:
    if "provider" in data:  # AutoGen's components name the class they are made with.
        from folkmoot.autogen import load_component

        return load_component(data)
    return load_spec(data)


def load_plugin(
    source: str | None, store: Store | None, code_folder: Path | None = None, *, named: bool = False
) -> FolkmootPlugin:
    """The plugin that `--app` names; without one, a plugin that knows no names.

    Options and environment fill in what the application leaves open. A store of its own wins, with a warning if another
    one was named.

    Args:
        source: `module:attribute`: a `FolkmootPlugin`, a mapping of its arguments, or a function that returns either.
        store: The store of a plugin that has none of its own.
        code_folder: Where agents may run code, with a plugin made here; None: where the mapping says, if it does.
        named: Somebody has named the store: it is not just the one that is used if nobody does.

    Raises:
        ValueError: There is no such attribute, or it is something else; or a folder is given for code where the user
            has made the plugin.
    """
    given: dict[str, Any] = {}
    if source:
        found = _called(load_attribute(source))
        if isinstance(found, FolkmootPlugin):
            if code_folder is not None:
                raise ValueError(
                    f"{source!r} is a FolkmootPlugin; a folder for code is its argument code_folder, not an option, "
                    f"got {str(code_folder)!r}."
                )
            return _kept(found, source, store, named)
        given = _plugin_arguments(source, found)
    if code_folder is not None:
        given["code_folder"] = code_folder.expanduser()
    return _kept(FolkmootPlugin(**given), source, store, named)


def _kept(plugin: FolkmootPlugin, source: str | None, store: Store | None, named: bool) -> FolkmootPlugin:
    """A plugin with a store, if there is one."""
    if named and plugin.store is not None and repr(plugin.store) != repr(store):
        logger.warning(
            "%r has a store of its own, %r, which is used; %r, of --store or FOLKMOOT_STORE, is not",
            *(source, plugin.store, store),
        )
    if store is not None:
        plugin.keep_in(store)
    return plugin


def _plugin_arguments(source: str, found: object) -> dict[str, Any]:
    if not isinstance(found, Mapping):
        raise ValueError(
            f"{source!r} is {_kind(found)}; expected a FolkmootPlugin, a mapping of its arguments "
            f"({', '.join(_PLUGIN_ARGUMENTS)}), or a function that returns either."
        )
    given = {str(key): value for key, value in cast(Mapping[object, Any], found).items()}
    for name in given:
        if name not in _PLUGIN_ARGUMENTS:
            raise ValueError(f"{source!r} has {name!r}; expected only {', '.join(_PLUGIN_ARGUMENTS)}.")
    return given


def load_processes(source: str | None) -> Sequence[Process[Any]]:
    """The business processes that `--processes` names; None: there are none.

    Args:
        source: `module:attribute`: a list of `Process`, or a function that returns one.

    Raises:
        ValueError: There is no such attribute, or it is something else, or two processes have one name.
    """
    if source is None:
        return []
    found = _called(load_attribute(source))
    if not isinstance(found, Sequence) or isinstance(found, str):
        raise ValueError(f"{source!r} is {_kind(found)}; expected a list of folkmoot.processes.Process.")
    processes: list[Process[Any]] = []
    for item in cast(Sequence[object], found):
        if not isinstance(item, Process):
            raise ValueError(f"{source!r} holds {_kind(item)}; expected only folkmoot.processes.Process.")
        if item.name in [process.name for process in processes]:
            raise ValueError(f"{source!r} has two processes named {item.name!r}.")
        processes.append(cast(Process[Any], item))
    return processes


def load_attribute(source: str) -> object:
    """The object `module:attribute` names; modules of the current folder are found, too.

    Raises:
        ValueError: It has not that form, or there is no such module or attribute, or importing it failed.
    """
    module_name, _, path = source.partition(":")
    if not module_name or not path:
        raise ValueError(f"Expected module:attribute, got {source!r}.")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found: object = importlib.import_module(module_name)
    except Exception as error:
        raise ValueError(f"Importing {module_name!r} for {source!r} failed: {type(error).__name__}: {error}") from error
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            raise ValueError(f"{source!r} names nothing: {_kind(found)} has no attribute {name!r}.") from None
    return found


def _called(found: object) -> object:
    return found() if callable(found) and not isinstance(found, FolkmootPlugin) else found


def _kind(found: object) -> str:
    name = getattr(found, "__name__", None)
    return f"module {name!r}" if isinstance(found, type(sys)) else f"a {type(found).__name__}"
