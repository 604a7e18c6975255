"""The roll-up equals the rows, whatever changed, in whatever order, and however late it was committed."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from analytics import queries, rollup
from analytics.models import DailyTotals, SizeTotals, SlotTotals, VisitorDay
from sales.models import Tender
from tests.analytics.by_hand import Day, days_of
from tests.analytics.test_queries import PERIOD, trade, watch
from tests.base import Cast, make_cast
from watershop.models import Shop

pytestmark = pytest.mark.django_db


def stored(shop: Shop) -> dict[date, dict[str, Any]]:
    """What the roll-up holds of each day on which anything happened."""
    empty = as_stored(Day())
    days = {row.day: vars_of(row) for row in DailyTotals.objects.filter(shop=shop)}
    for slot in SlotTotals.objects.filter(shop=shop):
        days[slot.day]["slots"][slot.slot] = [slot.sales, slot.cans, slot.revenue, slot.visits]
    for size in SizeTotals.objects.filter(shop=shop).select_related("can_type"):
        days[size.day]["sizes"][size.can_type.code] = [size.cans, size.revenue]
    for visitor in VisitorDay.objects.filter(shop=shop):
        days[visitor.day]["visitors"][visitor.who] = visitor.visits
    return {day: row for day, row in days.items() if row != empty}


def vars_of(row: DailyTotals) -> dict[str, Any]:
    left_out = ("id", "shop", "day")
    fields = {f.name: getattr(row, f.name) for f in row._meta.concrete_fields if f.name not in left_out}
    return fields | {"slots": {}, "sizes": {}, "visitors": {}}


def as_stored(day: Day) -> dict[str, Any]:
    """A day counted by hand, in the words of the roll-up."""
    row = {"sales": day.sales, "cans": day.cans, "revenue": day.revenue, "paid": day.paid}
    row |= {"unpaid_sales": day.unpaid_sales, "cans_moved": day.cans_moved, "visits": day.visits}
    row |= {"anonymous": day.anonymous, "persons": len(day.visitors)}
    for tender in Tender:
        row |= {f"stated_{tender}": day.stated[tender], f"taken_{tender}": day.taken.get(tender, Decimal(0))}
    for name, moments in (("sale", day.sold_at), ("visit", day.seen_at), ("staff", day.staff_at)):
        row |= {f"first_{name}_at": min(moments, default=None), f"last_{name}_at": max(moments, default=None)}
    return row | {"slots": dict(day.slots), "sizes": dict(day.sizes), "visitors": dict(day.visitors)}


def equals_rows(shop: Shop) -> bool:
    by_hand = {day: as_stored(row) for day, row in days_of(shop).items()}
    assert stored(shop) == {day: row for day, row in by_hand.items() if row != as_stored(Day())}
    return True


def test_what_was_counted_is_what_the_rows_say(cast: Cast) -> None:
    neighbour = make_cast("next-door")
    for number, place in enumerate((cast, neighbour)):
        trade(place, number, 20)
        watch(place, number)
        rollup.refresh(place.shop)
    assert equals_rows(cast.shop) and equals_rows(neighbour.shop)


def test_totals_have_a_row_for_every_day_and_slots_for_what_happened(cast: Cast) -> None:
    trade(cast, 1, 20)
    watch(cast, 1)
    by_hand = days_of(cast.shop)
    days = queries.totals(cast.shop, PERIOD)
    assert [row.day for row in days] == PERIOD.days
    assert [(row.sales, row.revenue, row.visits) for row in days] == [
        (by_hand[day].sales, by_hand[day].revenue, by_hand[day].visits) for day in PERIOD.days
    ]
    slots = queries.by_slot(cast.shop, PERIOD)
    assert [(row.day, row.slot, Decimal(row.sales), Decimal(row.visits)) for row in slots] == [
        (day, slot, sales, visits)
        for day in PERIOD.days
        for slot, (sales, _cans, _revenue, visits) in sorted(by_hand[day].slots.items())
    ]
