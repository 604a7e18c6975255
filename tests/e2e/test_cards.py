"""Each queue in a real browser, as narrow as a phone: a card is decided with one key, and taken back with U."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.base import PASSWORD, Cast, make_cast, sell
from tests.vision.card_scenes import (
    a_claim,
    a_count,
    a_doubt,
    a_new_face,
    an_old_debtor,
    buys,
    closed,
    linked,
    opened,
    two_alike,
)
from tests.vision.scene import a_person, a_visit
from tests.vision.test_queue_no_sale import waits
from tests.vision.test_queue_no_visit import film
from tests.vision.test_queues import a_late_void
from vision.models import Card, SaleLink, TenderHint, Visit
from vision.queues import QUEUES, finding

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
KEYS = {
    "debtor": "a",
    "no_sale": "a",
    "no_visit": "f",
    "late_void": "k",
    "upi": "a",
    "cans": "c",
    "variance": "1",
    "tender": "y",
    "old_debt": "y",
    "link": "y",
    "doubt": "y",
    "same": "n",
    "household": "y",
}


@pytest.fixture
def cast(monkeypatch: pytest.MonkeyPatch) -> Cast:
    """A shop with a card in each queue."""
    cast = make_cast()
    at = timezone.now().replace(microsecond=0) - timedelta(hours=2)
    waits(cast, at)
    film(cast.shop, at + timedelta(minutes=30))
    sell(cast, sold_at=at + timedelta(minutes=30))
    hinted = sell(cast, sold_at=at - timedelta(hours=1))
    linked(cast, hinted, a_person(cast.shop))
    TenderHint.objects.create(shop=cast.shop, sale=hinted, tender="upi", probability=0.93)
    a_late_void(cast)
    before = at - timedelta(minutes=30)
    theirs = {"sale": sell(cast, sold_at=before), "visit": a_visit(cast.shop, before)}
    SaleLink.objects.create(shop=cast.shop, confidence=0.8, **theirs)
    an_old_debtor(cast)
    sell(cast, customer=cast.bala, is_paid=False, sold_at=at - timedelta(days=60))
    a_new_face(cast)
    Visit.objects.filter(person__customer=cast.bala).update(distance=0.2)
    a_doubt(cast.shop)
    two_alike(cast.shop)
    buys(cast, a_person(cast.shop), 3)
    a_claim(cast)
    a_count(cast, 3, 2)
    session = opened(cast)
    sell(cast, 6)
    closed(session, off=-120)
    with monkeypatch.context() as clock:
        at = timezone.now() + timedelta(minutes=30)
        clock.setattr(timezone, "now", lambda: at)
        for queue in QUEUES.values():
            finding.find_for(queue, cast.shop)
    return cast


def test_every_card_is_decided_with_one_key_and_taken_back_with_another(
    cast: Cast, page: Page, live_server: LiveServer
) -> None:
    assert set(KEYS) == set(QUEUES)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{live_server.url}/s/water/queues/")
    page.fill("[name=username]", "meena")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="To decide")).to_be_visible()
    for kind, key in KEYS.items():
        page.goto(f"{live_server.url}/s/water/queues/{kind}/")
        waiting = Card.objects.open().filter(kind=kind).count()
        button = page.locator(f"[data-key='{key}']")
        expect(button).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, kind
        page.keyboard.press(key)
        expect(page.locator("[data-key=u]")).to_be_visible()
        page.wait_for_load_state("load")  # with the script that obeys the keys
        assert Card.objects.open().filter(kind=kind).count() == waiting - 1
        page.keyboard.press("u")
        expect(button).to_be_visible()
        expect(page).to_have_url(re.compile(f"/queues/{kind}/\\?card="))
        assert Card.objects.open().filter(kind=kind).count() == waiting
