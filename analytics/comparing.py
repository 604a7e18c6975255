"""A period beside the same weekdays before it: what was counted of both, and by how much they differ.

A day stands beside that day a week before, a longer period beside the same weekdays whole weeks before, one of more
than half a year beside the same weekdays 52 weeks before. What is not over yet stands beside the earlier one up to the
same time of day. Nothing is compared with days before the shop's books begin, nor visits where no camera watched.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from analytics.models import DailyTotals
from sales.models import ZERO, Allocation, CanMovement, Payment, SaleLine, SaleVoid
from vision.models import Visit
from watershop.dates import Period, day_of
from watershop.models import Shop

WEEK = timedelta(days=7)
YEAR = 52 * WEEK
LONGEST_REST = 2 * WEEK
"""A shop in which nothing happened for longer had not begun."""
Number = int | Decimal


@dataclass(frozen=True)
class Counted:
    """What happened on some days, in all. `seen_*` leave out the days without a single visit: no camera watched.

    `due` is None where days of different age would be compared: older sales had longer to be paid.
    """

    sales: int
    cans: int
    revenue: Decimal
    taken: Decimal
    visits: int
    seen_sales: int
    seen_revenue: Decimal
    due: Decimal | None
    cans_out: int
    is_watched: bool
    """Whether each day with a sale has a visit, too."""

    @property
    def conversion(self) -> Decimal | None:
        """Sales for each visit; None while no visit is known."""
        return Decimal(self.seen_sales) / self.visits if self.visits else None

    @property
    def per_visit(self) -> Decimal | None:
        """Rupees sold for each visit; None while no visit is known."""
        return self.seen_revenue / self.visits if self.visits else None


@dataclass(frozen=True)
class Compared:
    """A period beside the earlier one. `until` is where the earlier one ends: before its last day does, if `now` is
    within the period."""

    period: Period
    earlier: Period
    until: datetime
    here: Counted
    there: Counted
    has_earlier: bool
    """Whether the shop's books reach back to where the earlier period begins."""

    def change(self, name: str) -> int | None:
        """By how many per cent a number of `Counted` differs; None where one of both was not counted."""
        is_watched = self.here.is_watched and self.there.is_watched
        if not self.has_earlier or (name == "visits" and not is_watched):
            return None
        return percent(getattr(self.here, name), getattr(self.there, name))

    @property
    def is_cut(self) -> bool:
        return self.until < self.earlier.end

    @property
    def is_today(self) -> bool:
        """Whether it is one day, which is not over."""
        return self.is_cut and self.period.first == self.period.last

    @property
    def weeks(self) -> int:
        """How many weeks lie between the two."""
        return (self.period.first - self.earlier.first) // WEEK


def earlier(period: Period) -> Period:
    """The same weekdays before a period, as many weeks back as it takes not to overlap."""
    length = period.last - period.first + timedelta(days=1)
    back = -(-length // WEEK) * WEEK
    if back > YEAR / 2:
        back = max(back, YEAR)
    return Period(period.first - back, period.last - back, period.zone)


def needed(period: Period) -> Period:
    """The days whose totals `compare` wants."""
    return Period(earlier(period).first - LONGEST_REST, period.last, period.zone)


def compare(
    shop: Shop, period: Period, rows: Iterable[DailyTotals], cans_out: int, now: datetime
) -> Compared:
    """`rows` are the totals of the `needed` days or more, `cans_out` what customers hold at the period's end.

    One query while the period is not over, else none.
    """
    before, days = earlier(period), {row.day: row for row in rows}
    has_earlier = any(
        row.pk for day, row in days.items() if LONGEST_REST >= before.first - day >= timedelta()
    )
    until = min(before.end, now - (period.first - before.first))
    is_today = period.first == period.last and until < before.end
    there = [days[day] for day in before.days if day < day_of(shop, until)]
    moved = sum(row.cans_moved for day, row in days.items() if before.first <= day <= period.last)
    if before.start <= until < before.end:
        there.append(part_of_day(shop, day_of(shop, until), until))
    moved -= sum(row.cans_moved for row in there)
    here = [days[day] for day in period.days]
    return Compared(
        period=period,
        earlier=before,
        until=until,
        here=counted(here, cans_out=cans_out, has_due=is_today),
        there=counted(there, cans_out=cans_out - moved, has_due=is_today),
        has_earlier=has_earlier,
    )


def counted(rows: Iterable[DailyTotals], *, cans_out: int, has_due: bool) -> Counted:
    """The sums of some days."""
    rows = list(rows)
    seen = [row for row in rows if row.visits]
    revenue = sum((row.revenue for row in rows), ZERO)
    return Counted(
        sales=sum(row.sales for row in rows),
        cans=sum(row.cans for row in rows),
        revenue=revenue,
        taken=sum((row.taken_cash + row.taken_upi + row.taken_coin for row in rows), ZERO),
        visits=sum(row.visits for row in rows),
        seen_sales=sum(row.sales for row in seen),
        seen_revenue=sum((row.revenue for row in seen), ZERO),
        due=revenue - sum((row.paid for row in rows), ZERO) if has_due else None,
        cans_out=cans_out,
        is_watched=all(row.visits for row in rows if row.sales),
    )


def percent(here: Number | None, there: Number | None) -> int | None:
    """By how much it is more (less: below zero); None where one is not known or the earlier is nothing."""
    if here is None or not there:
        return None
    return round(100 * (Decimal(here) - there) / abs(Decimal(there)))


def part_of_day(shop: Shop, day: date, until: datetime) -> DailyTotals:
    """A day as it stood at that moment, counted from the rows; the tenders are together in `taken_cash`. One query."""
    midnight = Period(day, day, shop.tz).start
    is_void = SaleVoid.objects.filter(sale=OuterRef("sale"))
    sold = Q(shop=shop, sale__sold_at__gte=midnight, sale__sold_at__lt=until) & ~Exists(is_void)
    is_settled = Q(payment__received_at__lt=until) | Q(credit__at__lt=until)
    lines = SaleLine.objects.filter(sold)
    received = Payment.objects.filter(shop=shop, received_at__gte=midnight, received_at__lt=until)
    moved = CanMovement.objects.of(shop).filter(at__gte=midnight, at__lt=until)
    came = Visit.objects.of(shop).filter(entry_at__gte=midnight, entry_at__lt=until).by_customers()
    values = Shop.objects.filter(pk=shop.pk).values_list(
        one_of(lines, Count("sale", distinct=True), 0),
        one_of(lines, Sum("quantity"), 0),
        one_of(lines, Sum("amount"), ZERO),
        one_of(Allocation.objects.filter(sold, is_settled), Sum("amount"), ZERO),
        one_of(received, Sum("amount"), ZERO),
        one_of(moved, Sum("quantity"), 0),
        one_of(came, Count("pk"), 0),
    )
    names = ("sales", "cans", "revenue", "paid", "taken_cash", "cans_moved", "visits")
    return DailyTotals(shop=shop, day=day, **dict(zip(names, values.get(), strict=True)))


def one_of(rows: QuerySet[Any], number: Combinable, nothing: Number) -> Coalesce:
    """One number of all these rows, as a part of another query."""
    return Coalesce(
        Subquery(rows.order_by().values("shop").annotate(number=number).values("number")), nothing
    )
