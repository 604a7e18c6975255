"""No customer is known by their face without having agreed to it, and one press ends it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from sales import merging
from tests.base import Cast, make_cast, sell
from tests.vision.crowd import NOW, came
from tests.vision.scene import a_person, a_visit, agrees
from vision import decisions
from vision.models import Consent, Lesson, Person, SaleLink, Sighting, Template, VisionSettings
from vision.privacy import consents
from vision.privacy.withdrawing import withdraw
from watershop.audit import Actor
from watershop.models import AuditEntry, Right, Role, RoleRight

SignIn = Callable[..., Client]


def address(cast: Cast, page: str = "") -> str:
    return f"/s/water/customers/{cast.asha.pk}/face/{page}"


@pytest.fixture
def ravi(cast: Cast, client_of: SignIn) -> Client:
    return client_of(cast.ravi)


@pytest.fixture
def clerk(cast: Cast) -> Actor:
    return Actor(cast.ravi, "tests")


def agreed_to(page: str) -> dict[str, str]:
    """What the form of a page sends back of the text that it showed."""
    found = re.search(r'name="language" value="(..)">\s+<input.* name="text_sha256" value="(\w{64})"', page)
    assert found
    return {"language": found[1], "text_sha256": found[2]}


def test_a_customer_is_read_the_text_in_their_language_and_what_was_shown_is_kept(
    cast: Cast, ravi: Client
) -> None:
    page = ravi.get(f"/s/water/customers/{cast.bala.pk}/face/agree/").content.decode()
    shown = agreed_to(page)
    assert shown["language"] == "te" and 'lang="te"' in page and "365" in page
    assert agreed_to(ravi.get(address(cast, "agree/?language=hi")).content.decode())["language"] == "hi"
    answer = ravi.post(f"/s/water/customers/{cast.bala.pk}/face/agree/", shown | {"how": "paper"})
    assert answer.status_code == 302
    row = Consent.objects.get()
    assert (row.customer, row.language, row.how, row.recorded_by) == (cast.bala, "te", "paper", cast.ravi)
    assert (row.text_version, row.text_sha256) == (consents.TEXT_VERSION, shown["text_sha256"])
    assert row.text_sha256 == consents.text(cast.shop, "te").sha256 != consents.text(cast.shop, "hi").sha256
    assert AuditEntry.objects.get(action="give_consent").after == {
        "customer": cast.bala.pk,
        "text": consents.TEXT_VERSION,
        "language": "te",
        "how": "paper",
    }


def test_a_text_that_changed_meanwhile_is_read_once_more(cast: Cast, ravi: Client) -> None:
    shown = agreed_to(ravi.get(address(cast, "agree/")).content.decode())
    VisionSettings.objects.filter(shop=cast.shop).update(known_days=90)
    answer = ravi.post(address(cast, "agree/"), shown | {"how": "counter"})
    assert answer.status_code == 422 and not Consent.objects.exists()
    shown = agreed_to(answer.content.decode())
    ravi.post(address(cast, "agree/"), shown | {"how": "counter"})
    assert consents.open_for(cast.asha)


def test_nobody_agrees_twice_and_no_closed_account_does(cast: Cast) -> None:
    assert agrees(cast.asha) == agrees(cast.asha) and Consent.objects.count() == 1
    cast.bala.is_active = False
    cast.bala.save()
    with pytest.raises(ValidationError, match="closed"):
        agrees(cast.bala)


def test_a_face_gets_a_customer_only_if_that_one_agrees(cast: Cast, ravi: Client) -> None:
    person = a_person(cast.shop)
    page = f"/s/water/persons/{person.pk}/"
    answer = ravi.post(page, {"name": "", "customer": cast.asha.pk})
    assert answer.status_code == 422 and "has not agreed" in answer.content.decode()
    shown = agreed_to(answer.content.decode())
    assert ravi.post(page, {"customer": cast.asha.pk, "agrees": "on", **shown}).status_code == 302
    assert Person.objects.get(customer=cast.asha) == person and consents.open_for(cast.asha)


def test_the_database_ties_nobody_to_a_customer_who_has_not_agreed(cast: Cast) -> None:
    person = a_person(cast.shop)
    with pytest.raises(IntegrityError, match="agreed"), transaction.atomic():
        Person.objects.filter(pk=person.pk).update(customer=cast.asha)
        connection.check_constraints()
    tied = a_person(cast.shop, customer=cast.bala)
    with pytest.raises(IntegrityError, match="agreed"), transaction.atomic():
        Consent.objects.filter(customer=tied.customer).update(withdrawn_at=timezone.now())
        connection.check_constraints()


def test_who_withdraws_has_no_face_any_more(
    cast: Cast, ravi: Client, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    person = a_person(cast.shop, customer=cast.asha, name="Asha's son")
    visit = came(cast.shop, person, [0.0, 0.1])
    consent = consents.open_for(cast.asha)
    taken = Template.objects.create(
        shop=cast.shop, person=person, consent=consent, model_id="other", vector=[1.0], is_enrolled=True
    )
    taken.picture.save("taken.jpg", ContentFile(b"a face"))
    Sighting.objects.create(
        shop=cast.shop, camera=visit.recording.camera, track="1", person=person, first_at=NOW
    )
    pictures = [taken.picture.name, *visit.tracklets.values_list("picture", flat=True)]
    assert all(default_storage.exists(str(picture)) for picture in pictures)
    with django_capture_on_commit_callbacks(execute=True):
        answer = ravi.post(address(cast, "withdraw/"))
    assert answer.status_code == 302 and not consents.open_for(cast.asha)
    assert not Template.objects.exists() and not Sighting.objects.exists()
    assert not any(default_storage.exists(str(picture)) for picture in pictures)
    person.refresh_from_db()
    assert (person.name, person.customer, person.code) == ("", None, "P_0001") and person.visits.count() == 1
    assert AuditEntry.objects.get(action="withdraw_consent").after == {"customer": cast.asha.pk}
    ravi.post(address(cast, "withdraw/"))
    assert AuditEntry.objects.filter(action="withdraw_consent").count() == 1


def test_what_was_about_to_be_learnt_is_not(cast: Cast, clerk: Actor) -> None:
    agrees(cast.asha)
    person = a_person(cast.shop)
    visit = a_visit(cast.shop, NOW, person=person)
    link = SaleLink.objects.create(
        shop=cast.shop, sale=sell(cast, customer=cast.asha), visit=visit, confidence=0.99
    )
    lesson = Lesson.objects.create(shop=cast.shop, link=link, customer=cast.asha, person=person)
    withdraw(cast.asha, clerk)
    lesson.refresh_from_db()
    assert (lesson.state, lesson.why) == ("rejected", "consent") and lesson.settled_at


def test_who_withdraws_does_so_for_every_account_that_is_one_with_theirs(cast: Cast, ravi: Client) -> None:
    came(cast.shop, a_person(cast.shop, customer=cast.bala), [0.0])
    merging.merge(old=cast.bala, into=cast.asha, reason="one person", actor=Actor(cast.meena, "tests"))
    assert "withdraw/" in ravi.get(address(cast)).content.decode()
    ravi.post(address(cast, "withdraw/"))
    assert not Template.objects.exists() and not Person.objects.exclude(customer=None).exists()


def test_who_was_merged_into_somebody_else_is_tied_no_more(cast: Cast, clerk: Actor) -> None:
    tied, other = a_person(cast.shop, customer=cast.asha), a_person(cast.shop, name="Chitra")
    decisions.merge(tied, other, clerk)
    other.refresh_from_db()
    decisions.name(other, {"customer": None}, clerk)
    withdraw(cast.asha, clerk)
    assert not Person.objects.exclude(customer=None).exists()
    other.refresh_from_db()
    assert other.name == "Chitra"


def test_a_withdrawn_consent_stays_and_a_new_one_is_needed(cast: Cast, clerk: Actor) -> None:
    person = a_person(cast.shop, customer=cast.asha)
    untied = decisions.name(person, {"customer": None}, clerk)
    assert untied
    withdraw(cast.asha, clerk)
    with pytest.raises(ValidationError, match="not agreed"):
        decisions.undo(untied, clerk)
    first = Consent.objects.get()
    second = agrees(cast.asha)
    assert second != first and first.withdrawn_by == cast.ravi
    decisions.undo(untied, clerk)
    person.refresh_from_db()
    assert person.customer == cast.asha


def test_the_customers_page_shows_the_face_and_by_what_right(
    cast: Cast, ravi: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    page = ravi.get(f"/s/water/customers/{cast.asha.pk}/").content.decode()
    assert f'hx-get="{address(cast)}"' in page
    assert "not asked yet" in ravi.get(address(cast), headers={"HX-Request": "true"}).content.decode()
    came(cast.shop, a_person(cast.shop, customer=cast.asha), [0.0])
    with django_assert_max_num_queries(11):
        slot = ravi.get(address(cast), headers={"HX-Request": "true"}).content.decode()
    assert "/faces/" in slot and "P_0001" in slot and "<html" not in slot and "withdraw/" in slot
    RoleRight.objects.create(shop=cast.shop, role=Role.STAFF, right=Right.SEE_FACES, is_allowed=False)
    slot = ravi.get(address(cast)).content.decode()
    assert "/faces/" not in slot and "<html" in slot and "withdraw/" in slot


def test_another_shops_customer_is_nobody_here(cast: Cast, ravi: Client) -> None:
    foreign = make_cast("next-door").asha
    for page in ("", "agree/"):
        assert ravi.get(f"/s/water/customers/{foreign.pk}/face/{page}").status_code == 404
    assert ravi.post(f"/s/water/customers/{foreign.pk}/face/withdraw/").status_code == 404
