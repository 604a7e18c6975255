"""What customers owe and since when, and which of our cans they hold. Reads only; `ledger.py` writes."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import DecimalField, F, OuterRef, QuerySet, Subquery, Sum, Window
from django.db.models.functions import Coalesce
from django.utils import timezone

from customers.models import Customer
from sales.models import ZERO, CanMovement, LedgerEntry, Sale, SaleLine
from watershop.dates import day_of

MONEY: DecimalField[Any, Any] = DecimalField(max_digits=12, decimal_places=2)


@dataclass(frozen=True)
class Account:
    """One customer's account. `balance` in rupees is positive when they owe; `dues` are open sales, oldest first."""

    customer: Customer
    balance: Decimal
    dues: list[Sale]
    cans: dict[str, int]
    usual: list[SaleLine]

    @property
    def oldest_due_on(self) -> date | None:
        return day_of(self.customer.shop, self.dues[0].sold_at) if self.dues else None

    @property
    def days(self) -> int:
        """For how many days the oldest due has been open."""
        oldest = self.oldest_due_on
        return (day_of(self.customer.shop, timezone.now()) - oldest).days if oldest else 0

    @property
    def credit(self) -> Decimal:
        """What the customer paid ahead."""
        return max(-self.balance, ZERO)

    @property
    def cans_out(self) -> int:
        return sum(self.cans.values())


def account_of(customer: Customer) -> Account:
    """The account with four queries; `customer.shop` should be loaded."""
    return Account(
        customer=customer,
        balance=LedgerEntry.objects.filter(customer=customer).balance(),
        dues=list(open_dues().filter(customer=customer)),
        cans=CanMovement.objects.filter(customer=customer).held(),
        usual=_usual(customer),
    )


def open_dues() -> QuerySet[Sale]:
    """Named customers' sales with something due, the oldest first; filter them by shop or customer."""
    return Sale.objects.filter(customer__isnull=False).open().order_by("sold_at", "id")


def _usual(customer: Customer) -> list[SaleLine]:
    """What the customer bought last, of the sizes that are still sold."""
    last = Sale.objects.filter(customer=customer).standing().order_by("-sold_at", "-id").values("pk")[:1]
    lines = SaleLine.objects.filter(sale=Subquery(last), can_type__retired_at=None)
    return list(lines.select_related("can_type"))


def history(customer: Customer) -> QuerySet[LedgerEntry]:
    """The ledger of a customer, newest first, each entry with `running`, the balance after it."""
    running = Window(Sum("amount"), order_by=[F("at").asc(), F("id").asc()])
    entries = LedgerEntry.objects.filter(customer=customer).annotate(running=running)
    entries = entries.select_related("sale", "payment").prefetch_related("sale__lines__can_type")
    return entries.order_by("-at", "-id")


def with_balance(customers: QuerySet[Customer]) -> QuerySet[Any]:
    """The customers, each with `balance` in rupees."""
    entries = LedgerEntry.objects.filter(customer=OuterRef("pk")).order_by().values("customer")
    total = Subquery(entries.annotate(t=Sum("amount")).values("t"), output_field=MONEY)
    return customers.annotate(balance=Coalesce(total, ZERO, output_field=MONEY))


@dataclass(frozen=True)
class Debt:
    """What somebody owes in all, and their open sales, at least one, the oldest first."""

    customer: Customer
    balance: Decimal
    dues: list[Sale]

    @property
    def unpaid_count(self) -> int:
        return len(self.dues)

    @property
    def oldest_due_at(self) -> datetime:
        return self.dues[0].sold_at


def owing(customers: QuerySet[Customer]) -> list[Debt]:
    """Who of the customers owes, whoever owes longest first; two queries, however many they are.

    Somebody whose credit outweighs their open dues is not among them.
    """
    dues: dict[int, list[Sale]] = {}
    for sale in open_dues().filter(customer__in=customers):
        assert sale.customer_id
        dues.setdefault(sale.customer_id, []).append(sale)
    owed = with_balance(customers.filter(pk__in=dues)).filter(balance__gt=0).in_bulk()
    return [Debt(owed[pk], owed[pk].balance, sales) for pk, sales in dues.items() if pk in owed]
