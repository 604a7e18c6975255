"""The dashboard: one sentence, numbers that lead to their rows, charts, and what it says when there is nothing."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from analytics.figures import FIGURES
from analytics.headline import headline
from analytics.queries import summary
from sales.models import Tender
from tests.base import Cast, sell
from vision.models import Camera, Person, Recording, Visit
from watershop import accounts
from watershop.audit import Actor
from watershop.dates import Period, last_days, today
from watershop.models import Right, Role, User

ClientOf = Callable[[User], Client]
INDIA = ZoneInfo("Asia/Kolkata")
NOON = datetime(2026, 3, 10, 12, tzinfo=INDIA)
THAT_DAY = Period(NOON.date(), NOON.date(), INDIA)
WEEK = timedelta(days=7)
DASHBOARD = "/s/water/dashboard/"
MARCH_10 = "from=2026-03-10&to=2026-03-10"


@pytest.fixture
def owner(cast: Cast, client_of: ClientOf) -> Client:
    return client_of(cast.lakshmi)


def see(client: Client, query: str = "") -> str:
    return unescape(client.get(f"{DASHBOARD}?{query}").content.decode())


def tile(page: str, label: str) -> str:
    """The value of the stat tile with that label."""
    found = re.search(rf"{label}</span>\s*<span class=\"stat__value\">([^<]*)<", page)
    return found[1] if found else ""


def told(cast: Cast, period: Period = THAT_DAY, now: datetime = NOON) -> tuple[str, str]:
    line = headline(cast.shop, period, summary(cast.shop, period).sold, now)
    return line.text, line.tone


def visit(cast: Cast, at: datetime) -> None:
    camera = Camera.objects.create(shop=cast.shop, name="Door")
    recording = Recording.objects.create(shop=cast.shop, camera=camera, sha256="0", started_at=at)
    person = Person.objects.create(shop=cast.shop, code="P_0001")
    Visit.objects.create(shop=cast.shop, recording=recording, person=person, entry_at=at, exit_at=at)


def test_the_tiles_tell_what_was_sold_received_owed_seen_and_lent(owner: Client, cast: Cast) -> None:
    sell(cast, 3, sold_at=NOON)
    sell(cast, 2, sold_at=NOON, customer=cast.asha, tender=Tender.UPI, is_paid=False)
    visit(cast, NOON)
    page = see(owner, MARCH_10)
    tiles = {label: tile(page, label) for label in ("Sold", "Takings", "Unpaid", "Visits", "Cans out")}
    assert tiles == {"Sold": "₹100", "Takings": "₹60", "Unpaid": "₹40", "Visits": "1", "Cans out": "2"}
    assert "2 sales · 5 cans" in page
    assert "Cash ₹60" in page
    assert "1 new, 0 returning" in page


def test_each_number_leads_to_the_rows_behind_it(owner: Client, cast: Cast) -> None:
    sell(cast, sold_at=NOON)
    page = see(owner, MARCH_10)
    for path in (
        f"/s/water/sales/?{MARCH_10}",
        f"/s/water/sales/?{MARCH_10}&unpaid=1",
        f"/s/water/visits/?{MARCH_10}",
        f"/s/water/charts/takings/?{MARCH_10}",
    ):
        assert f'class="stat" href="{path}"' in page
        assert owner.get(path).status_code == 200


def test_today_is_shown_unless_the_address_says_otherwise(owner: Client, cast: Cast) -> None:
    sell(cast, 4)
    sell(cast, 1, sold_at=timezone.now() - timedelta(days=3))
    assert tile(see(owner), "Sold") == "₹80"
    week = last_days(cast.shop, 7)
    page = see(owner, f"from={week.first}&to={week.last}")
    assert tile(page, "Sold") == "₹100"
    assert f'?from={week.first}&to={week.last}" aria-current="true">7 days</a>' in page


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("from=yesterday", "“yesterday” is not a day of this century. Write it like 2026-11-30."),
        ("from=2026-03-02&to=2026-03-01", "The period ends before it starts."),
        ("from=2001-01-01&to=2026-01-01", "This period is too long. Choose three years at most."),
        ("to=9999-12-31", "“9999-12-31” is not a day of this century."),
    ],
)
def test_a_period_that_cannot_be_is_answered_with_a_sentence_and_today(
    owner: Client, query: str, sentence: str
) -> None:
    assert owner.get(f"{DASHBOARD}?{query}").status_code == 400
    page = see(owner, query)
    assert sentence in page
    assert "Nothing sold yet today." in page


def test_the_charts_of_a_day_look_back_two_weeks(owner: Client, cast: Cast) -> None:
    sell(cast, 2, sold_at=NOON - timedelta(days=13))
    sell(cast, 1, sold_at=NOON)
    page = see(owner, MARCH_10)
    assert '<a href="/s/water/sales/?from=2026-02-25&to=2026-02-25">25 Feb</a>' in page
    assert page.count("<figure") == 4
    assert 'data-chart="takings-data"' in page
    assert 'data-chart="visits-by-hour-data"' not in page


def test_every_chart_can_be_reached_from_the_dashboard(owner: Client, cast: Cast) -> None:
    sell(cast, 1, sold_at=NOON, customer=cast.asha)
    visit(cast, NOON)
    page = see(owner, MARCH_10)
    pages = set(re.findall(r'href="/s/water/charts/([a-z-]+)/', page))
    assert pages == set(FIGURES)
    assert 'data-chart="visits-data"' in page
    others = page[page.index("More charts") :]
    assert re.findall(r"/charts/([a-z-]+)/\?from=2026-03-10&to=2026-03-10", others) == ["settled", "tenders"]


def test_an_empty_shop_is_told_what_to_do_next(owner: Client) -> None:
    page = see(owner)
    assert "Charts appear with the first sale or the first visit." in page
    for path in ("/s/water/till/", "/s/water/sales/import/", "/s/water/recordings/"):
        assert f'href="{path}"' in page


def test_who_may_not_see_faces_sees_the_count_of_visits_without_a_way_to_them(
    cast: Cast, client_of: ClientOf
) -> None:
    visit(cast, NOON)
    actor = Actor(cast.lakshmi, "tests")
    accounts.set_right(
        shop=cast.shop, role=Role.MANAGER, right=Right.SEE_FACES, is_allowed=False, actor=actor
    )
    page = see(client_of(cast.meena), MARCH_10)
    assert tile(page, "Visits") == "1"
    assert "/s/water/visits/" not in page


def test_the_dashboard_takes_at_most_sixteen_queries(
    owner: Client, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for day in range(5):
        sell(cast, 2, sold_at=NOON - timedelta(days=day), customer=cast.asha)
    visit(cast, NOON)
    see(owner, MARCH_10)  # makes the shop's settings of the cameras
    with django_assert_max_num_queries(16):
        see(owner, MARCH_10)


def test_today_is_compared_with_the_same_hours_of_the_same_weekday_last_week(cast: Cast) -> None:
    sell(cast, 4, sold_at=NOON - WEEK - timedelta(minutes=1))
    sell(cast, 50, sold_at=NOON - WEEK + timedelta(minutes=1))
    sell(cast, 5, sold_at=NOON - timedelta(hours=1))
    assert told(cast) == (
        "Today so far: 5 cans, ₹100 sold. That is 25% more than by this time last Tuesday.",
        "good",
    )


def test_a_past_day_is_compared_with_the_whole_day_a_week_before(cast: Cast) -> None:
    sell(cast, 10, sold_at=NOON - WEEK + timedelta(hours=11))
    sell(cast, 1, sold_at=NOON)
    line = "10 Mar 2026: 1 can, ₹20 sold. That is 90% less than on the Tuesday before."
    assert told(cast, now=NOON + timedelta(days=1)) == (line, "warn")


def test_a_longer_period_is_compared_with_the_days_before_it(cast: Cast) -> None:
    period = Period(NOON.date(), (NOON + timedelta(days=2)).date(), INDIA)
    sell(cast, 3, sold_at=NOON)
    sell(cast, 3, sold_at=NOON - timedelta(days=1))
    line = "10 Mar 2026 to 12 Mar 2026: 3 cans, ₹60 sold. That is as much as in the 3 days before."
    assert told(cast, period, NOON + timedelta(days=9)) == (line, "")


def test_without_an_earlier_sale_nothing_is_compared(cast: Cast) -> None:
    sell(cast, 1, sold_at=NOON)
    assert told(cast, now=NOON + timedelta(minutes=1)) == ("Today so far: 1 can, ₹20 sold.", "")


def test_today_ends_when_the_shops_own_day_ends(cast: Cast) -> None:
    period = today(cast.shop)
    assert (period.first, period.zone.key) == (timezone.now().astimezone(INDIA).date(), "Asia/Kolkata")
    assert summary(cast.shop, period).taken == Decimal(0)


def test_the_pages_of_numbers_lead_to_each_other_and_keep_the_days(owner: Client) -> None:
    page = see(owner, MARCH_10)
    bar = page[page.index('aria-label="Numbers"') : page.index('aria-label="Period"')]
    assert re.findall(r'href="([^"]*)" aria-current="page"', bar) == [f"{DASHBOARD}?{MARCH_10}"]
    assert f'href="/s/water/visitors/?{MARCH_10}"' in bar
