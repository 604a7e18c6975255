"""When people come, how long they wait at the counter, and how many clerks it takes: each half-hour of the usual week.

Arrivals and service times are counted (`arrivals`); waits and walk-aways are reckoned from them (`staffing`). What
people decided on the cards "visit without a sale" stands beside what is reckoned.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db import transaction
from django.utils import timezone

from analytics import arrivals
from analytics.arrivals import Cards, Service, Source, Weekday, Worth
from analytics.models import NumbersSettings
from analytics.staffing import Counter
from analytics.trading_day import SLOTS, day_and_slot, first_slot, open_slots
from sales.models import ZERO
from watershop import audit
from watershop.audit import Actor
from watershop.dates import Period
from watershop.models import Shop

SLOT_S = 1800
IN_TIME = 0.9
"""So many of all customers should wait no longer than the owner says."""
SPELL = 4
"""Peak and idle hours are two hours long: a single half-hour of a few weeks is chance."""


@dataclass(frozen=True)
class Usual:
    """What holds for each half-hour of the week: the counter as the owner has it, and what a customer is worth."""

    settings: NumbersSettings
    service: Service
    worth: Worth


@dataclass(frozen=True)
class HalfHour:
    """A half-hour of a weekday (0 is Monday): `came` customers in the mean of its days, and what follows from it."""

    weekday: int
    slot: int
    days: int
    came: float
    source: Source
    cards: Cards
    usual: Usual

    @property
    def staff(self) -> int:
        """The clerks of now."""
        return self.usual.settings.staff_now

    @cached_property
    def counter(self) -> Counter:
        return Counter(self.came / SLOT_S, self.usual.service.seconds)

    @cached_property
    def needed(self) -> int | None:
        """The fewest clerks with whom nine of ten wait no longer than they should; None where no number will do."""
        return self.counter.staff_for(self.usual.settings.wait_s, IN_TIME)

    @property
    def keeps_up(self) -> bool:
        """Whether the clerks of now ever come to the end of the queue."""
        return self.counter.keeps_up(self.staff)

    @property
    def wait_s(self) -> float:
        """The mean wait with the clerks of now; infinite where they do not keep up."""
        return self.counter.mean_wait_s(self.staff)

    @property
    def nine_of_ten_s(self) -> float:
        """The wait that nine of ten customers do not exceed with the clerks of now; infinite as well."""
        return self.counter.wait_s_of(IN_TIME, self.staff)

    @cached_property
    def walk_aways(self) -> float:
        """Customers who leave unserved, with the clerks of now."""
        return self._walk_aways(self.staff)

    @cached_property
    def lost(self) -> Decimal:
        """Rupees of sales that leave with them."""
        return self._worth(self.walk_aways)

    @property
    def extra(self) -> int:
        """Clerks to add; below zero to spare."""
        return (self.needed or self.staff) - self.staff

    @property
    def extra_wage(self) -> Decimal:
        """Rupees that the clerks to add cost."""
        return max(self.extra, 0) * self.usual.settings.wage / 2

    @cached_property
    def kept(self) -> Decimal:
        """Rupees of sales that they would keep."""
        if self.extra <= 0:
            return ZERO
        return self.lost - self._worth(self._walk_aways(self.staff + self.extra))

    @property
    def is_cheaper_to_wait(self) -> bool:
        """Whether the clerks to add cost more than they keep."""
        return self.extra > 0 and self.extra_wage > self.kept

    def _walk_aways(self, staff: int) -> float:
        return self.came * self.counter.leaving_share(staff, self.usual.settings.patience_s)

    def _worth(self, walk_aways: float) -> Decimal:
        """As many of them would have bought as do of all who come; a sale that was counted instead was one."""
        worth = self.usual.worth
        buyers = walk_aways * (worth.buying_share if self.source == Source.VISITS else 1.0)
        return (Decimal(buyers) * worth.mean_sale).quantize(Decimal("0.01"))


@dataclass(frozen=True)
class Spell:
    """Some half-hours of a weekday, one after the other, and how many came in each in the mean."""

    weekday: int
    slots: Sequence[int]
    came: float


@dataclass(frozen=True)
class Week:
    """The usual week: half-hours by weekday, in the order of `slots`, the half-hours of the clock that are shown."""

    slots: Sequence[int]
    open_slots: Sequence[int]
    weekdays: Mapping[int, Sequence[HalfHour]]
    usual: Usual

    @property
    def half_hours(self) -> list[HalfHour]:
        return [each for row in self.weekdays.values() for each in row]

    @property
    def busiest(self) -> Spell | None:
        return max(self._spells(self.slots), key=lambda spell: spell.came, default=None)

    @property
    def quietest(self) -> Spell | None:
        """While the shop is open by its own hours."""
        return min(self._spells(self.open_slots), key=lambda spell: spell.came, default=None)

    @property
    def walk_aways(self) -> float:
        """On all counted days together, as it is reckoned."""
        return sum(each.walk_aways * each.days for each in self.half_hours)

    @property
    def lost(self) -> Decimal:
        """Rupees, on all counted days together."""
        return sum((each.lost * each.days for each in self.half_hours), ZERO)

    @property
    def cards(self) -> Cards:
        """Of all counted days together."""
        cards = [each.cards for each in self.half_hours]
        return Cards(sum(each.left for each in cards), sum(each.undecided for each in cards))

    def _spells(self, slots: Sequence[int]) -> Iterator[Spell]:
        length = min(SPELL, len(slots))
        for weekday, row in self.weekdays.items():
            came = {each.slot: each.came for each in row}
            for start in range(len(slots) - length + 1):
                part = slots[start : start + length]
                yield Spell(weekday, part, sum(came[slot] for slot in part) / length)


def last_weeks(shop: Shop, weeks: int) -> Period:
    """So many whole weeks, up to yesterday: today is not over."""
    today, _slot = day_and_slot(shop, timezone.now())
    return Period(today - timedelta(days=7 * weeks), today - timedelta(days=1), shop.tz)


def week(shop: Shop, period: Period) -> Week:
    """The usual week of these days; seven queries."""
    settings = NumbersSettings.of(shop)
    weekdays, worth = arrivals.counted(shop, period)
    usual = Usual(settings, arrivals.service(shop, period, settings.service_s), worth)
    cards = arrivals.cards(shop, weekdays, period)
    slots = _shown_slots(shop, weekdays)
    rows = {
        number: [_half_hour(number, slot, weekday, cards, usual) for slot in slots]
        for number, weekday in weekdays.items()
    }
    return Week(slots, open_slots(shop), rows, usual)


@transaction.atomic
def change_settings(shop: Shop, *, actor: Actor, **fields: Any) -> NumbersSettings:
    """Change what the owner says of the shop. Raises ValidationError."""
    settings, _is_new = NumbersSettings.objects.get_or_create(shop=shop)
    return audit.change(settings, actor, "change_numbers_settings", fields)


def _half_hour(
    number: int, slot: int, weekday: Weekday, cards: Mapping[tuple[int, int], Cards], usual: Usual
) -> HalfHour:
    days = len(weekday.days)
    came = weekday.came.get(slot, 0) / days
    return HalfHour(number, slot, days, came, weekday.source, cards.get((number, slot), Cards()), usual)


def _shown_slots(shop: Shop, weekdays: Mapping[int, Weekday]) -> list[int]:
    """The opening hours, and those outside in which somebody came all the same, in the order of a trading day."""
    first = first_slot(shop)
    came = {slot for weekday in weekdays.values() for slot, count in weekday.came.items() if count}
    places = [(slot - first) % SLOTS for slot in {*open_slots(shop), *came}]
    return [(place + first) % SLOTS for place in range(min(places), max(places) + 1)]
