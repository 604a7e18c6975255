"""Who is in sight of the live cameras now, as `live_naming` has written it down."""

from datetime import timedelta

from django.core.files.storage import default_storage
from django.utils import timezone

from vision.models import Sighting
from watershop.models import Shop

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
    """Take away those who were in sight a while ago, with their pictures."""
    old = Sighting.objects.filter(last_at__lt=timezone.now() - KEPT)
    pictures = dict(old.values_list("pk", "picture"))
    Sighting.objects.filter(pk__in=pictures).delete()
    for name in filter(None, pictures.values()):
        default_storage.delete(name)
