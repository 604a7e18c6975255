"""A shop's trading day: it begins and ends while the shop is closed, not in the middle of an evening past midnight."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from watershop.models import Shop

SLOTS = 48
RECENT = timedelta(weeks=8)
RESTS = 0.75
"""A weekday on which nothing happened in so much of the last eight weeks is one of rest."""


@dataclass(frozen=True)
class Posted:
    """When the shop says that it opens and closes on a trading day; the latter may be past midnight."""

    opens_at: datetime
    closes_at: datetime


def first_slot(shop: Shop) -> int:
    """The half-hour of the clock with which a trading day begins: the middle of the hours in which it is closed.

    A shop that never closes has none; its days begin at midnight.
    """
    opens, closes = _minutes(shop.opens_at), _minutes(shop.closes_at)
    if opens == closes:
        return 0
    middle = closes + (opens - closes) % (24 * 60) // 2
    begins = middle // 30 % SLOTS
    return begins if begins * 30 <= opens else 0


def day_and_slot(shop: Shop, at: datetime) -> tuple[date, int]:
    """The trading day of that instant, and the half-hour of the clock (0 to 47) in which it lies."""
    local = at.astimezone(shop.tz)
    slot = _minutes(local.time()) // 30
    return day_of_slot(local.date(), slot, first_slot(shop)), slot


def day_of_slot(day: date, slot: int, first: int) -> date:
    """The trading day to which a half-hour of a calendar day belongs; trading days begin with slot `first`."""
    return day - timedelta(days=1) if slot < first else day


def begins_at(shop: Shop, day: date) -> datetime:
    """The instant at which a trading day begins, and the one before it ends."""
    return datetime.combine(day, time(*divmod(first_slot(shop) * 30, 60)), shop.tz)


def posted(shop: Shop, day: date) -> Posted | None:
    """The shop's hours on that trading day; None for a shop that never closes."""
    if shop.opens_at == shop.closes_at:
        return None
    closes_on = day + timedelta(days=shop.closes_at < shop.opens_at)
    return Posted(
        datetime.combine(day, shop.opens_at, shop.tz), datetime.combine(closes_on, shop.closes_at, shop.tz)
    )


def open_slots(shop: Shop) -> list[int]:
    """The half-hours of a trading day in which the shop is open, in their order; all of them if it never closes."""
    opens, closes = _minutes(shop.opens_at), _minutes(shop.closes_at)
    if opens >= closes:
        closes += 24 * 60
    first = first_slot(shop)
    return sorted(
        {slot % SLOTS for slot in range(opens // 30, -(-closes // 30))}, key=lambda n: (n - first) % SLOTS
    )


def weekdays_of_rest(past: Sequence[date], idle: Collection[date]) -> set[int]:
    """The weekdays (0 is Monday) on which the shop does not open, as the last eight weeks of `past` show them.

    None where they would be all: then nothing is known of the shop.
    """
    recent = past[-RECENT.days :]
    idle_recently = [day.weekday() for day in recent if day in idle]
    resting = {weekday for weekday in range(7) if idle_recently.count(weekday) >= RESTS * len(recent) / 7}
    return resting if len(resting) < 7 else set()


def _minutes(clock: time) -> int:
    return clock.hour * 60 + clock.minute
