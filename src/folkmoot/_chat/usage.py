"""What agents have used, and what became of budgets: parts of the state that count over all branches."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Allowance", "Usage"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Usage(_Part):
    """Tokens and calls of one agent over the whole chat, abandoned branches included."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    model_calls: int = 0
    tool_calls: int = 0
    cost: int = 0
    """Millionths of the currency of the workers' price function."""
    unpriced: int = 0
    """Model calls whose price the function could not tell."""
    unmade: int = 0
    """Tool calls that were answered and not made, counted where there are budgets."""

    @property
    def told(self) -> dict[str, int]:
        """It for people and programs: money only where there is any."""
        return self.model_dump(exclude={"unmade"}, exclude_defaults=True) | {
            name: getattr(self, name) for name in ("prompt_tokens", "completion_tokens", "model_calls", "tool_calls")
        }


class Allowance(_Part):
    """What became of a budget. Amounts are whole: millionths of money, milliseconds of time.

    Attributes:
        granted: What people added to a limit.
        warned: The size that a limit had when it was warned about last.
        refused: Number of the run for which people refused to add anything.
        spent: Time that was counted.
        since: Since when its clock runs, ISO 8601 in UTC; empty: it stands.
    """

    granted: dict[str, int] = Field(default_factory=dict[str, int])
    warned: dict[str, int] = Field(default_factory=dict[str, int])
    refused: int = 0
    spent: int = 0
    since: str = ""
