"""Spans and the headers of a trace, for code that need not know whether there are any.

Without tracing nothing of OpenTelemetry is imported, and all of this does nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

from . import current

__all__ = ["RUN", "RunSpans", "Span", "Tracer", "Value", "on", "outgoing_headers", "span", "tell", "told", "use"]

Value = str | int | float | bool


@dataclass
class Span:
    """What a span will tell when it ends. Never texts of messages, nor arguments."""

    attributes: dict[str, Value] = field(default_factory=dict[str, Value])
    failed: str = ""
    """The kind of its error; empty: there was none."""
    name: str = ""
    """What it is called in the end; empty: as at first."""


class Tracer(Protocol):
    """What makes spans."""

    def begin(
        self, name: str, kind: str, attributes: Mapping[str, Value], headers: Mapping[str, str] | None
    ) -> AbstractContextManager[Span]:
        """A span that is the current one for a block; it is of the trace in `headers`, if they are given."""
        ...

    def headers(self) -> Mapping[str, str]:
        """The headers of the current trace."""
        ...

    def tell(self, attributes: Mapping[str, Value]) -> None:
        """Add attributes to the current span."""
        ...


class RunSpans(Protocol):
    """What makes the spans of a chat's runs."""

    def ended(
        self, run: int, command: str, begun: str, ended: str, attributes: Mapping[str, Value], failed: str
    ) -> None:
        """A run is over.

        Args:
            run: Its number.
            command: That it was asked for with.
            begun: When, ISO 8601; empty: nobody knows any more.
            ended: When, likewise.
            attributes: What the span tells.
            failed: The type of its error; empty: there was none.
        """
        ...


RUN: ContextVar[RunSpans | None] = ContextVar("folkmoot.run", default=None)
"""In a workflow: the spans of its runs; None: nothing is traced."""


@dataclass
class _Process:
    tracer: Tracer | None = None


_process = _Process()


def use(tracer: Tracer | None) -> None:
    """Trace in this process with it; None: no more."""
    _process.tracer = tracer


def on() -> bool:
    """Whether this process traces."""
    return _process.tracer is not None


@contextmanager
def span(
    name: str,
    attributes: Mapping[str, Value],
    kind: str = "client",
    headers: Mapping[str, str] | None = None,
) -> Generator[Span]:
    """A span around a block, with what is being done now among its attributes.

    Args:
        name: Of few different ones.
        attributes: What it tells.
        kind: client, server or internal.
        headers: Of a request from outside, by which its trace may go on.
    """
    if _process.tracer is None:
        yield Span()
        return
    with _process.tracer.begin(name, kind, {**told(current.now()), **attributes}, headers) as found:
        yield found


def tell(fields: current.Fields) -> None:
    """Add what is being done to the current span."""
    if _process.tracer is not None:
        _process.tracer.tell(told(fields))


def told(fields: Mapping[str, Any]) -> dict[str, Value]:
    """What is being done, as attributes."""
    return {f"folkmoot.{key}": value for key, value in fields.items() if isinstance(value, str | int | float)}


def outgoing_headers() -> Mapping[str, str]:
    """The headers by which whoever is called can go on with the trace; none without one."""
    return {} if _process.tracer is None else _process.tracer.headers()
