"""How the shop stands in one line: what was sold, and whether that is more or less than usual."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics import queries
from analytics.queries import Sold
from watershop.dates import Period, day_of
from watershop.models import Shop
from watershop.templatetags.money import grouped, rupees

WEEK = timedelta(days=7)
NOTABLE = 5  # per cent of change that colours the line


@dataclass(frozen=True)
class Headline:
    """The line, and its tone: "good", "warn" or empty."""

    text: str
    tone: str


def headline(shop: Shop, period: Period, sold: Sold, now: datetime) -> Headline:
    """A day is compared with the same weekday last week, a longer period with the one before; one query.

    Of a period that is not over yet, the same part of the earlier one counts.
    """
    back = WEEK if period.first == period.last else timedelta(days=len(period.days))
    earlier = queries.sold_between(shop, period.start - back, min(now, period.end) - back)
    if not earlier.revenue:
        return Headline(_told(shop, period, sold, now), "")
    change = round(100 * (sold.revenue - earlier.revenue) / earlier.revenue)
    tone = "good" if change >= NOTABLE else "warn" if change <= -NOTABLE else ""
    return Headline(f"{_told(shop, period, sold, now)} {_compared(shop, period, change, now)}", tone)


def _told(shop: Shop, period: Period, sold: Sold, now: datetime) -> str:
    cans = ngettext("%(count)s can", "%(count)s cans", sold.cans) % {"count": grouped(sold.cans)}
    words = {"cans": cans, "revenue": rupees(sold.revenue)}
    if _is_today(shop, period, now):
        if not sold.sales:
            return _("Nothing sold yet today.")
        return _("Today so far: %(cans)s, %(revenue)s sold.") % words
    days = {"first": date_format(period.first, "j M Y"), "last": date_format(period.last, "j M Y")}
    if period.first == period.last:
        return _("%(first)s: %(cans)s, %(revenue)s sold.") % (words | days)
    return _("%(first)s to %(last)s: %(cans)s, %(revenue)s sold.") % (words | days)


def _compared(shop: Shop, period: Period, change: int, now: datetime) -> str:
    words = {"percent": abs(change), "weekday": date_format(period.first, "l"), "days": len(period.days)}
    if _is_today(shop, period, now):
        more = _("That is %(percent)s%% more than by this time last %(weekday)s.")
        less = _("That is %(percent)s%% less than by this time last %(weekday)s.")
        same = _("That is as much as by this time last %(weekday)s.")
    elif period.first == period.last:
        more = _("That is %(percent)s%% more than on the %(weekday)s before.")
        less = _("That is %(percent)s%% less than on the %(weekday)s before.")
        same = _("That is as much as on the %(weekday)s before.")
    else:
        more = _("That is %(percent)s%% more than in the %(days)s days before.")
        less = _("That is %(percent)s%% less than in the %(days)s days before.")
        same = _("That is as much as in the %(days)s days before.")
    return (more if change > 0 else less if change < 0 else same) % words


def _is_today(shop: Shop, period: Period, now: datetime) -> bool:
    return period.first == period.last == day_of(shop, now)
