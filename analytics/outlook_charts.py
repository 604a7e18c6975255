"""The outlook as a page shows it: a line with its band for each series, a table of the days, the hours of one day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil, floor

from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from analytics.charts import BarChart, LineChart, Series
from analytics.forecast import Day, Forecast
from analytics.forecast_methods import FLOOR
from analytics.models import FestivalDay
from analytics.outlook import Line, Outlook, Profile

SHOWN_BEFORE = 14
METHODS = {
    "seasonal_naive": gettext_lazy("as on the same weekday last week"),
    "damped_ets": gettext_lazy(
        "each weekday's level, the newest weeks counting most, and where it is heading"
    ),
    "weekday_median": gettext_lazy(
        "the middle of each weekday's last eight weeks, at the level of the last two"
    ),
}


@dataclass(frozen=True)
class Told:
    """A series with its chart and how it was reckoned; or with the reason why it was not."""

    title: str
    unit: str
    refusal: str
    chart: LineChart | None = None
    method: str = ""
    is_floor: bool = True
    off_by: int = 0
    floor_off_by: int = 0
    mase: float = 0.0
    floor_mase: float = 0.0
    last: tuple[int, int] | None = None
    """Yesterday, foretold and come."""


@dataclass(frozen=True)
class Cell:
    """A day to come in whole cans or visits, under the title of its series."""

    title: str
    point: int
    low: int
    high: int


@dataclass(frozen=True)
class Row:
    """A day to come with a cell for each series that is foretold."""

    day: date
    cells: Sequence[Cell]
    festival: FestivalDay | None
    is_closed: bool


def told(outlook: Outlook) -> list[Told]:
    """Every series, visits last."""
    sizes = [_told(outlook, line, line.code, _("cans")) for line in outlook.sizes]
    return [*sizes, _told(outlook, outlook.visits, _("Visits"), _("visits"))]


def _told(outlook: Outlook, line: Line, title: str, unit: str) -> Told:
    if line.forecast is None:
        return Told(title, unit, line.refusal)
    found = line.forecast
    chosen, least = found.scores[found.method], found.scores[FLOOR]
    return Told(
        title,
        unit,
        "",
        chart=_chart(outlook, line, found, title, unit),
        method=str(METHODS[found.method]),
        is_floor=found.method == FLOOR,
        off_by=round(chosen.mae),
        floor_off_by=round(least.mae),
        mase=chosen.mase,
        floor_mase=least.mase,
        last=found.last and (round(found.last[0]), round(found.last[1])),
    )


def _chart(outlook: Outlook, line: Line, found: Forecast, title: str, unit: str) -> LineChart:
    """Two weeks that were, and those to come with their range."""
    days = [*outlook.past_days[-SHOWN_BEFORE:], *outlook.days]
    was, cells = [None] * SHOWN_BEFORE, [_cell(title, day) for day in found.days]
    past = [*line.past[-SHOWN_BEFORE:], *[None] * len(cells)]
    return LineChart(
        f"forecast-{line.code or 'visits'}",
        title,
        [date_format(day, "j M") for day in days],
        [
            Series(_("Sold") if line.code else pgettext("visits of past days", "Seen"), past, 1),
            Series(_("Forecast"), [*was, *(cell.point for cell in cells)], 4, is_dashed=True),
        ],
        unit,
        band=([*was, *(cell.low for cell in cells)], [*was, *(cell.high for cell in cells)]),
    )


def _cell(title: str, day: Day) -> Cell:
    """Rounded outwards, so that what lies inside stays inside."""
    return Cell(title, round(day.point), floor(day.low), ceil(day.high))


def table(outlook: Outlook) -> list[Row]:
    """A row for each day to come, with what is foretold of it."""
    lines = [(line.code or _("Visits"), line.forecast) for line in (*outlook.sizes, outlook.visits)]
    return [
        Row(
            day,
            [_cell(title, forecast.days[ahead]) for title, forecast in lines if forecast],
            outlook.festivals.get(day),
            day in outlook.closed,
        )
        for ahead, day in enumerate(outlook.days)
    ]


def by_hour(outlook: Outlook, profile: Profile, day: date) -> BarChart:
    """Cans and visits that one day to come may bring, hour by hour."""
    ahead, weekday = outlook.days.index(day), day.weekday()
    cans = sum(line.forecast.days[ahead].point for line in outlook.sizes if line.forecast)
    visits = outlook.visits.forecast.days[ahead].point if outlook.visits.forecast else 0.0
    columns = [
        Series(_("Cans"), (cans * profile.cans[weekday]).round(1).tolist(), 1),
        Series(_("Visits"), (visits * profile.visits[weekday]).round(1).tolist(), 3),
    ]
    hours = [hour for hour in range(24) if any(column.values[hour] for column in columns)]
    return BarChart(
        "forecast-hours",
        _("By the hour: %(day)s") % {"day": date_format(day, "l j F")},
        [f"{hour}:00" for hour in hours],
        [
            Series(each.name, [each.values[hour] for hour in hours], each.tone)
            for each in columns
            if any(each.values)
        ],
    )
