"""Days, weeks or months: how fine a chart over time is. A week begins on Monday."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django.db import models
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext_lazy as _

from analytics.periods import Choice, query_of
from watershop.dates import Period
from watershop.roles import ShopRequest


class Grain(models.TextChoices):
    """What one point of a chart over time stands for."""

    DAY = "day", _("Days")
    WEEK = "week", _("Weeks")
    MONTH = "month", _("Months")


TREND_DAYS = {Grain.DAY: 14, Grain.WEEK: 12 * 7, Grain.MONTH: 365}
"""A chart over time goes back so far at least: a point alone is no line."""


@dataclass(frozen=True)
class Stretch:
    """Neighbouring days that one point stands for: a week or a month, or what the period holds of it."""

    first: date
    last: date
    grain: Grain

    def __str__(self) -> str:
        return date_format(self.first, "M Y" if self.grain == Grain.MONTH else "j M")


def grain_of(asked: str | None, default: Grain = Grain.DAY) -> Grain:
    """The grain that an address names, else the default."""
    return Grain(asked) if asked in Grain.values else default


def natural(period: Period) -> Grain:
    """What a period is shown in unless the reader says otherwise: no chart has more than about fifty points."""
    days = len(period.days)
    return Grain.DAY if days <= 62 else Grain.WEEK if days <= 366 else Grain.MONTH


def trend(period: Period, grain: Grain) -> Period:
    """The period, or more days before it where it is too short for a line; it begins with a whole week or month."""
    first = min(period.first, period.last - timedelta(days=TREND_DAYS[grain] - 1))
    if first < period.first:
        first = _beginning(first, grain)
    return Period(first, period.last, period.zone)


def stretches(period: Period, grain: Grain) -> list[Stretch]:
    """The points of a chart over this period, in order."""
    groups = [list(days) for _key, days in groupby(period.days, lambda day: _beginning(day, grain))]
    return [Stretch(days[0], days[-1], grain) for days in groups]


def sums(values: Iterable[Any], period: Period, grain: Grain) -> list[Any]:
    """The sums of each point's days; `values` are those of the period's days, in order."""
    rows = zip(period.days, values, strict=True)
    return [
        sum(value for _day, value in days)
        for _key, days in groupby(rows, lambda row: _beginning(row[0], grain))
    ]


def _beginning(day: date, grain: Grain) -> date:
    match grain:
        case Grain.WEEK:
            return day - timedelta(days=day.weekday())
        case Grain.MONTH:
            return day.replace(day=1)
    return day


def choices_of_grain(request: ShopRequest, period: Period, grain: Grain) -> list[Choice]:
    """The same days by days, weeks or months: what one press chooses."""
    return [
        Choice(str(each.label), f"{request.path}?{query_of(period, grain=each.value)}", each == grain)
        for each in Grain
    ]
