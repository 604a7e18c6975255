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
    values = {
        **{"Sold": "₹100", "Takings": "₹60", "Unpaid": "₹40", "Visits": "1"},
        **{"Sales per 100 visits": "200", "Sales per visitor": "₹100", "Cans out": "2"},
    }
    assert {label: tile(page, label) for label in values} == values
    for note in ("2 sales", "5 cans", "Cash ₹60", "1 unpaid sale", "1 new, 0 returning", "1 visit"):
        assert f'<span class="nowrap">{note}</span>' in page


def test_where_no_visit_is_known_the_page_says_so(owner: Client, cast: Cast) -> None:
    sell(cast, 3, sold_at=NOON)
    page = see(owner, MARCH_10)
    assert (tile(page, "Sales per 100 visits"), tile(page, "Sales per visitor")) == ("–", "–")
    assert page.count("no visits are known") == 2
    assert "No camera yet: with one, visits are counted, too." in page
    assert 'href="/s/water/cameras/"' in page


def test_an_arrow_says_whether_it_is_more_than_usual_and_a_colour_whether_that_is_good(
    owner: Client, cast: Cast
) -> None:
    sell(cast, 4, sold_at=NOON - WEEK)
    sell(cast, 5, sold_at=NOON)
    page = " ".join(see(owner, MARCH_10).split())
    assert '<span class="stat__change is-good"><span aria-hidden="true">▲</span>' in page
    assert "Compared with Tue 3 Mar 2026." in page


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
    assert "nothing sold yet" in page


def test_the_charts_of_a_day_look_back_two_weeks(owner: Client, cast: Cast) -> None:
    sell(cast, 2, sold_at=NOON - timedelta(days=13))
    sell(cast, 1, sold_at=NOON)
    page = see(owner, MARCH_10)
    assert '<a href="/s/water/sales/?from=2026-02-25&to=2026-02-25">25 Feb</a>' in page
    assert re.findall(
        r'<svg class="chart-svg chart-svg--wide"[^>]*aria-labelledby="([a-z-]+)-wide', page
    ) == [*("revenue", "takings", "cans", "sales-by-weekday", "opening-times")]


def test_charts_over_time_are_drawn_by_days_weeks_or_months(owner: Client, cast: Cast) -> None:
    sell(cast, 2, sold_at=NOON - timedelta(days=13))
    sell(cast, 1, sold_at=NOON)
    page = see(owner, f"{MARCH_10}&grain=week")
    assert '<a href="/s/water/sales/?from=2026-02-23&to=2026-03-01">23 Feb</a>' in page
    assert f'?{MARCH_10}&grain=week" aria-current="true">Weeks</a>' in page
    assert "&grain=week" in page[page.index('aria-label="Period"') : page.index("Own days")]
    assert "/s/water/charts/revenue/?from=2025-12-15&to=2026-03-10&grain=week" in page


def test_every_chart_can_be_reached_from_the_dashboard(owner: Client, cast: Cast) -> None:
    sell(cast, 1, sold_at=NOON, customer=cast.asha)
    visit(cast, NOON)
    page = see(owner, MARCH_10)
    pages = set(re.findall(r'href="/s/water/charts/([a-z-]+)/', page))
    assert pages == set(FIGURES)
    assert 'data-chart="visits-data"' in page
    others = page[page.index("More charts") :]
    assert re.findall(r"/charts/([a-z-]+)/\?from=2026-03-10&to=2026-03-10", others) == [
        *("settled", "tenders", "dues", "sales-by-hour", "sales-by-weekday", "visits-by-hour")
    ]


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


def test_the_dashboard_takes_at_most_fifteen_queries(
    owner: Client, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for day in range(5):
        sell(cast, 2, sold_at=timezone.now() - timedelta(days=day), customer=cast.asha)
    visit(cast, timezone.now())
    see(owner)  # counts the days, and makes the shop's settings of the cameras
    with django_assert_max_num_queries(15):
        see(owner)
    with django_assert_max_num_queries(15):
        see(owner, "from=2026-01-01&to=2026-03-10")


def test_today_is_asked_for_again_and_answered_only_when_something_is_new(owner: Client, cast: Cast) -> None:
    sell(cast, 1)
    found = re.search(r'hx-get="([^"]*)" hx-vals=\'{"seen": "([^"]*)"}\'', see(owner))
    assert found
    day = today(cast.shop).first
    query = {"from": str(day), "to": str(day), "seen": found[2]}
    assert owner.get(f"{DASHBOARD}now/", query).status_code == 204
    sell(cast, 2)
    answer = owner.get(f"{DASHBOARD}now/", query)
    assert tile(unescape(answer.content.decode()), "Sold") == "₹60"
    assert "<html" not in answer.content.decode()


def test_days_that_are_over_are_not_asked_for_again(owner: Client, cast: Cast) -> None:
    sell(cast, 1, sold_at=NOON)
    assert "hx-vals" not in see(owner, MARCH_10)


def test_what_is_asked_for_again_is_for_those_who_may_see_the_totals(cast: Cast, client_of: ClientOf) -> None:
    assert client_of(cast.ravi).get(f"{DASHBOARD}now/").status_code == 403


def test_today_ends_when_the_shops_own_day_ends(cast: Cast) -> None:
    period = today(cast.shop)
    assert (period.first, period.zone.key) == (timezone.now().astimezone(INDIA).date(), "Asia/Kolkata")
    assert summary(cast.shop, period).taken == Decimal(0)


def test_the_pages_of_numbers_lead_to_each_other_and_keep_the_days(owner: Client) -> None:
    page = see(owner, MARCH_10)
    bar = page[page.index('aria-label="Numbers"') : page.index('aria-label="Period"')]
    assert re.findall(r'href="([^"]*)" aria-current="page"', bar) == [f"{DASHBOARD}?{MARCH_10}"]
    assert f'href="/s/water/visitors/?{MARCH_10}"' in bar
