"""Euros as people and models write them, cents as the database keeps them."""

from __future__ import annotations

from activities.database import RefusedError

__all__ = ["cents", "euros", "shown"]


def cents(amount: float) -> int:
    """Whole cents.

    Args:
        amount: Euros.

    Raises:
        RefusedError: It has fractions of a cent, or is no amount at all.
    """
    if not -1e12 < amount < 1e12:
        raise RefusedError(f"{amount!r} is no amount of money.")
    whole = round(amount * 100)
    # 0.1 + 0.2 is told from 0.305.
    if abs(amount * 100 - whole) > 1e-4:
        raise RefusedError(f"{amount!r} euros has fractions of a cent.")
    return whole


def euros(amount: int) -> float:
    """Euros of whole cents."""
    return amount / 100


def shown(amount: int) -> str:
    """For people: `1,299.00 EUR`."""
    return f"{amount / 100:,.2f} EUR"
