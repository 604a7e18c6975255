"""Who is known: the face vectors of a shop's persons, and the open-set search among them.

Vectors are written by `enrol` and read by `identify`, nowhere else. The search is exact: a shop has some
thousands of templates, which PostgreSQL compares in a millisecond, and a decision about a person should not
rest on an approximate index.
"""

from collections.abc import Iterable, Sequence

from django.db.models import Count, Min
from pgvector.django import L2Distance

from vision.config import VisionConfig
from vision.embedding import MODEL_ID
from vision.faces import Floats
from vision.models import Person, Template, Tracklet
from vision.persons import Match, match
from watershop.models import Shop

TEMPLATES_PER_PERSON = 8
ENROL_AT = 0.28
"""A known person's new vector joins their templates only if it is this near (L2 between means): on the labelled
faces no two people were. A looser rule would let one wrong match draw the next one after it."""


def identify(shop: Shop, probes: Iterable[Floats], config: VisionConfig) -> list[Match]:
    """The person of each probe (float32 [128], a mean of shots), or nobody, among the persons of this shop.

    A person is as near as the nearest of their templates. One query per probe.
    """
    templates = Template.objects.filter(shop=shop, model_id=MODEL_ID, is_enrolled=True).values("person")
    return [
        match(
            templates.annotate(distance=Min(L2Distance("vector", probe)))
            .order_by("distance", "person")
            .values_list("person", "distance")[:2],
            config.accept_at,
            config.margin,
        )
        for probe in probes
    ]


def enrol(shop: Shop, news: Sequence[tuple[Person, Tracklet, Floats, float | None]]) -> None:
    """Add templates: (person, their best tracklet, vector, distance to the person; None for somebody new).

    What is not near enough, or would be a person's ninth, is left out: the first templates stay.
    """
    near = [row for row in news if row[3] is None or row[3] <= ENROL_AT]
    held = dict(
        Template.objects.filter(shop=shop, model_id=MODEL_ID, person__in=[row[0] for row in near])
        .values_list("person")
        .annotate(count=Count("pk"))
    )
    Template.objects.bulk_create(
        Template(
            shop=shop,
            person=person,
            is_enrolled=True,
            tracklet=tracklet,
            model_id=MODEL_ID,
            vector=vector,
            quality=tracklet.quality,
        )
        for person, tracklet, vector, _distance in near
        if held.get(person.pk, 0) < TEMPLATES_PER_PERSON
    )
