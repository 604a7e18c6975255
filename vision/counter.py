"""Who stands at the counter now, for the till, and what the clerk says about them.

A tile fills the till's form in and does nothing else: what is sold, and to whom, the clerk decides. What they choose
is tied to the visit once the film is watched; a name that was wrong is then a decision about that visit.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from customers.models import Customer
from sales.glances import Glance, glances
from sales.models import Sale
from vision import decisions, pipeline
from vision.models import (
    Camera,
    CanCount,
    CounterChoice,
    Person,
    Recording,
    Sighting,
    Tracklet,
    VisionSettings,
    Visit,
)
from vision.sightings import at_counter, lately
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop

MOST = 4
"""As many tiles as there are keys for them."""
RENEWED_S = 5.0
"""Another till may have taken their money meanwhile."""
SAME_START = timedelta(seconds=0.3)
"""A face in the film was first seen when the clerk's was, as nearly as times are kept."""

NO_BILL = ""
"""The key of what is told of a face and of no bill."""


@dataclass(frozen=True)
class Tile:
    """Somebody at the counter. Without a `glance` they are unknown: no name, no money."""

    sighting: Sighting
    glance: Glance | None


def has_eye(shop: Shop) -> bool:
    """Whether a live camera may recognise somebody at the counter."""
    return Camera.objects.live().filter(shop=shop, recognises=True).exists()


@dataclass(frozen=True)
class AtCounter:
    """Who stands at the counter at one moment (None: a gap), and whom of them the till may name."""

    shop: Shop
    rows: Sequence[Sighting | None]
    customers: Mapping[int, int]
    """The customer (id) of a sighting (id)."""

    @property
    def mark(self) -> str:
        """The same as long as the tiles are; what the known ones owe and hold is looked up every few seconds."""
        shown = [row and (row.pk, self.customers.get(row.pk), bool(row.picture)) for row in self.rows]
        return f"{shown} {int(time.time() / RENEWED_S) if self.customers else ''}"

    def tiles(self) -> list[Tile | None]:
        """As the till shows them."""
        known = glances(self.shop, set(self.customers.values()))
        return [Tile(row, known.get(self.customers.get(row.pk, 0))) if row else None for row in self.rows]


def look(shop: Shop, places: Sequence[int | None] = ()) -> AtCounter:
    """The people at the counter, the longest waiting first; at most seven queries with their tiles, however many.

    `places` are the sightings (ids) that are shown already: each stays where it is, or leaves a gap that the next one
    who comes fills, so that no key means somebody else from one moment to the next.
    """
    waiting = at_counter(shop)
    rows = _placed(waiting, _kept(shop, waiting, places[:MOST]))
    return AtCounter(shop, rows, _customers(shop, [row for row in rows if row]))


def _kept(shop: Shop, waiting: Sequence[Sighting], places: Sequence[int | None]) -> list[int | None]:
    """The places, each known person's handed on to the sighting in which the next piece of film shows them."""
    now: dict[int | None, int] = {row.person_id: row.pk for row in waiting if row.person_id}
    if not now or {place for place in places if place} <= {row.pk for row in waiting}:
        return list(places)
    before = dict(lately(shop).filter(person__in=now).values_list("pk", "person"))
    return [place and now.get(before.get(place), place) for place in places]


def _placed(waiting: Sequence[Sighting], places: Sequence[int | None]) -> list[Sighting | None]:
    there = {row.pk: row for row in waiting}
    rows = [there.pop(place, None) if place else None for place in places]
    news = iter(there.values())
    filled = [row or next(news, None) for row in rows]
    filled += islice(news, MOST - len(filled))
    while filled and filled[-1] is None:
        filled.pop()
    return filled


def tile_of(shop: Shop, sighting: int) -> Tile | None:
    """The tile of somebody who is or just was in sight (id); None when that was a while ago."""
    rows = list(lately(shop).filter(pk=sighting))
    return next(iter(AtCounter(shop, rows, _customers(shop, rows)).tiles()), None)


def _customers(shop: Shop, rows: Iterable[Sighting]) -> dict[int, int]:
    """Whom the till may name: the customer (id) of each sighting (id) that is sure enough.

    They have agreed to it: without an open consent no person is a customer's (`privacy.consents`).
    """
    named = [(row, row.person.customer_id) for row in rows if row.person and row.camera.recognises]
    bar = _bar(shop) if named else 0.0
    near = [(row, customer) for row, customer in named if row.distance is not None and row.distance <= bar]
    return {row.pk: customer for row, customer in near if customer}


def _bar(shop: Shop) -> float:
    """How near a face must be before the till says a name."""
    wish = VisionSettings.of(shop).till_at
    return pipeline.eye().till_at if wish is None else wish


def chosen(shop: Shop, client_ref: str) -> CounterChoice | None:
    """Whom the clerk has chosen for the bill of this key."""
    return CounterChoice.objects.filter(shop=shop, client_ref=client_ref).first() if client_ref else None


@transaction.atomic
def choose(tile: Tile, *, client_ref: str, buyer: Customer | None, actor: Actor) -> CounterChoice:
    """The bill of this key is for the face of this tile: of the customer that it names, else of the bill's `buyer`.

    Another tile chosen for the same bill takes its place; a name that was refused before stays refused.
    """
    assert actor.user
    row, customer = tile.sighting, tile.glance.customer if tile.glance else buyer
    choices = CounterChoice.objects.filter(shop=row.shop, client_ref=client_ref)
    choices.filter(is_correction=True).update(client_ref=NO_BILL)
    choice, _is_new = CounterChoice.objects.update_or_create(
        shop=row.shop,
        client_ref=client_ref,
        defaults={
            **{"camera": row.camera, "track": row.track, "first_at": row.first_at, "last_at": row.last_at},
            **{"shown": row.person if tile.glance else None, "customer": customer, "is_correction": False},
            **{"visit": None, "event": None, "by": actor.user, "at": timezone.now()},
        },
    )
    audit.record(row.shop, actor, "choose_face", choice, after=_told(choice))
    return choice


@transaction.atomic
def correct(shop: Shop, *, client_ref: str, customer: Customer, actor: Actor) -> CounterChoice | None:
    """The bill of this key is another customer's than the chosen tile said; None where no tile was chosen.

    Whom the tile named is then not the one before the camera: that face stops being called so at once.
    """
    assert actor.user
    choice = CounterChoice.objects.select_for_update().filter(shop=shop, client_ref=client_ref).first()
    if choice is None or choice.customer == customer:
        return choice
    before = _told(choice)
    choice.customer, choice.by, choice.at = customer, actor.user, timezone.now()
    choice.is_correction = choice.shown is not None and choice.shown.customer != customer
    choice.save()
    audit.record(shop, actor, "correct_choice", choice, before=before, after=_told(choice))
    if choice.is_correction:
        _unname(choice)
    return choice


@transaction.atomic
def refuse(choice: CounterChoice, actor: Actor) -> None:
    """The face of this choice, not stored yet, is not whom it `shown`: said without a bill."""
    choice.is_correction = True
    choice.save()
    audit.record(choice.shop, actor, "refuse_face", choice, after=_told(choice))
    _unname(choice)


@transaction.atomic
def take_back(choice: CounterChoice, actor: Actor) -> None:
    """A refusal was wrong. Raises ValidationError when something rests on what it did to the visit."""
    if choice.event:
        decisions.undo(choice.event, actor)
    audit.record(choice.shop, actor, "take_back_refusal", choice, before=_told(choice))
    choice.delete()


def _told(choice: CounterChoice) -> dict[str, int | None]:
    return {"shown": choice.shown_id, "customer": choice.customer_id}


def _unname(choice: CounterChoice) -> None:
    """The face is not called by the name that the clerk refused: now, and in the film where that is watched already."""
    seen = Sighting.objects.filter(camera=choice.camera_id, track=choice.track, person=choice.shown_id)
    seen.update(person=None, distance=None)
    if choice.visit:
        _settle(choice, _face_of(choice, choice.visit.tracklets.select_related("recording", "visit")))


@transaction.atomic
def count_cans(shop: Shop, *, client_ref: str, brought: int, taken: int, actor: Actor) -> CanCount:
    """How many cans came and went with the bill of this key, as the clerk counts them."""
    assert actor.user
    choice = chosen(shop, client_ref)
    count, _is_new = CanCount.objects.update_or_create(
        shop=shop,
        client_ref=client_ref,
        defaults={
            **{"brought": brought, "taken": taken, "by": actor.user, "at": timezone.now()},
            "visit": choice.visit if choice else None,
        },
    )
    audit.record(shop, actor, "count_cans", count, after={"brought": brought, "taken": taken})
    return count


def counted(shop: Shop, client_ref: str) -> CanCount:
    """What was counted for the bill of this key; nothing yet, unsaved."""
    return CanCount.objects.filter(shop=shop, client_ref=client_ref).first() or CanCount(shop=shop)


def settle(recording: Recording) -> int:
    """Tie what the clerk chose while a live recording was taken to its visits; how many. Safe to repeat.

    A name that the clerk refused is taken off the visit, by their word. A bill that was somebody else's in the end
    (a walk-in's, say) tells nothing of the face.
    """
    segment = Path(
        recording.original_name
    ).stem  # a live recording has the name of its segment, as its tracks do
    waiting = CounterChoice.objects.filter(
        shop=recording.shop_id, camera=recording.camera_id, track__startswith=f"{segment}-", visit=None
    )
    faces = recording.tracklets.filter(visit__isnull=False).select_related("recording", "visit")
    keys = waiting.exclude(client_ref=NO_BILL).values("client_ref")
    sales = Sale.objects.of(recording.shop).filter(client_ref__in=keys)
    buyers = dict(sales.values_list("client_ref", "customer"))
    return sum(
        _settle(choice, _face_of(choice, faces))
        for choice in waiting.select_related("shown", "by")
        if buyers.get(choice.client_ref, choice.customer_id) == choice.customer_id
    )


def _face_of(choice: CounterChoice, faces: Iterable[Tracklet]) -> Tracklet | None:
    """The face in the film that the clerk chose: the one first seen just then, else the only one there.

    Of several it is the one whom the tile showed; None where that does not tell either.
    """
    there = [face for face in faces if face.first_at <= choice.last_at and face.last_at >= choice.first_at]
    begun = [face for face in there if abs(face.first_at - choice.first_at) <= SAME_START]
    found = begun or there
    if len(found) > 1:
        found = [face for face in found if choice.shown_id and face.person_id == choice.shown_id]
    return found[0] if len(found) == 1 else None


@transaction.atomic
def _settle(choice: CounterChoice, face: Tracklet | None) -> bool:
    if face is None or face.visit is None:
        return False
    if choice.is_correction and _is_called(face.visit, choice.shown):
        choice.event = decisions.not_this(face.visit, Actor(choice.by, "task settle_choices"), [face.pk])
        face.refresh_from_db(fields=["visit"])  # one that shows others, too, was divided
    choice.visit = face.visit
    choice.save(update_fields=["visit", "event"])
    if choice.client_ref != NO_BILL:
        CanCount.objects.filter(shop=choice.shop_id, client_ref=choice.client_ref).update(visit=face.visit)
    return True


def _is_called(visit: Visit, shown: Person | None) -> bool:
    """Whether a visit is still said to be whom the tile showed, by no person's word."""
    who = shown.now() if shown else None
    return who is not None and not visit.is_confirmed and who.pk in (visit.person_id, visit.candidate_id)
