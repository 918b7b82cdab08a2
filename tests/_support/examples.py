"""How many examples property tests look at: enough to notice a change in every run, many when one explores."""

from __future__ import annotations

import os

__all__ = ["EXPLORE", "examples", "profile"]

EXPLORE = "explore"
LEAST = 20


def profile() -> str:
    """`same`: the same examples in every run, so that a run says something of a change; `explore`: others, and all."""
    return os.environ.get("HYPOTHESIS_PROFILE") or "same"


def examples(count: int) -> int:
    """So many when exploring, else a third of them."""
    return count if profile() == EXPLORE else max(min(LEAST, count), count // 3)
