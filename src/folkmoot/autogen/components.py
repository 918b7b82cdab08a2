"""AutoGen's component JSON and our specs, each made of the other. AutoGen need not be installed."""

from __future__ import annotations

import json
import reprlib
import warnings
from collections.abc import Iterable
from typing import Any

from folkmoot._spec import Frozen

from .agents import AGENTS
from .conditions import CONDITIONS
from .contexts import CONTEXTS
from .envelope import Kinds, Reader, Writer
from .models import MODELS
from .teams import TEAMS
from .tools import TOOLS

__all__ = ["dump_component", "load_component"]

_KINDS = Kinds((*TEAMS, *AGENTS, *CONDITIONS, *CONTEXTS, *MODELS, *TOOLS))


def load_component(data: object) -> Any:
    """Our spec for a component that AutoGen 0.7.5 dumped, or that was written for it.

    What its JSON holds and a chat's spec cannot, keys and code, the worker is to supply; a warning names each. What
    AutoGen left out of the JSON leaves no trace there and has to be given anew: functions that select, that an edge
    asks, that approve, answer or format, `sources` of a TextMentionTermination, and `custom_message_types`.

    Args:
        data: The JSON as a mapping or as text, or what AutoGen's `dump_component()` returns.

    Returns:
        A team, an agent, a condition, a model context, a memory, a workbench, a code executor, a tool or a `ModelSpec`,
        as the provider says.

    Raises:
        ImportError: It has an MCP server, and the extra `mcp` is not installed.
        ComponentTypeError: A part is of another type than its place needs; a TypeError and a ValueError.
        ComponentVersionError: A part is in an older or newer form; a NotImplementedError and a ValueError.
        ValueError: A provider is not known, a field is missing or refused, or something would mean something else here.
    """
    reader = Reader(_KINDS)
    spec = reader.read(_as_json(data), "")
    if not isinstance(spec, Frozen):
        raise ValueError("A structured message type is no component by itself here; load the agent that has it.")
    _warn(reader.notes)
    return spec


def dump_component(spec: Frozen, *, lossy: bool = False) -> dict[str, Any]:
    """The component JSON that AutoGen 0.7.5 loads as what our spec says.

    A model is written by its name, and AutoGen takes it for one of OpenAI's; for any other name it wants to be told
    what the model can do, by a `ModelSpec` with `info`.

    Args:
        spec: A team, an agent, a condition, a model context, a memory, a workbench, a code executor or a `ModelSpec`.
        lossy: Leave out what AutoGen has no place for (registered functions, transitions, transforms, seeds, ...), with
            a warning for each.

    Raises:
        ValueError: There is such a thing and the dump is not lossy, or AutoGen has no such component at all.
    """
    writer = Writer(_KINDS, lossy)
    component = writer.write(spec)
    _warn(writer.notes)
    return component


def _as_json(data: object) -> object:
    if isinstance(data, str):
        try:
            return json.loads(data)
        except json.JSONDecodeError as error:
            raise ValueError(f"Expected the JSON of a component, got {reprlib.repr(data)}: {error}.") from None
    dump: object = getattr(data, "model_dump", None)
    return dump(mode="json", exclude_none=True) if callable(dump) else data


def _warn(notes: Iterable[str]) -> None:
    for text in notes:
        # As if said by the line that called `load_component` or `dump_component`.
        warnings.warn(text, UserWarning, stacklevel=3)
