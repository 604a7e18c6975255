"""Who came: visits, and the different visitors behind them; function(shop, period) -> frozen dataclasses.

A visitor is an account where the face is a customer's, else a face: two faces of one household are one visitor. New is
who was never seen before, as far as faces are remembered (`vision/_window.html` says how long). Staff whom the cameras
see are no visitors, nor is a poster; visits in which nobody was recognised count apart.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import BigIntegerField, Count, Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.expressions import ExpressionWrapper
from django.db.models.functions import Coalesce, ExtractHour, TruncDate, TruncDay
from django.utils.translation import gettext as _

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


def visitors(shop: Shop, period: Period) -> Visitors:
    """The whole period; one query."""
    earlier = Visit.objects.of(shop).filter(entry_at__lt=period.start)
    counts = _visits(shop, period).alias(was_here=_of_the_same(earlier)).aggregate(**_COUNTS)
    return _visitors(**counts)


def visitors_by_day(shop: Shop, period: Period) -> list[DayVisitors]:
    """A row for every day of the period; a visit counts on the day of its entry. One query."""
    earlier = Visit.objects.of(shop).filter(entry_at__lt=OuterRef("midnight"))
    visits = _visits(shop, period).alias(midnight=TruncDay("entry_at", tzinfo=shop.tz))
    days: QuerySet[Any, Any] = visits.alias(was_here=_of_the_same(earlier)).values(
        day=TruncDate("entry_at", tzinfo=shop.tz)
    )
    counts = {row.pop("day"): _visitors(**row) for row in days.annotate(**_COUNTS)}
    return [DayVisitors(day, counts.get(day, NOBODY)) for day in period.days]


def visits_by_hour(shop: Shop, period: Period) -> list[HourVisits]:
    """24 rows, the first from midnight; a visit counts in the hour of its entry. One query."""
    rows = _visits(shop, period).annotate(hour=ExtractHour("entry_at", tzinfo=shop.tz)).values_list("hour")
    counts = dict(rows.annotate(visits=Count("pk")))
    return [HourVisits(hour, counts.get(hour, 0)) for hour in range(24)]


def repeat_visitors(shop: Shop, period: Period) -> int:
    """How many visitors came on two days of the period or more; one query."""
    return _by_visitor(shop, period).filter(days__gte=2).count()


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


NOBODY = Visitors(0, 0, 0, 0)
_COUNTS = {
    "visits": Count("pk"),
    "persons": Count(WHO, distinct=True),
    "returning": Count(WHO, distinct=True, filter=Q(was_here=True)),
    "anonymous": Count("pk", filter=Q(person=None)),
}


def _visitors(*, visits: int, persons: int, returning: int, anonymous: int) -> Visitors:
    return Visitors(visits, persons - returning, returning, anonymous)


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
