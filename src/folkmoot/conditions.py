"""Termination conditions (AutoGen: `autogen_agentchat.conditions`): when a run ends.

Specs only: the engine keeps their progress, in the chat's state, so it survives crashes and rollbacks.
`a | b` ends at the first that fires, `a & b` once all have; both nest and are not flattened.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

from pydantic import PrivateAttr

from ._spec import Carried, Spec, function_name

__all__ = [
    "AndTerminationCondition",
    "ExternalTermination",
    "FunctionCallTermination",
    "FunctionalTermination",
    "HandoffTermination",
    "MaxMessageTermination",
    "OrTerminationCondition",
    "SourceMatchTermination",
    "StopMessageTermination",
    "TerminationCondition",
    "TextMentionTermination",
    "TextMessageTermination",
    "TimeoutTermination",
    "TokenUsageTermination",
]


class TerminationCondition(Spec, frozen=True):
    """The base of all conditions."""

    def __and__(self, other: TerminationCondition) -> AndTerminationCondition:
        return AndTerminationCondition(self, other)

    def __or__(self, other: TerminationCondition) -> OrTerminationCondition:
        return OrTerminationCondition(self, other)


class _Combined(TerminationCondition, frozen=True):
    conditions: tuple[TerminationCondition, ...]

    def check(self) -> None:
        """Refuse a combination of nothing."""
        super().check()
        if not self.conditions:
            raise ValueError(f"{type(self).__name__} needs at least one condition.")


class AndTerminationCondition(_Combined, frozen=True):
    """Ends once all have fired; a condition that has fired counts no further (AutoGen).

    Args:
        *conditions: The conditions, in the order their progress is kept.
    """

    type: Literal["AndTerminationCondition"] = "AndTerminationCondition"

    def __init__(self, *conditions: TerminationCondition) -> None:
        self._fill(conditions=conditions)


class OrTerminationCondition(_Combined, frozen=True):
    """Ends as soon as one fires.

    Args:
        *conditions: The conditions; the texts of those that fire together are joined in this order.
    """

    type: Literal["OrTerminationCondition"] = "OrTerminationCondition"

    def __init__(self, *conditions: TerminationCondition) -> None:
        self._fill(conditions=conditions)


class MaxMessageTermination(TerminationCondition, frozen=True):
    """Ends after a number of messages, the task's included.

    Args:
        max_messages: The number.
        include_agent_event: Events count too.
    """

    type: Literal["MaxMessageTermination"] = "MaxMessageTermination"
    max_messages: int
    include_agent_event: bool = False

    def __init__(self, max_messages: int, include_agent_event: bool = False) -> None:
        self._fill(max_messages=max_messages, include_agent_event=include_agent_event)


class TextMentionTermination(TerminationCondition, frozen=True):
    """Ends when a message or an event holds a text.

    Args:
        text: The text.
        sources: Only these participants' words count; None: everybody's.
    """

    type: Literal["TextMentionTermination"] = "TextMentionTermination"
    text: str
    sources: tuple[str, ...] | None = None

    def __init__(self, text: str, sources: Sequence[str] | None = None) -> None:
        self._fill(text=text, sources=sources)


class StopMessageTermination(TerminationCondition, frozen=True):
    """Ends at a `StopMessage`."""

    type: Literal["StopMessageTermination"] = "StopMessageTermination"

    def __init__(self) -> None:
        self._fill()


class TextMessageTermination(TerminationCondition, frozen=True):
    """Ends at a `TextMessage`; without a source, a task in plain text fires it already (AutoGen).

    Args:
        source: Only from this participant; None: from anybody.
    """

    type: Literal["TextMessageTermination"] = "TextMessageTermination"
    source: str | None = None

    def __init__(self, source: str | None = None) -> None:
        self._fill(source=source)


class HandoffTermination(TerminationCondition, frozen=True):
    """Ends at a handoff, such as one to a person.

    Args:
        target: Whom the handoff goes to.
    """

    type: Literal["HandoffTermination"] = "HandoffTermination"
    target: str

    def __init__(self, target: str) -> None:
        self._fill(target=target)


class SourceMatchTermination(TerminationCondition, frozen=True):
    """Ends when one of these participants has spoken.

    Args:
        sources: Their names.
    """

    type: Literal["SourceMatchTermination"] = "SourceMatchTermination"
    sources: tuple[str, ...]

    def __init__(self, sources: Sequence[str]) -> None:
        self._fill(sources=sources)


class TokenUsageTermination(TerminationCondition, frozen=True):
    """Ends when the tokens of messages and events reach a limit.

    Args:
        max_total_token: Limit of all tokens.
        max_prompt_token: Limit of tokens read.
        max_completion_token: Limit of tokens written.

    Raises:
        ValueError: No limit is given.
    """

    type: Literal["TokenUsageTermination"] = "TokenUsageTermination"
    max_total_token: int | None = None
    max_prompt_token: int | None = None
    max_completion_token: int | None = None

    def __init__(
        self,
        max_total_token: int | None = None,
        max_prompt_token: int | None = None,
        max_completion_token: int | None = None,
    ) -> None:
        self._fill(
            max_total_token=max_total_token,
            max_prompt_token=max_prompt_token,
            max_completion_token=max_completion_token,
        )

    def check(self) -> None:
        """Refuse a condition that could never fire."""
        super().check()
        if self.max_total_token is None and self.max_prompt_token is None and self.max_completion_token is None:
            raise ValueError(
                "At least one of max_total_token, max_prompt_token, or max_completion_token must be provided"
            )


class TimeoutTermination(TerminationCondition, frozen=True):
    """Ends a time after the condition was last reset; asked between turns, it interrupts none.

    Args:
        timeout_seconds: Seconds.
    """

    type: Literal["TimeoutTermination"] = "TimeoutTermination"
    # Not float alone: the stop text shows the number as it was written (AutoGen).
    timeout_seconds: int | float

    def __init__(self, timeout_seconds: float) -> None:
        self._fill(timeout_seconds=timeout_seconds)

    def check(self) -> None:
        """Refuse what no clock reaches and JSON cannot hold."""
        super().check()
        if not math.isfinite(self.timeout_seconds):
            raise ValueError(f"timeout_seconds must be a finite number of seconds, got {self.timeout_seconds!r}.")


class ExternalTermination(TerminationCondition, frozen=True):
    """Ends when somebody outside asks for it: `stop` on the chat does what AutoGen's `set()` does."""

    type: Literal["ExternalTermination"] = "ExternalTermination"

    def __init__(self) -> None:
        self._fill()


class FunctionCallTermination(TerminationCondition, frozen=True):
    """Ends when a function has been called, whatever came of it.

    Args:
        function_name: The tool's name.
    """

    type: Literal["FunctionCallTermination"] = "FunctionCallTermination"
    function_name: str

    def __init__(self, function_name: str) -> None:
        self._fill(function_name=function_name)


class FunctionalTermination(TerminationCondition, frozen=True):
    """Ends when a function of the new messages and events returns exactly True. It runs on a worker.

    Args:
        func: The name of a registered function, or the function itself (sync or async), known by its name.

    Raises:
        ValueError: The function has no name to be known by.
    """

    type: Literal["FunctionalTermination"] = "FunctionalTermination"
    func: str
    """The function's name."""

    _function: Callable[..., object] | None = PrivateAttr(default=None)

    def __init__(self, func: str | Callable[..., object]) -> None:
        self._fill(func=func if isinstance(func, str) else function_name(func, "A condition function"))
        if not isinstance(func, str):
            self._hold(_function=func)

    def check(self) -> None:
        """Refuse an empty name."""
        super().check()
        if not self.func:
            raise ValueError("The name of a condition function must not be empty.")

    def carry(self, into: Carried) -> None:
        """The function, if it was passed itself."""
        if self._function is not None:
            into.add_function(self.func, self._function)
