"""A script: which step answers which request."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from .step import Step, parse_step

__all__ = ["Script", "ScriptExhausted", "ScriptSource"]

StepSource = str | Mapping[str, Any] | Step
ScriptSource = Sequence[StepSource] | Mapping[str, Sequence[StepSource]] | Callable[[dict[str, Any]], StepSource]
"""Steps in order, steps by name, or a function from a request's body to a step."""

_ANY = "*"


class ScriptExhausted(Exception):
    """No step is left for a request."""


@dataclass(slots=True)
class _Pending:
    step: Step
    left: int | None
    """Answers it still gives; None: any number."""


class Script:
    """Steps, given out one a request.

    In a list the first remaining step whose `when` matches answers, else the first remaining step without a
    `when`. Lists by name: the one named like the request's model, else the first whose name stands as a word
    in a system message (agents are commonly told their names), else the one named `*`.

    Args:
        source: The steps, or a function that makes one from each request's body; what it returns may not have
            a `when` or `repeat`.

    Raises:
        ValueError: A step is not valid; the message names it.
    """

    def __init__(self, source: ScriptSource = ()) -> None:
        self._lanes: dict[str, list[_Pending]] = {}
        self._reply: Callable[[dict[str, Any]], StepSource] | None = None
        self._taken = 0
        self.replace(source)

    @classmethod
    def load(cls, path: str | Path) -> Script:
        """Read a script from a JSON file holding a list of steps, or an object of such lists.

        Raises:
            ValueError: The file is not JSON, or no script.
            OSError: The file cannot be read.
        """
        try:
            return cls(json.loads(Path(path).read_text(encoding="utf-8")))
        except ValueError as error:
            raise ValueError(f"{str(path)!r} is not a script: {error}") from error

    @property
    def left(self) -> int | None:
        """Answers left in all; None: no end."""
        counts = [pending.left for lane in self._lanes.values() for pending in lane]
        return None if self._reply is not None or None in counts else sum(count for count in counts if count)

    @property
    def names(self) -> list[str]:
        """The names of its lists, `*` aside."""
        return [name for name in self._lanes if name != _ANY]

    def replace(self, source: ScriptSource) -> None:
        """Forget the remaining steps and go on with these.

        Raises:
            ValueError: A step is not valid; the script stays as it was.
        """
        if callable(source):
            self._lanes, self._reply = {}, source
        else:
            self._lanes, self._reply = _lanes(source), None

    def append(self, source: Sequence[StepSource] | Mapping[str, Sequence[StepSource]]) -> None:
        """Add steps behind the remaining ones.

        Raises:
            ValueError: A step is not valid; nothing is added.
        """
        for name, lane in _lanes(source).items():
            self._lanes.setdefault(name, []).extend(lane)

    def take(self, request: dict[str, Any]) -> Step:
        """The step that answers `request`, the body of a call.

        Raises:
            ScriptExhausted: None is left for it.
            ValueError: The script's function gave something that is no step.
        """
        if self._reply is not None:
            step = parse_step(self._reply(request), "the step of the reply function")
            self._taken += 1
            return step
        lane = self._lane(request)
        pending = _choose(lane, request)
        if pending is None:
            raise ScriptExhausted(
                f"the script has no step left for a request of model {request.get('model')!r} "
                f"after {self._taken} answers"
            )
        self._taken += 1
        if pending.left is not None:
            pending.left -= 1
            if pending.left == 0:
                lane.remove(pending)
        return pending.step

    def _lane(self, request: dict[str, Any]) -> list[_Pending]:
        model = request.get("model")
        if isinstance(model, str) and model != _ANY and model in self._lanes:
            return self._lanes[model]
        names = self.names
        if names:
            messages = cast(Sequence[Mapping[str, Any]], request.get("messages") or ())
            system = "\n".join(str(message.get("content")) for message in messages if message.get("role") == "system")
            for name in names:
                if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", system):
                    return self._lanes[name]
        return self._lanes.get(_ANY, [])


def _choose(lane: Sequence[_Pending], request: dict[str, Any]) -> _Pending | None:
    plain: _Pending | None = None
    for pending in lane:
        when = pending.step.when
        if when is None:
            plain = plain or pending
        elif when.matches(request):
            return pending
    return plain


def _lanes(source: object) -> dict[str, list[_Pending]]:
    if isinstance(source, Mapping):
        named = cast(Mapping[str, object], source)
        return {name: _pending(steps, f"step {{}} of {name!r}") for name, steps in named.items()}
    return {_ANY: _pending(source, "step {}")}


def _pending(steps: object, where: str) -> list[_Pending]:
    if isinstance(steps, str) or not isinstance(steps, Sequence):
        raise ValueError(f"a script must be a list of steps, or an object of such lists, got {steps!r}")
    parsed = [parse_step(step, where.format(n)) for n, step in enumerate(cast(Sequence[object], steps), 1)]
    # `repeat: false` reads as once.
    return [_Pending(step, None if step.repeat is True else max(1, int(step.repeat))) for step in parsed]
