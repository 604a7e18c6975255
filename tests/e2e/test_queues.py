"""Every queue in a real browser, as narrow as a phone: one key decides its card, U takes it back."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from sales import drawer
from sales.models import Tender, UpiClaim
from tests.base import PASSWORD, TESTS, Cast, make_cast, sell
from tests.vision.scene import a_person, a_visit
from vision.models import Card, SaleLink, Visit
from vision.queues import QUEUES

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
KEYS = {
    **{"no_sale": "a", "no_visit": "f", "late_void": "k", "debtor": "a", "upi": "a", "cans": "c"},
    **{"variance": "n", "tender": "y", "old_debt": "n", "link": "y", "doubt": "y", "same": "n"},
    **{"household": "n"},
}
REASONS: dict[str, dict[str, Any]] = {
    "no_sale": {"is_counter": True, "seconds": 20},
    "no_visit": {"tender": "cash", "is_void": False, "rank": 1},
    "late_void": {"minutes": 9, "again": None},
    "debtor": {"days": 60, "unpaid": 1},
    "upi": {"failed": 0},
    "cans": {"counted": [2, 0], "booked": [1, 0]},
    "variance": {"moments": []},
    "tender": {"keyed": "cash", "tender": "upi", "percent": 93},
    "old_debt": {"owes": "40", "written_off": "0"},
    "link": {"percent": 80},
    "household": {"bought": 3, "together": 0},
}


def a_card_of_each(cast: Cast) -> None:
    """An open card in every queue, with the rows that its outcome changes."""
    at = timezone.now().replace(microsecond=0) - timedelta(hours=1)
    sale = sell(cast, customer=cast.asha, is_paid=False, sold_at=at - timedelta(days=60))
    asha, visit = a_person(cast.shop, customer=cast.asha), a_visit(cast.shop, at, picture=True)
    doubt = a_visit(cast.shop, at, person=asha)
    Visit.objects.filter(pk=doubt.pk).update(person=None, candidate=asha)
    SaleLink.objects.create(shop=cast.shop, sale=sale, visit=visit, confidence=0.8)
    sell(cast, tender=Tender.UPI, client_ref="upi")
    opened = drawer.open_session(cast.shop, opening_float=Decimal(0), actor=TESTS)
    session = drawer.close_session(opened, sheet={}, coin=Decimal(0), upi=Decimal(0), actor=TESTS)
    seen, sold = {"visit": visit}, {"sale": sale, "visit": visit}
    faces = {"person": visit.person, "other_person": asha}
    rows: dict[str, dict[str, Any]] = {
        **{"no_sale": seen, "no_visit": {"sale": sale}, "late_void": sold, "tender": sold, "link": sold},
        **{"debtor": {"customer": cast.asha, "person": asha}, "upi": {"claim": UpiClaim.objects.get()}},
        **{"cans": {"sale": sale}, "variance": {"session": session}, "same": faces},
        **{"old_debt": {"customer": cast.bala, "other_customer": cast.asha, "other_person": asha}},
        **{"doubt": {"visit": doubt, "person": asha}},
        **{"household": {"customer": cast.asha, "person": visit.person}},
    }
    for kind in QUEUES:
        numbers = {"because": REASONS.get(kind, {}), "amount": Decimal(40)}
        Card.objects.create(shop=cast.shop, kind=kind, key=kind, at=at, **numbers, **rows[kind])


def test_one_key_decides_the_card_of_each_queue_and_u_takes_it_back(
    page: Page, live_server: LiveServer, transactional_db: None
) -> None:
    a_card_of_each(make_cast())
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{live_server.url}/login/")
    page.locator("[name=username]").fill("meena")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("button.btn--primary").click()
    page.wait_for_url("**/s/water/**")
    for kind in QUEUES:
        page.goto(f"{live_server.url}/s/water/queues/{kind}/")
        answer = page.locator(f'[data-key="{KEYS[kind]}"]')
        expect(answer).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, kind
        page.keyboard.press(KEYS[kind])
        expect(page.locator(".empty")).to_be_visible()
        page.wait_for_load_state("load")  # with the script that obeys the keys
        assert Card.objects.get(kind=kind).outcome, kind
        page.keyboard.press("u")
        expect(answer).to_be_visible()
        assert not Card.objects.get(kind=kind).outcome, kind
