"""Every number of the shop: function(shop, period) -> frozen dataclasses, with a fixed number of queries.

Days and hours are the shop's own. Voided sales never count. *Revenue* is what was sold, *takings* what was
received: a due paid today is in today's takings and in the revenue of the day it was sold; money given back
lowers the takings of the day it went. Who came is in `visitors.py`.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, ExtractHour, TruncDate

from analytics.models import DailyTotals, SlotTotals
from analytics.rollup import reads
from analytics.visitors import Visitors, visitors
from sales.models import ZERO, Allocation, CanMovement, Payment, Sale, SaleLine, SaleVoid, Tender
from watershop.dates import Period
from watershop.models import Shop


@dataclass(frozen=True)
class Sold:
    """Standing sales: how many, the cans in them, and their worth in rupees."""

    sales: int
    cans: int
    revenue: Decimal


@dataclass(frozen=True)
class TenderTotal:
    """Rupees by one tender; negative when more was given back than received."""

    tender: Tender
    amount: Decimal


@dataclass(frozen=True)
class Settled:
    """How the sales of a period stand: what is paid of them, what is still due, and how many have a due."""

    paid: Decimal
    due: Decimal
    paid_sales: int
    unpaid_sales: int


@dataclass(frozen=True)
class Summary:
    """How a period went. `cans_out` is what customers held of our cans at its end."""

    sold: Sold
    takings: list[TenderTotal]
    settled: Settled
    visitors: Visitors
    cans_out: int

    @property
    def taken(self) -> Decimal:
        return sum((row.amount for row in self.takings), ZERO)


@dataclass(frozen=True)
class DaySold:
    day: date
    sold: Sold


@dataclass(frozen=True)
class HourSold:
    """What was sold from `hour` o'clock on, over all days of the period."""

    hour: int
    sold: Sold


@dataclass(frozen=True)
class SizeCans:
    """Cans sold of one size on each day of the period, in the order of `period.days`."""

    code: str
    cans: list[int]


@dataclass(frozen=True)
class CustomerSold:
    customer_id: int
    code: str
    name: str
    sold: Sold


@dataclass(frozen=True)
class TenderSales:
    """Sales whose buyer paid, or said they would pay, by this tender."""

    tender: Tender
    sales: int


NOTHING = Sold(0, 0, ZERO)
_SUMS = {
    "sales": Count("sale", distinct=True),
    "cans": Coalesce(Sum("quantity"), 0),
    "revenue": Coalesce(Sum("amount"), ZERO),
}


@reads
def totals(shop: Shop, period: Period) -> list[DailyTotals]:
    """A row for every day of the period, an unsaved one with zeros where nothing happened."""
    rows = {row.day: row for row in DailyTotals.objects.filter(shop=shop, day__range=_ends(period))}
    return [rows.get(day) or DailyTotals(shop=shop, day=day) for day in period.days]


@reads
def by_slot(shop: Shop, period: Period) -> list[SlotTotals]:
    """The half-hours in which anything happened, by day and slot."""
    slots = SlotTotals.objects.filter(shop=shop, day__range=_ends(period))
    return list(slots.order_by("day", "slot"))


def summary(shop: Shop, period: Period) -> Summary:
    """The numbers at the top of the dashboard; three queries."""
    return summed(totals(shop, period), visitors(shop, period), cans_out(shop, period.end))


def summed(rows: Sequence[DailyTotals], came: Visitors, out: int) -> Summary:
    """The same from what is known already: the totals of the period's days, who came, and the cans out at its end."""
    revenue, paid = (sum((getattr(row, name) for row in rows), ZERO) for name in ("revenue", "paid"))
    sales, unpaid = sum(row.sales for row in rows), sum(row.unpaid_sales for row in rows)
    taken = {tender: sum((getattr(row, f"taken_{tender}") for row in rows), ZERO) for tender in Tender}
    return Summary(
        sold=Sold(sales, sum(row.cans for row in rows), revenue),
        takings=[TenderTotal(tender, amount) for tender, amount in taken.items()],
        settled=Settled(paid, revenue - paid, sales - unpaid, unpaid),
        visitors=came,
        cans_out=out,
    )


def sold_between(shop: Shop, start: datetime, end: datetime) -> Sold:
    """What was sold from start until just before end: two moments, for "by this time last week"."""
    return _sold(_lines(shop, start, end).aggregate(**_SUMS))


def settled(shop: Shop, period: Period) -> Settled:
    """One joined sum and one subquery: with_sums() would look up every sale's rows five times over."""
    paid = (
        Allocation.objects.filter(sale=OuterRef("pk")).order_by().values("sale").annotate(sum=Sum("amount"))
    )
    sales = Sale.objects.of(shop).during(period).standing().order_by()
    sums = sales.annotate(worth=Sum("lines__amount"), settled=Coalesce(paid.values("sum"), ZERO)).aggregate(
        all_worth=Coalesce(Sum("worth"), ZERO),
        all_paid=Coalesce(Sum("settled"), ZERO),
        sales=Count("pk"),
        unpaid=Count("pk", filter=Q(worth__gt=F("settled"))),
    )
    due = sums["all_worth"] - sums["all_paid"]
    return Settled(sums["all_paid"], due, sums["sales"] - sums["unpaid"], sums["unpaid"])


def takings_by_tender(shop: Shop, period: Period) -> list[TenderTotal]:
    """Money received less money given back, for every tender."""
    payments = Payment.objects.filter(
        shop=shop, received_at__gte=period.start, received_at__lt=period.end
    ).order_by()
    sums = dict(payments.values_list("tender").annotate(sum=Sum("amount")))
    return [TenderTotal(tender, sums.get(tender, ZERO)) for tender in Tender]


def stated_tenders(shop: Shop, period: Period) -> list[TenderSales]:
    """How buyers pay or say they will, paid and unpaid sales alike."""
    sales = Sale.objects.of(shop).during(period).standing().order_by()
    counts = dict(sales.values_list("stated_tender").annotate(count=Count("pk")))
    return [TenderSales(tender, counts.get(tender, 0)) for tender in Tender]


def cans_out(shop: Shop, at: datetime) -> int:
    """Our cans that customers held at that moment."""
    moved = CanMovement.objects.of(shop).filter(at__lt=at)
    total: int = moved.aggregate(sum=Coalesce(Sum("quantity"), 0))["sum"]
    return total


def sold_by_day(shop: Shop, period: Period) -> list[DaySold]:
    """A row for every day of the period, also those without a sale."""
    rows = _sold_by(_lines(shop, period.start, period.end), day=TruncDate("sale__sold_at", tzinfo=shop.tz))
    sold = {row["day"]: _sold(row) for row in rows}
    return [DaySold(day, sold.get(day, NOTHING)) for day in period.days]


def sold_by_hour(shop: Shop, period: Period) -> list[HourSold]:
    """24 rows, the first from midnight."""
    rows = _sold_by(_lines(shop, period.start, period.end), hour=ExtractHour("sale__sold_at", tzinfo=shop.tz))
    sold = {row["hour"]: _sold(row) for row in rows}
    return [HourSold(hour, sold.get(hour, NOTHING)) for hour in range(24)]


def cans_by_day(shop: Shop, period: Period) -> list[SizeCans]:
    """Cans sold per day of each size that was sold at all, the largest size first."""
    rows = _lines(shop, period.start, period.end).values_list(
        "can_type__litres", "can_type__code", TruncDate("sale__sold_at", tzinfo=shop.tz)
    )
    sizes: dict[str, dict[date, int]] = defaultdict(dict)
    for _litres, code, day, cans in rows.annotate(cans=Sum("quantity")).order_by(
        "-can_type__litres", "can_type__code"
    ):
        sizes[code][day] = cans
    return [SizeCans(code, [days.get(day, 0) for day in period.days]) for code, days in sizes.items()]


def top_customers(shop: Shop, period: Period, limit: int = 10) -> list[CustomerSold]:
    """The named customers who bought the most, in rupees; equals stand in the order of their codes."""
    rows = _sold_by(
        _lines(shop, period.start, period.end).filter(sale__customer__isnull=False),
        customer_id=F("sale__customer"),
        code=F("sale__customer__code"),
        name=F("sale__customer__name"),
    ).order_by("-revenue", "code")[:limit]
    return [CustomerSold(row["customer_id"], row["code"], row["name"], _sold(row)) for row in rows]


def _ends(period: Period) -> tuple[date, date]:
    return period.first, period.last


def _lines(shop: Shop, start: datetime, end: datetime) -> QuerySet[SaleLine]:
    """The lines of the standing sales: each stands once, so their sums never multiply."""
    lines = SaleLine.objects.filter(shop=shop, sale__sold_at__gte=start, sale__sold_at__lt=end)
    # Not `sale__void=None`: PostgreSQL takes that for a rare thing and reads the rows one by one.
    return lines.filter(~Exists(SaleVoid.objects.filter(sale=OuterRef("sale")))).order_by()


def _sold_by(lines: QuerySet[SaleLine], **keys: Combinable) -> QuerySet[Any, dict[str, Any]]:
    """The sums of the lines, for each group whose keys are equal."""
    groups: QuerySet[Any, Any] = lines.values(**keys)
    sums: QuerySet[Any, dict[str, Any]] = groups.annotate(**_SUMS)
    return sums


def _sold(row: dict[str, Any]) -> Sold:
    return Sold(row["sales"], row["cans"], row["revenue"])
