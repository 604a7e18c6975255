"""The usual order of a customer, as the till offers it: what they took last, in exchange for as many empties."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from customers.models import Customer
from sales import deposits
from sales.dues import Account
from sales.models import ZERO, CanType, SaleLine


@dataclass(frozen=True)
class UsualLine:
    """So many full cans of a size, and the empties that they replace: no more than the customer holds."""

    can_type: CanType
    quantity: int
    back: int


@dataclass(frozen=True)
class Usual:
    """`total` is what changes hands in rupees, with the deposits."""

    lines: Sequence[UsualLine]
    total: Decimal

    @property
    def back(self) -> int:
        return sum(line.back for line in self.lines)


def usual_of(account: Account, can_types: Sequence[CanType]) -> Usual | None:
    """The usual order at the prices of these sizes; None for who never bought any of them."""
    sizes = {can_type.pk: can_type for can_type in can_types}
    return usual_from(account.customer, account.usual, account.cans, sizes)


def usual_from(
    customer: Customer, bought: Iterable[SaleLine], held: Mapping[str, int], sizes: Mapping[int, CanType]
) -> Usual | None:
    """The usual order of somebody who bought these lines last and holds these cans (by code); no query.

    `sizes` are those on sale, by id, with their `price` for this customer.
    """
    lines = [
        UsualLine(
            can_type := sizes[line.can_type_id],
            line.quantity,
            max(0, min(line.quantity, held.get(can_type.code, 0))),
        )
        for line in bought
        if line.can_type_id in sizes
    ]
    if not lines:
        return None
    taken = deposits.suggested(customer, {line.can_type: line.quantity - line.back for line in lines})
    price = sum((line.can_type.price * line.quantity for line in lines), ZERO)
    return Usual(lines, price + sum((deposit.amount for deposit in taken), ZERO))
