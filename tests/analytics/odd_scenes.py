"""A shop with ordinary weeks behind it, for the rules of what is odd."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from analytics.odd import RULES
from analytics.odd.base import Finding
from sales.ledger import record_sales
from sales.models import Drawer, DrawerCount, DrawerSession, Sale, Tender
from sales.new_sale import Line, NewSale
from tests.base import Cast
from tests.vision.scene import a_recording
from vision.models import Person, Recording, Visit
from watershop.audit import Actor
from watershop.dates import day_of
from watershop.models import Shop, User


def yesterday(shop: Shop) -> date:
    return day_of(shop, timezone.now()) - timedelta(days=1)


def at(shop: Shop, day: date, hour: float = 11) -> datetime:
    return datetime.combine(day, time.min, shop.tz) + timedelta(hours=hour)


def found(rule: str, shop: Shop, day: date | None = None) -> list[Finding]:
    return list(RULES[rule].find(shop, day or yesterday(shop)))


def sold(cast: Cast, times: Iterable[datetime], clerk: User | None = None, **fields: Any) -> list[Sale]:
    """One can for cash at each of these times, keyed by Ravi unless told otherwise."""
    plain: dict[str, Any] = {"lines": [Line(cast.can20, 1)], "tender": Tender.CASH, "moves_cans": False}
    news = [NewSale(sold_at=moment, **plain | fields) for moment in times]
    return record_sales(cast.shop, Actor(clerk or cast.ravi, "tests"), news)


def each_day(shop: Shop, count: int, *, days: int, until: date | None = None) -> list[datetime]:
    """So many times of each day, in the opening hours; the last day is yesterday."""
    last = until or yesterday(shop)
    return [
        at(shop, last - timedelta(days=back), 9 + 10 * number / count)
        for back in range(days - 1, -1, -1)
        for number in range(count)
    ]


def counted(
    cast: Cast, variances: Sequence[float], clerk: User | None = None, until: date | None = None
) -> None:
    """A drawer counted once a day by a clerk, the last time yesterday, with so many rupees too much."""
    drawer, _is_new = Drawer.objects.get_or_create(shop=cast.shop, name="Counter")
    last = until or yesterday(cast.shop)
    for back, variance in enumerate(reversed(variances)):
        morning = at(cast.shop, last - timedelta(days=back), 8)
        session = DrawerSession.objects.create(
            shop=cast.shop, drawer=drawer, opened_at=morning, opening_float=Decimal(500)
        )
        sums = {"expected": Decimal(3000), "counted": Decimal(3000) + Decimal(str(variance))}
        DrawerCount.objects.create(shop=cast.shop, drawer_session=session, tender=Tender.CASH, **sums)
        session.closed_at, session.closed_by = morning + timedelta(hours=12), clerk or cast.ravi
        session.save()


def filmed(shop: Shop, days: int, *, until: date | None = None, hours: float = 14) -> list[Recording]:
    """A recording of each day from seven o'clock on."""
    last = until or yesterday(shop)
    return [
        a_recording(shop, at(shop, last - timedelta(days=back), 7), duration_s=hours * 3600)
        for back in range(days - 1, -1, -1)
    ]


def came_at(
    recording: Recording, person: Person | None, times: Iterable[datetime], minutes: float = 4
) -> list[Visit]:
    """Visits around these times."""
    half = timedelta(minutes=minutes / 2)
    return Visit.objects.bulk_create(
        Visit(
            shop=recording.shop,
            recording=recording,
            person=person,
            entry_at=moment - half,
            exit_at=moment + half,
        )
        for moment in times
    )
