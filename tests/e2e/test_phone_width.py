"""On a small phone no page is wider than the screen, also where files bring long words."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.base import PASSWORD, make_cast

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
HEADER = (
    "transaction_id,timestamp,customer_id,payment_mode,can_size,number_of_cans,amount,payment_status,weather"
)
LONG = "W" * 40


def assert_it_fits(page: Page) -> None:
    inner, outer = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert inner <= outer == 360, page.url


def test_the_import_fits_a_phone_in_the_language_with_the_longest_words(
    page: Page, live_server: LiveServer, tmp_path: Path
) -> None:
    meena = make_cast().meena
    meena.language = "ta"
    meena.save()
    file = tmp_path / f"{LONG}.csv"
    good = f"{LONG},2025-12-14 16:04,{LONG},Cash,20L,2,50,Unpaid,hot"
    file.write_text(
        f"{HEADER}\n{good}\nT2,{LONG},C1,Cash,20L,2,40,Paid,hot\nT3,2025-12-14,C1,{LONG},20L,2,40,Paid,hot\n"
    )

    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{live_server.url}/login/")
    page.locator("[name=username]").fill("meena")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("button.btn--primary").click()
    expect(page).to_have_url(re.compile("/s/water/"))
    page.goto(f"{live_server.url}/s/water/sales/import/")
    assert_it_fits(page)
    page.locator("[name=file]").set_input_files(file)
    page.locator("button.btn--primary").click()
    assert_it_fits(page)
    page.locator("[name=skip_bad]").check()
    page.locator("button.btn--primary").click()
    expect(page.locator(".stats")).to_be_visible()
    assert_it_fits(page)
