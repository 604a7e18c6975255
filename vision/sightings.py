"""Who is in sight of the live cameras now, as `live_naming` has written it down."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from django.core.files.storage import default_storage
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from vision.models import Camera, Sighting
from watershop.models import Shop

FOLDER = "sightings"
IN_SIGHT = timedelta(seconds=5)
"""Who was seen so lately is in sight."""
KEPT = timedelta(minutes=2)
"""Rows and pictures of those who were are gone after so long."""


def in_sight(shop: Shop) -> list[Sighting]:
    """Who is in sight of the shop's cameras, each known person once, in the order in which they came.

    What a watcher still names for a moment after its camera was turned off is not told.
    """
    may_be_told = Q(camera__recognises=True) | Q(person=None, picture="")
    now = lately(shop).filter(may_be_told, last_at__gte=timezone.now() - IN_SIGHT)
    return _each_once(now.exclude(person__is_ignored=True).order_by("first_at", "pk"))


def at_counter(shop: Shop) -> list[Sighting]:
    """Which customers wait at the counter, each known one once, the longest waiting first.

    Where the counter is drawn at no live camera that recognises, everybody waits before one without it.
    """
    waits = Q(counter_since_at__isnull=False) | Q(camera__counter=[])
    cameras = Camera.objects.filter(shop=shop)
    there = cameras.before_counter(among=cameras.live().filter(recognises=True))
    now = lately(shop).filter(waits, camera__in=there, last_at__gte=timezone.now() - IN_SIGHT)
    customers = now.exclude(person__is_shop_staff=True).exclude(person__is_ignored=True)
    waiting = customers.order_by(Coalesce("counter_since_at", "first_at"), "pk")
    return _each_once(_followed_still(list(waiting)))


def lately(shop: Shop) -> QuerySet[Sighting]:
    """Who is in sight, or was a moment ago, with their camera, person and customer."""
    return Sighting.objects.filter(shop=shop).select_related("person__customer", "camera")


def _followed_still(rows: Sequence[Sighting]) -> list[Sighting]:
    """Without the strangers of a camera's older pieces of film: the next one follows the same faces anew."""
    newest: dict[int, str] = {}
    for row in rows:
        newest[row.camera_id] = max(newest.get(row.camera_id, ""), row.piece)
    return [row for row in rows if row.person_id or row.piece == newest[row.camera_id]]


def _each_once(rows: Iterable[Sighting]) -> list[Sighting]:
    seen: dict[object, Sighting] = {}
    for row in rows:
        seen.setdefault(row.person_id or row.track, row)
    return list(seen.values())


def forget() -> None:
    """Take away those who were in sight a while ago, and every picture that no row has any more."""
    before = timezone.now() - KEPT
    Sighting.objects.filter(last_at__lt=before).delete()
    kept = set(Sighting.objects.values_list("picture", flat=True))
    for name in _pictures():
        if name not in kept and default_storage.get_modified_time(name) < before:
            default_storage.delete(name)


def _pictures() -> Iterator[str]:
    with contextlib.suppress(FileNotFoundError):  # there never was one
        for camera in default_storage.listdir(FOLDER)[0]:
            for file in default_storage.listdir(f"{FOLDER}/{camera}")[1]:
                yield f"{FOLDER}/{camera}/{file}"
