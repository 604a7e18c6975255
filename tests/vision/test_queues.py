"""Cards to decide: found once, decided once with one key, taken back; who may, and what the pages show."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from sales.models import SaleVoid, Tender
from sales.new_sale import Line, NewSale
from sales.reversals import correct_sale, void_sale
from tests.base import TESTS, Cast, make_cast, sell
from tests.vision.scene import a_visit
from vision import recordings
from vision.models import Card, SaleLink, Visit
from vision.queues import QUEUES, deciding, finding
from watershop.audit import Actor
from watershop.models import AuditEntry, Right, Role, RoleRight

SignIn = Callable[..., Client]
PAGE = "/s/water/queues/late_void/"


def a_late_void(cast: Cast, minutes: float = 20, *, picture: bool = False, **fields: object) -> Card:
    """A sale whose buyer left so many minutes before it was undone, and its card, if there is one."""
    entry = timezone.now() - timedelta(minutes=minutes, seconds=60)
    visit = a_visit(cast.shop, entry, 60, picture=picture)
    sale = sell(cast, 2, sold_at=entry + timedelta(seconds=30), **fields)
    SaleLink.objects.create(
        shop=cast.shop, sale=sale, visit=visit, confidence=0.97, state=SaleLink.State.LINKED
    )
    void_sale(sale, reason="wrong", actor=TESTS)
    finding.find_for(QUEUES["late_void"], cast.shop)
    return Card.objects.filter(sale=sale).first()  # type: ignore[return-value]


def test_a_void_after_the_customer_left_makes_one_card_however_often_it_is_looked_for(cast: Cast) -> None:
    card = a_late_void(cast)
    finding.find_for(QUEUES["late_void"], cast.shop)
    assert Card.objects.get() == card
    assert (card.kind, card.amount, card.because["minutes"]) == ("late_void", Decimal(40), 20)


def test_a_queue_that_fails_is_logged_and_the_others_are_asked(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    a_late_void(cast).delete()

    def fails(*_: Any) -> None:
        raise RuntimeError("out of order")

    first = next(iter(QUEUES.values()))
    assert first.kind != "late_void"
    monkeypatch.setattr(first, "follow", fails)
    finding.find(cast.shop, -cast.shop.pk)
    assert Card.objects.filter(kind="late_void").exists()
    assert "out of order" in caplog.text


def test_a_void_while_the_customer_stands_there_makes_none(cast: Cast) -> None:
    assert a_late_void(cast, minutes=1) is None


def test_a_void_of_a_sale_whose_visit_is_only_suggested_makes_none(cast: Cast) -> None:
    card = a_late_void(cast)
    card.delete()
    SaleLink.objects.update(state=SaleLink.State.SUGGESTED)
    finding.find_for(QUEUES["late_void"], cast.shop)
    assert not Card.objects.exists()


def test_a_correction_says_what_became_of_the_sale(cast: Cast, client_of: SignIn) -> None:
    entry = timezone.now() - timedelta(minutes=9)
    visit, sale = a_visit(cast.shop, entry), sell(cast, 2, sold_at=entry)
    SaleLink.objects.create(
        shop=cast.shop, sale=sale, visit=visit, confidence=0.97, state=SaleLink.State.LINKED
    )
    correct_sale(sale, NewSale([Line(cast.can20, 1)], Tender.CASH), reason="one", actor=TESTS)
    finding.find_for(QUEUES["late_void"], cast.shop)
    assert "₹40 made ₹20 8 min after the customer left." in client_of(cast.meena).get(PAGE).content.decode()


def test_a_card_shows_face_film_reason_sale_and_a_key_for_each_outcome(cast: Cast, client_of: SignIn) -> None:
    card = a_late_void(cast, picture=True)
    recording = card.visit.recording  # type: ignore[union-attr]
    recording.file.name, recording.duration_s = "recordings/a.mp4", 60.0
    recording.save()
    page = client_of(cast.meena).get(PAGE).content.decode()
    for text in (
        "₹40 undone 20 min after the customer left.",
        f"/s/water/recordings/{recording.pk}/preview/?at=0.0",
        f"/s/water/sales/{card.sale_id}/",
        "/s/water/faces/",
        'data-key="c"',
        'data-key="k"',
        'data-key="n"',
    ):
        assert text in page, text


def test_an_outcome_closes_the_card_and_undo_opens_it_again(cast: Cast, client_of: SignIn) -> None:
    card, client = a_late_void(cast), client_of(cast.meena)
    page = client.post(f"/s/water/queues/cards/{card.pk}/", {"do": "mistake"}, follow=True).content.decode()
    card.refresh_from_db()
    assert (card.outcome, card.decided_by) == ("mistake", cast.meena) and card.decided_at
    assert "Nothing to decide" in page and "Keying mistake" in page and 'data-key="u"' in page
    page = client.post(f"/s/water/queues/cards/{card.pk}/undo/", follow=True).content.decode()
    card.refresh_from_db()
    assert card.outcome == "" and not card.decided_by and not card.decided_at
    assert 'data-key="k"' in page
    actions = AuditEntry.objects.filter(subject_id=card.pk, action__endswith="queue_card")
    assert list(actions.order_by("pk").values_list("action", "user")) == [
        ("decide_queue_card", cast.meena.pk),
        ("undo_queue_card", cast.meena.pk),
    ]


def test_who_comes_second_is_told(cast: Cast, client_of: SignIn) -> None:
    card = a_late_void(cast)
    deciding.decide(card, "mistake", Actor(cast.meena, "tests"))
    answer = client_of(cast.lakshmi).post(
        f"/s/water/queues/cards/{card.pk}/", {"do": "came_back"}, follow=True
    )
    card.refresh_from_db()
    assert "Somebody has decided this already." in answer.content.decode() and card.outcome == "mistake"
    deciding.undo(card, Actor(cast.meena, "tests"))
    with pytest.raises(ValidationError, match="taken back already"):
        deciding.undo(card, Actor(cast.meena, "tests"))


def test_an_unknown_outcome_is_refused(cast: Cast) -> None:
    with pytest.raises(ValidationError, match="one of the answers"):
        deciding.decide(a_late_void(cast), "fine", TESTS)


def test_skip_shows_the_next_card_and_after_the_last_the_first(cast: Cast, client_of: SignIn) -> None:
    old, new = a_late_void(cast, 40), a_late_void(cast, 20)
    client = client_of(cast.meena)
    assert f"cards/{new.pk}/" in (first := client.get(PAGE).content.decode()) and f"?after={new.pk}" in first
    assert f"cards/{old.pk}/" in client.get(f"{PAGE}?after={new.pk}").content.decode()
    assert f"cards/{new.pk}/" in client.get(f"{PAGE}?after={old.pk}").content.decode()
    assert f"cards/{old.pk}/" in client.get(f"{PAGE}?card={old.pk}").content.decode()


def test_only_a_manager_who_may_see_faces_decides(cast: Cast, client_of: SignIn) -> None:
    card = a_late_void(cast)
    addresses = (PAGE, f"/s/water/queues/cards/{card.pk}/", f"/s/water/queues/cards/{card.pk}/undo/")
    ravi = client_of(cast.ravi)
    assert [ravi.get(addresses[0]).status_code] + [
        ravi.post(address, {"do": "mistake"}).status_code for address in addresses[1:]
    ] == [403, 403, 403]
    assert "Undone after they left" not in ravi.get("/s/water/queues/").content.decode()
    RoleRight.objects.create(shop=cast.shop, role=Role.MANAGER, right=Right.SEE_FACES, is_allowed=False)
    assert client_of(cast.meena).get("/s/water/queues/").status_code == 403
    card.refresh_from_db()
    assert card.outcome == ""


def test_another_shop_sees_and_decides_nothing(cast: Cast, client_of: SignIn) -> None:
    card = a_late_void(cast)
    neighbour = client_of(make_cast("next").meena)
    assert neighbour.get(PAGE).status_code == 404
    assert neighbour.post(f"/s/next/queues/cards/{card.pk}/", {"do": "mistake"}).status_code == 404
    assert "Nothing to decide" in neighbour.get("/s/next/queues/late_void/").content.decode()
    assert neighbour.get("/s/next/queues/no_such/").status_code == 404


def test_the_page_of_all_queues_says_how_many_wait(cast: Cast, client_of: SignIn) -> None:
    a_late_void(cast)
    page = client_of(cast.meena).get("/s/water/queues/").content.decode()
    assert PAGE in page and '<span class="stat__value is-warn">1</span>' in page


def test_looking_and_deciding_take_few_queries_however_many_cards(
    cast: Cast, client_of: SignIn, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for minutes in range(10, 16):
        card = a_late_void(cast, minutes, picture=True)
        if minutes % 2:
            deciding.decide(card, "mistake", TESTS)
    client = client_of(cast.meena)
    with django_assert_max_num_queries(20):
        assert client.get(PAGE).status_code == 200


def test_a_card_goes_with_the_recording_of_its_visit(cast: Cast) -> None:
    card = a_late_void(cast)
    visit: Visit = card.visit  # type: ignore[assignment]
    recordings.remove(visit.recording, TESTS)
    assert not Card.objects.exists() and not Visit.objects.exists() and SaleVoid.objects.exists()


def test_a_visit_that_is_not_theirs_takes_the_card_of_a_late_void_away(cast: Cast) -> None:
    a_late_void(cast)
    SaleLink.objects.update(state=SaleLink.State.REFUSED, decided_at=timezone.now())
    finding.find_for(QUEUES["late_void"], cast.shop)
    assert not Card.objects.exists()
