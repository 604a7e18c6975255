"""One tick ticks every customer of a list, for a deed to all of them."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.base import PASSWORD, make_cast, sell

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def test_everybody_who_is_late_is_ticked_at_once_and_reminded(page: Page, live_server: LiveServer) -> None:
    cast = make_cast()
    for customer in (cast.asha, cast.bala) * 2:
        sell(cast, 1, customer=customer, is_paid=False)
    page.goto(f"{live_server.url}/s/water/manage/defaulters/")
    page.fill("[name=username]", "meena")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    everybody, asha = page.get_by_label("Tick all"), page.get_by_label("Choose Asha")
    everybody.check()
    asha.uncheck()
    expect(everybody).not_to_be_checked()
    everybody.check()
    page.get_by_role("button", name="Remind").click()
    expect(page.locator(".list__title")).to_have_count(2)
