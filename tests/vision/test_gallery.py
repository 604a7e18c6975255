"""The gallery: an exact open-set search in the database, within one shop."""

from collections.abc import Sequence

import numpy as np
import pytest
from django.db import IntegrityError, transaction

from tests.base import Cast, make_cast
from tests.vision.scene import a_person, a_visit
from vision import gallery, persons
from vision.config import VisionConfig
from vision.embedding import MODEL_ID
from vision.faces import Floats
from vision.models import Person, Template, Tracklet
from watershop.models import Shop

SPREAD = np.random.default_rng(7)


def a_vector() -> Floats:
    """About as long as the network's, and far from any other."""
    return (SPREAD.normal(size=128) * 0.12).astype(np.float32)


def beside(vector: Floats, distance: float) -> Floats:
    """A vector so far away, in some direction."""
    step = SPREAD.normal(size=vector.size)
    moved: Floats = (vector + distance * step / np.linalg.norm(step)).astype(np.float32)
    return moved


def enrolled(shop: Shop, vectors: Sequence[Floats], distance: float | None = None) -> Person:
    person = a_person(shop)
    for vector in vectors:
        tracklet = a_tracklet(shop, person)
        gallery.enrol(shop, [(person, tracklet, vector, distance)])
    return person


def a_tracklet(shop: Shop, person: Person) -> Tracklet:
    visit = a_visit(shop, person.created_at, person=person)
    return Tracklet.objects.create(
        shop=shop, recording=visit.recording, visit=visit, person=person, number=1, started_s=0, ended_s=1
    )


@pytest.fixture
def config(eye: VisionConfig) -> VisionConfig:
    return eye


def test_a_near_probe_is_the_person_and_a_far_one_is_nobody(shop: Shop, config: VisionConfig) -> None:
    face = a_vector()
    person = enrolled(shop, [face])
    near, far = gallery.identify(shop, [beside(face, 0.2), beside(face, 0.5)], config)
    assert (near.person, round(near.distance, 3)) == (person.pk, 0.2)
    assert (far.person, round(far.distance, 3)) == (None, 0.5)


def test_between_two_people_alike_nobody_is_chosen(shop: Shop, config: VisionConfig) -> None:
    face = a_vector()
    enrolled(shop, [face])
    enrolled(shop, [beside(face, 0.04)])
    (match,) = gallery.identify(shop, [beside(face, 0.2)], config)
    assert match.person is None


def test_an_empty_gallery_knows_nobody(shop: Shop, config: VisionConfig) -> None:
    (match,) = gallery.identify(shop, [a_vector()], config)
    assert (match.person, match.distance) == (None, float("inf"))


def test_another_shops_faces_are_not_searched(cast: Cast, config: VisionConfig) -> None:
    face = a_vector()
    enrolled(make_cast("next-door").shop, [face])
    (match,) = gallery.identify(cast.shop, [face], config)
    assert match.person is None


def test_vectors_of_another_model_are_not_searched(shop: Shop, config: VisionConfig) -> None:
    face = a_vector()
    person = enrolled(shop, [face])
    Template.objects.update(model_id="other-v1")
    (match,) = gallery.identify(shop, [face], config)
    assert match.person is None and person.templates.count() == 1


def test_the_database_decides_as_the_reference_does(shop: Shop, config: VisionConfig) -> None:
    faces = [a_vector() for _ in range(6)]
    templates = [beside(face, 0.15) for face in faces for _ in range(3)]
    people = [enrolled(shop, templates[start : start + 3]) for start in range(0, 18, 3)]
    owners = np.repeat([person.pk for person in people], 3)
    probes = np.array([beside(faces[i % 6], SPREAD.uniform(0.1, 0.6)) for i in range(40)])
    expected = persons.identify(
        probes, np.array(templates), owners, accept_at=config.accept_at, margin=config.margin
    )
    found = gallery.identify(shop, probes, config)
    assert [match.person for match in found] == [match.person for match in expected]
    assert [match.distance for match in found] == pytest.approx([m.distance for m in expected], abs=1e-5)
    assert {match.person for match in found} > {None}, "both answers occur"


def test_a_person_keeps_the_first_eight_templates(shop: Shop) -> None:
    face = a_vector()
    person = enrolled(shop, [beside(face, 0.1) for _ in range(11)], distance=0.1)
    assert person.templates.count() == gallery.TEMPLATES_PER_PERSON


def test_a_match_that_is_only_just_near_enough_adds_no_template(shop: Shop) -> None:
    assert enrolled(shop, [a_vector()], distance=0.3).templates.count() == 0


def test_the_database_refuses_a_vector_of_the_wrong_length(shop: Shop) -> None:
    with pytest.raises(IntegrityError, match="template_dimensions_follow_model"), transaction.atomic():
        Template.objects.create(shop=shop, person=a_person(shop), model_id=MODEL_ID, vector=[0.1] * 64)
