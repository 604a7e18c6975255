"""Who came: visits, and the different visitors behind them; function(shop, period) -> frozen dataclasses.

A visitor is an account where the face is a customer's, else a face: two faces of one household are one visitor. New is
who was never seen before, as far as faces are remembered (`vision/_window.html` says how long). Staff whom the cameras
see are no visitors, nor is a poster; visits in which nobody was recognised count apart.
"""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import BigIntegerField, Count, Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.expressions import ExpressionWrapper
from django.db.models.functions import Coalesce, TruncDate
from django.utils.translation import gettext as _

from analytics.days import by_slot, totals
from analytics.rollup import reads
from customers.models import Customer
from sales.account_statement import Writable, as_text
from vision.models import Person, Visit, VisitQuerySet
from watershop.dates import Period, day_of
from watershop.models import Shop

WHO = Coalesce(F("person__customer"), ExpressionWrapper(-F("person"), BigIntegerField()))
"""The visitor of a visit: the id of an account, or below zero that of a face; NULL where nobody was recognised."""


@dataclass(frozen=True)
class Visitors:
    """Visits; the visitors among them, seen for the first time or before the period; visits of nobody known."""

    visits: int
    new: int
    returning: int
    anonymous: int

    @property
    def persons(self) -> int:
        return self.new + self.returning


@dataclass(frozen=True)
class DayVisitors:
    """A day: new is whose first visit it had, returning who had been there on an earlier day."""

    day: date
    visitors: Visitors


@dataclass(frozen=True)
class HourVisits:
    """Visits that began from `hour` o'clock on, over all days of the period."""

    hour: int
    visits: int


@dataclass(frozen=True)
class Regular:
    """A visitor of the period: how often they came, on how many days, when last, and with how many faces."""

    customer_id: int | None
    person_id: int | None
    """Only where the face is of no account."""
    name: str
    visits: int
    days: int
    faces: int
    last_at: datetime


@reads
def visitors(shop: Shop, period: Period) -> Visitors:
    """The whole period."""
    rows, seen = totals(shop, period), _first_seen(shop, period).values()
    return _visitors(
        visits=sum(row.visits for row in rows),
        anonymous=sum(row.anonymous for row in rows),
        persons=sum(row.persons for row in seen),
        new=sum(row.new for row in seen),
    )


@reads
def visitors_by_day(shop: Shop, period: Period) -> list[DayVisitors]:
    """A row for every day of the period; a visit counts on the day of its entry."""
    seen = _first_seen(shop, period)
    return [
        DayVisitors(
            row.day,
            _visitors(row.visits, row.anonymous, row.persons, new=seen.get(row.day, NONE_SEEN).new),
        )
        for row in totals(shop, period)
    ]


@reads
def visits_by_hour(shop: Shop, period: Period) -> list[HourVisits]:
    """24 rows, the first from midnight; a visit counts in the hour of its entry."""
    counts: Counter[int] = Counter()
    for row in by_slot(shop, period):
        counts[row.slot // 2] += row.visits
    return [HourVisits(hour, counts[hour]) for hour in range(24)]


@reads
def repeat_visitors(shop: Shop, period: Period) -> int:
    """How many visitors came on two days of the period or more."""
    return sum(row.repeat for row in _first_seen(shop, period).values())


def regulars(shop: Shop, period: Period, limit: int | None = None) -> list[Regular]:
    """Who came most often, first; three queries.

    Two who came together from one account came once, and so did one whom two cameras saw.
    """
    overlapping = Visit.objects.of(shop).filter(
        Q(entry_at__lt=OuterRef("entry_at")) | Q(entry_at=OuterRef("entry_at"), pk__lt=OuterRef("pk")),
        exit_at__gte=OuterRef("entry_at"),
    )
    counted = _by_visitor(shop, period).annotate(
        visits=Count("pk", filter=~_of_the_same(overlapping)),
        faces=Count("person", distinct=True),
        last_at=Max("entry_at"),
    )
    rows = list(counted.order_by("-visits", "-days", "-last_at", "who")[:limit])
    customers = Customer.objects.in_bulk([row["who"] for row in rows if row["who"] > 0])
    persons = Person.objects.in_bulk([-row["who"] for row in rows if row["who"] < 0])
    return [_regular(customers.get(row["who"]), persons.get(-row["who"]), row) for row in rows]


def write_csv(rows: Sequence[Regular], shop: Shop, file: Writable) -> None:
    """The visitors of a period as CSV, for a spreadsheet."""
    lines = csv.writer(file)
    lines.writerow([_("Visitor"), _("Visits"), _("Days"), _("Faces"), _("Last visit")])
    for row in rows:
        lines.writerow([as_text(row.name), row.visits, row.days, row.faces, day_of(shop, row.last_at)])


class _Seen(NamedTuple):
    """Visitors whose first day of a period it was: how many came on another one, how many never came before it."""

    persons: int
    repeat: int
    new: int


NONE_SEEN = _Seen(0, 0, 0)
_FIRST_SEEN = """
SELECT first, count(*), count(*) FILTER (WHERE days > 1), count(*) FILTER (WHERE NOT EXISTS (
    SELECT FROM analytics_visitorday earlier
    WHERE earlier.shop_id = %(shop)s AND earlier.who = seen.who AND earlier.day < %(first)s
)) FROM (
    SELECT who, min(day) AS first, count(*) AS days FROM analytics_visitorday
    WHERE shop_id = %(shop)s AND day BETWEEN %(first)s AND %(last)s GROUP BY who
) AS seen GROUP BY first
"""


@reads
def _first_seen(shop: Shop, period: Period) -> dict[date, _Seen]:
    """By the day of the period on which somebody came first."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_SEEN, {"shop": shop.pk, "first": period.first, "last": period.last})
        return {day: _Seen(*counts) for day, *counts in cursor.fetchall()}


def _visitors(visits: int, anonymous: int, persons: int, new: int) -> Visitors:
    return Visitors(visits, new, persons - new, anonymous)


def _regular(customer: Customer | None, person: Person | None, row: dict[str, Any]) -> Regular:
    counts = {name: row[name] for name in ("visits", "days", "faces", "last_at")}
    if customer:
        return Regular(customer.pk, None, customer.name, **counts)
    return Regular(None, -row["who"], str(person), **counts)


def _visits(shop: Shop, period: Period) -> VisitQuerySet:
    return Visit.objects.of(shop).during(period).by_customers().order_by()


def _of_the_same(visits: VisitQuerySet) -> Q:
    """Whether one of these visits is of the outer one's visitor."""
    by_face = visits.filter(person=OuterRef("person"))
    by_account = visits.filter(person__customer=OuterRef("person__customer"))
    return Exists(by_face) | Exists(by_account)


def _by_visitor(shop: Shop, period: Period) -> QuerySet[Any, Any]:
    """A row (`who`, `days`) for each visitor."""
    known: QuerySet[Any, Any] = _visits(shop, period).exclude(person=None).values(who=WHO)
    counted: QuerySet[Any, Any] = known.annotate(
        days=Count(TruncDate("entry_at", tzinfo=shop.tz), distinct=True)
    )
    return counted
