"""Days, weeks and months: pure reckoning with days."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from analytics import grains
from analytics.grains import Grain
from watershop.dates import Period

INDIA = ZoneInfo("Asia/Kolkata")


def days(first: date, last: date) -> Period:
    return Period(first, last, INDIA)


MARCH = days(date(2026, 3, 1), date(2026, 3, 31))


def test_weeks_begin_on_monday_and_end_with_the_period() -> None:
    weeks = grains.stretches(days(date(2026, 3, 5), date(2026, 3, 17)), Grain.WEEK)
    assert [(week.first.day, week.last.day) for week in weeks] == [(5, 8), (9, 15), (16, 17)]


def test_months_are_named_and_days_have_a_number() -> None:
    months = grains.stretches(days(date(2026, 1, 20), date(2026, 3, 2)), Grain.MONTH)
    assert [str(month) for month in months] == ["Jan 2026", "Feb 2026", "Mar 2026"]
    assert str(grains.stretches(MARCH, Grain.DAY)[4]) == "5 Mar"


@pytest.mark.parametrize("grain", Grain)
def test_nothing_is_lost_when_days_become_weeks_or_months(grain: Grain) -> None:
    values = list(range(31))
    sums = grains.sums(values, MARCH, grain)
    assert sum(sums) == sum(values)
    assert len(sums) == len(grains.stretches(MARCH, grain))


def test_a_single_day_is_drawn_with_the_days_before_it() -> None:
    day = days(date(2026, 3, 10), date(2026, 3, 10))
    assert grains.trend(day, Grain.DAY).first == date(2026, 2, 25)
    assert grains.trend(day, Grain.WEEK).first.weekday() == 0
    assert grains.trend(day, Grain.MONTH).first == date(2025, 3, 1)
    assert grains.trend(MARCH, Grain.DAY) == MARCH


def test_long_periods_are_drawn_coarser_unless_the_reader_says_otherwise() -> None:
    assert grains.natural(MARCH) == Grain.DAY
    assert grains.natural(days(date(2026, 1, 1), date(2026, 12, 31))) == Grain.WEEK
    assert grains.natural(days(date(2024, 1, 1), date(2026, 12, 31))) == Grain.MONTH
    assert grains.grain_of("month", Grain.DAY) == Grain.MONTH
    assert grains.grain_of("decade", Grain.WEEK) == Grain.WEEK
