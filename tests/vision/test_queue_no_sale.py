"""A visit without a sale: whom it asks about, what may have been missed, and the sale that is entered after all."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from sales.models import Sale
from sales.reversals import void_sale
from tests.base import TESTS, Cast, sell
from tests.vision.scene import a_person, a_visit
from vision.models import Camera, Card, ClockEstimate, Person, SaleLink, Visit
from vision.queues import QUEUES, deciding, finding, no_sale
from watershop.audit import Actor

SignIn = Callable[..., Client]
SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1]]


@pytest.fixture
def at() -> datetime:
    return timezone.now().replace(microsecond=0) - timedelta(minutes=30)


def waits(cast: Cast, at: datetime, seconds: float = 20, **fields: object) -> Visit:
    """A visit of a minute with a wait at the counter."""
    visit = a_visit(cast.shop, at, 60, **fields)  # type: ignore[arg-type]
    visit.counter_from_at, visit.counter_until_at = at, at + timedelta(seconds=seconds)
    visit.save()
    Camera.objects.update(counter=SQUARE)
    return visit


def cards(cast: Cast) -> list[int | None]:
    """The visits that are asked about."""
    finding.find_for(QUEUES["no_sale"], cast.shop)
    rows = Card.objects.open().filter(kind="no_sale").order_by("pk")
    return list(rows.values_list("visit", flat=True))


def link(sale: Sale, visit: Visit, state: str = "linked") -> SaleLink:
    decided = {"decided_at": timezone.now()} if state in ("confirmed", "refused") else {}
    return SaleLink.objects.create(
        shop=sale.shop, sale=sale, visit=visit, confidence=0.97, state=state, **decided
    )


def test_who_waited_at_the_counter_and_bought_nothing_is_asked_about(cast: Cast, at: datetime) -> None:
    visit = waits(cast, at)
    assert cards(cast) == [visit.pk]
    left_at = visit.exit_at.isoformat()
    assert Card.objects.get().because == {"is_counter": True, "seconds": 20, "left_at": left_at}


def test_who_only_passed_works_here_or_is_there_still_is_not(cast: Cast, at: datetime) -> None:
    waits(cast, at, seconds=4)
    waits(cast, at, person=a_person(cast.shop, is_shop_staff=True))
    waits(cast, at, person=a_person(cast.shop, is_ignored=True))
    waits(cast, timezone.now() - timedelta(minutes=2))
    assert cards(cast) == []


def test_where_no_counter_is_drawn_half_a_minute_in_the_shop_counts(cast: Cast, at: datetime) -> None:
    a_visit(cast.shop, at, 20)
    stayed = a_visit(cast.shop, at, 40)
    assert cards(cast) == [stayed.pk]


def test_a_sale_that_could_be_theirs_leaves_them_alone_until_it_is_another_visits(
    cast: Cast, at: datetime
) -> None:
    visit = waits(cast, at)
    sale = sell(cast, sold_at=at + timedelta(minutes=3))
    assert cards(cast) == []
    link(sale, waits(cast, at + timedelta(minutes=2)))
    assert cards(cast) == [visit.pk]


def test_the_cameras_clock_is_taken_into_account(cast: Cast, at: datetime) -> None:
    visit, behind = waits(cast, at), timedelta(minutes=10)
    ClockEstimate.objects.create(
        **{"shop": cast.shop, "camera": Camera.objects.get(), "state": ClockEstimate.State.APPLIED},
        **{"at": at, "first_at": at, "last_at": at, "offset_s": behind.total_seconds()},
        **{"z": 9, "peak_ratio": 2, "spread_s": 5, "sales": 60, "visits": 80},
    )
    sale = sell(cast, sold_at=at + behind)
    assert cards(cast) == []
    link(sale, a_visit(cast.shop, at - timedelta(hours=1)))
    sell(cast, sold_at=at)
    assert cards(cast) == [visit.pk]
    assert Card.objects.get().because["left_at"] == (visit.exit_at + behind).isoformat()


def test_another_customers_sale_is_not_theirs(cast: Cast, at: datetime) -> None:
    visit = waits(cast, at, person=a_person(cast.shop, customer=cast.asha))
    sell(cast, sold_at=at, customer=cast.bala)
    assert cards(cast) == [visit.pk]
    assert Card.objects.get().customer == cast.asha


def test_who_came_in_with_a_buyer_came_along(cast: Cast, at: datetime) -> None:
    link(sell(cast, sold_at=at), waits(cast, at))
    waits(cast, at + timedelta(seconds=2))
    assert cards(cast) == []


def test_the_card_goes_when_a_sale_is_linked(cast: Cast, at: datetime) -> None:
    visit = waits(cast, at)
    assert cards(cast) == [visit.pk]
    sale = sell(cast, sold_at=at)
    link(sale, visit)
    assert cards(cast) == []


def test_a_sale_undone_while_they_stood_there_is_none_and_one_undone_later_is_asked_about_elsewhere(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(no_sale, "KEYED_BY", timedelta(0))
    now = timezone.now()
    for minutes in (4, 1.5):  # since they came: they stay for one
        at = now - timedelta(minutes=minutes)
        visit, sale = waits(cast, at), sell(cast, sold_at=at)
        link(sale, visit)
        void_sale(sale, reason="wrong", actor=TESTS)
    assert cards(cast) == [visit.pk]


def test_the_leak_of_today_is_what_they_usually_pay(cast: Cast, client_of: SignIn) -> None:
    at = timezone.now() - timedelta(minutes=30)
    for _ in range(3):
        sell(cast, 1, sold_at=at - timedelta(days=1))
    sell(cast, 4, sold_at=at - timedelta(days=2), customer=cast.asha)
    waits(cast, at, person=a_person(cast.shop, customer=cast.asha))
    waits(cast, at)
    finding.find_for(QUEUES["no_sale"], cast.shop)
    assert set(Card.objects.values_list("amount", flat=True)) == {Decimal(80), Decimal(20)}
    page = client_of(cast.meena).get("/s/water/queues/").content.decode()
    today = at.astimezone(cast.shop.tz).date() == timezone.now().astimezone(cast.shop.tz).date()
    assert ("About ₹100 missed today" in page) == today
    deciding.decide(Card.objects.filter(amount=20).get(), "enquiry", TESTS)
    assert (
        "About ₹80 missed today" in client_of(cast.meena).get("/s/water/queues/").content.decode()
    ) == today


def test_a_missed_sale_leads_to_the_till_and_is_linked_once_it_is_entered(
    cast: Cast, client_of: SignIn, at: datetime
) -> None:
    visit = waits(cast, at, person=a_person(cast.shop, customer=cast.asha))
    finding.find_for(QUEUES["no_sale"], cast.shop)
    card, client = Card.objects.get(), client_of(cast.meena)
    door = client.post(f"/s/water/queues/cards/{card.pk}/", {"do": "missed"})["Location"]
    page = client.get(door)
    form = page.context["form"]
    sold_at = (at + timedelta(seconds=60)).astimezone(cast.shop.tz).strftime("%Y-%m-%dT%H:%M")
    assert (form["sold_at"].value(), form.buyer) == (sold_at, cast.asha) and form["is_paper"].value() == "1"
    entered = {name: form[name].value() for name in ("client_ref", "sold_at", "is_paper", "customer")}
    client.post("/s/water/till/", entered | {f"sold_{cast.can20.pk}": 2, "tender": "cash"})
    finding.find_for(QUEUES["no_sale"], cast.shop)
    card.refresh_from_db()
    sale, joined = Sale.objects.get(), SaleLink.objects.get()
    assert card.sale == sale and sale.customer == cast.asha
    assert (joined.sale, joined.visit, joined.state, joined.decided_by) == (
        sale,
        visit,
        "confirmed",
        cast.meena,
    )
    client.post("/s/water/till/", entered | {f"sold_{cast.can20.pk}": 2, "tender": "cash"})
    assert Sale.objects.count() == 1
    with pytest.raises(ValidationError, match="Void it first"):
        deciding.undo(card, TESTS)
    void_sale(sale, reason="wrong", actor=TESTS)
    assert deciding.undo(card, TESTS).sale is None


def test_who_works_here_is_named_so_and_undo_takes_it_back(cast: Cast, at: datetime) -> None:
    visit = waits(cast, at)
    finding.find_for(QUEUES["no_sale"], cast.shop)
    card = deciding.decide(Card.objects.get(), "staff", Actor(cast.meena, "tests"))
    assert visit.person in Person.objects.filter(is_shop_staff=True)
    deciding.undo(card, Actor(cast.meena, "tests"))
    assert visit.person not in Person.objects.filter(is_shop_staff=True)


@pytest.mark.parametrize("outcome", ["enquiry", "companion", "wrong", "missed"])
def test_the_other_answers_close_the_card_and_change_nothing_else(
    cast: Cast, at: datetime, outcome: str
) -> None:
    waits(cast, at)
    finding.find_for(QUEUES["no_sale"], cast.shop)
    card = deciding.decide(Card.objects.get(), outcome, TESTS)
    assert cards(cast) == [] and not Sale.objects.exists()
    deciding.undo(card, TESTS)
    assert cards(cast) == [card.visit_id]


def test_looking_takes_the_same_queries_however_many_visits(
    cast: Cast, at: datetime, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for minute in range(6):
        waits(cast, at + timedelta(minutes=minute))
    with django_assert_max_num_queries(16):  # type: ignore[attr-defined]
        finding.find_for(QUEUES["no_sale"], cast.shop)
    assert Card.objects.filter(kind="no_sale").count() == 6
