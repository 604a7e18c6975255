"""Who looks like whom: persons that may be one, proposed and never merged by themselves."""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from django.db.models import Q, QuerySet

from vision import gallery
from vision.config import VisionConfig
from vision.faces import Floats
from vision.models import Denial, Person, Template
from vision.persons import Known
from vision.together import moment_together
from watershop.models import Shop

NEWEST = 100
"""Of the unnamed persons only so many of the newest are looked at: older ones had their chance."""
PROPOSALS = 6
LOOKALIKES = 6


def suggested_merges(shop: Shop, config: VisionConfig) -> list[tuple[Person, Person]]:
    """Pairs of persons who look alike enough to ask whether they are one, nearest first.

    Nobody has described the first of a pair, nobody said that they are two, and no picture shows both.
    """
    newest = Person.objects.of(shop).shown().undescribed().order_by("-pk")[:NEWEST]
    return list(islice(pairs_of(shop, {person.pk for person in newest}, config), PROPOSALS))


def pairs_of(shop: Shop, some: set[int], config: VisionConfig) -> Iterator[tuple[Person, Person]]:
    """(one of these persons (ids), somebody they look like enough to ask), nearest first, each looked into when wanted.

    Nobody said that they are two, and no picture shows both.
    """
    return _still_open(_pairs(gallery.known(shop, config.model_id), some, config.review_at))


def _pairs(known: Known, some: set[int], at: float) -> list[tuple[int, int]]:
    """(one of `some`, another person) up to a distance (L2) apart, each pair once, nearest first."""
    found: dict[tuple[int, int], float] = {}
    for one in sorted(some & set(known.owners.tolist())):
        for other, far in _distances(known, known.vectors[known.owners == one]).items():
            if far <= at and other != one and (other, one) not in found:
                found[one, other] = far
    return sorted(found, key=found.__getitem__)


def _distances(known: Known, vectors: Floats) -> dict[int, float]:
    """How far (L2) the nearest of some vectors [n, d] is from each person."""
    squares = (known.vectors**2).sum(axis=1) + (vectors**2).sum(axis=1)[:, None]
    rows = np.sqrt(np.maximum(0, squares - 2 * vectors @ known.vectors.T)).min(axis=0)
    nearest: dict[int, float] = {}
    for person, far in zip(known.owners.tolist(), rows.tolist(), strict=True):
        nearest[person] = min(far, nearest.get(person, far))
    return nearest


def _still_open(pairs: list[tuple[int, int]]) -> Iterator[tuple[Person, Person]]:
    people = Person.objects.select_related("customer").in_bulk({pk for pair in pairs for pk in pair})
    for pair in pairs:
        one, other = (people[pk] for pk in pair)
        denied = Q(person=one, tracklet__person=other) | Q(person=other, tracklet__person=one)
        if Denial.objects.filter(denied).exists():
            continue
        if moment_together(one.tracklets.all(), other.tracklets.all()) is None:
            yield one, other


def lookalikes(shop: Shop, templates: QuerySet[Template], config: VisionConfig) -> list[int]:
    """The persons (ids) whom the faces of these templates are nearest to, nearest first; not those they belong to."""
    rows = list(templates.filter(model_id=config.model_id))
    if not rows:
        return []
    own = {row.person_id for row in rows}
    found = away(shop, rows, config)
    return sorted(found.keys() - own, key=found.__getitem__)[:LOOKALIKES]


def away(shop: Shop, templates: Sequence[Template], config: VisionConfig) -> dict[int, float]:
    """How far (L2) each person (id) is from the nearest of these vectors, of which there is at least one."""
    vectors = np.array([row.vector for row in templates], np.float32)
    return _distances(gallery.known(shop, config.model_id), vectors)
