"""Cards about the drawer: at which moments a variance may have come about, the likeliest first."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from sales import drawer
from sales.models import Tender
from sales.reversals import void_sale
from tests.base import TESTS, Cast, make_cast, sell
from tests.vision.card_scenes import closed, look, opened
from tests.vision.scene import a_visit
from vision.models import Card, SaleLink
from vision.queues import QUEUES, deciding, finding

SignIn = Callable[..., Client]
Later = Callable[[], None]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Half an hour goes by."""
    at = timezone.now() + timedelta(minutes=30)
    return lambda: monkeypatch.setattr(timezone, "now", lambda: at)


def whats(card: Card) -> list[str]:
    return [moment["what"] for moment in card.because["moments"]]


def test_a_drawer_that_is_right_is_no_card(cast: Cast, later: Later) -> None:
    session = opened(cast)
    sell(cast, 6)
    closed(session, off=0, upi_off=5)
    later()
    assert not look("variance", cast.shop)


def test_a_sale_entered_as_cash_whose_amount_is_missing_comes_first(cast: Cast, later: Later) -> None:
    session = opened(cast)
    sell(cast, 1)
    wrong = sell(cast, 6)
    void_sale(sell(cast, 2), reason="two", actor=TESTS)
    drawer.pay_out(cast.shop, amount=Decimal(30), reason="diesel", actor=TESTS)
    closed(session, off=-120, upi_off=120)
    assert not look("variance", cast.shop)  # its films are not watched yet
    later()
    (card,) = look("variance", cast.shop)
    assert card.session == session and card.amount == -120
    assert QUEUES["variance"].sentence(card) == "The drawer is ₹120 short."
    assert whats(card) == ["keyed_cash", "given_back", "move"]
    assert card.because["moments"][0]["sale"] == wrong.pk
    assert look("variance", cast.shop) == [card]


def test_too_much_may_be_cash_entered_as_upi_or_a_refund_that_was_not_paid_out(
    cast: Cast, later: Later
) -> None:
    session = opened(cast)
    sell(cast, 2, tender=Tender.UPI)
    void_sale(sell(cast, 2), reason="two", actor=TESTS)
    closed(session, off=40)
    later()
    (card,) = look("variance", cast.shop)
    assert QUEUES["variance"].sentence(card) == "The drawer has ₹40 too much."
    assert sorted(whats(card)) == ["given_back", "keyed_upi"]


def test_money_that_went_the_other_way_round_is_out_by_twice_as_much(cast: Cast, later: Later) -> None:
    session = opened(cast)
    drawer.pay_in(cast.shop, amount=Decimal(50), reason="change", actor=TESTS)
    drawer.pay_out(cast.shop, amount=Decimal(20), reason="tea", actor=TESTS)
    closed(session, off=-100)
    later()
    (card,) = look("variance", cast.shop)
    assert [row["amount"] for row in card.because["moments"]] == ["50.00", "-20.00"]


def test_visits_without_a_sale_and_crowds_are_moments_too(cast: Cast, later: Later) -> None:
    session = opened(cast)
    now = timezone.now()
    visits = [a_visit(cast.shop, now - timedelta(seconds=20), 60) for _ in range(2)]
    sale = sell(cast, 1)
    SaleLink.objects.create(
        shop=cast.shop, sale=sale, visit=visits[0], confidence=0.97, state=SaleLink.State.LINKED
    )
    for outcome in ("", "enquiry"):
        Card.objects.create(
            **{"shop": cast.shop, "kind": Card.Kind.NO_SALE, "key": f"one{outcome}", "at": now},
            **{"visit": visits[1], "amount": Decimal(60), "outcome": outcome},
            decided_at=now if outcome else None,
        )
    closed(session, off=60)
    later()
    (card,) = look("variance", cast.shop)
    assert whats(card) == ["no_sale", "crowd"]
    assert [row["visit"] for row in card.because["moments"]] == [visits[1].pk, visits[0].pk]


def test_each_moment_is_an_answer_with_its_film(cast: Cast, later: Later, client_of: SignIn) -> None:
    session = opened(cast)
    visit = a_visit(cast.shop, timezone.now() - timedelta(seconds=20), 60, picture=True)
    visit.recording.file.name, visit.recording.duration_s = "recordings/a.mp4", 600.0
    visit.recording.save()
    sale = sell(cast, 6)
    SaleLink.objects.create(
        shop=cast.shop, sale=sale, visit=visit, confidence=0.97, state=SaleLink.State.LINKED
    )
    closed(session, off=-120)
    later()
    (card,) = look("variance", cast.shop)
    client = client_of(cast.meena)
    page = client.get("/s/water/queues/variance/").content.decode()
    for text in (
        "entered as cash, perhaps paid otherwise",
        f"/s/water/recordings/{visit.recording_id}/preview/?at=2",
        f"/s/water/sales/{sale.pk}/",
        "/s/water/faces/",
        'data-key="1"',
        'data-key="n"',
    ):
        assert text in page, text
    page = client.post(f"/s/water/queues/cards/{card.pk}/", {"do": "moment_1"}, follow=True).content.decode()
    card.refresh_from_db()
    assert card.outcome == "moment_1" and "entered as cash, perhaps paid otherwise" in page
    client.post(f"/s/water/queues/cards/{card.pk}/undo/")
    assert look("variance", cast.shop) == [card]
    page = client.post(f"/s/water/queues/cards/{card.pk}/", {"do": "moment_2"}, follow=True).content.decode()
    assert "Choose one of the answers." in page


def test_each_shop_has_its_own_drawers(cast: Cast, later: Later) -> None:
    session = opened(cast)
    sell(cast, 1)
    closed(session, off=-20)
    later()
    assert not look("variance", make_cast("neighbour").shop)
    assert look("variance", cast.shop)


def test_a_long_session_costs_no_more_than_a_short_one(
    cast: Cast, later: Later, django_assert_max_num_queries: Any
) -> None:
    session = opened(cast)
    for number in range(6):
        sell(cast, 1 + number % 2)
        a_visit(cast.shop, timezone.now(), 60)
    closed(session, off=-20)
    later()
    with django_assert_max_num_queries(14):
        finding.find_for(QUEUES["variance"], cast.shop)
    assert deciding.decide(Card.objects.get(kind="variance"), "unexplained", TESTS).outcome == "unexplained"
