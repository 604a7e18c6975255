"""A customer says yes, has their face known, and is erased: in a real browser, with real commits and a real sweep."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from customers import book
from customers.models import Customer
from tests.analytics.test_one_person import EMAIL, NAME, PHONE, be_seen, traces, write_to
from tests.base import PASSWORD, TESTS, make_cast, sell
from vision.privacy import consents

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def ganga(transactional_db: None) -> Customer:
    cast = make_cast()
    fields = {"name": NAME, "phone": PHONE, "language": "en", "email": EMAIL}
    customer = book.add_customer(shop=cast.shop, actor=TESTS, **fields)
    sell(cast, 1, customer=customer, is_paid=False)
    write_to(customer)
    return customer


@pytest.fixture
def manager(page: Page, live_server: LiveServer, ganga: Customer) -> Iterator[Page]:
    """Meena, on the page of the customer."""
    page.goto(f"{live_server.url}/login/?next=/s/water/customers/{ganga.pk}/")
    page.locator("[name=username]").fill("meena")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("button.btn--primary").click()
    yield page


def test_a_customer_agrees_and_is_erased_without_a_trace(
    manager: Page, ganga: Customer, settings: Settings, tmp_path: Path
) -> None:
    settings.ERASURE_LOG = tmp_path / "erasures.log"
    manager.get_by_role("link", name="Ask whether we may know their face").click()
    manager.get_by_role("button", name="They agree").click()
    expect(manager.locator("#portraits")).to_be_visible()
    assert consents.open_for(ganga)
    be_seen(ganga)
    manager.goto(manager.url.replace("face/enrol/", ""))
    expect(manager.locator(".faces img").first).to_be_visible()
    assert len(traces()) == 8
    manager.get_by_role("link", name="Their data").click()
    manager.set_viewport_size({"width": 360, "height": 740})
    assert manager.evaluate("document.documentElement.scrollWidth") == 360
    manager.locator("[name=code]").fill(ganga.code)
    manager.get_by_role("button", name="Erase for good").click()
    expect(manager.get_by_role("heading", name=ganga.code)).to_be_visible()
    assert traces() == [] and settings.ERASURE_LOG.exists()
