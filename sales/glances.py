"""Several customers at a glance, before any of them is on the bill: what they owe, what they hold, the usual."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, Subquery, Sum
from django.utils import timezone

from customers.models import Customer
from sales.dues import with_balance
from sales.models import ZERO, CanMovement, Sale, SaleLine
from sales.pricelist import price_book
from sales.usual import Usual, usual_from
from watershop.models import Shop


@dataclass(frozen=True)
class Glance:
    """One customer. `balance` in rupees is positive when they owe; `cans_out` are ours that they hold."""

    customer: Customer
    balance: Decimal
    cans_out: int
    usual: Usual | None

    @property
    def credit(self) -> Decimal:
        """What the customer paid ahead."""
        return max(-self.balance, ZERO)


def glances(shop: Shop, customers: Collection[int]) -> dict[int, Glance]:
    """These customers (ids), as far as they are active; four queries, however many they are, and none for nobody."""
    rows = _with_last_sale(shop, customers) if customers else {}
    if not rows:
        return {}
    held, bought = _held(shop, rows), _bought(row.last_sale for row in rows.values())
    usuals = _usuals(shop, list(rows.values()), held, bought)
    return {pk: Glance(row, row.balance, sum(held[pk].values()), usuals[pk]) for pk, row in rows.items()}


def _with_last_sale(shop: Shop, customers: Collection[int]) -> dict[int, Any]:
    last = Sale.objects.of(shop).filter(customer=OuterRef("pk")).standing().order_by("-sold_at", "-id")
    active = with_balance(Customer.objects.of(shop).active()).annotate(
        last_sale=Subquery(last.values("pk")[:1])
    )
    return dict(active.in_bulk(customers))


def _held(shop: Shop, customers: Collection[int]) -> dict[int, dict[str, int]]:
    """Our cans that each customer holds, by the code of their size."""
    moves = CanMovement.objects.of(shop).filter(customer__in=customers).order_by()
    held: dict[int, dict[str, int]] = defaultdict(dict)
    for customer, size, count in moves.values_list("customer", "can_type__code").annotate(Sum("quantity")):
        held[customer][size] = count
    return held


def _bought(sales: Iterable[int | None]) -> dict[int | None, list[SaleLine]]:
    """The lines of these sales (ids), of sizes that are still sold."""
    lines: dict[int | None, list[SaleLine]] = defaultdict(list)
    on_sale = SaleLine.objects.filter(sale__in=[sale for sale in sales if sale], can_type__retired_at=None)
    for line in on_sale.select_related("can_type"):
        lines[line.sale_id].append(line)
    return lines


def _usuals(
    shop: Shop,
    customers: Collection[Any],
    held: dict[int, dict[str, int]],
    bought: dict[int | None, list[SaleLine]],
) -> dict[int, Usual | None]:
    """The usual order of each, at their own prices of now."""
    prices, now = price_book(shop, customers), timezone.now()
    usuals = {}
    for customer in customers:
        lines = bought[customer.last_sale]
        for line in lines:
            line.can_type.price = prices.price(line.can_type, now, customer)
        sizes = {line.can_type_id: line.can_type for line in lines}
        usuals[customer.pk] = usual_from(customer, lines, held[customer.pk], sizes)
    return usuals
