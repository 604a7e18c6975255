"""What the shop may expect: cans of each size and visits, today and the days after, and by the hour.

The last year's days are foretold by `forecast` each time a page asks, which takes less than to keep them right would.
Today is not over, so it is the first of the days to come.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

import numpy as np
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _

from analytics import queries
from analytics.forecast import Forecast, Reason, TooLittleError, forecast
from analytics.forecast_methods import WEEK, Values
from analytics.models import DailyTotals, FestivalDay, SlotTotals
from analytics.trading_day import RECENT, weekdays_of_rest
from sales.models import CanType
from watershop.dates import Period, day_of
from watershop.models import Shop

HORIZON = 14
HISTORY = timedelta(days=364)
USUALLY_BUSY = 5
"""Where so many sales are usual, a day with none was no slow day: the shop was closed."""
AS_MANY = 50
"""The hours of all weekdays together weigh like so many cans or visits of the weekday itself."""


@dataclass(frozen=True)
class Line:
    """The series of a size (`code`) or of visits (""). `past` ends yesterday; `refusal` is why there is no forecast."""

    code: str
    past: Sequence[int]
    forecast: Forecast | None
    refusal: str = ""


@dataclass(frozen=True)
class Outlook:
    """`days` begin today. `sizes` are those on sale, the largest first.

    `festivals` and `closed` days are those of the past, too; on a closed one to come nothing is expected.
    """

    past_days: Sequence[date]
    days: Sequence[date]
    sizes: Sequence[Line]
    visits: Line
    festivals: Mapping[date, FestivalDay]
    closed: frozenset[date]


@dataclass(frozen=True)
class _Setting:
    """What all series of the shop share: the days, and those of them that are not like others."""

    past: Sequence[date]
    days: Sequence[date]
    festivals: Mapping[date, FestivalDay]
    closed: frozenset[date]


def outlook(shop: Shop, horizon: int = HORIZON, now: datetime | None = None) -> Outlook:
    """The next days, today first; a handful of queries, however long the shop's past is."""
    today = day_of(shop, now or timezone.now())
    past = Period(today - HISTORY, today - timedelta(days=1), shop.tz)
    totals = queries.totals(shop, past)
    setting = _setting(shop, totals, Period(today, today + timedelta(days=horizon - 1), shop.tz).days)
    cans = {size.code: size.cans for size in queries.cans_by_day(shop, past)}
    on_sale = CanType.objects.of(shop).on_sale().values_list("code", flat=True)
    # A day on which nobody was seen is one on which no camera looked.
    visits = np.array([row.visits or np.nan for row in totals])
    return Outlook(
        past_days=setting.past,
        days=setting.days,
        sizes=[_line(setting, code, np.array(cans.get(code, [0] * len(totals)), float)) for code in on_sale],
        visits=_line(setting, "", visits),
        festivals=setting.festivals,
        closed=setting.closed,
    )


def _setting(shop: Shop, totals: Sequence[DailyTotals], days: Sequence[date]) -> _Setting:
    past = [row.day for row in totals]
    festivals = {
        row.day: row for row in FestivalDay.objects.filter(shop=shop, day__range=(past[0], days[-1]))
    }
    idle = {row.day for row in totals if not row.sales and not row.visits}
    resting = weekdays_of_rest(past, idle)
    is_busy = median([row.sales for row in totals if row.day not in idle] or [0]) >= USUALLY_BUSY
    closed = {day for day in days if day.weekday() in resting}
    closed |= {day for day in idle if is_busy or day.weekday() in resting}
    closed |= {day for day, row in festivals.items() if row.is_closed}
    return _Setting(past, days, festivals, frozenset(closed))


def _line(setting: _Setting, code: str, values: Values) -> Line:
    past = np.nan_to_num(values).astype(int).tolist()
    first, shut = setting.past[0], [day in setting.closed for day in setting.past]
    try:
        found = forecast(
            np.where(shut, np.nan, values),
            len(setting.days),
            festivals={(day - first).days: row.name for day, row in setting.festivals.items()},
            closed={(day - first).days for day in setting.days if day in setting.closed},
        )
    except TooLittleError as refusal:
        return Line(code, past, None, _in_words(refusal, setting.days[0], is_visits=not code))
    return Line(code, past, found)


def _in_words(refusal: TooLittleError, today: date, *, is_visits: bool) -> str:
    """Why nothing is foretold, for the owner."""
    begins = today + timedelta(days=refusal.of - refusal.days)
    words = {
        "days": refusal.days,
        "of": refusal.of,
        "weeks": refusal.of // WEEK,
        "begins": date_format(begins, "j M"),
    }
    match refusal.reason:
        case Reason.SPARSE if is_visits:
            text = _("Visits were seen on %(days)s of %(of)s days: too few to go by.")
        case Reason.SPARSE:
            text = _("Sold on %(days)s of %(of)s days: too few to go by.")
        case Reason.SILENT if is_visits:
            text = _("No visit was seen in the last %(weeks)s weeks. Do the cameras run?")
        case Reason.SILENT:
            text = _("Nothing sold in the last %(weeks)s weeks.")
        case Reason.SHORT if refusal.days:
            text = _(
                "It takes %(weeks)s weeks to learn from, and %(days)s days are there. Come back on %(begins)s."
            )
        case _ if is_visits:
            text = _("No visit was seen yet. It takes %(weeks)s weeks to learn from.")
        case _:
            text = _("Nothing sold yet. It takes %(weeks)s weeks to learn from.")
    return text % words


@dataclass(frozen=True)
class Profile:
    """The share that each hour has of a day's cans and visits: rows are weekdays (0 is Monday), columns 24 hours."""

    cans: Values
    visits: Values


def profile(shop: Shop, now: datetime | None = None) -> Profile:
    """How the days of the last eight weeks went by the hour. One query."""
    today = day_of(shop, now or timezone.now())
    slots = queries.by_slot(shop, Period(today - RECENT, today - timedelta(days=1), shop.tz))
    return Profile(_shares(slots, [row.cans for row in slots]), _shares(slots, [row.visits for row in slots]))


def _shares(slots: Sequence[SlotTotals], counts: Sequence[int]) -> Values:
    """A weekday of which little is known goes like all days together. All zero where nothing happened at all."""
    by_hour = np.zeros((WEEK, 24))
    for row, count in zip(slots, counts, strict=True):
        by_hour[row.day.weekday(), row.slot // 2] += count
    usual = by_hour.sum(axis=0) / max(by_hour.sum(), 1)
    shares: Values = (by_hour + AS_MANY * usual) / (by_hour.sum(axis=1, keepdims=True) + AS_MANY)
    return shares
