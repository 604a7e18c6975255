"""Days and periods on the shop's own clock. A period is half-open: start <= t < end."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from watershop.models import Shop

LONGEST_DAYS = 3 * 366
YEARS = range(2000, 2100)


@dataclass(frozen=True)
class Period:
    """The days from `first` to `last`, both included, in `zone`. Cut from them are the instants start and end."""

    first: date
    last: date
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"A period cannot end ({self.last}) before it starts ({self.first}).")

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first, time.min, self.zone)

    @property
    def end(self) -> datetime:
        return datetime.combine(self.last + timedelta(days=1), time.min, self.zone)

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    def before(self) -> "Period":
        """The period of the same length that ends the day before this one starts."""
        length = self.last - self.first
        last = self.first - timedelta(days=1)
        return Period(last - length, last, self.zone)


def day_of(shop: Shop, at: datetime) -> date:
    """The calendar day in the shop at that instant."""
    return at.astimezone(shop.tz).date()


def today(shop: Shop) -> Period:
    day = day_of(shop, timezone.now())
    return Period(day, day, shop.tz)


def yesterday(shop: Shop) -> Period:
    return today(shop).before()


def last_days(shop: Shop, count: int) -> Period:
    """Today and the days before it, `count` in all."""
    day = day_of(shop, timezone.now())
    return Period(day - timedelta(days=count - 1), day, shop.tz)


def this_month(shop: Shop) -> Period:
    day = day_of(shop, timezone.now())
    return Period(day.replace(day=1), day, shop.tz)


def last_month(shop: Shop) -> Period:
    last = this_month(shop).first - timedelta(days=1)
    return Period(last.replace(day=1), last, shop.tz)


def this_year(shop: Shop) -> Period:
    day = day_of(shop, timezone.now())
    return Period(day.replace(month=1, day=1), day, shop.tz)


def period_from(
    shop: Shop,
    first: str | None,
    last: str | None,
    *,
    default: Period,
    longest_days: int | None = LONGEST_DAYS,
) -> Period:
    """The period that a query string names (?from=2026-11-01&to=2026-11-30), else the default.

    Raises ValueError with a sentence for the reader when a day is unreadable, the order is wrong, or the period
    is longer than pages can draw; files may hold more.
    """
    start = _day_from(first) if first else default.first
    end = _day_from(last) if last else default.last
    if end < start:
        raise ValueError(_("The period ends before it starts. Choose another first or last day."))
    if longest_days and (end - start).days >= longest_days:
        raise ValueError(_("This period is too long. Choose three years at most."))
    return Period(start, end, shop.tz)


def _day_from(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.year not in YEARS:
        message = _("“%(text)s” is not a day of this century. Write it like 2026-11-30.")
        raise ValueError(message % {"text": text})
    return day
