"""Which money settles which due: the oldest first, while the accounts concerned are held. Called by the ledger."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db.models import BigIntegerField, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from customers.models import Customer
from sales.dues import Due, open_dues
from sales.models import MONEY, ZERO, Allocation, LedgerEntry, Payment
from watershop.models import Shop


def hold(customers: Collection[int]) -> list[Customer]:
    """Hold these customers' accounts until the transaction ends, in one order, so that nobody waits in a ring.

    FOR NO KEY UPDATE: rows that point at them, checked at the other's commit, need not wait.
    """
    rows = Customer.objects.select_for_update(no_key=True).filter(pk__in=customers).order_by("pk")
    return list(rows) if customers else []


def settle_oldest_first(
    shop: Shop, customers: Collection[Customer], *, chosen: Collection[str] = frozenset()
) -> None:
    """Let what is not allocated yet settle open dues, oldest money and oldest due first. Accounts are held.

    The dues with the keys in `chosen` come before all others. Raises ValidationError when one is not open any more.
    """
    purses = purses_of(shop, customers)
    if not purses:
        return
    dues = open_dues(shop, purses)
    if not {due.key for due in dues}.issuperset(chosen):
        raise ValidationError(_("One of the chosen dues is not open any more. Look at the account again."))
    dues.sort(key=lambda due: due.key not in chosen)
    Allocation.objects.bulk_create(spend(shop, purses, dues))


@dataclass
class Purse:
    """A payment, or a credit in the ledger, with rupees left that settle nothing yet."""

    at: datetime
    left: Decimal
    payment_id: int | None = None
    credit_id: int | None = None


def purses_of(shop: Shop, customers: Collection[Customer]) -> dict[int, list[Purse]]:
    """Per customer what has money left, the oldest first; one query."""
    if not customers:
        return {}
    gifts = LedgerEntry.objects.of(shop).filter(customer__in=customers).unspent()
    money = _unspent_payments(shop, customers).values_list(
        "customer_id", "received_at", "left", "id", Value(None, BigIntegerField())
    )
    rows = money.union(
        gifts.values_list("customer_id", "at", "left", Value(None, BigIntegerField()), "id"), all=True
    )
    purses: dict[int, list[Purse]] = {}
    for owner, *purse in sorted(rows, key=lambda row: (row[1], row[3] or 0, row[4] or 0)):
        purses.setdefault(owner, []).append(Purse(*purse))
    return purses


def spend(shop: Shop, purses: Mapping[int, list[Purse]], dues: Iterable[Due]) -> list[Allocation]:
    """Let the purses settle these dues in their order, as far as they go; the rows are for the caller to store."""
    parts = []
    for due in dues:
        owed, purse = due.due, purses.get(due.customer_id, [])
        while owed and purse:
            part = min(purse[0].left, owed)
            owed -= part
            purse[0].left -= part
            parts.append(
                Allocation(
                    shop=shop,
                    payment_id=purse[0].payment_id,
                    credit_id=purse[0].credit_id,
                    sale_id=due.sale_id,
                    opening_id=due.opening_id,
                    amount=part,
                )
            )
            if not purse[0].left:
                purse.pop(0)
    return parts


def _unspent_payments(shop: Shop, customers: Collection[Customer]) -> QuerySet[Payment]:
    used = Allocation.objects.filter(payment=OuterRef("pk")).order_by().values("payment")
    spent = Subquery(used.annotate(t=Sum("amount")).values("t"), output_field=MONEY)
    payments = Payment.objects.filter(
        shop=shop, customer__in=customers, reverses=None, reversed_by=None
    ).annotate(left=F("amount") - Coalesce(spent, ZERO))
    return payments.filter(Q(left__gt=0)).order_by()


def release(shop: Shop, parts: QuerySet[Allocation]) -> None:
    """Take back what these allocations settled, by opposite rows."""
    sides = ("payment_id", "credit_id", "sale_id", "opening_id")
    settled = parts.order_by(*sides).values(*sides).annotate(sum=Sum("amount")).exclude(sum=0)
    Allocation.objects.bulk_create(
        Allocation(shop=shop, amount=-row.pop("sum"), **row) for row in list(settled)
    )


def take_back(shop: Shop, entries: Collection[LedgerEntry], *, at: datetime) -> list[LedgerEntry]:
    """Reverse entries that are neither sale nor payment: what they settled is due again, what settled them is free.

    The caller holds the accounts and settles them afterwards.
    """
    release(shop, Allocation.objects.filter(Q(credit__in=entries) | Q(opening__in=entries)))
    return LedgerEntry.objects.bulk_create(
        LedgerEntry(
            shop=shop,
            customer_id=entry.customer_id,
            kind=LedgerEntry.Kind.REVERSAL,
            amount=-entry.amount,
            at=at,
            reverses=entry,
        )
        for entry in entries
    )
