"""How many full cans to order, and until when: the forecast's high end against what stands in the shop."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import ceil

import numpy as np
from django.utils import timezone

from analytics.forecast import Forecast
from analytics.forecast_methods import Values
from analytics.models import NumbersSettings
from analytics.outlook import Outlook, Profile
from sales import stock
from sales.models import CanType
from watershop.models import Shop

ROUND_TO = 5


@dataclass(frozen=True)
class Advice:
    """What to order of one size. Nothing where nobody ever counted the full cans, or the books have less than none.

    `needed` is what hardly more is sold of from now until the end of the day `until`. `runs_out_at` is when the full
    cans then end: None if not within the outlook.
    """

    can_type: CanType
    full: int
    was_counted: bool
    needed: int
    until: date
    order: int
    runs_out_at: datetime | None
    is_late: bool
    """They may have run out already."""


def advice(shop: Shop, outlook: Outlook, profile: Profile, now: datetime | None = None) -> list[Advice]:
    """For each size that is foretold: enough for the rest of today and the days that the owner wants to be covered."""
    now = (now or timezone.now()).astimezone(shop.tz)
    ahead = min(NumbersSettings.of(shop).cover_days, len(outlook.days) - 1)
    stands = {stand.can_type.code: stand for stand in stock.stands(shop)}
    counted = stock.counted_sizes(shop)
    found = []
    for line in outlook.sizes:
        if line.forecast:
            stand, demand = stands[line.code], _demand(line.forecast, outlook.days, profile, now)
            was_counted = stand.can_type.pk in counted
            needed, ends = ceil(demand.sums[ahead]), demand.runs_out_at(max(stand.full, 0))
            lacking = max(needed - stand.full, 0) if was_counted and stand.full >= 0 else 0
            order = ceil(lacking / ROUND_TO) * ROUND_TO
            found.append(
                Advice(
                    *(stand.can_type, stand.full, was_counted, needed, outlook.days[ahead], order, ends),
                    is_late=ends is not None and ends <= now,
                )
            )
    return found


@dataclass(frozen=True)
class _Demand:
    """What the cans sold from now until the end of each day hardly exceed; each day's shares by the hour to come."""

    now: datetime
    sums: Values
    hours: Sequence[Values]

    def runs_out_at(self, full: int) -> datetime | None:
        """The hour in which one can more than these is sold, or None."""
        if not (self.sums > full).any():
            return None
        day = int(np.argmax(self.sums > full))
        before = self.sums[day - 1] if day else 0.0
        share, hours = (full - before) / (self.sums[day] - before), np.cumsum(self.hours[day])
        hour = int(np.argmax(hours > share * hours[-1]))
        midnight = datetime.combine(self.now.date() + timedelta(days=day), time.min, self.now.tzinfo)
        return max(self.now, midnight + timedelta(hours=hour))


def _demand(forecast: Forecast, days: Sequence[date], profile: Profile, now: datetime) -> _Demand:
    hours = [profile.cans[day.weekday()].copy() for day in days]
    hours[0][: now.hour] = 0
    rest = hours[0].sum()
    sums = np.array(forecast.sums_high) - forecast.days[0].point * (1 - rest)
    sums[0] = forecast.sums_high[0] * rest
    return _Demand(now, np.maximum.accumulate(sums), hours)
