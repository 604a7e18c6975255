"""Every number of the shop: function(shop, period) -> frozen dataclasses, with a fixed number of queries.

Days and hours are the shop's own. Voided sales never count. *Revenue* is what was sold, *takings* what was
received: a due paid today is in today's takings and in the revenue of the day it was sold; money given back
lowers the takings of the day it went. Days are read from the roll-up (`rollup.py`), which is brought up to date first:
one query when nothing changed. Who came is in `visitors.py`.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Sum

from analytics.days import by_slot as by_slot
from analytics.days import totals as totals
from analytics.models import DailyTotals, SizeTotals, SlotTotals
from analytics.rollup import reads
from analytics.visitors import Visitors, visitors
from sales.models import ZERO, CanMovement, Tender
from watershop.dates import Period, day_of
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


@reads
def summary(shop: Shop, period: Period) -> Summary:
    """The numbers at the top of the dashboard; four queries when nothing changed."""
    return summed(totals(shop, period), visitors(shop, period), cans_out(shop, period.end))


def summed(rows: Sequence[DailyTotals], came: Visitors, out: int) -> Summary:
    """The same from what is known already: the totals of the period's days, who came, and the cans out at its end."""
    return Summary(
        sold=_all_sold(rows), takings=_takings(rows), settled=_settled(rows), visitors=came, cans_out=out
    )


@reads
def settled(shop: Shop, period: Period) -> Settled:
    """What was paid of the period's sales until now, whenever it came."""
    return _settled(totals(shop, period))


@reads
def takings_by_tender(shop: Shop, period: Period) -> list[TenderTotal]:
    """Money received less money given back, for every tender."""
    return _takings(totals(shop, period))


@reads
def stated_tenders(shop: Shop, period: Period) -> list[TenderSales]:
    """How buyers pay or say they will, paid and unpaid sales alike."""
    rows = totals(shop, period)
    return [TenderSales(tender, sum(row.stated(tender) for row in rows)) for tender in Tender]


@reads
def cans_out(shop: Shop, at: datetime) -> int:
    """Our cans that customers held at that moment."""
    today = day_of(shop, at)
    counted = DailyTotals.objects.filter(shop=shop, day__lt=today).aggregate(sum=Sum("cans_moved"))["sum"]
    midnight = Period(today, today, shop.tz).start
    moved = CanMovement.objects.of(shop).filter(at__gte=midnight, at__lt=at)
    since = moved.aggregate(sum=Sum("quantity"))["sum"] if at > midnight else 0
    return (counted or 0) + (since or 0)


@reads
def sold_by_hour(shop: Shop, period: Period) -> list[HourSold]:
    """24 rows, the first from midnight."""
    hours: dict[int, list[Sold]] = defaultdict(list)
    for row in by_slot(shop, period):
        hours[row.slot // 2].append(_sold(row))
    return [HourSold(hour, _sum(hours[hour])) for hour in range(24)]


@reads
def cans_by_day(shop: Shop, period: Period) -> list[SizeCans]:
    """Cans sold per day of each size that was sold at all, the largest size first."""
    rows = SizeTotals.objects.filter(shop=shop, day__range=_ends(period))
    sizes: dict[str, dict[date, int]] = defaultdict(dict)
    for code, day, cans in rows.order_by("-can_type__litres", "can_type__code").values_list(
        "can_type__code", "day", "cans"
    ):
        sizes[code][day] = cans
    return [SizeCans(code, [days.get(day, 0) for day in period.days]) for code, days in sizes.items()]


@reads
def top_customers(shop: Shop, period: Period, limit: int = 10) -> list[CustomerSold]:
    """The named customers who bought the most, in rupees; equals stand in the order of their codes."""
    with connection.cursor() as cursor:
        cursor.execute(_TOP_CUSTOMERS, [shop.pk, *_ends(period), limit, limit])
        return [CustomerSold(pk, code, name, Sold(*sold)) for pk, code, name, *sold in cursor.fetchall()]


# All who are among the first, equals included, before anybody's code is looked up.
_TOP_CUSTOMERS = """
SELECT buyer.id, buyer.code, buyer.name, top.sales, top.cans, top.revenue FROM (
    SELECT customer, sum(sales) AS sales, sum(cans) AS cans, sum(revenue) AS revenue FROM analytics_customerday
    WHERE shop_id = %s AND day BETWEEN %s AND %s
    GROUP BY customer ORDER BY revenue DESC FETCH FIRST %s ROWS WITH TIES
) AS top JOIN customers_customer buyer ON buyer.id = top.customer
ORDER BY top.revenue DESC, buyer.code LIMIT %s
"""


def _ends(period: Period) -> tuple[date, date]:
    return period.first, period.last


def _sold(row: DailyTotals | SlotTotals) -> Sold:
    return Sold(row.sales, row.cans, row.revenue)


def _all_sold(rows: Iterable[DailyTotals]) -> Sold:
    return _sum([_sold(row) for row in rows])


def _settled(rows: Sequence[DailyTotals]) -> Settled:
    sold, paid = _all_sold(rows), sum((row.paid for row in rows), ZERO)
    unpaid = sum(row.unpaid_sales for row in rows)
    return Settled(paid, sold.revenue - paid, sold.sales - unpaid, unpaid)


def _takings(rows: Sequence[DailyTotals]) -> list[TenderTotal]:
    return [TenderTotal(tender, sum((row.taken(tender) for row in rows), ZERO)) for tender in Tender]


def _sum(parts: Sequence[Sold]) -> Sold:
    """Each sale is in one of the parts."""
    cans, revenue = sum(part.cans for part in parts), sum((part.revenue for part in parts), ZERO)
    return Sold(sum(part.sales for part in parts), cans, revenue)
