"""The days of a page: presets, own days, and what else stands in the address."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from tests.base import Cast
from watershop.dates import Period, last_month, this_year, today, yesterday
from watershop.models import User

ClientOf = Callable[[User], Client]


@pytest.fixture
def page(cast: Cast, client_of: ClientOf) -> str:
    answer = client_of(cast.lakshmi).get("/s/water/dashboard/?from=2026-03-09&to=2026-03-11&grain=week")
    return unescape(answer.content.decode())


def test_one_press_chooses_today_yesterday_weeks_months_or_the_year(page: str, cast: Cast) -> None:
    bar = page[page.index('aria-label="Period"') : page.index("Own days")]
    assert re.findall(r">([^<>]+)</a>", bar) == [
        *("Today", "Yesterday", "7 days", "30 days", "This month", "Last month", "This year")
    ]
    day = today(cast.shop).first
    assert f"?from={day - timedelta(days=1)}&to={day - timedelta(days=1)}" in bar
    assert f"?from={day.replace(month=1, day=1)}&to={day}" in bar


def test_own_days_are_chosen_by_a_form_that_shows_those_of_the_page(page: str) -> None:
    assert '<input id="from" type="date" name="from" value="2026-03-09" required>' in page
    assert '<input id="to" type="date" name="to" value="2026-03-11" required>' in page


def test_the_last_month_is_whole_and_the_year_ends_today(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 3, 10, 12, tzinfo=cast.shop.tz))
    zone = cast.shop.tz
    assert yesterday(cast.shop) == Period(date(2026, 3, 9), date(2026, 3, 9), zone)
    assert last_month(cast.shop) == Period(date(2026, 2, 1), date(2026, 2, 28), zone)
    assert this_year(cast.shop) == Period(date(2026, 1, 1), date(2026, 3, 10), zone)
