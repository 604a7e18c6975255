"""A number of a chart is the number of its rows: read it in the table, follow it, find it there."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.base import Cast, make_cast, sell
from tests.e2e.test_first_day import sign_in
from watershop.dates import day_of

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop_of_two_days(transactional_db: None) -> Cast:
    cast = make_cast()
    yesterday = timezone.now() - timedelta(days=1)
    sell(cast, 3, customer=cast.asha, sold_at=yesterday)
    sell(cast, 4, sold_at=yesterday)
    sell(cast, 1)
    return cast


def test_the_revenue_of_a_day_leads_to_its_sales_and_is_their_sum(
    page: Page, live_server: LiveServer, shop_of_two_days: Cast
) -> None:
    sign_in(page, live_server, "meena")
    day = day_of(shop_of_two_days.shop, timezone.now() - timedelta(days=1))
    page.goto(f"{live_server.url}/s/water/dashboard/")
    chart = page.locator("figure", has=page.get_by_role("heading", name="Revenue", exact=True))
    chart.get_by_text("Show as a table").click()
    row = chart.locator("tr", has=page.get_by_role("link", name=f"{day.day} {day:%b}", exact=True))
    number = row.get_by_role("cell").inner_text()
    assert number == "₹140"
    row.get_by_role("link").click()
    expect(page).to_have_url(re.compile(rf"/sales/\?from={day}&to={day}$"))
    expect(page.locator(".page-head__sub")).to_contain_text(f"2 sales, {number}")
