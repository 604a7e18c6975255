"""What was counted of the usual week: who came in each half-hour, how long serving took, who left without buying.

Days are trading days (`trading_day`). Those that the owner put on the list of festival days are like no other and are
left out, and so are those on which nothing happened.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from statistics import median

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from analytics import queries
from analytics.models import FestivalDay, SlotTotals
from analytics.staffing import usual_s
from analytics.trading_day import begins_at, day_and_slot, day_of_slot, first_slot
from sales.models import ZERO
from vision.models import Card, Visit
from vision.queues.no_sale import ENQUIRY, SERVED, STAYED
from watershop.dates import Period
from watershop.models import Shop

SEEN_ENOUGH = 0.5
"""Cameras watched a day if they saw somebody in so many of the half-hours in which something was sold."""
MEASURED = 1000
"""So many stays, the last ones, say how long serving takes."""
MEASURED_AT_LEAST = 20


class Source(models.TextChoices):
    """From what arrivals are counted."""

    VISITS = "visits", _("visits")
    SALES = "sales", _("sales: no camera watched")


class ServiceSource(models.TextChoices):
    """From what it is known how long serving takes."""

    COUNTER = "counter", _("time at the counter")
    STAY = "stay", _("time in the shop, waiting included")
    SAID = "said", _("as the settings say")


@dataclass(frozen=True)
class Service:
    """Seconds that serving one customer takes, from how many stays that is known, and their median."""

    seconds: float
    source: ServiceSource
    stays: int = 0
    median_s: float | None = None


@dataclass(frozen=True)
class Weekday:
    """All days of one weekday that were counted (`days`), and how many came in each half-hour of them together."""

    days: Sequence[date]
    source: Source
    came: Mapping[int, int]


@dataclass(frozen=True)
class Worth:
    """Rupees of the mean sale, and how many of those who come buy (0 to 1), as far as cameras watched."""

    mean_sale: Decimal
    buying_share: float

    @property
    def buying_percent(self) -> int:
        return round(100 * self.buying_share)


@dataclass(frozen=True)
class Cards:
    """Cards of visits without a sale: decided as "only asked", and not decided yet."""

    left: int = 0
    undecided: int = 0


@dataclass
class _Day:
    """The half-hours of one trading day in which anything happened."""

    slots: list[SlotTotals] = field(default_factory=list)

    @property
    def sales(self) -> int:
        return sum(slot.sales for slot in self.slots)

    @property
    def is_watched(self) -> bool:
        """A buyer may have come in a little before the half-hour in which the sale was keyed."""
        seen = {slot.slot for slot in self.slots if slot.visits}
        sold = [slot.slot for slot in self.slots if slot.sales]
        if not sold:
            return bool(seen)
        return sum(slot in seen or slot - 1 in seen for slot in sold) >= SEEN_ENOUGH * len(sold)


def counted(shop: Shop, period: Period) -> tuple[dict[int, Weekday], Worth]:
    """The weekdays (0 is Monday) on which anything happened, and what one who comes is worth; three queries."""
    by_weekday: dict[int, dict[date, _Day]] = defaultdict(dict)
    for day, row in _days(shop, period).items():
        by_weekday[day.weekday()][day] = row
    weekdays, used = {}, []
    for number, days in sorted(by_weekday.items()):
        weekdays[number] = _weekday(days)
        used += [days[day] for day in weekdays[number].days]
    return weekdays, _worth(used)


def service(shop: Shop, period: Period, said_s: int) -> Service:
    """From stays at the counter, else from stays in the shop, else as it is said in the settings; two queries."""
    visits = Visit.objects.of(shop).during(period).by_customers().order_by("-entry_at")
    stays = {
        ServiceSource.COUNTER: (F("counter_until_at") - F("counter_from_at"), SERVED),
        ServiceSource.STAY: (F("exit_at") - F("entry_at"), STAYED),
    }
    for source, (length, shortest) in stays.items():
        lengths = visits.annotate(length=length).filter(length__gte=shortest).values_list("length", flat=True)
        seconds = [each.total_seconds() for each in lengths[:MEASURED]]
        if len(seconds) >= MEASURED_AT_LEAST:
            return Service(usual_s(seconds), source, len(seconds), median(seconds))
    return Service(said_s, ServiceSource.SAID)


def cards(shop: Shop, weekdays: Mapping[int, Weekday], period: Period) -> dict[tuple[int, int], Cards]:
    """The visits without a sale of the counted days, by weekday and half-hour; one query."""
    rows = Card.objects.of(shop).filter(
        kind=Card.Kind.NO_SALE,
        outcome__in=("", ENQUIRY),
        at__gte=begins_at(shop, period.first),
        at__lt=begins_at(shop, period.last + timedelta(days=1)),
    )
    left: dict[tuple[int, int], list[bool]] = defaultdict(list)
    for at, outcome in rows.values_list("at", "outcome"):
        day, slot = day_and_slot(shop, at)
        if (weekday := weekdays.get(day.weekday())) and day in weekday.days:
            left[day.weekday(), slot].append(outcome == ENQUIRY)
    return {place: Cards(sum(each), len(each) - sum(each)) for place, each in left.items()}


def _days(shop: Shop, period: Period) -> dict[date, _Day]:
    """The trading days of the period on which anything happened, but for those on the owner's list."""
    first = first_slot(shop)
    festivals = set(
        FestivalDay.objects.filter(shop=shop, day__range=(period.first, period.last)).values_list(
            "day", flat=True
        )
    )
    days: dict[date, _Day] = defaultdict(_Day)
    for row in queries.by_slot(shop, Period(period.first, period.last + timedelta(days=1), period.zone)):
        day = day_of_slot(row.day, row.slot, first)
        if period.first <= day <= period.last and day not in festivals:
            days[day].slots.append(row)
    return days


def _weekday(days: Mapping[date, _Day]) -> Weekday:
    """Days that cameras watched, where they are half of those on which anything happened; else days with sales."""
    watched = [day for day, row in days.items() if row.is_watched]
    source = Source.VISITS if 2 * len(watched) >= len(days) else Source.SALES
    chosen = watched if source == Source.VISITS else [day for day, row in days.items() if row.sales]
    came: dict[int, int] = defaultdict(int)
    for row in (row for day in chosen for row in days[day].slots):
        came[row.slot] += row.visits if source == Source.VISITS else row.sales
    return Weekday(chosen, source, came)


def _worth(days: Sequence[_Day]) -> Worth:
    rows = [row for day in days for row in day.slots]
    sales, revenue = sum(row.sales for row in rows), sum((row.revenue for row in rows), ZERO)
    watched = [row for day in days if day.is_watched for row in day.slots]
    visits, bought = sum(row.visits for row in watched), sum(row.sales for row in watched)
    return Worth(revenue / sales if sales else ZERO, min(bought / visits, 1.0) if visits else 1.0)
