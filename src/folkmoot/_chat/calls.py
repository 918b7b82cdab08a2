"""What the chat asks of the world outside, and how that can fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["AgentFailure", "Call", "Failure", "cost_of"]


def cost_of(reply: Mapping[str, Any]) -> dict[str, Any]:
    """The field that says what a model's reply cost, for the entry that counts it; none without a price function."""
    return {"cost": reply["cost"]} if "cost" in reply else {}


class AgentFailure(Exception):
    """An agent or a team cannot go on; the run ends with this error (AutoGen's type name and text)."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


@dataclass(frozen=True, slots=True)
class Call:
    """A call the chat wants made now.

    Attributes:
        key: Its identity, the same until it is answered.
        kind: What activity makes it: `model`, `tool`, `functions`, `agent`, `manage`, ...
        path: Whose call it is: a seat's path, a node's for its manager's and for functions.
        need: Offset of the entry it hangs on. What it may read ends at `until`.
        until: The log before this offset is its input.
        index: Which of several: of a request's calls, of a manager's attempts.
        name: The tool's name, or the step's.
        policy: Options of the tool that differ from the defaults.
        reflect: A model call that must answer with text.
        node: The call is a node's, not a seat's.
        let: Offset of the decision by which people let it be made, 0 if nobody was asked.
    """

    key: str
    kind: str
    path: str
    need: int
    until: int
    index: int = 0
    name: str = ""
    policy: Mapping[str, Any] | None = None
    reflect: bool = False
    node: bool = False
    let: int = 0

    @property
    def once(self) -> bool:
        """Whether it must not be made twice, whatever became of the first attempt."""
        return self.policy is not None and self.policy.get("retryable") is False


@dataclass(frozen=True, slots=True)
class Failure:
    """How a call failed for good.

    Attributes:
        error_type: The exception's class name, e.g. `ModelCallError`.
        message: Its text, without traceback or credentials.
    """

    error_type: str
    message: str
