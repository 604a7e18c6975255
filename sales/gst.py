"""Goods and services tax: what of a price that holds it is tax. Half goes to the centre, half to the state."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from sales.models import ZERO


@dataclass(frozen=True)
class Tax:
    """Of what was sold at `rate` per cent: its value without tax, and each half of the tax. They add up exactly."""

    rate: Decimal
    taxable: Decimal
    half: Decimal


def taxes_in(charged: Iterable[tuple[Decimal | None, Decimal]]) -> list[Tax]:
    """The taxes in amounts that hold them, given as (rate, rupees); the lowest rate first.

    Both halves must be equal, so the half is rounded to the paisa and the taxable value is what remains.
    """
    sums: dict[Decimal, Decimal] = {}
    for rate, amount in charged:
        if rate is not None:
            sums[rate] = sums.get(rate, ZERO) + amount
    return [_tax(rate, amount) for rate, amount in sorted(sums.items())]


def _tax(rate: Decimal, amount: Decimal) -> Tax:
    half = (amount * rate / (100 + rate) / 2).quantize(ZERO, ROUND_HALF_UP)
    return Tax(rate, amount - 2 * half, half)
