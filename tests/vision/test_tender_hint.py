"""How a sale was probably paid: from the customer's habit and from hands over the UPI stand and the drawer."""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from typing import cast as told

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone

from sales.models import Sale, Tender
from tests.base import Cast, make_cast, sell
from tests.vision.scene import a_visit
from vision import tenders
from vision.hands import Hands
from vision.models import SaleLink, TenderHint, Visit
from vision.picture import Frame
from vision.scene import Scene

SignIn = Callable[..., Client]
STAND = ((0.1, 0.1), (0.4, 0.1), (0.4, 0.5), (0.1, 0.5))
DRAWER = ((0.6, 0.6), (0.9, 0.6), (0.9, 0.9), (0.6, 0.9))


def a_sale(
    cast: Cast, at: datetime, tender: Tender, *, upi_s: float | None, cash_s: float | None, **fields: Any
) -> Sale:
    """A sale in a visit that is surely its own, with so many seconds of motion in the two places."""
    sale = sell(cast, tender=tender, sold_at=at, **fields)
    visit = a_visit(cast.shop, at - timedelta(seconds=40))
    Visit.objects.filter(pk=visit.pk).update(upi_s=upi_s, cash_s=cash_s)
    SaleLink.objects.create(shop=cast.shop, sale=sale, visit=visit, confidence=0.97, state="linked")
    return sale


@pytest.fixture
def month(cast: Cast) -> datetime:
    """Thirty sales in which the stand moved for UPI and the drawer for cash; now."""
    now = timezone.now()
    for number in range(30):
        is_upi = number % 3 == 0
        a_sale(
            cast,
            now - timedelta(days=10, hours=-number),
            Tender.UPI if is_upi else Tender.CASH,
            upi_s=2.0 if is_upi else 0.0,
            cash_s=0.2 if is_upi else 1.4,
        )
    return now


def hint_for(sale: Sale) -> TenderHint:
    tenders.hint_new_sales(sale.shop, sale.sold_at)
    return TenderHint.objects.get(sale=sale)


def test_hands_over_the_stand_say_upi_whatever_was_keyed(cast: Cast, month: datetime) -> None:
    keyed = a_sale(cast, month - timedelta(hours=1), Tender.CASH, upi_s=2.4, cash_s=0.0)
    hint = hint_for(keyed)
    assert hint.tender == Tender.UPI and hint.probability > 0.9
    assert Sale.objects.get(pk=keyed.pk).stated_tender == Tender.CASH


def test_what_was_keyed_for_a_sale_says_nothing_about_it(cast: Cast, month: datetime) -> None:
    at = month - timedelta(hours=1)
    hints = [
        hint_for(a_sale(cast, at + timedelta(minutes=10 * number), tender, upi_s=0.0, cash_s=1.0))
        for number, tender in enumerate((Tender.CASH, Tender.COIN))
    ]
    assert [hint.tender for hint in hints] == [Tender.CASH, Tender.CASH]


def test_where_nothing_is_drawn_a_customers_own_habit_decides(cast: Cast, month: datetime) -> None:
    for day in range(2, 9):
        sell(cast, tender=Tender.COIN, customer=cast.asha, sold_at=month - timedelta(days=day))
    at = month - timedelta(hours=1)
    known = a_sale(cast, at, Tender.CASH, upi_s=None, cash_s=None, customer=cast.asha)
    stranger = a_sale(cast, at, Tender.CASH, upi_s=None, cash_s=None)
    assert hint_for(known).tender == Tender.COIN
    assert TenderHint.objects.get(sale=stranger).tender == Tender.CASH


def test_a_sale_without_a_sure_visit_has_no_hint(cast: Cast) -> None:
    sale = sell(cast)
    assert tenders.hint_new_sales(cast.shop, sale.sold_at - timedelta(days=1)) == 0


def test_hints_are_made_once_in_a_bounded_number_of_queries(
    cast: Cast, month: datetime, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    with django_assert_max_num_queries(8):  # type: ignore[attr-defined]
        assert tenders.hint_new_sales(cast.shop, month - timedelta(days=20)) == 30
    assert tenders.hint_new_sales(cast.shop, month - timedelta(days=20)) == 0


def test_the_hit_rate_counts_hints_that_agree_with_what_was_keyed(cast: Cast, month: datetime) -> None:
    at = month - timedelta(hours=2)
    for number, upi_s in enumerate((2.0, 2.0, 0.0)):
        hint_for(
            a_sale(cast, at + timedelta(minutes=10 * number), Tender.UPI, upi_s=upi_s, cash_s=2.0 - upi_s)
        )
    rate = tenders.hit_rate(cast.shop, at - timedelta(minutes=1))
    assert (rate.hints, rate.right, rate.usual) == (3, 2, 3)
    assert tenders.hit_rate(make_cast("next-door").shop, at).hints == 0


def test_the_page_of_a_sale_shows_the_hint_with_its_hit_rate(
    cast: Cast, month: datetime, client_of: SignIn
) -> None:
    sale = a_sale(cast, month - timedelta(hours=1), Tender.CASH, upi_s=2.4, cash_s=0.0)
    hint_for(sale)
    page = client_of(cast.ravi).get(f"/s/water/sales/{sale.pk}/visits/").content.decode()
    assert "How was it paid?" in page and "Keyed: Cash" in page and "Right for 0% of 1 sale" in page


def frame(at: float, *bright: tuple[slice, slice]) -> Frame:
    luma = np.full((100, 100), 60, np.uint8)
    for place in bright:
        luma[place] = 200
    return told(Frame, SimpleNamespace(at=at, luma=luma))


def test_a_hand_in_a_drawn_place_is_seen_there_and_nowhere_else() -> None:
    hands = Hands(Scene(upi_stand=STAND, cash_drawer=DRAWER))
    hand, elsewhere = (slice(15, 45), slice(12, 38)), (slice(70, 95), slice(5, 40))
    for at, places in ((0.0, ()), (0.2, (hand,)), (0.4, ()), (0.6, (elsewhere,)), (0.8, (elsewhere,))):
        hands.look(frame(at, *places))
    assert hands.moved == {"upi_stand": [0.2, 0.4], "cash_drawer": []}


def test_where_nothing_is_drawn_nothing_is_measured() -> None:
    hands = Hands(Scene())
    hands.look(frame(0.0))
    assert hands.moved == {}
