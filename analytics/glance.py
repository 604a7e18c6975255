"""How the shop stands at one glance: the sentence and the tiles, which the dashboard renews while somebody looks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db.models import F, Value
from django.db.models.functions import Coalesce

from analytics import queries
from analytics.comparing import Compared, compare, needed
from analytics.grains import Grain, trend
from analytics.headline import Headline, debtors_seen, headline
from analytics.models import DailyTotals
from analytics.queries import Summary
from analytics.tiles import Tile, against, tiles
from analytics.visitors import visitors
from vision.models import Camera, VisionSettings
from watershop.dates import Period
from watershop.models import Shop

REMEMBERED_DAYS: int = VisionSettings._meta.get_field("unnamed_days").default
STALE_AFTER = timedelta(minutes=15)
"""So long the comparison with "by this time" stands without anything else being new."""


@dataclass(frozen=True)
class Signs:
    """What the cameras and their queues say of today, beside the numbers."""

    cameras: Sequence[Camera]
    offline: Sequence[Camera]
    debtors: int
    remembered_days: int
    """So long a face without a name is remembered."""


@dataclass(frozen=True)
class Glance:
    headline: Headline
    tiles: Sequence[Tile]
    against: str
    compared: Compared
    numbers: Summary


def days_wanted(period: Period, grain: Grain) -> Period:
    """The days of the comparison and of the charts over time: their totals are read once."""
    first = min(needed(period).first, trend(period, grain).first)
    return Period(first, period.last, period.zone)


def signs(shop: Shop, period: Period, now: datetime) -> Signs:
    """One query. Of a period that today is no part of, nothing is said but which cameras there are."""
    is_now = period.start <= now < period.end
    came = debtors_seen(shop, period) if is_now and period.first == period.last else Value(0)
    kept = Coalesce(F("shop__vision_settings__unnamed_days"), REMEMBERED_DAYS)
    found = Camera.objects.filter(shop=shop).annotate(remembered_days=kept, debtors=came)
    cameras: list[Any] = list(found)
    offline = [camera for camera in cameras if is_now and camera.is_offline(now)]
    if not cameras:
        return Signs([], [], 0, REMEMBERED_DAYS)
    return Signs(cameras, offline, cameras[0].debtors, cameras[0].remembered_days)


def glance(shop: Shop, period: Period, rows: Sequence[DailyTotals], signs: Signs, now: datetime) -> Glance:
    """`rows` are the totals of the days that `comparing.needed` names, or more."""
    days = [row for row in rows if period.first <= row.day <= period.last]
    came, out = visitors(shop, period), queries.cans_out(shop, period.end)
    numbers = queries.summed(days, came, out)
    compared = compare(shop, period, rows, numbers.cans_out, now)
    return Glance(
        headline(compared, signs.debtors, signs.offline),
        tiles(numbers, compared),
        against(compared),
        compared,
        numbers,
    )


def mark(rows: Iterable[DailyTotals], period: Period, signs: Signs, waiting: int, now: datetime) -> str:
    """Changes with what a glance at these days would say. `rows` are their totals, or those of more days; `waiting`
    is how many days are not counted yet."""
    days = [
        (row.sales, row.cans, row.revenue, row.paid, *_moved(row)) for row in rows if row.day >= period.first
    ]
    seen = (days, signs.debtors, [camera.pk for camera in signs.offline], waiting)
    turn = now.timestamp() // STALE_AFTER.total_seconds()
    return sha256(repr((seen, turn)).encode()).hexdigest()[:16]


def _moved(row: DailyTotals) -> tuple[object, ...]:
    return row.taken_cash, row.taken_upi, row.taken_coin, row.cans_moved, row.visits, row.anonymous
