"""A debtor arrived: only whose face is near enough and who agreed; money, promise and a wrong face, each taken back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from customers.models import Customer
from sales.collecting import Standing, last_promises
from sales.dues import balance_of
from sales.ledger import receive_payment
from sales.models import Payment, Tender, UpiClaim
from tests.base import Cast, make_cast, sell
from tests.vision.scene import a_person, a_visit
from vision.models import Camera, Card, CounterChoice, Person, Sighting, VisionSettings, Visit
from vision.privacy.withdrawing import withdraw
from vision.queues import QUEUES, deciding, finding
from vision.queues.base import Answer
from watershop.audit import Actor
from watershop.dates import day_of

SignIn = Callable[..., Client]
PAGE = "/s/water/queues/debtor/"


@pytest.fixture
def now() -> datetime:
    return timezone.now().replace(microsecond=0)


@pytest.fixture
def asha(cast: Cast, now: datetime) -> Person:
    """Asha's face; she owes 40 rupees for two months."""
    sell(cast, 2, is_paid=False, customer=cast.asha, sold_at=now - timedelta(days=60))
    return a_person(cast.shop, customer=cast.asha)


@pytest.fixture
def meena(cast: Cast) -> Actor:
    return Actor(cast.meena, "tests")


def in_sight(person: Person, distance: float = 0.2) -> Sighting:
    """Somebody whom a live camera sees, for as long as a test takes on a busy machine."""
    now = timezone.now()
    camera, _is_new = Camera.objects.get_or_create(
        shop=person.shop, name="Counter", defaults={"recognises": True, "sign_at": now}
    )
    return Sighting.objects.create(
        shop=person.shop,
        camera=camera,
        track="s1-1",
        person=person,
        distance=distance,
        first_at=now,
        last_at=now + timedelta(minutes=5),
    )


def asked(cast: Cast) -> list[Customer | None]:
    finding.find_for(QUEUES["debtor"], cast.shop)
    return [card.customer for card in Card.objects.open().filter(kind="debtor")]


def card_of(cast: Cast) -> Card:
    asked(cast)
    return Card.objects.get()


def test_a_debtor_in_sight_makes_one_card_a_day_with_what_they_owe(
    cast: Cast, asha: Person, client_of: SignIn
) -> None:
    in_sight(asha)
    assert asked(cast) == asked(cast) == [cast.asha]
    page = client_of(cast.meena).get(PAGE).content.decode()
    assert "Owes ₹40, the oldest for 60 days." in page and "₹40 is open on your account." in page


def test_the_page_finds_who_came_a_moment_ago_by_itself(cast: Cast, asha: Person, client_of: SignIn) -> None:
    client = client_of(cast.meena)
    assert 'hx-trigger="every 3s"' in client.get(PAGE).content.decode()
    in_sight(asha)
    page = client.get(PAGE).content.decode()
    assert "Owes ₹40" in page and "every 3s" not in page


def test_nobody_is_asked_who_owes_nothing_for_long_or_is_not_near_enough(
    cast: Cast, asha: Person, now: datetime
) -> None:
    sell(cast, is_paid=False, customer=cast.bala, sold_at=now)
    in_sight(a_person(cast.shop, customer=cast.bala))
    Sighting.objects.all().delete()
    in_sight(asha, distance=0.4)
    assert asked(cast) == []
    VisionSettings.objects.update_or_create(shop=cast.shop, defaults={"debtor_at": 0.45})
    assert asked(cast) == [cast.asha]


def test_who_takes_their_consent_back_has_no_card_any_more(cast: Cast, asha: Person, meena: Actor) -> None:
    in_sight(asha)
    assert asked(cast) == [cast.asha]
    withdraw(cast.asha, meena)
    assert asked(cast) == []


def test_a_camera_that_recognises_nobody_speaks_of_no_debt(cast: Cast, asha: Person) -> None:
    in_sight(asha)
    Camera.objects.update(recognises=False)
    assert asked(cast) == []


def test_a_stored_visit_of_today_makes_a_card_and_one_of_yesterday_none(
    cast: Cast, asha: Person, now: datetime
) -> None:
    a_visit(cast.shop, now - timedelta(hours=20), person=asha)
    Visit.objects.update(distance=0.2)
    assert asked(cast) == []
    visit = a_visit(cast.shop, now - timedelta(hours=1), person=asha)
    assert asked(cast) == [], "nobody knows how near the face was"
    Visit.objects.update(distance=0.2)
    assert asked(cast) == [cast.asha] and Card.objects.get().visit == visit


def test_who_was_in_sight_gets_the_visit_once_it_is_stored(cast: Cast, asha: Person) -> None:
    card = (in_sight(asha), card_of(cast))[1]
    visit = a_visit(cast.shop, card.at, person=asha)
    asked(cast)
    card.refresh_from_db()
    assert card.visit == visit


def test_only_who_may_see_the_defaulters_sees_the_card(cast: Cast, asha: Person, client_of: SignIn) -> None:
    in_sight(asha)
    card = card_of(cast)
    ravi = client_of(cast.ravi)
    assert ravi.get(PAGE).status_code == ravi.post(f"/s/water/queues/cards/{card.pk}/").status_code == 403
    assert "Debtor arrived" not in ravi.get("/s/water/queues/").content.decode()
    neighbour = client_of(make_cast("next").meena)
    assert neighbour.post(f"/s/next/queues/cards/{card.pk}/", {"do": "asked"}).status_code == 404


def test_money_that_is_paid_is_on_the_account_counts_for_the_card_and_is_given_back_by_undo(
    cast: Cast, asha: Person, client_of: SignIn
) -> None:
    in_sight(asha)
    card, client = card_of(cast), client_of(cast.meena)
    door = f"/s/water/queues/cards/{card.pk}/"
    page = client.post(door, {"do": "paid"}, follow=True).content.decode()
    assert "This field is required." in page and not Payment.objects.exists()
    page = client.post(door, {"do": "paid", "amount": "30", "tender": "cash"}, follow=True).content.decode()
    assert balance_of(cast.asha) == 10 and "₹30 by 1 cards in 30 days, ₹30 each" in page
    assert Card.objects.get().recovered == Decimal(30)
    client.post(f"{door}undo/")
    assert balance_of(cast.asha) == 40 and Card.objects.get().recovered == 0
    assert sorted(Payment.objects.values_list("amount", flat=True)) == [-30, 30]


def test_upi_waits_for_its_confirmation_and_is_not_taken_back_after_it(
    cast: Cast, asha: Person, meena: Actor
) -> None:
    in_sight(asha)
    card = card_of(cast)
    deciding.decide(card, "paid", meena, Answer(amount=Decimal(40), tender=Tender.UPI))
    assert UpiClaim.objects.get().state == "claimed" and balance_of(cast.asha) == 0
    deciding.undo(card, meena)
    assert UpiClaim.objects.get().state == "failed" and balance_of(cast.asha) == 40


def test_a_promise_is_noted_and_does_not_count_after_undo(
    cast: Cast, asha: Person, client_of: SignIn
) -> None:
    in_sight(asha)
    card, client = card_of(cast), client_of(cast.meena)
    day = day_of(cast.shop, timezone.now()) + timedelta(days=3)
    client.post(f"/s/water/queues/cards/{card.pk}/", {"do": "promised", "day": day.isoformat()})
    ((promise, standing),) = last_promises(cast.shop, [cast.asha]).values()
    assert (promise.amount, promise.due_on, standing) == (Decimal(40), day, Standing.OPEN)
    client.post(f"/s/water/queues/cards/{card.pk}/undo/")
    assert last_promises(cast.shop, [cast.asha]) == {}


@pytest.mark.parametrize("outcome", ["asked", "refused"])
def test_asked_and_refused_only_close_the_card(cast: Cast, asha: Person, meena: Actor, outcome: str) -> None:
    in_sight(asha)
    card = deciding.decide(card_of(cast), outcome, meena)
    assert asked(cast) == [] and balance_of(cast.asha) == 40
    deciding.undo(card, meena)
    assert asked(cast) == [cast.asha]


def test_not_them_takes_the_visit_off_them_and_undo_gives_it_back(
    cast: Cast, asha: Person, meena: Actor, now: datetime
) -> None:
    visit = a_visit(cast.shop, now - timedelta(hours=1), picture=True, person=asha)
    Visit.objects.update(distance=0.2)
    card = deciding.decide(card_of(cast), "not_him", meena)
    visit.refresh_from_db()
    assert visit.person is None and asked(cast) == []
    deciding.undo(card, meena)
    visit.refresh_from_db()
    assert visit.person == asha


def test_not_them_before_the_film_is_stored_unnames_the_face_in_sight(
    cast: Cast, asha: Person, meena: Actor
) -> None:
    seen = in_sight(asha)
    card = deciding.decide(card_of(cast), "not_him", meena)
    seen.refresh_from_db()
    choice = CounterChoice.objects.get()
    assert seen.person is None and choice.is_correction
    assert (choice.track, choice.shown, choice.customer) == (seen.track, asha, None)
    deciding.undo(card, meena)
    assert not CounterChoice.objects.exists()


def test_the_debtor_who_comes_after_somebody_like_them_has_a_card_the_same_day(
    cast: Cast, asha: Person, meena: Actor
) -> None:
    seen = in_sight(asha)
    deciding.decide(card_of(cast), "not_him", meena)
    Sighting.objects.update(person=asha, distance=0.2)
    assert asked(cast) == [], "the face that was not them"
    Sighting.objects.filter(pk=seen.pk).update(track="s1-2")
    assert asked(cast) == asked(cast) == [cast.asha]
    deciding.decide(Card.objects.open().get(), "asked", meena)
    Sighting.objects.filter(pk=seen.pk).update(track="s1-3")
    assert asked(cast) == [], "once a day"


def test_a_debt_that_is_paid_at_the_till_takes_the_card_away(cast: Cast, asha: Person, now: datetime) -> None:
    in_sight(asha)
    assert asked(cast) == [cast.asha]
    receive_payment(
        customer=cast.asha, amount=Decimal(40), tender=Tender.CASH, actor=Actor(cast.ravi, "tests")
    )
    assert asked(cast) == []


def test_a_card_of_yesterday_has_had_its_day(cast: Cast, asha: Person) -> None:
    in_sight(asha)
    card = card_of(cast)
    Card.objects.filter(pk=card.pk).update(at=card.at - timedelta(hours=13))
    Sighting.objects.all().delete()
    assert asked(cast) == []


def test_where_nobody_is_known_looking_takes_few_queries(
    cast: Cast, django_assert_max_num_queries: Callable[..., object]
) -> None:
    with django_assert_max_num_queries(8):  # type: ignore[attr-defined]
        assert asked(cast) == []
