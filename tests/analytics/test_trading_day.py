"""A trading day begins while the shop is closed: an evening past midnight belongs to the day before."""

from datetime import UTC, date, datetime, time

import pytest

from analytics.trading_day import begins_at, day_and_slot, first_slot, open_slots, posted
from watershop.models import Shop

SUNDAY = date(2026, 3, 29)
"""On which Berlin's clocks go from two to three."""


def a_shop(opens: str, closes: str, zone: str = "Asia/Kolkata") -> Shop:
    return Shop(zone=zone, opens_at=time.fromisoformat(opens), closes_at=time.fromisoformat(closes))


@pytest.mark.parametrize(
    ("opens", "closes", "begins"),
    [
        ("08:00", "20:00", "02:00"),
        ("10:00", "02:00", "06:00"),
        ("08:00", "00:00", "04:00"),
        ("08:30", "00:30", "04:30"),
        ("00:00", "20:00", "00:00"),  # not in the evening before: that is still its last day
        ("08:00", "08:00", "00:00"),
    ],
)
def test_it_begins_in_the_middle_of_the_closed_hours(opens: str, closes: str, begins: str) -> None:
    begun = begins_at(a_shop(opens, closes), SUNDAY)
    assert (begun.date(), begun.strftime("%H:%M")) == (SUNDAY, begins)


def test_half_past_midnight_is_still_the_evening_before() -> None:
    late, never_shut = a_shop("16:00", "01:00"), a_shop("06:00", "06:00")
    at = datetime(2026, 3, 10, 19, 0, tzinfo=UTC)  # 0:30 on the eleventh in India
    assert day_and_slot(late, at) == (date(2026, 3, 10), 1)
    assert day_and_slot(never_shut, at) == (date(2026, 3, 11), 1)
    assert day_and_slot(late, datetime(2026, 3, 10, 3, 0, tzinfo=UTC)) == (date(2026, 3, 10), 17)


def test_the_half_hours_stand_in_the_order_of_the_evening() -> None:
    assert open_slots(a_shop("22:15", "00:45")) == [44, 45, 46, 47, 0, 1]
    assert open_slots(a_shop("08:00", "20:00")) == list(range(16, 40))
    assert open_slots(a_shop("06:00", "06:00")) == list(range(48))
    assert first_slot(a_shop("22:15", "00:45")) == 23


def test_the_posted_hours_end_past_midnight_and_a_shop_that_never_closes_has_none() -> None:
    hours = posted(a_shop("16:00", "01:00"), SUNDAY)
    assert hours and hours.closes_at.isoformat() == "2026-03-30T01:00:00+05:30"
    assert posted(a_shop("09:00", "09:00"), SUNDAY) is None


def test_a_night_in_which_the_clocks_change_is_an_hour_shorter() -> None:
    berlin = a_shop("10:00", "04:00", "Europe/Berlin")
    hours = posted(berlin, date(2026, 3, 28))
    assert hours and (hours.closes_at.astimezone(UTC) - hours.opens_at.astimezone(UTC)).seconds == 17 * 3600
    after, before = datetime(2026, 3, 29, 2, tzinfo=UTC), datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert day_and_slot(berlin, after) == (date(2026, 3, 28), 8), "four o'clock, and the evening goes on"
    assert day_and_slot(berlin, before) == (date(2026, 3, 28), 3)
