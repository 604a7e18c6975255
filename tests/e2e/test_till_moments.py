"""Moments at the till in a real browser: deposits in the change, a scanned card, Back, a manager's PIN, Telugu."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from sales import cards
from sales.deposits import held_of
from sales.models import CanPrice, CanType, Sale
from tests.base import PASSWORD, TESTS, Cast, make_cast, sell
from watershop import pins
from watershop.models import AuditEntry, Membership

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
RECEIPT = re.compile(r"/receipt/\?.*done=1")
PIN = "4826"


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page of its own: the refusal that begins a step-up is a 403, which the console reports as an error."""
    return context.new_page()


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """A shop that asks 100 rupees of deposit for each can; Meena has a PIN."""
    cast = make_cast()
    pins.set_pin(Membership.objects.get(user=cast.meena), PIN, actor=TESTS)
    return cast


def sign_in(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/login/")
    page.locator("[name=username]").fill("ravi")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("button.btn--primary").click()
    page.wait_for_url("**/s/water/till/")


@pytest.fixture
def till(page: Page, live_server: LiveServer, cast: Cast) -> Page:
    """The till of Ravi."""
    sign_in(page, live_server)
    expect(page.locator("[data-pay]")).to_be_disabled()
    return page


def put_on_the_bill(till: Page, name: str) -> None:
    till.keyboard.press("F2")
    till.keyboard.type(name, delay=30)
    till.locator("#found a").first.click()
    expect(till.locator(".buyer__name")).to_contain_text(re.compile(name, re.IGNORECASE))


def test_the_deposit_is_in_the_total_in_exact_cash_and_in_the_change(till: Page, cast: Cast) -> None:
    put_on_the_bill(till, "ash")
    till.locator(".can-tile__head", has_text="20L").click()
    expect(till.locator("[data-total]").first).to_have_text("₹120")
    till.locator("[data-note=exact]").click()
    expect(till.locator("[name=handed]")).to_have_value("120")
    till.locator("[name=handed]").fill("")
    till.locator("[data-note='200']").click()
    expect(till.locator("[data-change-shown]")).to_have_text("₹80")
    till.locator("[data-pay]").click()
    expect(till.locator(".done__amount")).to_have_text("₹120")
    expect(till.locator(".done__change")).to_contain_text("₹80")
    assert held_of(cast.asha)[cast.can20.pk].amount == 100


def test_a_scanner_that_types_the_card_and_enter_puts_its_holder_on_the_bill(till: Page, cast: Cast) -> None:
    (card,) = cards.issue(cast.shop, [cast.asha], actor=TESTS)
    till.keyboard.press("F2")
    till.keyboard.type(card.token)
    till.keyboard.press("Enter")
    expect(till.locator(".buyer__name")).to_contain_text("Asha")


def test_going_back_after_a_sale_sells_nothing_again(till: Page) -> None:
    till.locator(".can-tile__head", has_text="20L").click()
    till.locator("[data-pay]").click()
    expect(till).to_have_url(RECEIPT)
    till.wait_for_load_state()  # the receipt's script has forgotten the draft
    till.go_back()
    expect(till.locator("[data-total]").first).to_have_text("₹0")
    expect(till.locator("[data-pay]")).to_be_disabled()
    till.locator(".can-tile__head", has_text="10L").click()
    till.locator("[data-pay]").click()
    expect(till).to_have_url(RECEIPT)
    assert [sale.total for sale in Sale.objects.with_sums().order_by("id")] == [20, 10]


def test_a_manager_allows_a_discount_at_the_clerks_till(till: Page, cast: Cast) -> None:
    till.locator(".can-tile__head", has_text="20L").click()
    till.get_by_text("Charge another amount").click()
    till.locator(f"[name=amount_{cast.can20.pk}]").fill("15")
    expect(till.locator("[data-total]").first).to_have_text("₹15")
    till.locator("[data-pay]").click()
    expect(till.get_by_role("heading", name="A manager can allow this")).to_be_visible()
    expect(till.locator(".pin-keys")).to_be_visible()  # its script listens
    till.keyboard.type(PIN)
    expect(till).to_have_url(RECEIPT)
    assert Sale.objects.with_sums().get().total == 15
    assert AuditEntry.objects.get(action="record_sale").approved_by == cast.meena


def test_a_manager_lets_a_customer_pass_the_limit_at_the_clerks_till(till: Page, cast: Cast) -> None:
    CanType.objects.update(deposit=0)
    cast.asha.credit_limit = 10
    cast.asha.save()
    put_on_the_bill(till, "ash")
    till.locator(".can-tile__head", has_text="20L").click()
    till.keyboard.press("d")
    till.locator("[data-pay]").click()
    till.get_by_label("Sell past the credit limit").check()
    till.locator("[data-pay]").click()
    expect(till.get_by_role("heading", name="A manager can allow this")).to_be_visible()
    expect(till.locator(".pin-keys")).to_be_visible()  # its script listens
    till.keyboard.type(PIN)
    expect(till).to_have_url(RECEIPT)
    assert Sale.objects.with_sums().get().due == 20


def test_a_clerk_takes_back_the_sale_just_made(till: Page) -> None:
    till.locator(".can-tile__head", has_text="20L").click()
    till.locator("[data-pay]").click()
    till.get_by_role("button", name="Take this sale back").click()
    expect(till.get_by_text("is taken back.")).to_be_visible()
    assert Sale.objects.standing().count() == 0


def test_the_last_five_receipts_are_one_tap_away(till: Page, cast: Cast) -> None:
    for quantity in range(1, 7):
        sell(cast, quantity)
    till.reload()
    shown = till.locator(".strip__item strong")
    assert shown.all_text_contents() == ["₹120", "₹100", "₹80", "₹60", "₹40"]


def test_the_till_in_telugu_with_six_sizes_fits_a_small_phone(
    page: Page, cast: Cast, live_server: LiveServer
) -> None:
    cast.ravi.language = "te"
    cast.ravi.save()
    cast.can20.name = "20 లీటర్ల చల్లని శుద్ధి చేసిన తాగునీటి క్యాన్"
    cast.can20.save()
    for code in ("15L", "5L", "2L", "1L"):
        size = CanType.objects.create(shop=cast.shop, code=code, name=code, litres=code[:-1])
        CanPrice.objects.create(shop=cast.shop, can_type=size, price=5)
    cast.bala.name = "వెంకటసత్యనారాయణమూర్తి లక్ష్మీనరసింహ"
    cast.bala.save()
    page.set_viewport_size({"width": 360, "height": 740})
    sign_in(page, live_server)
    page.goto(f"{page.url}?customer={cast.bala.pk}&sold_{cast.can20.pk}=2")
    expect(page.locator("html")).to_have_attribute("lang", "te")
    expect(page.locator(".can-tile")).to_have_count(6)
    expect(page.locator("[data-pay]")).to_have_text(re.compile("అమ్మ"))
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_the_till_works_without_javascript(browser: Browser, cast: Cast, live_server: LiveServer) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-IN")
    page = context.new_page()
    sign_in(page, live_server)
    page.locator("#q").fill("asha")
    page.locator("#q").press("Enter")
    page.locator("#found a").click()
    expect(
        page.locator("[data-step], [data-note], [data-keys-help], [data-scan]").locator("visible=true")
    ).to_have_count(0)
    page.locator(f"[name=sold_{cast.can20.pk}]").fill("1")
    page.locator("[name=handed]").fill("200")
    page.get_by_role("button", name="Sell", exact=True).click()
    expect(page.locator(".done__amount")).to_have_text("₹120")
    expect(page.locator(".done__change")).to_contain_text("₹80")
    context.close()
    assert held_of(cast.asha)[cast.can20.pk].amount == 100
