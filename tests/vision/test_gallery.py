"""The gallery: what is kept of a face, what probes are compared with, and the open-set search among it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests.base import Cast, make_cast
from tests.vision.scene import a_person, a_recording
from vision import gallery
from vision.config import Bar, VisionConfig
from vision.embedding import MODEL_ID
from vision.faces import Floats
from vision.models import Denial, IdentityEvent, Person, Template, Tracklet, Visit
from vision.persons import Match, search
from watershop.models import Shop

SPREAD = np.random.default_rng(7)
CONFIG = VisionConfig(models_dir=Path("unused"))
BAR = Bar(up_to_px=1000, accept_at=0.36, review_at=0.45)
MARGIN = 0.06


def a_vector() -> Floats:
    """About as long as the network's, and far from any other."""
    return (SPREAD.normal(size=128) * 0.12).astype(np.float32)


def beside(vector: Floats, distance: float) -> Floats:
    """A vector so far away, in some direction."""
    step = SPREAD.normal(size=vector.size)
    moved: Floats = (vector + distance * step / np.linalg.norm(step)).astype(np.float32)
    return moved


def remembered(
    shop: Shop, person: Person, vectors: Sequence[Floats], *, quality: float = 0.8, shots: int = 4
) -> list[Tracklet]:
    """One visit of a person with a tracklet for each vector, as the watching leaves them."""
    now = timezone.now()
    recording = a_recording(shop, now)
    visit = Visit.objects.create(
        shop=shop, recording=recording, person=person, entry_at=now, exit_at=now, shots=1
    )
    rows = Tracklet.objects.bulk_create(
        Tracklet(
            **{"shop": shop, "recording": recording, "visit": visit, "person": person, "number": number},
            **{"started_s": 0, "ended_s": 1, "shots": shots, "quality": quality},
        )
        for number, _ in enumerate(vectors, 1)
    )
    gallery.remember(shop, zip(rows, vectors, strict=True), CONFIG)
    return rows


def enrolled(shop: Shop, vectors: Sequence[Floats]) -> Person:
    person = a_person(shop)
    remembered(shop, person, vectors)
    return person


def found(shop: Shop, probe: Floats, but: Sequence[int] = ()) -> Match:
    return search(probe, gallery.known(shop, CONFIG.model_id), BAR, MARGIN, but=but)


def test_a_near_probe_is_the_person_and_a_far_one_is_nobody(shop: Shop) -> None:
    face = a_vector()
    person = enrolled(shop, [face])
    near, far = found(shop, beside(face, 0.2)), found(shop, beside(face, 0.5))
    assert (near.person, near.candidate, round(near.distance, 3)) == (person.pk, None, 0.2)
    assert (far.person, far.candidate, round(far.distance, 3)) == (None, None, 0.5)


def test_between_the_bars_somebody_is_asked(shop: Shop) -> None:
    face = a_vector()
    person = enrolled(shop, [face])
    doubtful = found(shop, beside(face, 0.4))
    assert (doubtful.person, doubtful.candidate) == (None, person.pk)


def test_between_two_people_alike_the_nearer_one_is_only_asked_about(shop: Shop) -> None:
    face = a_vector()
    nearer, other = face, beside(face, 0.04)
    first, _second = enrolled(shop, [nearer]), enrolled(shop, [other])
    probe = nearer + (nearer - other) * 2
    assert (found(shop, probe).person, found(shop, probe).candidate) == (None, first.pk)


def test_a_poster_needs_only_to_be_the_nearest(shop: Shop) -> None:
    face = a_vector()
    poster, _customer = enrolled(shop, [face]), enrolled(shop, [beside(face, 0.04)])
    Person.objects.filter(pk=poster.pk).update(is_ignored=True)
    assert found(shop, face).person == poster.pk
    assert found(shop, beside(face, 0.4)).person is None


def test_an_empty_gallery_knows_nobody(shop: Shop) -> None:
    assert found(shop, a_vector()) == Match(None, None, float("inf"), float("inf"))


def test_another_shops_faces_are_not_searched(cast: Cast) -> None:
    face = a_vector()
    enrolled(make_cast("next-door").shop, [face])
    assert found(cast.shop, face).person is None


def test_vectors_of_another_model_are_not_searched(shop: Shop) -> None:
    face = a_vector()
    person = enrolled(shop, [face])
    Template.objects.update(model_id="other-v1")
    assert found(shop, face).person is None and person.templates.count() == 1


def test_somebody_may_be_left_out_of_the_search(shop: Shop) -> None:
    face = a_vector()
    person = enrolled(shop, [face])
    assert found(shop, face, but=[person.pk]).person is None


def test_the_mean_of_the_templates_counts_as_one_of_them(shop: Shop) -> None:
    face = a_vector()
    person = enrolled(shop, [beside(face, 0.3) for _ in range(8)])
    match = found(shop, face)
    assert match.person == person.pk and match.distance < 0.15


def test_a_face_that_was_denied_for_somebody_is_never_them_again(shop: Shop) -> None:
    face = a_vector()
    person = enrolled(shop, [face])
    (other,) = remembered(shop, a_person(shop), [beside(face, 0.3)])
    event = IdentityEvent.objects.create(shop=shop, kind=IdentityEvent.Kind.NOT_THIS, person=person)
    Denial.objects.create(shop=shop, person=person, tracklet=other, event=event)
    Template.objects.filter(tracklet=other).update(person=None, is_enrolled=False)
    vector = np.array(Template.objects.get(tracklet=other).vector, np.float32)
    assert found(shop, beside(vector, 0.05)).candidate is None
    assert found(shop, beside(face, 0.05)).person == person.pk


def test_of_many_templates_the_first_and_the_confirmed_stay_and_the_others_differ(shop: Shop) -> None:
    face = a_vector()
    person = a_person(shop)
    (first,) = remembered(shop, person, [face])
    (confirmed,) = remembered(shop, person, [face])
    Visit.objects.filter(pk=confirmed.visit_id or 0).update(is_confirmed=True)
    apart = [face + np.eye(128, dtype=np.float32)[axis] * np.float32(0.25) for axis in range(7)]
    for vector in [beside(face, 0.01) for _ in range(5)] + apart:
        remembered(shop, person, [vector])
    held = Template.objects.filter(person=person, is_enrolled=True)
    assert held.count() == gallery.TEMPLATES_PER_PERSON
    assert {first.pk, confirmed.pk} <= set(held.values_list("tracklet", flat=True))
    far = [float(np.linalg.norm(row.vector - face)) for row in held]
    assert sum(distance > 0.2 for distance in far) == 6
    assert person.templates.count() == 14, "what is not compared with is kept all the same"


@pytest.mark.parametrize(("distance", "quality", "shots"), [(0.3, 0.8, 4), (0.1, 0.15, 4), (0.1, 0.8, 1)])
def test_what_is_only_just_near_enough_or_hardly_seen_is_kept_and_not_compared_with(
    shop: Shop, distance: float, quality: float, shots: int
) -> None:
    face = a_vector()
    person = enrolled(shop, [face])
    remembered(shop, person, [beside(face, distance)], quality=quality, shots=shots)
    assert [row.is_enrolled for row in person.templates.order_by("pk")] == [True, False]


def test_of_somebody_new_who_was_hardly_seen_the_best_picture_is_compared_with(shop: Shop) -> None:
    face = a_vector()
    person = a_person(shop)
    remembered(shop, person, [face, beside(face, 0.1)], shots=1)
    assert person.templates.filter(is_enrolled=True).count() == 1


def test_the_database_refuses_a_vector_of_the_wrong_length(shop: Shop) -> None:
    with pytest.raises(IntegrityError, match="template_dimensions_follow_model"), transaction.atomic():
        Template.objects.create(shop=shop, person=a_person(shop), model_id=MODEL_ID, vector=[0.1] * 64)
