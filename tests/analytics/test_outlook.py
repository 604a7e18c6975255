"""What the shop may expect and should order, on the page and behind it."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from analytics import festivals
from analytics.models import NumbersSettings
from analytics.outlook import Outlook, outlook, profile
from analytics.refill import Advice, advice
from sales import stock
from sales.ledger import record_sales
from sales.models import StockMove, Tender
from sales.new_sale import Line, NewSale
from tests.base import TESTS, Cast, make_cast
from tests.vision.scene import a_recording
from vision.models import Visit
from watershop.models import User

ClientOf = Callable[[User], Client]
INDIA = ZoneInfo("Asia/Kolkata")
NOW = datetime(2026, 11, 23, 10, tzinfo=INDIA)  # a Monday
TODAY = NOW.date()
PAGE = "/s/water/forecast/"
WEEK = (8, 8, 9, 9, 10, 14, 13)
"""Cans of a day, by the weekday."""


@pytest.fixture(autouse=True)
def _monday_morning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def sold(
    cast: Cast, days: int = 63, cans: Callable[[date], int] = lambda day: WEEK[day.weekday()], times: int = 1
) -> None:
    """So many 20 L cans on each day until yesterday, in so many sales at ten o'clock."""
    dates = [TODAY - timedelta(days=back) for back in range(days, 0, -1)]
    record_sales(
        cast.shop,
        TESTS,
        [
            NewSale(
                [Line(cast.can20, cans(day))],
                Tender.CASH,
                sold_at=datetime(day.year, day.month, day.day, 10, number, tzinfo=INDIA),
            )
            for day in dates
            if cans(day)
            for number in range(times)
        ],
    )


def seen(cast: Cast, days: Iterable[int]) -> None:
    """Two visits at nine o'clock on each of these days before today."""
    film = a_recording(cast.shop, NOW)
    entries = [NOW - timedelta(days=back, minutes=minute) for back in days for minute in (50, 59)]
    Visit.objects.bulk_create(
        Visit(shop=cast.shop, recording=film, entry_at=at, exit_at=at + timedelta(minutes=3))
        for at in entries
    )


def points(found: Outlook) -> list[float]:
    line = found.sizes[0]
    assert line.code == "20L" and line.forecast, line.refusal
    return [day.point for day in line.forecast.days]


def test_the_days_begin_today_which_is_not_over_and_so_teaches_nothing(cast: Cast) -> None:
    sold(cast)
    neighbour = make_cast("milk")
    sold(neighbour, 10, lambda day: 99)
    record_sales(cast.shop, TESTS, [NewSale([Line(cast.can20, 50)], Tender.CASH, sold_at=NOW)])
    found = outlook(cast.shop)
    assert (found.days[0], len(found.days)) == (TODAY, 14)
    assert points(found) == [*WEEK, *WEEK]
    assert found.sizes[1].code == "10L" and found.sizes[1].forecast is None
    assert outlook(neighbour.shop).sizes[0].forecast is None


def test_visits_are_foretold_and_days_on_which_no_camera_looked_are_unknown(cast: Cast) -> None:
    seen(cast, [*range(1, 30), *range(34, 66)])
    visits = outlook(cast.shop).visits.forecast
    assert visits and [day.point for day in visits.days] == [2.0] * 14
    hours = profile(cast.shop).visits
    assert hours.sum(axis=1) == pytest.approx([1.0] * 7) and hours[0][9] == hours[0].max() > 0.6


@pytest.mark.parametrize(
    ("days", "says"),
    [
        (range(1, 31), "30 days are there. Come back on 19 Dec."),
        (range(1, 120, 3), "Sold on 40 of 118 days"),
        (range(20, 90), "Nothing sold in the last 2 weeks."),
        ((), "Nothing sold yet."),
    ],
)
def test_too_little_is_refused_in_words(
    cast: Cast, client_of: ClientOf, days: Iterable[int], says: str
) -> None:
    dates = {TODAY - timedelta(days=back) for back in days}
    sold(cast, 120, lambda day: day in dates)
    assert says in outlook(cast.shop).sizes[0].refusal
    page = client_of(cast.meena).get(PAGE).content.decode()
    assert says in page and "No visit was seen yet." in page and '<svg class="chart-svg' not in page


def test_a_weekday_of_rest_a_closed_festival_and_a_day_off_are_no_slow_days(cast: Cast) -> None:
    day_off = TODAY - timedelta(days=9)
    sold(cast, 63, lambda day: 0 if day.weekday() == 6 or day == day_off else 1, times=6)
    festivals.save(cast.shop, day=date(2026, 11, 25), name="Strike", is_closed=True, actor=TESTS)
    assert points(outlook(cast.shop)) == [6, 6, 0, 6, 6, 6, 0, 6, 6, 6, 6, 6, 6, 0]


def test_a_festival_goes_like_the_ones_before(cast: Cast) -> None:
    feasts = {date(2026, 10, 20), date(2026, 11, 8), date(2026, 11, 27)}
    sold(cast, 84, lambda day: WEEK[day.weekday()] * (1 + (day in feasts)))
    for day in feasts:
        festivals.save(cast.shop, day=day, name="Diwali", is_closed=False, actor=TESTS)
    found = outlook(cast.shop)
    assert points(found) == [*WEEK[:4], 2 * WEEK[4], *WEEK[5:], *WEEK]
    assert found.festivals[date(2026, 11, 27)].name == "Diwali"


def order(cast: Cast) -> Advice:
    return advice(cast.shop, outlook(cast.shop), profile(cast.shop))[0]


def test_the_order_is_what_may_be_sold_until_the_days_are_covered_less_what_is_there(cast: Cast) -> None:
    sold(cast, 63, lambda day: 10)
    assert not order(cast).was_counted and order(cast).order == 0
    full = {(cast.can20, StockMove.State.FULL.value): 12}
    stock.count(cast.shop, counted=full, reason="first count", actor=TESTS)
    found = order(cast)
    assert (found.full, found.needed, found.order) == (12, 30, 20), "to the next five"
    assert (found.until, found.runs_out_at) == (date(2026, 11, 25), NOW + timedelta(days=1))
    NumbersSettings.objects.create(shop=cast.shop, cover_days=6)
    assert order(cast).needed == 70
    stock.deliver(cast.shop, full={cast.can20: 68}, sent={}, note="", actor=TESTS)
    assert (order(cast).order, order(cast).runs_out_at) == (0, NOW + timedelta(days=8))
    stock.deliver(cast.shop, full={cast.can20: 100}, sent={}, note="", actor=TESTS)
    assert order(cast).runs_out_at is None


def test_the_page_shows_lines_with_a_band_the_method_the_order_and_one_days_hours(
    cast: Cast, client_of: ClientOf, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    sold(cast, 63, lambda day: WEEK[day.weekday()] + day.day % 3)
    client = client_of(cast.meena)
    page = client.get(PAGE).content.decode()
    assert "chart-svg__band" in page and "Usually off by" in page and "Yesterday:" in page
    assert "The full cans were never counted." in page and "/s/water/festivals/" in page
    assert "Tuesday 24 November" in page, "tomorrow's hours unless another day is asked for"
    assert "Sunday 29 November" in client.get(f"{PAGE}?day=2026-11-29").content.decode()
    assert client.get(f"{PAGE}?day=nonsense").status_code == 200
    with django_assert_max_num_queries(22):
        client.get(PAGE)


def test_who_may_not_see_totals_and_who_is_of_another_shop_sees_no_forecast(
    cast: Cast, client_of: ClientOf
) -> None:
    assert client_of(cast.ravi).get(PAGE).status_code == 403
    assert client_of(make_cast("milk").lakshmi).get(PAGE).status_code == 404
