"""What model calls cost, as the function that a worker has for it says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import ROUND_HALF_UP, Decimal

__all__ = ["PriceFunction", "millionths"]

PriceFunction = Callable[[str, int, int], float | Decimal | Awaitable[float | Decimal]]
"""What a call costs: of the model's name and the tokens of prompt and completion; in a currency of one's own."""

MOST = Decimal(10**9)


def millionths(price: object) -> int:
    """A price as a whole number of millionths.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(price, int | float | Decimal) or isinstance(price, bool):
        raise ValueError(f"a price must be a number, got {price!r}")
    amount = Decimal(str(price))
    if not amount.is_finite() or not 0 <= amount <= MOST:
        raise ValueError(f"a price must be from 0 to {MOST}, got {price!r}")
    return int((amount * 1_000_000).to_integral_value(ROUND_HALF_UP))
