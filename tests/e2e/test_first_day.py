"""One real way through all the rooms, as the people of the shop go it."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from sales.models import Sale
from tests.base import PASSWORD, Cast, make_cast
from tests.vision.scene import a_camera
from vision.footage import make_footage
from vision.models import SaleLink
from watershop.dates import day_of

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def open_shop(transactional_db: None) -> Cast:
    cast = make_cast()
    a_camera(cast.shop)
    return cast


def sign_in(page: Page, live_server: LiveServer, name: str) -> None:
    page.goto(f"{live_server.url}/login/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(re.compile("/s/water/"))


def test_from_an_unpaid_sale_to_a_recognised_visitor_and_a_chart(
    page: Page, live_server: LiveServer, workers: None, open_shop: Cast, tmp_path: Path
) -> None:
    sign_in(page, live_server, "meena")
    _sell_two_unpaid_to_asha(page)
    sale = Sale.objects.with_sums().get()
    assert sale.due == 40

    page.get_by_role("link", name="Asha").first.click()
    expect(page.get_by_text("₹40", exact=True).first).to_be_visible()

    clip = tmp_path / "counter.mp4"
    began = sale.sold_at - timedelta(seconds=4)
    make_footage(
        clip, minutes=0.6, visits=2, persons=2, seed=7, models_dir=tmp_path / "models", started_at=began
    )
    _watch(page, live_server, clip)

    _wait_for_the_link(page, f"{live_server.url}/s/water/sales/{sale.pk}/")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Confirmed", exact=True)).to_be_visible()
    assert SaleLink.objects.get(state="confirmed").sale_id == sale.pk

    _follow_the_dashboard(page, live_server, open_shop)


def _sell_two_unpaid_to_asha(page: Page) -> None:
    search = page.get_by_placeholder(re.compile("find by name"))
    expect(search).to_be_visible()
    page.wait_for_load_state()  # the script that answers what is typed has begun to listen
    search.press_sequentially("ash")
    page.get_by_role("link", name=re.compile("Asha")).click()
    expect(page.get_by_text("Nothing due")).to_be_visible()
    for _ in range(2):
        page.locator(".can-tile", has_text="20L").locator("[data-step='1']").first.click()
    page.locator(".key", has_text="Unpaid").click()  # what is not paid leaves no deposit
    expect(page.locator("[data-total]").first).to_have_text("₹40")
    page.locator("[data-pay]:visible").first.click()
    expect(page).to_have_url(re.compile(r"/receipt/"))
    expect(page.get_by_text("₹40 due in all")).to_be_visible()


def _watch(page: Page, live_server: LiveServer, clip: Path) -> None:
    """Upload the clip and look at its progress bar until its visits are there."""
    page.goto(f"{live_server.url}/s/water/recordings/")
    page.set_input_files("input[type=file]", clip)
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("progress")).to_be_visible()
    expect(page.locator("li.visit")).to_have_count(2, timeout=90_000)
    picture = page.locator("img.face").first
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


def _wait_for_the_link(page: Page, sale: str) -> None:
    """Linking is a task of its own, handed over when the recording is done: the page is looked at until it ran."""
    for _ in range(60):
        page.goto(sale)
        if page.get_by_text("Suggested").is_visible():
            return
        page.wait_for_timeout(500)
    expect(page.get_by_text("Suggested")).to_be_visible()


def _follow_the_dashboard(page: Page, live_server: LiveServer, cast: Cast) -> None:
    day = day_of(cast.shop, timezone.now())
    page.goto(f"{live_server.url}/s/water/dashboard/")
    expect(page.locator("canvas").first).to_be_visible()
    expect(page.get_by_text("1 unpaid sale")).to_be_visible()
    chart = page.locator("figure", has_text="Cans sold")
    chart.get_by_text("Show as a table").click()
    row = chart.locator("tr", has_text=f"{day.day} {day:%b}")
    expect(row.get_by_role("cell").first).to_have_text("2")
