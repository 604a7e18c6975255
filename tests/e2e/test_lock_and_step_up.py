"""Two clerks at one till: lock, tap who you are, type; and a manager who allows one deed, all in a real browser."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from sales.models import SaleVoid
from tests.base import PASSWORD, TESTS, Cast, make_cast, sell
from watershop import pins
from watershop.models import AuditEntry, Membership

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
PINS = {"meena": "4826", "ravi": "913742"}


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page of its own: the refusal that begins a step-up is a 403, which the console reports as an error."""
    return context.new_page()


@pytest.fixture
def cast(page: Page, live_server: LiveServer) -> Cast:
    """Ravi is signed in on a small phone; he and Meena have PINs."""
    cast = make_cast()
    for name, digits in PINS.items():
        pins.set_pin(Membership.objects.get(user__username=name), digits, actor=TESTS)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{live_server.url}/login/")
    page.locator("[name=username]").fill("ravi")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("button.btn--primary").click()
    expect(page).to_have_url(re.compile("/s/water/till/"))
    return cast


def lock(page: Page) -> None:
    page.get_by_role("button", name="Lock").locator("visible=true").click()
    expect(page).to_have_url(re.compile("/s/water/lock/"))


def test_clerks_switch_by_touch_and_by_keyboard(cast: Cast, page: Page, live_server: LiveServer) -> None:
    lock(page)
    page.get_by_role("radio", name="meena").check()
    for digit in PINS["meena"]:
        page.locator(f"[data-digit='{digit}']").click()
    expect(page).to_have_url(re.compile("/s/water/till/"))  # nobody pressed a button for that
    page.goto(f"{live_server.url}/s/water/customers/")
    lock(page)
    page.get_by_role("radio", name="meena").focus()
    page.keyboard.press("Space")
    expect(page.locator(".pin-keys")).to_be_visible()  # its script listens
    page.keyboard.type(PINS["meena"])
    expect(page).to_have_url(re.compile("/s/water/customers/"))
    assert AuditEntry.objects.filter(action="switch_clerk").count() == 1


def test_a_manager_allows_a_void_at_the_clerks_phone(cast: Cast, page: Page, live_server: LiveServer) -> None:
    sale = sell(cast)
    page.goto(f"{live_server.url}/s/water/sales/{sale.pk}/")
    page.locator("#void_reason").fill("Pressed twice")
    with page.expect_response(re.compile("/void/")) as refused:
        page.get_by_role("button", name="Void", exact=True).click()
    assert refused.value.status == 403
    expect(page.get_by_role("heading", name="A manager can allow this")).to_be_visible()
    expect(page.locator(".pin-keys")).to_be_visible()  # its script listens
    page.keyboard.type(PINS["meena"])  # the only manager with a PIN is chosen already
    expect(page.get_by_text("is void.")).to_be_visible()
    assert SaleVoid.objects.get().reason == "Pressed twice"
    assert AuditEntry.objects.get(action="void_sale").approved_by == cast.meena
