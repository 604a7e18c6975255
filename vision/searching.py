"""Was this face here before? A probe beside everybody who is known, and beside the visits of nobody known.

Who it is follows the rule of every recording (`persons.search`: enrolled faces and their means, bars, margin). A visit
of nobody known has no more than its own faces, so there the distance alone speaks.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from vision import gallery, pipeline
from vision.config import Bar, VisionConfig
from vision.faces import Floats
from vision.models import Person, Tracklet, Visit
from vision.persons import Known, search
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop

MOST, LEAST = 6, 3
"""So many at most are shown, and of those who are hardly it no more than make up the least."""
VISITS = 4
"""So many visits of each person, those that look most like the probe."""


class Verdict(models.TextChoices):
    SURE = "sure", _("surely")
    MAYBE = "maybe", _("perhaps")
    HARDLY = "hardly", _("hardly")


@dataclass(frozen=True)
class Hit:
    """Somebody who looks like the probe: a person with their nearest visits, or one visit of nobody known."""

    person: Person | None
    """With `face` (`with_face`)."""
    visits: Sequence[Visit]
    """As `for_cards` has them, nearest first."""
    distance: float
    verdict: Verdict
    percent: int
    """How near: 100 the same picture, 50 at the bar where one would ask, 0 twice as far."""


@dataclass(frozen=True)
class _Near:
    """A hit before its rows are fetched: a person (id) or None, visits (ids), how far."""

    person: int | None
    visits: Sequence[int]
    distance: float


def look_for(face: Tracklet, actor: Actor) -> list[Hit]:
    """Who looks like a face that a camera has seen, its own visit left out; none where it has no vector."""
    probe = gallery.probe_of(face, pipeline.eye().model_id)
    return [] if probe is None else was_here(face.shop, probe, actor, but=face.visit_id)


def was_here(shop: Shop, probe: Floats, actor: Actor, *, but: int | None = None) -> list[Hit]:
    """Who looks most like a probe, nearest first, and is not the visit `but` (id); the audit knows who asked."""
    config = pipeline.eye()
    known = gallery.known(shop, config.model_id, but=but)
    visits = [row for row in gallery.visits_by_distance(shop, config.model_id, probe) if row[0] != but]
    near = sorted(_near(known, visits, probe), key=lambda one: one.distance)[:MOST]
    shown = [one for place, one in enumerate(near) if place < LEAST or one.distance <= config.review_at]
    hits = _hits(shown, known, probe, config)
    found = [hit for hit in hits if hit.verdict != Verdict.HARDLY]
    about: dict[str, Any] = {"visit": but, "persons": [hit.person.pk for hit in found if hit.person]}
    audit.record(shop, actor, "search_face", shop, after=about)
    return hits


def _near(known: Known, visits: Sequence[tuple[int, int | None, float]], probe: Floats) -> list[_Near]:
    """Every person who may be it, and every visit of nobody known."""
    of_person: dict[int, list[int]] = defaultdict(list)
    nobodys = []
    for visit, person, far in visits:
        if person is None:
            nobodys.append(_Near(None, [visit], far))
        else:
            of_person[person].append(visit)
    persons = [
        _Near(person, list(islice(of_person[person], VISITS)), far)
        for person, far in known.distances(probe).items()
        if far < float("inf")
    ]
    return persons + nobodys


def _hits(near: Sequence[_Near], known: Known, probe: Floats, config: VisionConfig) -> list[Hit]:
    bar = Bar(float("inf"), config.accept_at, config.review_at)
    sure = search(probe, known, bar, config.margin).person
    people: Mapping[int, Person] = Person.objects.with_face().in_bulk(
        [one.person for one in near if one.person]
    )
    rows = Visit.objects.filter(pk__in=[visit for one in near for visit in one.visits])
    visits = {visit.pk: visit for visit in rows.for_cards()}
    return [
        Hit(
            person=people[one.person] if one.person else None,
            visits=[visits[visit] for visit in one.visits],
            distance=one.distance,
            verdict=_verdict(one, sure, bar),
            percent=round(max(0.0, 100 - 50 * one.distance / bar.review_at)),
        )
        for one in near
    ]


def _verdict(one: _Near, sure: int | None, bar: Bar) -> Verdict:
    is_sure = one.person == sure if one.person else one.distance <= bar.accept_at
    if is_sure:
        return Verdict.SURE
    return Verdict.MAYBE if one.distance <= bar.review_at else Verdict.HARDLY
