"""Paid otherwise than keyed: only a sure hint asks, and whoever agrees is led to the correction."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from sales.models import Sale, Tender
from sales.new_sale import Line, NewSale
from sales.reversals import correct_sale
from tests.base import TESTS, Cast, sell
from tests.vision.scene import a_visit
from vision import linking
from vision.models import Card, SaleLink, TenderHint
from vision.queues import QUEUES, deciding, finding

SignIn = Callable[..., Client]
PAGE = "/s/water/queues/tender/"


@pytest.fixture
def sale(cast: Cast) -> Sale:
    """A sale keyed as cash an hour ago."""
    return sell(cast, sold_at=timezone.now() - timedelta(hours=1))


def hint(sale: Sale, tender: str = Tender.UPI, probability: float = 0.93) -> None:
    visit = a_visit(sale.shop, sale.sold_at)
    SaleLink.objects.create(shop=sale.shop, sale=sale, visit=visit, confidence=0.97, state="linked")
    TenderHint.objects.create(shop=sale.shop, sale=sale, tender=tender, probability=probability)
    finding.find_for(QUEUES["tender"], sale.shop)


def asked() -> list[int | None]:
    return list(Card.objects.open().filter(kind="tender").values_list("sale", flat=True))


def test_a_sure_hint_that_disagrees_asks_with_the_visit(cast: Cast, sale: Sale, client_of: SignIn) -> None:
    hint(sale)
    assert asked() == [sale.pk] and Card.objects.get(kind="tender").visit == sale.links.get().visit
    assert "Keyed as Cash; looks like UPI (93%)." in client_of(cast.meena).get(PAGE).content.decode()


def test_a_hint_that_agrees_or_is_not_sure_asks_nobody(cast: Cast, sale: Sale) -> None:
    hint(sale, Tender.CASH, 0.99)
    hint(sell(cast, sold_at=sale.sold_at), probability=0.89)
    assert asked() == []


def test_keyed_right_closes_the_card_and_undo_opens_it(sale: Sale) -> None:
    hint(sale)
    card = deciding.decide(Card.objects.get(), "right", TESTS)
    finding.find_for(QUEUES["tender"], sale.shop)
    assert asked() == []
    deciding.undo(card, TESTS)
    assert asked() == [sale.pk]


def test_otherwise_leads_to_the_correction_and_changes_nothing_itself(
    cast: Cast, sale: Sale, client_of: SignIn
) -> None:
    hint(sale)
    client, card = client_of(cast.meena), Card.objects.get()
    page = f"/s/water/sales/{sale.pk}/correct/"
    assert client.post(f"/s/water/queues/cards/{card.pk}/", {"do": "otherwise"})["Location"] == page
    assert Sale.objects.get().stated_tender == Tender.CASH
    assert f'href="{page}"' in client.get(PAGE).content.decode()
    correct_sale(sale, NewSale([Line(cast.can20, 1)], Tender.UPI), reason="UPI", actor=TESTS)
    assert f'href="{page}"' not in client.get(PAGE).content.decode()


def test_a_correction_made_elsewhere_takes_the_card_away(cast: Cast, sale: Sale) -> None:
    hint(sale)
    correct_sale(sale, NewSale([Line(cast.can20, 1)], Tender.UPI), reason="UPI", actor=TESTS)
    finding.find_for(QUEUES["tender"], cast.shop)
    assert asked() == []


def test_a_sale_of_last_week_asks_nobody_any_more(cast: Cast) -> None:
    long_ago: datetime = timezone.now() - timedelta(days=7)
    hint(sell(cast, sold_at=long_ago))
    assert asked() == []


def test_a_visit_that_is_not_theirs_takes_card_and_hint_away(cast: Cast, sale: Sale) -> None:
    hint(sale)
    linking.decide(SaleLink.objects.get(), is_right=False, actor=TESTS)
    finding.find_for(QUEUES["tender"], cast.shop)
    assert asked() == [] and not TenderHint.objects.exists()


def test_a_hint_that_somebody_decided_on_stays(sale: Sale) -> None:
    hint(sale)
    deciding.decide(Card.objects.get(), "right", TESTS)
    linking.decide(SaleLink.objects.get(), is_right=False, actor=TESTS)
    assert TenderHint.objects.exists()
