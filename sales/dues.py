"""What customers owe and since when, and which of our cans they hold. Reads only; `ledger.py` writes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum, Window
from django.db.models.functions import Coalesce
from django.utils import timezone

from customers.models import Customer
from sales.credit import left_of
from sales.models import MONEY, ZERO, CanMovement, LedgerEntry, Sale, SaleLine
from watershop.dates import day_of
from watershop.models import Shop


@dataclass(frozen=True)
class Account:
    """One customer's account. `balance` in rupees is positive when they owe; `dues` stand open, oldest first."""

    customer: Customer
    balance: Decimal
    dues: "list[Due]"
    cans: dict[str, int]
    usual: list[SaleLine]

    @property
    def oldest_due_on(self) -> date | None:
        return day_of(self.customer.shop, self.dues[0].at) if self.dues else None

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
    def credit_left(self) -> Decimal | None:
        """What more the customer may owe; None: no limit."""
        return left_of(self.customer, self.balance)

    @property
    def cans_out(self) -> int:
        return sum(self.cans.values())


def account_of(customer: Customer) -> Account:
    """The account with five queries; `customer.shop` should be loaded."""
    return Account(
        customer=customer,
        balance=balance_of(customer),
        dues=open_dues(customer.shop, [customer]),
        cans=CanMovement.objects.of(customer.shop).filter(customer=customer).held(),
        usual=_usual(customer),
    )


def balance_of(customer: Customer) -> Decimal:
    """What the customer owes in rupees; negative is credit."""
    return LedgerEntry.objects.filter(shop=customer.shop_id, customer=customer).balance()


@dataclass(frozen=True)
class Due:
    """What is open of a sale, or of a ledger entry that is none, in rupees; `total` is what it was at first.

    `code` is the sale's; `what` says what kind of entry stands here without a sale.
    """

    customer_id: int
    at: datetime
    total: Decimal
    due: Decimal
    sale_id: int | None = None
    code: str = ""
    opening_id: int | None = None
    what: str = ""

    @property
    def paid(self) -> Decimal:
        return self.total - self.due

    @property
    def key(self) -> str:
        """What a door calls this due when somebody pays it before older ones: sale-12 or entry-7."""
        return f"sale-{self.sale_id}" if self.sale_id else f"entry-{self.opening_id}"


def open_dues(shop: Shop, customers: Collection[Any]) -> list[Due]:
    """What is open on these accounts, the oldest first; two queries. Walk-ins pay in full and have none."""
    sales = Sale.objects.of(shop).filter(customer__in=customers).open().order_by("sold_at", "id")
    openings = LedgerEntry.objects.of(shop).filter(customer__in=customers).open().order_by("at", "id")
    dues = [Due(row.customer_id or 0, row.sold_at, row.total, row.due, row.pk, row.code) for row in sales]
    dues += [_due_of(entry) for entry in openings]
    return sorted(dues, key=lambda due: due.at)


def _due_of(entry: LedgerEntry) -> Due:
    what = entry.get_kind_display()
    return Due(entry.customer_id, entry.at, entry.amount, entry.due, opening_id=entry.pk, what=what)


def _usual(customer: Customer) -> list[SaleLine]:
    """What the customer bought last, of the sizes that are still sold."""
    bought = Sale.objects.of(customer.shop).filter(customer=customer)
    last = bought.standing().order_by("-sold_at", "-id").values("pk")[:1]
    lines = SaleLine.objects.filter(sale=Subquery(last), can_type__retired_at=None)
    return list(lines.select_related("can_type"))


def history(customer: Customer) -> QuerySet[LedgerEntry]:
    """The ledger of a customer, newest first, each entry with `running`, the balance after it."""
    running = Window(Sum("amount"), order_by=[F("at").asc(), F("id").asc()])
    entries = LedgerEntry.objects.of(customer.shop).filter(customer=customer).annotate(running=running)
    entries = entries.select_related("sale", "payment").prefetch_related("sale__lines__can_type")
    return entries.order_by("-at", "-id")


def with_balance(customers: QuerySet[Customer]) -> QuerySet[Any]:
    """The customers, each with `balance` in rupees."""
    own = LedgerEntry.objects.filter(shop=OuterRef("shop"), customer=OuterRef("pk"))
    entries = own.order_by().values("customer")
    total = Subquery(entries.annotate(t=Sum("amount")).values("t"), output_field=MONEY)
    return customers.annotate(balance=Coalesce(total, ZERO, output_field=MONEY))


@dataclass(frozen=True)
class Debt:
    """What somebody owes in all, and the dues behind it, oldest first."""

    customer: Customer
    balance: Decimal
    dues: Sequence[Due]

    @property
    def unpaid_count(self) -> int:
        return len(self.dues)

    @property
    def oldest_due_at(self) -> datetime:
        return self.dues[0].at


def debts(shop: Shop, *, only: Customer | None = None) -> list[Debt]:
    """Who of the shop's customers owes, whoever owes longest first; four queries, however many they are.

    Somebody whose credit outweighs their open dues is not among them. The ledger is asked first because it is
    summed fast: open dues are then looked for among debtors alone.
    """
    entries = LedgerEntry.objects.of(shop).filter(customer=only) if only else LedgerEntry.objects.of(shop)
    sums = entries.order_by().values_list("customer").annotate(balance=Sum("amount")).filter(balance__gt=0)
    balances = dict(sums)
    customers = Customer.objects.in_bulk(balances)
    dues: dict[int, list[Due]] = {}
    for due in open_dues(shop, balances):
        dues.setdefault(due.customer_id, []).append(due)
    return [Debt(customers[pk], balances[pk], rows) for pk, rows in dues.items()]
