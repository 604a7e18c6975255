"""Cards about who is who: doubtful visits, persons who look alike, faces that collect for another account."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from tests.base import TESTS, Cast, make_cast
from tests.vision.card_scenes import a_doubt, an_account_with_a_face, buys, look, two_alike
from tests.vision.crowd import came
from tests.vision.scene import a_person, a_visit, agrees
from vision import decisions
from vision.models import Card, Person
from vision.queues import QUEUES, deciding, finding
from watershop.models import Shop


def test_a_doubtful_visit_asks_whether_it_is_its_candidate(shop: Shop) -> None:
    person, visit = a_doubt(shop)
    (card,) = look("doubt", shop)
    assert (card.visit, card.person) == (visit, person)
    assert QUEUES["doubt"].sentence(card) == "This may be Chitra."
    card.because = {"distance": 0.412}
    assert QUEUES["doubt"].sentence(card) == "This may be Chitra: the faces are 0.41 apart."
    assert look("doubt", shop) == [card]


@pytest.mark.parametrize("outcome", ["yes", "no"])
def test_a_doubt_is_answered_and_opened_again(shop: Shop, outcome: str) -> None:
    person, visit = a_doubt(shop)
    (card,) = look("doubt", shop)
    deciding.decide(card, outcome, TESTS)
    visit.refresh_from_db()
    assert (visit.person, visit.candidate) == (person if outcome == "yes" else None, None)
    assert visit.is_confirmed and not look("doubt", shop)
    deciding.undo(card, TESTS)
    visit.refresh_from_db()
    assert (visit.person, visit.candidate, visit.is_confirmed) == (None, person, False)
    assert look("doubt", shop) == [card]


def test_a_doubt_that_was_answered_elsewhere_is_no_card_any_more(shop: Shop) -> None:
    _person, visit = a_doubt(shop)
    look("doubt", shop)
    decisions.confirm(visit, None, TESTS)
    assert not look("doubt", shop)


def test_what_was_answered_elsewhere_is_not_undone_twice(shop: Shop) -> None:
    _person, visit = a_doubt(shop)
    (card,) = look("doubt", shop)
    card = deciding.decide(card, "yes", TESTS)
    decisions.not_this(visit, TESTS)
    with pytest.raises(ValidationError, match="afterwards"):
        deciding.undo(card, TESTS)


@pytest.mark.parametrize("outcome", ["yes", "no"])
def test_two_who_look_alike_are_made_one_or_told_apart_and_asked_again(shop: Shop, outcome: str) -> None:
    pair = two_alike(shop)
    (card,) = look("same", shop)
    assert {card.person, card.other_person} == set(pair) and card.visit
    assert QUEUES["same"].sentence(card) == f"{card.person} and {card.other_person} look alike."
    deciding.decide(card, outcome, TESTS)
    assert Person.objects.filter(merged_into__isnull=False).exists() == (outcome == "yes")
    assert not look("same", shop)
    deciding.undo(card, TESTS)
    assert not Person.objects.filter(merged_into__isnull=False).exists()
    assert look("same", shop) == [card]


@pytest.mark.parametrize("deed", [decisions.merge, decisions.tell_apart])
def test_a_pair_that_was_settled_elsewhere_is_no_card_any_more(shop: Shop, deed: object) -> None:
    one, other = two_alike(shop)
    assert look("same", shop)
    deed(one, other, TESTS)  # type: ignore[operator]
    assert not look("same", shop)


def test_who_is_forgotten_is_asked_about_no_more(shop: Shop) -> None:
    one, _other = two_alike(shop)
    assert look("same", shop)
    decisions.forget(one, TESTS)
    assert not look("same", shop)


def test_who_buys_on_an_account_three_times_may_be_of_its_household(cast: Cast) -> None:
    face, other = an_account_with_a_face(cast), a_person(cast.shop)
    buys(cast, other, 2)
    assert not look("household", cast.shop)
    buys(cast, other, 1)
    (card,) = look("household", cast.shop)
    assert (card.person, card.other_person, card.customer) == (other, face, cast.asha)
    assert f"{other} bought 3 times on the account of Asha." in QUEUES["household"].sentence(card)


def test_who_comes_in_with_somebody_three_times_may_be_of_their_household(cast: Cast) -> None:
    face, other, stranger = an_account_with_a_face(cast), a_person(cast.shop), a_person(cast.shop)
    for day in range(3):
        at = timezone.now() - timedelta(days=day, hours=1)
        a_visit(cast.shop, at, person=face)
        a_visit(cast.shop, at + timedelta(seconds=2), person=other)
        a_visit(cast.shop, at + timedelta(seconds=6), person=stranger)
    (card,) = look("household", cast.shop)
    assert (card.person, card.customer) == (other, cast.asha)
    assert f"{other} came together with Asha 3 times." in QUEUES["household"].sentence(card)


def test_nobody_is_asked_about_without_another_face_on_the_account_or_who_works_here(cast: Cast) -> None:
    other, worker = a_person(cast.shop), a_person(cast.shop, is_shop_staff=True)
    buys(cast, other, 3)
    assert not look("household", cast.shop)
    an_account_with_a_face(cast)
    buys(cast, worker, 3)
    assert [card.person for card in look("household", cast.shop)] == [other]


def test_a_household_is_told_and_taken_back(cast: Cast, client_of: Callable[..., Client]) -> None:
    an_account_with_a_face(cast)
    other = a_person(cast.shop)
    buys(cast, other, 3)
    (card,) = look("household", cast.shop)
    deciding.decide(card, "yes", TESTS)
    other.refresh_from_db()
    assert (other.customer, other.name) == (cast.asha, "Asha's household")
    page = client_of(cast.meena).get(reverse("customer_face", args=["water", cast.asha.pk])).content.decode()
    assert "One household" in page and "Asha&#x27;s household" in page
    deciding.undo(card, TESTS)
    other.refresh_from_db()
    assert (other.customer, other.name) == (None, "")
    deciding.decide(card, "no", TESTS)
    assert not look("household", cast.shop)
    deciding.undo(card, TESTS)
    assert look("household", cast.shop) == [card]


def test_a_face_that_was_named_elsewhere_is_no_card_any_more(cast: Cast) -> None:
    an_account_with_a_face(cast)
    other = a_person(cast.shop)
    buys(cast, other, 3)
    assert look("household", cast.shop)
    agrees(cast.bala)
    decisions.name(other, {"customer": cast.bala}, TESTS)
    assert not look("household", cast.shop)


def test_what_costs_much_to_find_is_looked_for_each_ten_minutes(shop: Shop) -> None:
    a_doubt(shop)
    two_alike(shop)
    finding.find(shop, 1 - shop.pk)
    assert {card.kind for card in Card.objects.all()} == {"doubt"}
    finding.find(shop, 10 - shop.pk)
    assert {card.kind for card in Card.objects.all()} == {"doubt", "same"}


def test_without_a_face_network_all_else_is_still_asked(cast: Cast, settings: Settings) -> None:
    settings.VISION_ENGINE = "none such"
    two_alike(cast.shop)
    an_account_with_a_face(cast)
    buys(cast, a_person(cast.shop), 3)
    finding.find(cast.shop, -cast.shop.pk)
    kinds = {card.kind for card in Card.objects.all()}
    assert "household" in kinds and "same" not in kinds


def test_each_shop_has_its_own_cards(cast: Cast) -> None:
    a_doubt(cast.shop)
    two_alike(cast.shop)
    an_account_with_a_face(cast)
    buys(cast, a_person(cast.shop), 3)
    neighbour = make_cast("neighbour")
    for kind in ("doubt", "same", "household"):
        assert not look(kind, neighbour.shop)


@pytest.mark.parametrize(("kind", "queries"), [("doubt", 4), ("same", 20), ("household", 10)])
def test_looking_costs_the_same_however_many_there_are(
    cast: Cast, kind: str, queries: int, django_assert_max_num_queries: object
) -> None:
    an_account_with_a_face(cast)
    for _ in range(4):
        buys(cast, a_person(cast.shop), 3)
    for hour in range(4):
        came(cast.shop, None, [0.4 + hour], hour=-1 - hour, candidate=a_person(cast.shop))
    with django_assert_max_num_queries(queries):  # type: ignore[operator]
        finding.find_for(QUEUES[kind], cast.shop)
