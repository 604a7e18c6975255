"""A sale that named its customer teaches whose face its visit shows: checked first, and taken back at will."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.test import Client

from customers.models import Customer
from sales.models import Sale
from tests.base import TESTS, Cast, sell
from tests.vision.scene import a_person, a_visit, agrees
from vision import alike, decisions, linking, teaching
from vision.config import VisionConfig
from vision.models import Camera, IdentityEvent, Lesson, Person, SaleLink, Template, Tracklet, Visit
from watershop.audit import Actor
from watershop.models import AuditEntry, Shop

SignIn = Callable[..., Client]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
State = Lesson.State


def a_face(person: Person, visit: Visit, place: float, *, shots: int = 5, quality: float = 0.5) -> None:
    """A face of a person at a place on a line: how far two are apart is how far their places are."""
    face = Tracklet.objects.create(
        shop=person.shop,
        recording=visit.recording,
        visit=visit,
        person=person,
        number=visit.recording.tracklets.count() + 1,
        started_s=0,
        ended_s=60,
        shots=shots,
        quality=quality,
    )
    vector = np.zeros(128, np.float32)
    vector[0] = place
    Template.objects.create(
        shop=person.shop,
        person=person,
        tracklet=face,
        model_id="dlib-resnet-v1",
        vector=vector,
        quality=quality,
        is_enrolled=True,
    )


def a_buyer(cast: Cast, at: datetime = NOON, person: Person | None = None, place: float = 0.0) -> Visit:
    """A stay of a minute of somebody with a good face, before a camera whose clock is known."""
    visit = a_visit(cast.shop, at, person=person)
    assert visit.person
    a_face(visit.person, visit, place)
    Camera.objects.update(kind=Camera.Kind.STREAM)
    return visit


def sell_to(cast: Cast, customer: Customer, visit: Visit) -> Sale:
    at = visit.exit_at
    sale = sell(cast, customer=customer, sold_at=at, device_at=at)
    linking.link_between(cast.shop, at - timedelta(minutes=30), at + timedelta(minutes=30))
    return sale


def person_of(visit: Visit) -> Person:
    return Person.objects.get(visits=visit)


def states() -> list[tuple[str, str]]:
    return list(Lesson.objects.order_by("pk").values_list("state", "why"))


def test_a_sure_sale_of_somebody_who_has_agreed_names_the_face(cast: Cast) -> None:
    agrees(cast.asha)
    visit = a_buyer(cast)
    sell_to(cast, cast.asha, visit)
    lesson = Lesson.objects.get()
    assert (lesson.state, person_of(visit).customer) == (State.LEARNT, cast.asha)
    assert lesson.event and lesson.event.by is None and lesson.link.because["alone"] >= teaching.SURE
    assert AuditEntry.objects.filter(action="change_person", user=None).exists()


def test_without_consent_it_waits_and_with_one_it_is_learnt(cast: Cast) -> None:
    visit = a_buyer(cast)
    sell_to(cast, cast.asha, visit)
    assert states() == [(State.QUARANTINED, "consent")] and person_of(visit).customer is None
    teaching.settle_waiting(cast.shop)
    assert states() == [(State.QUARANTINED, "consent")]
    agrees(cast.asha)
    teaching.settle_waiting(cast.shop)
    assert states() == [(State.LEARNT, "")] and person_of(visit).customer == cast.asha


def test_a_poor_face_teaches_nothing(cast: Cast) -> None:
    agrees(cast.asha)
    visit = a_visit(cast.shop, NOON)
    a_face(person_of(visit), visit, 0.0, shots=1, quality=0.1)
    Camera.objects.update(kind=Camera.Kind.STREAM)
    sell_to(cast, cast.asha, visit)
    assert states() == [(State.REJECTED, "quality")] and person_of(visit).customer is None


def test_a_face_far_from_the_persons_others_teaches_nothing(cast: Cast) -> None:
    agrees(cast.asha)
    before = a_buyer(cast, NOON - timedelta(hours=5), place=0.5)
    visit = a_buyer(cast, person=person_of(before))
    sell_to(cast, cast.asha, visit)
    assert states() == [(State.REJECTED, "outlier")]


@pytest.mark.parametrize("place", [0.1, 0.44])
def test_a_face_near_another_customers_teaches_nothing(cast: Cast, place: float) -> None:
    for customer in (cast.asha, cast.bala):
        agrees(customer)
    bala = a_person(cast.shop, customer=cast.bala)
    a_buyer(cast, NOON - timedelta(hours=5), person=bala, place=place)
    visit = a_buyer(cast)
    sell_to(cast, cast.asha, visit)
    assert states() == [(State.REJECTED, "other_person")] and person_of(visit).customer is None


def test_a_second_face_on_one_account_is_not_tied_by_itself(cast: Cast) -> None:
    agrees(cast.asha)
    a_buyer(cast, NOON - timedelta(hours=5), person=a_person(cast.shop, customer=cast.asha), place=0.9)
    sell_to(cast, cast.asha, a_buyer(cast))
    assert states() == [(State.REJECTED, "other_person")]


def test_two_sales_that_name_two_customers_teach_nothing(cast: Cast) -> None:
    visit = a_buyer(cast)
    sell_to(cast, cast.asha, visit)
    agrees(cast.bala)
    sell_to(cast, cast.bala, a_buyer(cast, NOON + timedelta(hours=5), person=person_of(visit)))
    assert states() == [(State.QUARANTINED, "consent"), (State.REJECTED, "other_person")]
    agrees(cast.asha)
    teaching.settle_waiting(cast.shop)
    assert {state for state, _why in states()} == {State.REJECTED}
    assert person_of(visit).customer is None


def test_with_two_at_the_counter_only_a_person_can_say_who_it_was(cast: Cast) -> None:
    agrees(cast.asha)
    visit = a_buyer(cast)
    a_visit(cast.shop, NOON - timedelta(seconds=30), 180)
    sell_to(cast, cast.asha, visit)
    assert states() == []
    linking.decide(SaleLink.objects.get(visit=visit), is_right=True, actor=TESTS)
    assert states() == [(State.LEARNT, "")]


def test_what_rests_on_faces_teaches_no_face(cast: Cast) -> None:
    """The link is sure only because the other one there was recognised as somebody else."""
    agrees(cast.asha)
    visit = a_buyer(cast)
    for hour in range(1, 8):
        a_visit(
            cast.shop, NOON - timedelta(minutes=15 * hour), person=a_person(cast.shop, customer=cast.bala)
        )
    bala = a_person(cast.shop, customer=cast.bala)
    a_visit(cast.shop, NOON - timedelta(seconds=20), 90, person=bala)
    sell_to(cast, cast.asha, visit)
    assert states() == []


def test_taken_back_on_the_persons_page_it_is_not_learnt_again(cast: Cast, client_of: SignIn) -> None:
    agrees(cast.asha)
    visit = a_buyer(cast)
    sell_to(cast, cast.asha, visit)
    event = IdentityEvent.objects.get()
    page = client_of(cast.ravi).get(f"/s/water/persons/{visit.person_id}/").content.decode()
    assert f"/s/water/decisions/{event.pk}/undo/" in page and "learnt from a sale" in page
    client_of(cast.ravi).post(f"/s/water/decisions/{event.pk}/undo/")
    assert states() == [(State.TAKEN_BACK, "")] and person_of(visit).customer is None
    sell_to(cast, cast.asha, a_buyer(cast, NOON + timedelta(hours=5), person=person_of(visit)))
    assert states()[1] == (State.REJECTED, "denied")


def test_refusing_the_link_takes_back_what_it_taught(cast: Cast, client_of: SignIn) -> None:
    agrees(cast.asha)
    visit = a_buyer(cast)
    sale = sell_to(cast, cast.asha, visit)
    page = client_of(cast.ravi).get(f"/s/water/sales/{sale.pk}/visits/").content.decode()
    assert "the face is Asha" in page
    linking.decide(SaleLink.objects.get(), is_right=False, actor=Actor(cast.meena, "tests"))
    assert states() == [(State.TAKEN_BACK, "")] and person_of(visit).customer is None


def test_what_has_taught_a_face_no_job_moves(cast: Cast) -> None:
    agrees(cast.asha)
    visit = a_buyer(cast)
    sell_to(cast, cast.asha, visit)
    a_buyer(cast)
    before = list(SaleLink.objects.values())
    linking.link_between(cast.shop, NOON - timedelta(hours=1), NOON + timedelta(hours=1))
    assert list(SaleLink.objects.values()) == before


def test_whom_somebody_named_meanwhile_is_not_named_anew(cast: Cast) -> None:
    visit = a_buyer(cast)
    sell_to(cast, cast.asha, visit)
    decisions.name(person_of(visit), {"is_shop_staff": True}, TESTS)
    agrees(cast.asha)
    teaching.settle_waiting(cast.shop)
    assert states() == [(State.REJECTED, "other_person")]


def test_whom_somebody_names_while_the_faces_are_compared_keeps_that_name(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    for customer in (cast.asha, cast.bala):
        agrees(customer)
    visit, away = a_buyer(cast), alike.away

    def named_meanwhile(shop: Shop, faces: Sequence[Template], config: VisionConfig) -> dict[int, float]:
        decisions.name(person_of(visit), {"customer": cast.bala}, TESTS)
        return away(shop, faces, config)

    monkeypatch.setattr(alike, "away", named_meanwhile)
    sell_to(cast, cast.asha, visit)
    assert states() == [(State.REJECTED, "other_person")] and person_of(visit).customer == cast.bala


def test_a_refused_sale_stands_in_nobodys_way(cast: Cast) -> None:
    visit = a_buyer(cast)
    sell_to(cast, cast.asha, visit)
    later = a_buyer(cast, NOON + timedelta(hours=5), person=person_of(visit))
    sell_to(cast, cast.bala, later)
    assert [state for state, _why in states()] == [State.QUARANTINED, State.REJECTED]
    linking.decide(SaleLink.objects.get(visit=later), is_right=False, actor=TESTS)
    agrees(cast.asha)
    teaching.settle_waiting(cast.shop)
    assert person_of(visit).customer == cast.asha


def test_taking_a_refusal_back_takes_back_what_the_sales_other_link_taught(cast: Cast) -> None:
    agrees(cast.asha)
    visit = a_buyer(cast)
    sale = sell_to(cast, cast.asha, a_buyer(cast, NOON - timedelta(hours=5)))
    refused = SaleLink.objects.create(
        **{"shop": cast.shop, "sale": sale, "visit": visit, "confidence": 0.8, "decided_at": NOON},
        state=SaleLink.State.REFUSED,
    )
    learnt = Lesson.objects.get().event
    linking.take_back(refused, TESTS)
    assert learnt and IdentityEvent.objects.filter(reverses=learnt).exists()
