"""A sale without anybody present: only where a recording of the counter covers the moment; cash first."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from sales.models import Sale, Tender
from sales.reversals import void_sale
from tests.base import TESTS, Cast, sell
from tests.vision.scene import a_recording, a_visit
from vision.models import Camera, Card, Recording, SaleLink
from vision.queues import QUEUES, deciding, finding
from watershop.models import Shop

SignIn = Callable[..., Client]
SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1]]


@pytest.fixture
def at() -> datetime:
    return timezone.now().replace(microsecond=0) - timedelta(minutes=30)


def film(shop: Shop, at: datetime, minutes: float = 10, state: str = Recording.State.DONE) -> Recording:
    """A watched recording of the counter around a moment."""
    start = at - timedelta(minutes=minutes / 2)
    found = a_recording(shop, start, state, duration_s=60 * minutes)
    Camera.objects.update(counter=SQUARE)
    return found


def asked(cast: Cast) -> list[int | None]:
    """The sales that are asked about, in the order of the queue."""
    finding.find_for(QUEUES["no_visit"], cast.shop)
    rows = Card.objects.open().filter(kind="no_visit").order_by("because__rank", "-at", "-pk")
    return list(rows.values_list("sale", flat=True))


def test_a_sale_while_nobody_was_at_the_counter_is_asked_about(
    cast: Cast, client_of: SignIn, at: datetime
) -> None:
    recording = film(cast.shop, at)
    recording.file.name = "recordings/a.mp4"
    recording.save()
    sale = sell(cast, 2, sold_at=at)
    assert asked(cast) == [sale.pk]
    page = client_of(cast.meena).get("/s/water/queues/no_visit/").content.decode()
    assert "₹40 (Cash) keyed while nobody was at the counter." in page
    assert f"/s/water/recordings/{recording.pk}/preview/?at=210.0" in page


def test_without_a_recording_of_the_moment_nothing_is_said(cast: Cast, at: datetime) -> None:
    film(cast.shop, at, minutes=2)  # shorter than the time that is looked at
    film(cast.shop, at - timedelta(hours=1))
    film(cast.shop, at, state="processing")
    sell(cast, sold_at=at)
    assert asked(cast) == []


def test_pieces_of_a_live_camera_cover_what_lies_over_their_seam(cast: Cast, at: datetime) -> None:
    film(cast.shop, at - timedelta(minutes=5, seconds=1))
    film(cast.shop, at + timedelta(minutes=5))
    sale = sell(cast, sold_at=at)
    assert asked(cast) == [sale.pk]


def test_somebody_at_the_counter_a_minute_before_may_be_the_buyer(cast: Cast, at: datetime) -> None:
    film(cast.shop, at)
    visit = a_visit(cast.shop, at - timedelta(seconds=80), 20)
    sale = sell(cast, sold_at=at)
    assert asked(cast) == [sale.pk], "in the shop, not at the counter"
    Card.objects.all().delete()
    visit.counter_from_at, visit.counter_until_at = visit.entry_at, visit.exit_at
    visit.save()
    assert asked(cast) == []


def test_what_was_linked_imported_or_written_on_paper_is_not_asked_about(cast: Cast, at: datetime) -> None:
    film(cast.shop, at)
    sale = sell(cast, sold_at=at)
    SaleLink.objects.create(shop=cast.shop, sale=sale, visit=a_visit(cast.shop, at), confidence=0.9)
    for source in (Sale.Source.IMPORT, Sale.Source.PAPER, Sale.Source.OFFLINE):
        sell(cast, sold_at=at, source=source)
    assert asked(cast) == []


def test_a_link_that_comes_later_takes_the_card_away(cast: Cast, at: datetime) -> None:
    film(cast.shop, at)
    sale = sell(cast, sold_at=at)
    assert asked(cast) == [sale.pk]
    SaleLink.objects.create(shop=cast.shop, sale=sale, visit=a_visit(cast.shop, at), confidence=0.9)
    assert asked(cast) == []


def test_cash_comes_first_and_what_was_undone_before_what_stands(cast: Cast, at: datetime) -> None:
    film(cast.shop, at)
    upi, cash, undone = (
        sell(cast, tender=Tender.UPI, sold_at=at),
        sell(cast, sold_at=at),
        sell(cast, sold_at=at),
    )
    void_sale(undone, reason="wrong", actor=TESTS)
    assert asked(cast) == [undone.pk, cash.pk, upi.pk]


@pytest.mark.parametrize("outcome", ["was_there", "delivered", "practice", "ask"])
def test_each_answer_closes_the_card_voids_nothing_and_can_be_taken_back(
    cast: Cast, client_of: SignIn, at: datetime, outcome: str
) -> None:
    film(cast.shop, at)
    sale = sell(cast, sold_at=at)
    finding.find_for(QUEUES["no_visit"], cast.shop)
    card = Card.objects.get()
    answer = client_of(cast.meena).post(f"/s/water/queues/cards/{card.pk}/", {"do": outcome})
    to_void = f"/s/water/sales/{sale.pk}/"
    assert answer["Location"] == (to_void if outcome == "practice" else "/s/water/queues/no_visit/")
    assert asked(cast) == [] and not hasattr(Sale.objects.get(), "void")
    deciding.undo(card, TESTS)
    assert asked(cast) == [sale.pk]


def test_looking_takes_the_same_queries_however_many_sales(
    cast: Cast, at: datetime, django_assert_max_num_queries: Callable[..., object]
) -> None:
    film(cast.shop, at)
    for _ in range(6):
        sell(cast, sold_at=at)
    with django_assert_max_num_queries(16):  # type: ignore[attr-defined]
        finding.find_for(QUEUES["no_visit"], cast.shop)
    assert Card.objects.filter(kind="no_visit").count() == 6
