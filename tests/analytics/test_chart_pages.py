"""One chart, large, with its numbers as a table that leads to the rows."""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from PIL import Image

from analytics.charts import KINDS
from analytics.figures import FIGURES
from sales.models import Tender
from sales.new_sale import Line
from sales.reversals import void_sale
from tests.base import TESTS, Cast, sell
from vision.models import Camera, Person, Recording, Visit
from watershop.dates import Period
from watershop.models import Right, Role, RoleRight, User

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
    manager: Client, cast: Cast, name: str
) -> None:
    page = chart(manager, name)
    assert page.count('<svg class="chart-svg') == 2
    assert '<details class="chart__table" open>' in page
    assert table(page)
    numbers = re.search(rf'<script id="{name}-data" type="application/json">(.*?)</script>', page)
    kind = type(FIGURES[name](cast.shop, Period(NOON.date(), NOON.date(), cast.shop.tz)).chart)
    assert bool(numbers) == (kind in KINDS)
    assert not numbers or len(json.loads(numbers[1])["labels"]) == len(table(page))


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
    assert f'<a href="/s/water/payments/?{DAYS}&tender=cash">Cash</a>' in page


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


def test_the_numbers_of_a_chart_come_as_a_file_of_the_days_that_are_shown(manager: Client) -> None:
    answer = manager.get(f"/s/water/charts/revenue.csv?{DAYS}")
    assert answer["Content-Disposition"] == 'attachment; filename="revenue-2026-03-09-2026-03-11.csv"'
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows == [["", "Revenue"], ["9 Mar", "0.00"], ["10 Mar", "100.00"], ["11 Mar", "40.00"]]


def test_a_chart_comes_as_a_picture_for_a_letter_or_a_wall(manager: Client) -> None:
    drawn = manager.get(f"/s/water/charts/cans.svg?{DAYS}")
    assert drawn["Content-Type"] == "image/svg+xml" and drawn.content.startswith(b"<svg xmlns=")
    picture = manager.get(f"/s/water/charts/cans.png?{DAYS}")
    assert picture["Content-Type"] == "image/png"
    assert Image.open(io.BytesIO(picture.content)).size[0] == 1440


def test_days_that_do_not_exist_make_no_file(manager: Client) -> None:
    assert manager.get("/s/water/charts/cans.png?from=2026-03-11&to=2026-03-09").status_code == 422


def test_files_are_for_those_who_may_take_files_out(manager: Client, cast: Cast) -> None:
    assert manager.get("/s/water/charts/profit.csv").status_code == 404
    RoleRight.objects.create(shop=cast.shop, role=Role.MANAGER, right=Right.EXPORT, is_allowed=False)
    for kind in ("csv", "svg", "png"):
        assert manager.get(f"/s/water/charts/cans.{kind}?{DAYS}").status_code == 403
    assert "cans.csv" not in chart(manager, "cans")


def test_a_chart_leads_to_its_files_of_the_same_days(manager: Client) -> None:
    page = chart(manager, "cans")
    for kind in ("csv", "svg", "png"):
        assert f'href="/s/water/charts/cans.{kind}?{DAYS}"' in page


def test_a_shop_of_others_has_no_charts(client_of: ClientOf, cast: Cast) -> None:
    for kind in ("csv", "svg", "png"):
        assert client_of(cast.meena).get(f"/s/other/charts/cans.{kind}").status_code == 404


def test_the_hours_of_a_week_stand_by_weekday(manager: Client) -> None:
    tuesday = next(row for row in table(chart(manager, "sales-by-weekday")) if row[0] == "Tue")
    assert tuesday == ["Tue", *(str(2 * (hour == 12)) for hour in range(8, 20))]


def test_open_dues_lead_to_those_who_are_late_whatever_the_days(manager: Client) -> None:
    page = chart(manager, "dues")
    assert [row[1] for row in table(page)].count("₹40") == 1
    assert '<a href="/s/water/manage/defaulters/">' in page


def test_new_and_returning_visitors_are_told_apart(manager: Client) -> None:
    assert table(chart(manager, "new-and-returning")) == [["New", "1"], ["Returning", "0"]]


def test_a_chart_over_time_is_drawn_by_weeks_or_months_as_asked(manager: Client) -> None:
    page = chart(manager, "revenue", "from=2026-02-01&to=2026-03-11&grain=month")
    assert table(page) == [["Feb 2026", "₹0"], ["Mar 2026", "₹140"]]
    assert "grain=week" in page
    assert "grain=week" not in chart(manager, "takings")
