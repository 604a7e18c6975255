"""When the shop opened and closed on each day, by three clocks, and how far that is from its posted hours.

The face of somebody who works here decides; where no camera saw one, the first and last visit; where no camera
watched, the first and last sale. A sale before the opening, or after the closing, that is found so moves it there:
goods were handed over then, and staff come and go past a camera unseen.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from django.db import models
from django.db.models import ExpressionWrapper, Max, Min, QuerySet, Value
from django.db.models.functions import Cast, TruncSecond
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics import queries
from analytics.models import DailyTotals, FestivalDay
from analytics.trading_day import RECENT, Posted, begins_at, first_slot, posted, weekdays_of_rest
from sales.account_statement import Writable, as_text
from sales.models import Sale
from vision.models import Visit
from watershop.dates import Period
from watershop.models import Shop

TOLERANCE_MIN = 10
"""Within so many minutes of its posted hours a shop is on time."""


class Clock(models.TextChoices):
    """What says when the shop opened and closed, in the order in which they are asked."""

    STAFF = "staff", gettext_lazy("face of staff")
    VISIT = "visit", gettext_lazy("visit")
    SALE = "sale", gettext_lazy("sale")


@dataclass(frozen=True)
class Span:
    """The first and the last moment at which one clock says that the shop was open."""

    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class OpeningDay:
    """One trading day as it stood at `now`. `posted` is None for a shop that never closes.

    `closed_for` names the festival for which the owner said that the shop is shut; without any clock it was shut for
    another reason, or camera and till were off: nobody knows.
    """

    day: date
    posted: Posted | None
    clocks: Mapping[Clock, Span]
    closed_for: str
    is_over: bool
    now: datetime

    @property
    def opened(self) -> tuple[Clock, datetime] | None:
        """By which clock it opened, and when."""
        moments = ((clock, span.first_at) for clock, span in self._deciding())
        return min(moments, key=lambda moment: moment[1], default=None)

    @property
    def closed(self) -> tuple[Clock, datetime] | None:
        """By which clock it closed, and when; None while the day goes on."""
        moments = ((clock, span.last_at) for clock, span in self._deciding() if self.is_over)
        return max(moments, key=lambda moment: moment[1], default=None)

    @property
    def is_sure(self) -> bool:
        """Whether staff were seen: by visits and sales alone it was open by then, and until then at least."""
        return Clock.STAFF in self.clocks

    @property
    def late_min(self) -> int | None:
        """Minutes after the posted hour, below zero before it; so far, where it has not opened yet.

        None where there is nothing to say: no posted hours, a day that is shut, no clock, or not yet the hour.
        """
        if self.posted is None or self.closed_for:
            return None
        if self.opened:
            return _minutes(self.opened[1] - self.posted.opens_at)
        so_far = _minutes(self.now - self.posted.opens_at)
        return so_far if so_far > 0 and not self.is_over else None

    @property
    def early_min(self) -> int | None:
        """Minutes before the posted hour at which it closed, below zero after it. None as for `late_min`."""
        if self.posted is None or self.closed_for or self.closed is None:
            return None
        return _minutes(self.posted.closes_at - self.closed[1])

    def _deciding(self) -> list[tuple[Clock, Span]]:
        """The first clock that there is, and the sales."""
        found = [(clock, self.clocks[clock]) for clock in Clock if clock in self.clocks]
        return [*found[:1], *(each for each in found[1:] if each[0] == Clock.SALE)]


def opening_times(shop: Shop, period: Period) -> list[OpeningDay]:
    """Every day of the period in its order; three queries, and three more where something happened past midnight."""
    now = timezone.now()
    closed = FestivalDay.objects.filter(shop=shop, is_closed=True, day__range=(period.first, period.last))
    names = dict(closed.values_list("day", "name"))
    clocks = _clocks(shop, period)
    return [
        OpeningDay(
            day=day,
            posted=posted(shop, day),
            clocks=clocks.get(day, {}),
            closed_for=names.get(day, ""),
            is_over=now >= begins_at(shop, day + timedelta(days=1)),
            now=now,
        )
        for day in period.days
    ]


def opening_of(shop: Shop, day: date) -> OpeningDay:
    """One trading day, for the alerts."""
    (found,) = opening_times(shop, Period(day, day, shop.tz))
    return found


def rests_on(shop: Shop, day: date) -> bool:
    """Whether that day is a weekday on which the shop did not open in the eight weeks before; three queries or six."""
    before = opening_times(shop, Period(day - RECENT, day - timedelta(days=1), shop.tz))
    idle = {one.day for one in before if not one.clocks}
    return day.weekday() in weekdays_of_rest([one.day for one in before], idle)


def in_words(days: Sequence[OpeningDay]) -> str:
    """How often the shop opened late or closed early, and whether that is sure."""
    known = [day for day in days if day.opened and day.posted and not day.closed_for]
    if not known:
        return _("No clock says when the shop was open: it was shut, or camera and till were off.")
    late = [minutes for day in known if (minutes := day.late_min or 0) > 0]
    early = [minutes for day in known if (minutes := day.early_min or 0) > 0]
    counts = ngettext(
        "%(days)s day is known: opened late %(late)s; closed early %(early)s.",
        "%(days)s days are known: opened late %(late)s; closed early %(early)s.",
        len(known),
    ) % {"days": len(known), "late": _how_often(late), "early": _how_often(early)}
    if all(day.is_sure for day in known):
        return counts
    bounds = _("Where no face of staff was seen, it may have been open for longer.")
    return f"{counts} {bounds}"


def _how_often(minutes: Sequence[int]) -> str:
    """How many, and by how many minutes in the middle."""
    if not minutes:
        return _("never")
    return ngettext("once, by %(minutes)s min", "%(count)s times, by %(minutes)s min", len(minutes)) % {
        "count": len(minutes),
        "minutes": round(median(minutes)),
    }


def write_csv(days: Iterable[OpeningDay], shop: Shop, file: Writable) -> None:
    """The days as CSV, on the shop's clock."""
    lines = csv.writer(file)
    ends = [f"{clock.label}: {end}" for clock in Clock for end in (_("first"), _("last"))]
    lines.writerow(
        [
            *(_("Day"), _("Posted opening"), _("Opened"), _("By"), _("Minutes late")),
            *(_("Posted closing"), _("Closed"), _("By"), _("Minutes early"), *ends, _("Shut for")),
        ]
    )
    for day in days:
        hours = (day.posted.opens_at, day.posted.closes_at) if day.posted else (None, None)
        spans = [day.clocks.get(clock) for clock in Clock]
        lines.writerow(
            [
                *(day.day, _clock(hours[0], shop), *_cells(day.opened, shop), day.late_min),
                *(_clock(hours[1], shop), *_cells(day.closed, shop), day.early_min),
                *(
                    _clock(at, shop)
                    for span in spans
                    for at in ((span.first_at, span.last_at) if span else (None, None))
                ),
                as_text(day.closed_for),
            ]
        )


def _cells(moment: tuple[Clock, datetime] | None, shop: Shop) -> tuple[str, str]:
    return (_clock(moment[1], shop), str(moment[0].label)) if moment else ("", "")


def _clock(at: datetime | None, shop: Shop) -> str:
    return at.astimezone(shop.tz).strftime("%H:%M") if at else ""


def _minutes(late: timedelta) -> int:
    """Whole minutes, and none within the tolerance."""
    minutes = int(late.total_seconds() / 60)
    return minutes if abs(minutes) > TOLERANCE_MIN else 0


def _clocks(shop: Shop, period: Period) -> dict[date, dict[Clock, Span]]:
    """From the totals of each day; from the rows where an evening went on past midnight, for totals end there."""
    totals = queries.totals(shop, Period(period.first, period.last + timedelta(days=1), period.zone))
    days = {row.day: _spans(row) for row in totals}
    if any(span.first_at < begins_at(shop, day) for day, spans in days.items() for span in spans.values()):
        return _clocks_of_rows(shop, period)
    return days


def _spans(row: DailyTotals) -> dict[Clock, Span]:
    ends = {
        Clock.STAFF: (row.first_staff_at, row.last_staff_at),
        Clock.VISIT: (row.first_visit_at, row.last_visit_at),
        Clock.SALE: (row.first_sale_at, row.last_sale_at),
    }
    return {clock: Span(first, last) for clock, (first, last) in ends.items() if first and last}


def _clocks_of_rows(shop: Shop, period: Period) -> dict[date, dict[Clock, Span]]:
    visits = Visit.objects.of(shop)
    rows: dict[Clock, tuple[QuerySet[Any], str, str]] = {
        Clock.STAFF: (visits.filter(person__is_shop_staff=True), "entry_at", "exit_at"),
        Clock.VISIT: (visits.by_customers(), "entry_at", "exit_at"),
        Clock.SALE: (Sale.objects.of(shop).standing(), "sold_at", "sold_at"),
    }
    start, end = begins_at(shop, period.first), begins_at(shop, period.last + timedelta(days=1))
    days: dict[date, dict[Clock, Span]] = defaultdict(dict)
    for clock, (found, first, last) in rows.items():
        during = found.filter(**{f"{first}__gte": start, f"{first}__lt": end}).order_by()
        by_day: QuerySet[Any, Any] = during.values(day=_trading_day(shop, first))
        for row in by_day.annotate(first=Min(first), last=Max(last)):
            days[row["day"]][clock] = Span(row["first"], row["last"])
    return days


def _trading_day(shop: Shop, column: str) -> Cast:
    """Cut on the shop's clock, not in hours gone by: a day on which clocks change has one more or less."""
    on_the_clock = TruncSecond(column, tzinfo=shop.tz) - Value(timedelta(minutes=30 * first_slot(shop)))
    return Cast(ExpressionWrapper(on_the_clock, output_field=models.DateTimeField()), models.DateField())
