"""The till in a real browser: by keyboard alone, by finger on a small phone, and after a reload."""

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from customers.models import Customer
from sales.models import CanMovement, CanType, ParkedSale, Sale
from tests.base import PASSWORD, Cast, make_cast, sell

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
RECEIPT = re.compile(r"/receipt/\?.*done=1")


@pytest.fixture
def open_shop(transactional_db: None) -> Cast:
    """A shop that takes no deposits, so that a can costs what its tile says."""
    cast = make_cast()
    CanType.objects.update(deposit=0)
    return cast


@pytest.fixture
def till(page: Page, live_server: LiveServer, open_shop: Cast) -> Page:
    """The till of Ravi."""
    page.goto(f"{live_server.url}/login/")
    page.locator("[name=username]").fill("ravi")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("button.btn--primary").click()
    expect(page.locator("[data-pay]")).to_be_disabled()  # the script runs
    return page


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_a_sale_by_keyboard_alone(till: Page) -> None:
    press(till, "F2")
    till.keyboard.type("bal", delay=30)
    expect(till.locator("#found a")).to_have_count(1)
    press(till, "Enter")
    expect(till.locator(".buyer__name")).to_contain_text("Bala")
    press(till, "t", "+", "+", "u")
    expect(till.locator("[data-total]").first).to_have_text("₹40")
    press(till, "Enter")
    expect(till).to_have_url(RECEIPT)
    sale = Sale.objects.with_sums().get()
    assert sale.customer is not None
    assert (sale.customer.name, sale.stated_tender) == ("Bala", "upi")
    assert [sale.total, sale.due] == [40, 0]


def test_arrows_move_through_what_was_found_and_escape_forgets_the_buyer(till: Page, open_shop: Cast) -> None:
    Customer.objects.create(shop=open_shop.shop, code="B2", name="Balu")
    press(till, "F2")
    till.keyboard.type("bal", delay=30)
    expect(till.locator("#found a")).to_have_count(2)
    press(till, "ArrowDown", "ArrowDown", "Enter")
    expect(till.locator(".buyer__name")).to_contain_text("Balu")
    press(till, "Escape")
    expect(till.locator("#q")).to_be_visible()


def test_the_keys_are_listed_on_a_question_mark(till: Page) -> None:
    press(till, "?")
    expect(till.locator("#till-keys")).to_be_visible()
    press(till, "Escape")
    expect(till.locator("#till-keys")).to_be_hidden()


def test_a_touch_sale_on_a_small_phone_with_its_change(till: Page) -> None:
    till.set_viewport_size({"width": 360, "height": 740})
    till.locator(".can-tile__head", has_text="20L").click()
    for note in ("50", "50"):
        till.locator(f"[data-note='{note}']").click()
    expect(till.locator("[data-change-shown]")).to_have_text("₹80")
    wide, shown = till.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert wide <= shown == 360
    small = till.evaluate(
        """[...document.querySelectorAll("main button, main a.btn, main summary.btn")]
             .filter((e) => e.offsetParent && e.getBoundingClientRect().height < 47.5)
             .map((e) => e.outerHTML.slice(0, 80))"""
    )
    assert small == []
    till.locator("[data-pay]").click()
    expect(till.locator(".done__change")).to_contain_text("₹80")
    assert Sale.objects.with_sums().get().total == 20


def test_a_regulars_usual_is_two_taps_from_the_shown_customer(
    till: Page, live_server: LiveServer, open_shop: Cast
) -> None:
    sell(open_shop, 2, customer=open_shop.asha)
    till.goto(f"{live_server.url}/s/water/till/?customer={open_shop.asha.pk}")
    till.locator("[data-usual]").click()
    expect(till).to_have_url(RECEIPT)
    till.get_by_role("link", name="Next sale").click()
    expect(till.locator("#q")).to_be_visible()
    assert Sale.objects.filter(customer=open_shop.asha).count() == 2
    assert CanMovement.objects.filter(customer=open_shop.asha).held() == {"20L": 2}


def test_where_the_account_will_stand_follows_each_line(till: Page, open_shop: Cast) -> None:
    open_shop.asha.credit_limit = 30
    open_shop.asha.save()
    till.goto(f"{till.url.split('?')[0]}?customer={open_shop.asha.pk}")
    add = till.locator(".can-tile", has_text="20L").locator("[data-step='1']").first
    add.click()
    till.locator(".key", has_text="Unpaid").click()
    expect(till.locator("[data-after=balance]")).to_have_text("→ ₹20")
    expect(till.locator("[data-after=left]")).to_have_text("→ ₹10")
    expect(till.locator("[data-after=cans]")).to_have_text("→ 1")
    add.click()
    expect(till.locator(".is-passed [data-after=left]")).to_have_text("→ −₹10")


def test_the_rest_of_a_split_fills_in_by_itself(till: Page, open_shop: Cast) -> None:
    till.locator(".can-tile__head", has_text="20L").click(click_count=2)
    till.get_by_text("Split the payment").click()
    till.locator("[name=part_upi]").press_sequentially("15")
    expect(till.locator("[name=part_cash]")).to_have_value("25")
    till.locator("[data-pay]").click()
    expect(till).to_have_url(RECEIPT)
    parts = Sale.objects.get().allocations.values_list("payment__tender", "amount")
    assert dict(parts) == {"cash": 25, "upi": 15}


def test_an_unfinished_sale_survives_a_reload_and_is_forgotten_once_sold(till: Page) -> None:
    press(till, "F2")
    till.keyboard.type("ash", delay=30)
    till.locator("#found a").click()
    expect(till.locator(".buyer__name")).to_contain_text("Asha")
    till.locator(".can-tile__head", has_text="20L").click()
    till.locator("[name=handed]").fill("50")
    till.reload()
    expect(till.locator(".buyer__name")).to_contain_text("Asha")
    expect(till.locator("[data-change-shown]")).to_have_text("₹30")
    kept = till.evaluate("JSON.stringify({...sessionStorage})")
    assert "Asha" not in kept
    till.locator("[data-pay]").click()
    expect(till).to_have_url(RECEIPT)
    till.get_by_role("link", name="Next sale").click()
    expect(till.locator("[data-total]").first).to_have_text("₹0")
    assert Sale.objects.count() == 1


def test_a_new_customer_is_on_the_bill_without_leaving_the_sale(till: Page) -> None:
    till.locator(".can-tile__head", has_text="20L").click()
    till.locator("#q").press_sequentially("Chitra")
    till.locator("#add_phone").fill("9848012231")
    till.get_by_role("button", name="Add a customer").click()
    expect(till.locator(".buyer__name")).to_contain_text("Chitra")
    expect(till.locator("[data-total]").first).to_have_text("₹20")
    till.locator("[data-pay]").click()
    expect(till).to_have_url(RECEIPT)
    assert str(Sale.objects.get().customer) == "Chitra"


def test_a_parked_sale_comes_back_as_it_was(till: Page) -> None:
    till.locator(".can-tile__head", has_text="10L").click()
    till.locator("[data-park]").click()
    expect(till.locator(".parked__sale")).to_be_visible()
    expect(till.locator("[data-total]").first).to_have_text("₹0")
    till.locator(".parked__sale button").first.click()
    expect(till.locator("[data-total]").first).to_have_text("₹10")
    assert ParkedSale.objects.get().closed == "resumed"
