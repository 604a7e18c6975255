"""Who is in sight of the live cameras now, as `live_naming` has written it down."""

import contextlib
from collections.abc import Iterator
from datetime import timedelta

from django.core.files.storage import default_storage
from django.utils import timezone

from vision.models import Sighting
from watershop.models import Shop

FOLDER = "sightings"
IN_SIGHT = timedelta(seconds=5)
"""Who was seen so lately is in sight."""
KEPT = timedelta(minutes=2)
"""Rows and pictures of those who were are gone after so long."""


def in_sight(shop: Shop) -> list[Sighting]:
    """Who is in sight of the shop's cameras, each known person once, in the order in which they came."""
    rows = Sighting.objects.filter(shop=shop, last_at__gte=timezone.now() - IN_SIGHT)
    rows = rows.exclude(person__is_ignored=True)
    seen: dict[object, Sighting] = {}
    for row in rows.select_related("person__customer", "camera").order_by("first_at", "pk"):
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
