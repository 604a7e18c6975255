"""What other bars would have meant for the visits of the last month: more people recognised, and more mistakes.

Each visit is asked about again without its own pictures (`replay`); what people decided by hand says which answers
would have been wrong. Faces of one account are one customer here, so taking one for the other is no mistake. Not asked
again: the vote of the shots, and who was in one picture; so a bar does at most what is said here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sales.defaulters import defaulters
from vision import cameras, gallery, pipeline
from vision.config import VisionConfig
from vision.faces import Floats
from vision.models import Camera, Denial, Person, Tracklet, VisionSettings, Visit
from vision.pairs import HIGHEST, LOWEST
from vision.persons import Ids
from vision.replay import Flags, Nearest, ask_again
from watershop.audit import Actor
from watershop.models import Shop

RECENT = timedelta(days=30)
MOST = 3000
"""The newest visits; a second of work."""
STEP = 0.01


class Bar(models.TextChoices):
    """What is decided by how near a face is; the name of a field of VisionSettings."""

    ACCEPT = "accept_at", _("Recognise a visit")
    TILL = "till_at", _("Name at the till")
    DEBTOR = "debtor_at", _("Debtor alert")


@dataclass(frozen=True)
class Point:
    """What one bar would do: how many visits it would count, and how many of these are known to be wrong."""

    at: float
    visits: int
    mistakes: int


@dataclass(frozen=True)
class WhatIf:
    """One bar, and the visits that it is asked about."""

    bar: Bar
    asked: int
    decided: int
    """Of so many of them somebody said whose they are or are not."""
    now: Point
    """As it stands; `at` is what the bar is where it is not each camera's own."""
    is_own: bool
    """Whether the shop has set it by hand."""
    points: Sequence[Point]

    def at(self, distance: float) -> Point:
        """The point nearest to a distance."""
        return min(self.points, key=lambda point: abs(point.at - distance))


def what_if(shop: Shop, bar: Bar) -> WhatIf:
    """What one bar does, and would do elsewhere; a fixed number of queries, besides one or two per camera."""
    month = _Month(shop, pipeline.eye())
    counts = month.counts_for(bar)
    wish: float | None = getattr(month.wishes, bar)
    default: float = getattr(month.config, bar)
    own = default if wish is None else wish
    at: Floats | float = month.bars_of_cameras if bar == Bar.ACCEPT and wish is None else own
    lowest, highest = (round(times * month.config.accept_at, 2) for times in (LOWEST, HIGHEST))
    steps = np.arange(lowest, highest + STEP / 2, STEP).round(2).tolist()
    return WhatIf(
        bar=bar,
        asked=len(month.visits),
        decided=int((month.is_decided & counts).sum()),
        now=month.point(own, at, counts),
        is_own=wish is not None,
        points=[month.point(step, step, counts) for step in steps],
    )


def set_bar(shop: Shop, bar: Bar, at: float | None, actor: Actor) -> None:
    """From now on a bar is this; None: as the network or the camera has it."""
    cameras.change_settings(shop, {bar.value: at}, actor)


class _Month:
    """The visits of the last month, and whom each is nearest to."""

    def __init__(self, shop: Shop, config: VisionConfig) -> None:
        self.shop, self.config, self.wishes = shop, config, VisionSettings.of(shop)
        recent = Visit.objects.of(shop).filter(
            entry_at__gte=timezone.now() - RECENT, tracklets__templates__model_id=config.model_id
        )
        rows = recent.order_by("-entry_at", "-pk").distinct()
        self.visits = list(rows.select_related("recording")[:MOST])
        self.ids: Ids = np.array([visit.pk for visit in self.visits], np.int64)
        stored = gallery.stored(shop, config.model_id, self.ids.tolist())
        self.nearest: Nearest = ask_again(stored, self.ids)
        persons = {*self.nearest.persons.tolist(), *(visit.person_id for visit in self.visits)}
        self.people = Person.objects.of(shop).in_bulk(persons - {None})

    def counts_for(self, bar: Bar) -> Flags:
        """Which visits matter to a bar: all; those nearest to somebody with a name; those to a customer who is late."""
        near = [self.people.get(pk) for pk in self.nearest.persons.tolist()]
        if bar == Bar.TILL:
            return np.array([bool(who and (who.name or who.customer_id)) for who in near], bool)
        if bar == Bar.DEBTOR:
            late = {row.customer.pk for row in defaulters(self.shop)}
            return np.array([bool(who and who.customer_id in late) for who in near], bool)
        return np.ones(len(near), bool)

    def point(self, at: float, bars: npt.ArrayLike, counts: Flags) -> Point:
        """What these bars (one, or one for each visit) say; `at` is what they are called."""
        ignored = np.array([who.pk for who in self.people.values() if who.is_ignored], np.int64)
        found = self.nearest.accepted(bars, self.config.margin, ignored) & counts
        return Point(at, int(found.sum()), int((found & self._is_wrong).sum()))

    @cached_property
    def is_decided(self) -> Flags:
        """Of which visits somebody said whose they are, or of whom not."""
        denied = {visit for visit, _person in self._denials}
        return np.array([visit.is_confirmed or visit.pk in denied for visit in self.visits], bool)

    @cached_property
    def _denials(self) -> set[tuple[int, int]]:
        """(visit, the account or face that it is not)."""
        rows = Denial.objects.filter(shop=self.shop, tracklet__visit__in=self.ids.tolist())
        return {
            (visit, account or -person)
            for visit, person, account in rows.values_list("tracklet__visit", "person", "person__customer")
            if visit is not None
        }

    def _who(self, person: int) -> int:
        """A person's account; below zero a face that is of none."""
        row = self.people.get(person)
        return row.customer_id if row and row.customer_id else -person

    @cached_property
    def _is_wrong(self) -> Flags:
        """Of which visits the nearest person is known to be wrong."""
        return np.array(
            [
                bool(person) and self._contradicts(visit, self._who(person))
                for visit, person in zip(self.visits, self.nearest.persons.tolist(), strict=True)
            ],
            bool,
        )

    def _contradicts(self, visit: Visit, who: int) -> bool:
        is_elses = visit.is_confirmed and visit.person_id and self._who(visit.person_id) != who
        return bool(is_elses) or (visit.pk, who) in self._denials

    @cached_property
    def bars_of_cameras(self) -> Floats:
        """The bar that each visit's camera has now for the widest of its faces: [n]."""
        faces = Tracklet.objects.filter(visit__in=self.ids.tolist()).order_by()
        px = dict(faces.values_list("visit").annotate(px=models.Max("face_px")))
        of_camera = {
            camera.pk: pipeline.eye_of(camera)
            for camera in Camera.objects.filter(shop=self.shop).select_related("shop")
        }
        return np.array(
            [
                of_camera[visit.recording.camera_id].bar(px.get(visit.pk, 0)).accept_at
                for visit in self.visits
            ],
            np.float32,
        )
