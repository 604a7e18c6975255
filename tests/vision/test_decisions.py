"""Decisions about who is who: each moves rows, each can be taken back, none is ever redone by a job."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.base import TESTS, Cast
from tests.vision.crowd import NOW, a_face, came
from tests.vision.scene import a_person, agrees
from vision import decisions, gallery, persons
from vision.config import Bar
from vision.embedding import MODEL_ID
from vision.models import (
    Denial,
    FormerName,
    IdentityEvent,
    Person,
    SaleLink,
    Sighting,
    Template,
    Tracklet,
    Visit,
)
from watershop.models import AuditEntry, Shop

Rows = dict[str, list[tuple[Any, ...]]]


def rows() -> Rows:
    """All that a decision may change; of persons only what is said of them."""
    tables = {
        Visit: ("pk", "person", "candidate", "is_confirmed", "entry_at", "exit_at", "shots"),
        Tracklet: ("pk", "visit", "person"),
        Template: ("pk", "person", "is_enrolled"),
        Denial: ("person", "tracklet"),
        Person: ("code", "name", "customer", "is_shop_staff", "is_ignored", "merged_into"),
    }
    return {
        table.__name__: list(table._default_manager.order_by("pk").values_list(*columns))
        for table, columns in tables.items()
    }


def assert_undone(before: Rows, event: IdentityEvent | None) -> None:
    """Taking the event back leaves the rows as they were; only a code that was given stays given."""
    assert event and rows() != before
    decisions.undo(event, TESTS)
    after = rows()
    known = {row[0] for row in before["Person"]}
    after["Person"] = [row for row in after["Person"] if row[0] in known]
    assert after == before


def who_is(shop: Shop, place: float) -> tuple[int | None, int | None]:
    found = persons.search(a_face(place), gallery.known(shop, MODEL_ID), Bar(1000, 0.36, 0.45), 0.06)
    return found.person, found.candidate


def test_a_name_is_given_and_taken_back(cast: Cast) -> None:
    person = a_person(cast.shop, name="Old")
    agrees(cast.asha)
    before = rows()
    fields = {"name": "Chitra", "customer": cast.asha, "is_shop_staff": True, "is_ignored": False}
    event = decisions.name(person, fields, TESTS)
    person.refresh_from_db()
    assert (person.name, person.customer, person.is_shop_staff) == ("Chitra", cast.asha, True)
    assert decisions.name(person, fields, TESTS) is None
    assert_undone(before, event)
    assert "Chitra" not in str(list(AuditEntry.objects.values())) + str(list(IdentityEvent.objects.values()))


def test_an_older_name_does_not_come_back_over_a_newer_one(cast: Cast) -> None:
    person = a_person(cast.shop)
    first = decisions.name(person, {"name": "One"}, TESTS)
    decisions.name(person, {"name": "Two"}, TESTS)
    assert first
    with pytest.raises(ValidationError, match="afterwards"):
        decisions.undo(first, TESTS)


def test_two_become_one_and_two_again(shop: Shop) -> None:
    one, other, third = a_person(shop), a_person(shop), a_person(shop)
    came(shop, one, [0.0, 0.1])
    came(shop, other, [0.2], hour=1)
    came(shop, None, [0.6], hour=2, candidate=one)
    decisions.not_this(came(shop, one, [2.0], hour=3), TESTS)
    before = rows()
    event = decisions.merge(one, other, TESTS)
    assert set(Visit.objects.filter(person=other).values_list("pk", flat=True)) and other.visits.count() == 2
    assert other.doubtful_visits.count() == other.denials.count() == 1
    one.refresh_from_db()
    assert one.now() == other and set(Person.objects.of(shop).shown()) == {other}
    assert who_is(shop, 0.0) == (other.pk, None)
    assert third not in Person.objects.shown()
    assert_undone(before, event)


def test_who_is_described_stays_when_two_are_one(cast: Cast) -> None:
    named, unnamed = a_person(cast.shop, name="Chitra"), a_person(cast.shop)
    assert decisions.merge(named, unnamed, TESTS).person == named
    other = a_person(cast.shop, name="Chitra S", customer=None)
    tied = a_person(cast.shop, name="C", customer=cast.asha)
    decisions.merge(tied, other, TESTS)
    other.refresh_from_db()
    assert (other.name, other.customer) == ("Chitra S", cast.asha)


def test_of_many_templates_eight_are_compared_with_after_a_merge(shop: Shop) -> None:
    one, other = a_person(shop), a_person(shop)
    came(shop, one, [n / 20 for n in range(8)])
    came(shop, other, [n / 20 for n in range(8)], hour=1)
    before = rows()
    event = decisions.merge(one, other, TESTS)
    assert other.templates.filter(is_enrolled=True).count() == 8 < other.templates.count() == 16
    assert_undone(before, event)


def test_a_merge_that_contradicts_what_is_known_is_refused(cast: Cast) -> None:
    one, other = a_person(cast.shop, customer=cast.asha), a_person(cast.shop, customer=cast.bala)
    with pytest.raises(ValidationError, match="two customers"):
        decisions.merge(one, other, TESTS)
    with pytest.raises(ValidationError, match="one person already"):
        decisions.merge(one, one, TESTS)
    worker = a_person(cast.shop, name="Ravi", is_shop_staff=True)
    with pytest.raises(ValidationError, match="works here"):
        decisions.merge(worker, one, TESTS)
    stranger = a_person(cast.shop)
    visit = came(cast.shop, one, [0.0, 0.1])
    event = decisions.not_this(visit, TESTS)
    decisions.confirm(visit, stranger, TESTS)
    with pytest.raises(ValidationError, match="two persons"):
        decisions.merge(stranger, one, TESTS)
    with pytest.raises(ValidationError, match="afterwards"):
        decisions.undo(event, TESTS)


@pytest.mark.parametrize(("boxes", "is_refused"), [(True, True), (False, True), ("same", False)])
def test_two_in_one_picture_are_never_one(shop: Shop, boxes: object, is_refused: bool) -> None:
    one, other = a_person(shop), a_person(shop)
    visit, second = came(shop, one, [0.0]), came(shop, other, [0.5], hour=1)
    face = second.tracklets.get()
    Tracklet.objects.filter(pk=face.pk).update(recording=visit.recording, number=2, started_s=4, ended_s=20)
    if boxes:
        x = 0.1 if boxes == "same" else 0.6
        place, theirs = [0.1, 0.1, 0.2, 0.2], [x, 0.1, x + 0.1, 0.2]
        for row, box in ((visit.tracklets.get(), place), (face, theirs)):
            Tracklet.objects.filter(pk=row.pk).update(boxes=[[at / 5, *box] for at in range(20, 40)])
    if is_refused:
        with pytest.raises(ValidationError, match="in one picture on"):
            decisions.merge(one, other, TESTS)
        assert not IdentityEvent.objects.exists()
    else:
        decisions.merge(one, other, TESTS)


def test_one_becomes_two_each_with_templates_and_one_again(shop: Shop) -> None:
    person = a_person(shop)
    whole, mixed = came(shop, person, [0.0, 0.05]), came(shop, person, [0.01, 0.6, 0.02], hour=1)
    apart = came(shop, person, [0.61], hour=2)
    theirs = [mixed.tracklets.get(number=2).pk, apart.tracklets.get().pk]
    before = rows()
    event = decisions.split(person, theirs, TESTS)
    new = event.person
    assert (new.code, event.other) == ("P_0002", person)
    assert set(new.tracklets.values_list("pk", flat=True)) == set(theirs)
    part = new.visits.exclude(pk=apart.pk).get()
    assert (part.entry_at, part.exit_at) == (
        mixed.entry_at + timedelta(seconds=10),
        mixed.entry_at + timedelta(seconds=19),
    )
    assert part.is_confirmed and part.shots == 4
    assert set(person.visits.values_list("pk", "shots")) == {(whole.pk, 8), (mixed.pk, 8)}
    assert who_is(shop, 0.0) == (person.pk, None) and who_is(shop, 0.6) == (new.pk, None)
    assert_undone(before, event)


def test_a_split_takes_some_and_leaves_some(shop: Shop) -> None:
    person = a_person(shop)
    faces = list(came(shop, person, [0.0, 0.1]).tracklets.values_list("pk", flat=True))
    for chosen in ([], faces, [0]):
        with pytest.raises(ValidationError, match="Choose some"):
            decisions.split(person, chosen, TESTS)
    assert list(Person.objects.values_list("code", flat=True)) == ["P_0001"]


def test_not_this_person_is_never_this_person_again(shop: Shop) -> None:
    person = a_person(shop)
    came(shop, person, [0.0])
    wrong = came(shop, person, [0.3], hour=1)
    before = rows()
    event = decisions.not_this(wrong, TESTS)
    wrong.refresh_from_db()
    assert (wrong.person, wrong.candidate, wrong.is_confirmed) == (None, None, True)
    assert who_is(shop, 0.28) == (None, None) and who_is(shop, 0.02) == (person.pk, None)
    with pytest.raises(ValidationError, match="this is not"):
        decisions.confirm(wrong, person, TESTS)
    assert_undone(before, event)
    assert who_is(shop, 0.28) == (person.pk, None)


def test_one_face_of_a_visit_may_be_somebody_else(shop: Shop) -> None:
    person = a_person(shop)
    visit = came(shop, person, [0.0, 0.3])
    before = rows()
    event = decisions.not_this(visit, TESTS, [visit.tracklets.get(number=2).pk])
    visit.refresh_from_db()
    nobodys = Visit.objects.exclude(pk=visit.pk).get()
    assert visit.person == person and visit.tracklets.count() == nobodys.tracklets.count() == 1
    assert (nobodys.person, nobodys.entry_at) == (None, visit.entry_at + timedelta(seconds=10))
    assert_undone(before, event)


@pytest.mark.parametrize("answer", ["yes", "no", "new", "other"])
def test_a_doubtful_visit_is_answered_and_opened_again(shop: Shop, answer: str) -> None:
    person, other = a_person(shop), a_person(shop)
    came(shop, person, [0.0])
    came(shop, other, [3.0], hour=1)
    visit = came(shop, None, [0.4], hour=2, candidate=person)
    assert who_is(shop, 0.4) == (None, person.pk)
    before = rows()
    chosen = {"yes": person, "new": None, "other": other}
    event = (
        decisions.not_this(visit, TESTS)
        if answer == "no"
        else decisions.confirm(visit, chosen[answer], TESTS)
    )
    visit.refresh_from_db()
    assert (visit.candidate, visit.is_confirmed) == (None, True)
    expected = {"yes": person, "no": None, "new": event.person, "other": other}[answer]
    assert visit.person == expected and visit.tracklets.get().person == expected
    known_now = {
        "yes": (person.pk, None),
        "no": (None, None),
        "new": (event.person_id, None),
        "other": (other.pk, None),
    }
    assert who_is(shop, 0.4) == known_now[answer]
    assert person.denials.count() == (answer != "yes")
    assert_undone(before, event)
    assert who_is(shop, 0.4) == (None, person.pk)


def test_somebodys_visit_is_not_given_away_at_once(shop: Shop) -> None:
    visit = came(shop, a_person(shop), [0.0])
    with pytest.raises(ValidationError, match="somebody's already"):
        decisions.confirm(visit, a_person(shop), TESTS)
    with pytest.raises(ValidationError, match="Nobody was recognised"):
        decisions.not_this(came(shop, None, [0.5]), TESTS)


def test_who_is_forgotten_has_no_face_and_no_name_and_never_comes_back(
    cast: Cast, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    shop = cast.shop
    alias, person = a_person(shop), a_person(shop, name="Chitra", customer=cast.asha)
    visit = came(shop, alias, [0.0])
    merged = decisions.merge(alias, person, TESTS)
    decisions.name(person, {"name": "Chitra Rao"}, TESTS)
    sighting = Sighting.objects.create(
        shop=shop, camera=visit.recording.camera, track="1", person=person, first_at=NOW
    )
    doubtful = came(shop, None, [0.4], hour=2, candidate=person)
    picture = visit.tracklets.get().picture.name or ""
    with django_capture_on_commit_callbacks(execute=True):
        event = decisions.forget(alias, TESTS)
    person.refresh_from_db()
    assert event.person == person and (person.name, person.customer, person.code) == ("", None, "P_0002")
    assert not default_storage.exists(picture) and not Sighting.objects.filter(pk=sighting.pk).exists()
    assert not Template.objects.filter(tracklet__visit=visit).exists() and not FormerName.objects.exists()
    doubtful.refresh_from_db()
    assert doubtful.candidate is None and person.visits.count() == 1
    assert who_is(shop, 0.0) == (None, None)
    for undone in (event, merged):
        with pytest.raises(ValidationError, match="forgotten"):
            decisions.undo(undone, TESTS)
    assert AuditEntry.objects.filter(action="forget_person").count() == 1


def test_two_who_are_alike_are_told_apart(shop: Shop) -> None:
    one, other = a_person(shop), a_person(shop)
    came(shop, one, [0.0])
    came(shop, other, [0.2], hour=1)
    before = rows()
    event = decisions.tell_apart(one, other, TESTS)
    with pytest.raises(ValidationError, match="two persons"):
        decisions.merge(one, other, TESTS)
    assert who_is(shop, 0.19) == (other.pk, None)
    assert_undone(before, event)


def test_what_was_undone_is_not_undone_twice(shop: Shop) -> None:
    event = decisions.merge(a_person(shop), a_person(shop), TESTS)
    back = decisions.undo(event, TESTS)
    for again in (event, back):
        with pytest.raises(ValidationError, match="already"):
            decisions.undo(again, TESTS)


def test_a_confirmed_sale_holds_the_half_of_a_divided_visit(cast: Cast) -> None:
    from tests.base import sell

    visit = came(cast.shop, a_person(cast.shop), [0.0, 0.5])
    event = decisions.not_this(visit, TESTS, [visit.tracklets.get(number=2).pk])
    half = Visit.objects.exclude(pk=visit.pk).get()
    link = SaleLink.objects.create(
        shop=cast.shop, sale=sell(cast), visit=half, confidence=1, state="confirmed", decided_at=NOW
    )
    with pytest.raises(ValidationError, match="afterwards"):
        decisions.undo(event, TESTS)
    SaleLink.objects.filter(pk=link.pk).update(state="refused")
    decisions.undo(event, TESTS)
    assert not Visit.objects.filter(pk=half.pk).exists()


def assert_consistent(shop: Shop, faces: int) -> None:
    """What holds after whatever was decided and undone."""
    assert Tracklet.objects.count() == Template.objects.count() == faces
    assert not Visit.objects.filter(tracklets=None).exists()
    for face in Tracklet.objects.select_related("visit", "person").prefetch_related("templates"):
        assert face.visit and face.visit.person_id == face.person_id
        assert [template.person_id for template in face.templates.all()] == [face.person_id]
        assert face.person is None or face.person.merged_into_id is None
        assert not Denial.objects.filter(tracklet=face, person=face.person).exists()
    for person in Person.objects.all():
        enrolled = person.templates.filter(is_enrolled=True).count()
        assert min(1, person.templates.count()) <= enrolled <= gallery.TEMPLATES_PER_PERSON


DEEDS = st.lists(
    st.tuples(
        st.sampled_from(("merge", "split", "not", "yes", "new", "undo")), st.integers(0, 9), st.integers(0, 9)
    ),
    min_size=3,
    max_size=9,
)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=DEEDS)
def test_whatever_is_decided_and_undone_a_face_is_at_most_one_persons(shop: Shop, deeds: Any) -> None:
    for table in (Denial, Template, Tracklet, Visit):
        table._default_manager.all().delete()
    people = [a_person(shop) for _ in range(3)]
    for hour, person in enumerate(people * 2):
        came(shop, person, [0.7 * person.pk, 0.7 * person.pk + 0.1], hour=hour)
    came(shop, None, [0.7 * people[0].pk + 0.4], hour=9, candidate=people[0])
    for kind, one, other in deeds:
        try:
            decide(shop, kind, one, other)
        except ValidationError:
            continue
        finally:
            assert_consistent(shop, faces=13)


def decide(shop: Shop, kind: str, one: int, other: int) -> None:
    people, visits = list(Person.objects.order_by("-pk")[:6]), list(Visit.objects.order_by("pk"))
    person, visit = people[one % len(people)], visits[one % len(visits)]
    if kind == "merge":
        decisions.merge(person, people[other % len(people)], TESTS)
    elif kind == "split":
        faces = list(person.tracklets.values_list("pk", flat=True))
        decisions.split(person, faces[: 1 + other % 3], TESTS)
    elif kind == "not":
        faces = list(visit.tracklets.values_list("pk", flat=True))
        decisions.not_this(visit, TESTS, faces[:1] if other % 2 else None)
    elif kind == "undo":
        events = list(IdentityEvent.objects.all()[:4])
        if events:
            decisions.undo(events[one % len(events)], TESTS)
    else:
        decisions.confirm(visit, people[other % len(people)] if kind == "yes" else None, TESTS)
