"""How much a chat, a team or an agent may spend: tokens, money, time, calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field

from ._spec import Frozen
from .approvals import ApprovalPolicy

__all__ = ["LIMITS", "MOST", "Budget", "BudgetUse"]

MOST = 10**15
Count = Annotated[int, Field(gt=0, le=MOST)]
Amount = Annotated[float, Field(gt=0, le=MOST)]

LIMITS = ("tokens", "cost", "seconds", "tool_calls", "model_calls")
"""What a budget can limit."""


class Budget(Frozen, frozen=True):
    """What may be spent, counted over all runs of a chat, with everything inside: nested teams, selections, summaries.

    A limit is reached when what was spent comes up to it; the next call is then not made. Calls under way finish, so
    that tokens and money can end up a little above.

    Raises:
        ValueError: It limits nothing, or a value is refused.
    """

    tokens: Count | None = None
    """Of prompts and completions together."""
    cost: Amount | None = None
    """In the currency of the workers' price function."""
    seconds: Amount | None = None
    """Of time in which something was being done: not while the chat is idle or paused, or waits for people only."""
    tool_calls: Count | None = None
    """Calls of tools that were made. An agent or a team that is used as a tool counts by what it does."""
    model_calls: Count | None = None
    """Calls of models, those that select speakers among them."""
    warn_at: Annotated[float, Field(gt=0, le=1)] = 0.8
    """The part of a limit at which the log tells of it."""
    extend: ApprovalPolicy | None = None
    """Whom to ask for more when a limit is reached; None: nobody, the run is stopped."""

    def check(self) -> None:
        """Refuse a budget without a limit."""
        super().check()
        if not self.limits:
            raise ValueError(f"A budget needs at least one limit: {', '.join(LIMITS)}.")
        if self.extend is not None:
            self.extend.check_always("The extension of a budget")

    @property
    def limits(self) -> dict[str, float]:
        """What it limits, and to how much."""
        given: dict[str, float | None] = {name: getattr(self, name) for name in LIMITS}
        return {name: amount for name, amount in given.items() if amount is not None}


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """How far a limit of a budget is used.

    Attributes:
        path: Whose budget: empty, the chat's; else the path of an agent or a team. With a `/` at its end that of the
            team of the society of mind at that path.
        limit: `tokens`, `cost`, `seconds`, `tool_calls` or `model_calls`.
        used: So far.
        max: How much there is, extensions included.
        extended: How much of it people have added.
    """

    path: str
    limit: str
    used: float
    max: float
    extended: float

    @classmethod
    def of(cls, item: Mapping[str, Any], more: float = 0) -> Self:
        """What the query `usage` tells of one, and how much was used since."""
        return cls(item["path"], item["limit"], item["used"] + more, item["max"], item["extended"])
