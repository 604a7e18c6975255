"""The people at the counter in a real browser: chosen by key, corrected by name, gone without consent."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from sales.models import CanType, Sale
from tests.base import PASSWORD, Cast, make_cast, sell
from tests.vision.scene import a_person
from tests.vision.test_counter import a_live_camera, in_sight
from vision.models import CanCount, CounterChoice, Person, Sighting
from vision.privacy.withdrawing import withdraw
from watershop.audit import Actor

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
RECEIPT = re.compile(r"/receipt/\?.*done=1")


@pytest.fixture
def counter(transactional_db: None) -> Cast:
    """Asha, who owes for two cans, behind her somebody unknown, and Bala."""
    cast = make_cast()
    CanType.objects.update(deposit=0)
    sell(cast, 2, customer=cast.asha, is_paid=False)
    camera = a_live_camera(cast.shop)
    in_sight(camera, a_person(cast.shop, customer=cast.asha), track="first")
    in_sight(camera, track="second")
    in_sight(camera, a_person(cast.shop, customer=cast.bala), track="third")
    return cast


@pytest.fixture
def till(page: Page, live_server: LiveServer, counter: Cast) -> Iterator[Page]:
    """The till of Ravi."""
    page.goto(f"{live_server.url}/login/")
    page.locator("[name=username]").fill("ravi")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("button.btn--primary").click()
    expect(page.locator("[data-tile]")).to_have_count(3)
    yield page
    page.goto("about:blank")  # it asks for news no more


def test_one_key_and_enter_sell_the_usual_to_who_stands_there(till: Page, counter: Cast) -> None:
    first, second, _third = till.locator("[data-tile]").all()
    expect(first).to_contain_text("Asha")
    expect(first).to_contain_text("₹40 due")
    expect(second).to_have_text(re.compile(r"^\s*2\s*Unknown\s*$"))
    till.keyboard.press("1")
    expect(till.locator(".buyer__name")).to_contain_text("Asha")
    expect(till.locator("[data-tile='1'][aria-pressed=true]")).to_be_visible()
    till.locator(".counter__cans [data-step='1']").first.click()
    till.set_viewport_size({"width": 360, "height": 740})
    wide = till.evaluate("document.documentElement.scrollWidth")
    small = till.evaluate(
        """[...document.querySelectorAll("#counter button")].filter((e) => e.getBoundingClientRect().height < 47.5)
             .map((e) => e.outerHTML.slice(0, 80))"""
    )
    assert (wide, small) == (360, [])
    till.locator("body").evaluate("document.activeElement.blur()")
    till.keyboard.press("Enter")
    expect(till).to_have_url(RECEIPT)
    sale = Sale.objects.with_sums().latest("pk")
    assert sale.customer == counter.asha
    assert [sale.total, sale.due] == [40, 0]
    choice = CounterChoice.objects.get()
    assert (choice.client_ref, choice.customer, choice.is_correction) == (
        sale.client_ref,
        counter.asha,
        False,
    )
    count = CanCount.objects.get()
    assert (count.client_ref, count.brought + count.taken) == (sale.client_ref, 1)


def test_a_typed_name_corrects_the_tile_and_a_withdrawn_consent_takes_one_away(
    till: Page, counter: Cast
) -> None:
    withdraw(counter.bala, Actor(counter.meena, "tests"))
    expect(till.locator("[data-tile]")).to_have_count(2, timeout=2_000)
    expect(till.locator("#counter")).not_to_contain_text("Bala")
    tile = till.locator("[data-tile='1']")
    tile.click()
    expect(till.locator(".buyer__name")).to_contain_text("Asha")
    till.keyboard.press("F2")
    expect(till.locator("#q")).to_be_focused()
    till.keyboard.type("bal", delay=30)
    expect(till.locator("#found a")).to_have_count(1)
    till.keyboard.press("Enter")
    expect(till.locator(".buyer__name")).to_contain_text("Bala")
    expect(tile).to_contain_text("Unknown")
    choice = CounterChoice.objects.get()
    assert choice.shown == Person.objects.get(customer=counter.asha)
    assert (choice.customer, choice.is_correction) == (counter.bala, True)
    assert Sighting.objects.get(track="first").person is None
    assert Sale.objects.count() == 1, "nothing is sold by it"
