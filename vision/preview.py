"""A recording to look at: who was followed where and when, and single pictures where a browser cannot play it."""

from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from vision.local_files import fetched
from vision.models import Recording, Tracklet, Visit
from vision.pipeline import eye_of
from vision.trials import Trial, try_out

PLAYED = {".mp4": "video/mp4"}
"""What browsers may play (if they know its codec), by the suffix that the first bytes have given the file."""


@dataclass(frozen=True)
class Lane:
    """One visit on the timeline. Seconds from the start of the recording; `spans` in per cent of its length."""

    visit: Visit
    name: str
    start_s: float
    spans: list[tuple[str, str]]
    """(from, length) of each face that was followed."""


def type_of(recording: Recording) -> str:
    """The content type under which a browser may try to play a recording; empty when it need not try.

    What the camera turns by hand is turned by us alone, so that is shown in single pictures.
    """
    suffix = PurePath(str(recording.file.name)).suffix
    return "" if recording.camera.rotation else PLAYED.get(suffix, "")


def lanes(recording: Recording) -> list[Lane]:
    """The visits of a recording, in the order in which they begin in it."""
    here = Prefetch("tracklets", Tracklet.objects.filter(recording=recording))
    visits = Visit.objects.filter(tracklets__recording=recording).distinct()
    found = visits.select_related("person__customer").prefetch_related(here)
    return sorted((_lane(visit, recording) for visit in found), key=lambda lane: lane.start_s)


def _lane(visit: Visit, recording: Recording) -> Lane:
    faces = visit.tracklets.all()
    spans = [_span(face, max(recording.duration_s, 0.1)) for face in faces]
    return Lane(visit, name_of(visit), min(face.started_s for face in faces), spans)


def _span(face: Tracklet, length: float) -> tuple[str, str]:
    share = max(0.4, 100 * (face.ended_s - face.started_s) / length)
    return f"{100 * face.started_s / length:.2f}", f"{share:.2f}"


def name_of(visit: Visit) -> str:
    """Who it was, as the preview writes beside a face."""
    return str(visit.person) if visit.person else _("Somebody")


def tracks(recording: Recording) -> list[dict[str, Any]]:
    """Every face that was followed: whose it is, and its boxes ([seconds, x1, y1, x2, y2] in fractions)."""
    rows = Tracklet.objects.filter(recording=recording).select_related("visit__person__customer")
    return [
        {"name": name_of(row.visit) if row.visit else "", "visit": row.visit_id, "boxes": row.boxes}
        for row in rows
    ]


def picture_at(recording: Recording, seconds: float) -> bytes:
    """The upright picture of a recording at a moment, as JPEG; empty when there is none."""
    config = eye_of(recording.camera)
    with fetched(recording.file, lambda: None) as path:
        return try_out(Trial(config, path=path, at=seconds)).still
