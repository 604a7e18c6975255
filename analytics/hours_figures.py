"""Charts of hours: who comes in which half-hour of the week, how many clerks that takes, when the shop was open."""

from collections.abc import Sequence
from datetime import date, datetime

from django.utils.dateformat import format as date_format
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from analytics.charts import HeatChart, LineChart, Series, SpanChart, clock
from analytics.opening_times import OpeningDay
from analytics.peaks import HalfHour, Week
from watershop.models import Shop


def slot_label(slot: int) -> str:
    """When a half-hour of the clock begins."""
    return clock(slot * 30)


def arrivals(week: Week) -> HeatChart:
    """The mean of each half-hour of each weekday; weekdays on which nothing ever happened are blank."""
    came = {(each.weekday, each.slot): round(each.came, 1) for each in week.half_hours}
    columns = [
        Series(slot_label(slot), [came.get((weekday, slot)) for weekday in WEEKDAYS]) for slot in week.slots
    ]
    labels = [str(name) for name in WEEKDAYS_ABBR.values()]
    return HeatChart("arrivals", _("Customers in half an hour"), labels, columns)


def clerks(row: Sequence[HalfHour]) -> LineChart:
    """Needed clerks beside those of now, on one weekday."""
    series = [
        Series(_("Needed"), [each.needed for each in row], 1),
        Series(_("Now"), [each.staff for each in row], 3, is_dashed=True),
    ]
    title = _("Clerks on %(day)s") % {"day": WEEKDAYS[row[0].weekday]}
    return LineChart("clerks", title, [slot_label(each.slot) for each in row], series)


def open_from_to(days: Sequence[OpeningDay], shop: Shop) -> SpanChart:
    """Opening and closing of each day beside the posted hours; what nobody knows is a gap."""
    series = [
        Series(_("Opened"), [_minutes(day.opened[1] if day.opened else None, day.day, shop) for day in days]),
        Series(_("Closed"), [_minutes(day.closed[1] if day.closed else None, day.day, shop) for day in days]),
    ]
    labels = [date_format(day.day, "j M") for day in days]
    return SpanChart("opening-times", _("Open from and to"), labels, series, references=_posted(days, shop))


def _posted(days: Sequence[OpeningDay], shop: Shop) -> list[tuple[str, int]]:
    """The hours of the shop as they are now hold for all days."""
    hours = days[0].posted
    if hours is None:
        return []
    ends = ((_("Opens"), hours.opens_at), (_("Closes"), hours.closes_at))
    return [(name, _minutes(at, days[0].day, shop) or 0) for name, at in ends]


def _minutes(at: datetime | None, day: date, shop: Shop) -> int | None:
    """Since midnight of that day, on the shop's clock."""
    if at is None:
        return None
    local = at.astimezone(shop.tz)
    return (local.date() - day).days * 24 * 60 + local.hour * 60 + local.minute
