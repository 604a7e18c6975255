"""Which recording to open at which second, to see a moment."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from vision.models import Recording, Visit

LONGEST_RECORDING = timedelta(hours=12)
"""Bounds the search for a recording around a moment, as does the number that is looked at."""
LOOKED_AT = 8


@dataclass(frozen=True)
class Film:
    """A recording to open at a second, and the camera's time there."""

    recording: Recording
    second: float
    from_at: datetime
    until_at: datetime | None


def film_of(visit: Visit) -> Film | None:
    """The recording of a visit, if it is still there."""
    if not visit.recording.file:
        return None
    return Film(visit.recording, visit.entry_s, visit.entry_at, visit.exit_at)


def film_at(
    shop_id: int, at: datetime, *, until_at: datetime | None = None, camera: int | None = None
) -> Film | None:
    """The recording of a moment by a camera (id), or by any; None where none is left."""
    rows = Recording.objects.filter(shop=shop_id, started_at__lte=at).exclude(file="")
    rows = rows.filter(started_at__gte=at - LONGEST_RECORDING).select_related("camera")
    if camera:
        rows = rows.filter(camera=camera)
    for row in rows.order_by("-started_at")[:LOOKED_AT]:
        if at <= row.started_at + timedelta(seconds=row.duration_s):
            return Film(row, (at - row.started_at).total_seconds(), at, until_at)
    return None
