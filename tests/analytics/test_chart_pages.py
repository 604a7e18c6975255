"""One chart, large, with its numbers as a table that leads to the rows."""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from analytics.figures import FIGURES
from sales.models import Tender
from sales.new_sale import Line
from sales.reversals import void_sale
from tests.base import TESTS, Cast, sell
from vision.models import Camera, Person, Recording, Visit
from watershop.models import User

ClientOf = Callable[[User], Client]
NOON = datetime(2026, 3, 10, 12, tzinfo=ZoneInfo("Asia/Kolkata"))
DAYS = "from=2026-03-09&to=2026-03-11"


@pytest.fixture
def manager(cast: Cast, client_of: ClientOf) -> Client:
    """Meena, in a shop where every chart has something to show."""
    sell(cast, 3, sold_at=NOON)
    sell(cast, 2, sold_at=NOON + timedelta(days=1), customer=cast.bala, is_paid=False, tender=Tender.UPI)
    sell(cast, sold_at=NOON, customer=cast.asha, lines=[Line(cast.can10, 4)])
    camera = Camera.objects.create(shop=cast.shop, name="Door")
    recording = Recording.objects.create(shop=cast.shop, camera=camera, sha256="0", started_at=NOON)
    person = Person.objects.create(shop=cast.shop, code="P_0001")
    Visit.objects.create(shop=cast.shop, recording=recording, person=person, entry_at=NOON, exit_at=NOON)
    return client_of(cast.meena)


def chart(client: Client, name: str, query: str = DAYS) -> str:
    answer = client.get(f"/s/water/charts/{name}/?{query}")
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def table(page: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(<th scope=\"row\">.*?)</tr>", page)
    return [re.findall(r">([^<>]+)<", row) for row in rows]


@pytest.mark.parametrize("name", FIGURES)
def test_each_chart_is_drawn_by_the_server_with_its_table_and_its_numbers_for_the_browser(
    manager: Client, name: str
) -> None:
    page = chart(manager, name)
    assert page.count('<svg class="chart-svg') == 2
    assert '<details class="chart__table" open>' in page
    numbers = re.search(rf'<script id="{name}-data" type="application/json">(.*?)</script>', page)
    assert numbers
    assert len(json.loads(numbers[1])["labels"]) == len(table(page)) > 0


@pytest.mark.parametrize("name", FIGURES)
def test_each_chart_of_a_shop_without_rows_says_so(cast: Cast, client_of: ClientOf, name: str) -> None:
    page = chart(client_of(cast.meena), name)
    assert "Nothing happened in these days. Choose others above." in page


def test_revenue_is_shown_for_every_day_of_the_period(manager: Client) -> None:
    assert table(chart(manager, "revenue")) == [["9 Mar", "₹0"], ["10 Mar", "₹100"], ["11 Mar", "₹40"]]


def test_cans_are_stacked_by_size(manager: Client) -> None:
    rows = [["9 Mar", "0", "0"], ["10 Mar", "3", "4"], ["11 Mar", "2", "0"]]
    assert table(chart(manager, "cans")) == rows


def test_takings_are_told_apart_by_tender(manager: Client) -> None:
    page = chart(manager, "takings")
    assert table(page) == [["Cash", "₹100"], ["UPI", "₹0"], ["Coins", "₹0"]]
    assert '"kind": "pie"' in page


def test_takings_below_zero_become_bars(manager: Client, cast: Cast) -> None:
    void = void_sale(sell(cast, 2, sold_at=NOON - timedelta(days=90)), reason="mistake", actor=TESTS)
    day = void.at.astimezone(NOON.tzinfo).date()
    page = chart(manager, "takings", f"from={day}&to={day}")
    assert table(page)[0] == ["Cash", "−₹40"]
    assert '"kind": "bar"' in page


def test_the_stated_tender_of_an_unpaid_sale_counts(manager: Client) -> None:
    assert table(chart(manager, "tenders")) == [["Cash", "2"], ["UPI", "1"], ["Coins", "0"]]


def test_paid_and_unpaid_lead_to_the_sales(manager: Client) -> None:
    page = chart(manager, "settled")
    assert table(page) == [["Paid", "₹100"], ["Unpaid", "₹40"]]
    assert f'<a href="/s/water/sales/?{DAYS}&unpaid=1">Unpaid</a>' in page


def test_top_customers_lead_to_their_pages(manager: Client, cast: Cast) -> None:
    page = chart(manager, "customers")
    assert table(page) == [["Asha", "₹40"], ["Bala", "₹40"]]
    assert f'<a href="/s/water/customers/{cast.asha.pk}/">Asha</a>' in page


def test_hours_are_the_opening_hours_and_those_in_which_something_happened(
    manager: Client, cast: Cast
) -> None:
    sell(cast, sold_at=NOON.replace(hour=5))
    rows = table(chart(manager, "sales-by-hour"))
    assert (rows[0][0], rows[-1][0]) == ("5:00", "19:00")
    assert [row for row in rows if row[1] != "0"] == [["5:00", "1"], ["12:00", "3"]]


def test_visits_are_counted_with_the_persons_among_them(manager: Client) -> None:
    assert table(chart(manager, "visits"))[1] == ["10 Mar", "1", "1"]
    assert dict(table(chart(manager, "visits-by-hour")))["12:00"] == "1"


def test_a_chart_nobody_knows_is_not_found(manager: Client) -> None:
    assert manager.get("/s/water/charts/profit/").status_code == 404


def test_charts_are_for_those_who_may_see_the_totals(cast: Cast, client_of: ClientOf) -> None:
    assert client_of(cast.ravi).get("/s/water/charts/revenue/").status_code == 403
