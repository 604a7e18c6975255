"""Days, hours and the mix of tenders that are unlike others are found, ordinary ones are not."""

import random
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from analytics.models import DailyTotals, FestivalDay, RollUp, SlotTotals
from analytics.odd import RULES
from analytics.odd.base import Names
from tests.analytics.odd_scenes import filmed, found, yesterday
from tests.base import Cast, make_cast
from watershop.models import Shop

DAYS = 91
OPEN = range(18, 38)  # the half-hours from nine to seven
RULES_OF_DAYS = ("day", "hour", "tender_mix")


def counted_days(shop: Shop, *, visits: int = 0) -> None:
    """The roll-up of thirteen ordinary weeks: some 60 sales a day, 84 at weekends, half of them in cash."""
    RollUp.objects.create(shop=shop, zone=shop.zone)
    chance, slots, totals = random.Random(7), [], []
    for day in [yesterday(shop) - timedelta(days=back) for back in range(DAYS)]:
        mean = 4.2 if day.weekday() >= 5 else 3
        of_day = [SlotTotals(shop=shop, day=day, slot=slot, sales=_some(chance, mean)) for slot in OPEN]
        sales = sum(slot.sales for slot in of_day)
        totals.append(
            DailyTotals(shop=shop, day=day, sales=sales, revenue=Decimal(27 * sales), visits=_some(chance, visits),
            stated_cash=round(sales * chance.gauss(0.5, 0.03)))
        )  # fmt: skip
        slots += of_day
    DailyTotals.objects.bulk_create(totals)
    SlotTotals.objects.bulk_create(slots)


def _some(chance: random.Random, mean: float) -> int:
    return max(0, round(chance.gauss(mean, mean**0.5)))


@pytest.fixture
def shop(cast: Cast) -> Shop:
    counted_days(cast.shop)
    return cast.shop


def changed(shop: Shop, share: float) -> None:
    """Yesterday as if only this share of its sales had been made."""
    day = DailyTotals.objects.get(shop=shop, day=yesterday(shop))
    day.sales, day.revenue = round(day.sales * share), round(day.revenue * Decimal(str(share)))
    day.save()
    slots = list(SlotTotals.objects.filter(shop=shop, day=day.day))
    for slot in slots:
        slot.sales = round(slot.sales * share)
    SlotTotals.objects.bulk_update(slots, ["sales"])


def test_ordinary_days_are_no_finding(shop: Shop) -> None:
    for back in range(7):
        day = yesterday(shop) - timedelta(days=back)
        assert [found(rule, shop, day) for rule in RULES_OF_DAYS] == [[], [], []], day


def test_a_day_with_half_the_sales_is_found_once_and_not_by_its_hours(shop: Shop) -> None:
    changed(shop, 0.5)
    (one,) = found("day", shop)
    assert one.facts["value"] < one.facts["low"] < one.facts["usual"]
    assert {one.facts["measure"], *one.facts["also"]} == {"sales", "revenue"}
    assert "usual on this weekday" in RULES["day"].sentence(one.facts, Names())
    assert found("hour", shop) == []


def test_a_day_without_any_sale_is_found(shop: Shop) -> None:
    changed(shop, 0)
    (one,) = found("day", shop)
    assert one.facts["value"] == 0


def test_a_festival_is_neither_judged_nor_compared_with(shop: Shop) -> None:
    changed(shop, 0.3)
    FestivalDay.objects.create(shop=shop, day=yesterday(shop), name="Holi", is_closed=False)
    assert (found("day", shop), found("hour", shop)) == ([], [])


def test_an_hour_that_stood_still_is_found(shop: Shop) -> None:
    SlotTotals.objects.filter(shop=shop, day=yesterday(shop), slot__in=(24, 25)).update(sales=24)
    (one,) = found("hour", shop)
    assert (one.facts["measure"], one.facts["hour"], one.facts["value"]) == ("sales", 12, 48)
    assert "Sales from 12:00 on: 48;" in RULES["hour"].sentence(one.facts, Names())


def test_visits_are_judged_only_where_the_cameras_ran(cast: Cast) -> None:
    counted_days(cast.shop, visits=80)
    DailyTotals.objects.filter(shop=cast.shop, day=yesterday(cast.shop)).update(visits=20)
    assert found("day", cast.shop) == [], "no camera ran at all"
    *_before, last = filmed(cast.shop, DAYS)
    (one,) = found("day", cast.shop)
    assert (one.facts["measure"], one.facts["value"]) == ("visits", 20)
    last.duration_s = 3600
    last.save()
    assert found("day", cast.shop) == [], "on that day it stood still"


def test_a_week_in_which_cash_goes_missing_is_found_on_its_sunday(shop: Shop) -> None:
    last = yesterday(shop)
    sunday = last - timedelta(days=(last.weekday() + 1) % 7)
    for day in DailyTotals.objects.filter(shop=shop, day__gt=sunday - timedelta(days=7), day__lte=sunday):
        day.stated_cash = round(day.sales * 0.25)
        day.save()
    (one,) = found("tender_mix", shop, sunday)
    assert 20 < one.facts["value"] < 30 < one.facts["low"]
    assert found("tender_mix", shop, sunday - timedelta(days=1)) == []


def test_the_neighbours_days_are_their_own(shop: Shop) -> None:
    other = make_cast("other").shop
    counted_days(other)
    changed(other, 0.5)
    assert found("day", shop) == [] and found("day", other)


def test_a_shop_without_a_past_is_silent(
    cast: Cast, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    with django_assert_max_num_queries(25):
        assert [found(rule, cast.shop) for rule in RULES_OF_DAYS] == [[], [], []]
