"""Scripted words for a process that may be killed at any moment: how far a script is, is read from the chat itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from folkmoot.testing import Script

__all__ = ["words_of"]


def words_of(file: Path) -> Callable[[Mapping[str, Any]], Any]:
    """What the agents of a script say, each list of it being an agent's.

    An agent goes on after what it has said already, as the request shows. A script that counted by itself would begin
    anew with each process: agents would do again, and ask people again, what is done.

    Args:
        file: The script, an object of lists (see `Script.load`).

    Raises:
        ValueError: It is none.
        OSError: It cannot be read.
    """
    Script.load(file)
    lists: object = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(lists, dict):
        raise ValueError(f"{str(file)!r}: expected an object with a list for each agent, got {type(lists).__name__}")
    named: dict[str, list[Any]] = lists  # pyright: ignore[reportUnknownVariableType]

    def answer(body: Mapping[str, Any]) -> Any:
        said = sum(message["role"] == "assistant" for message in body["messages"])
        return Script({name: steps[said:] for name, steps in named.items()}).take(dict(body))

    return answer
