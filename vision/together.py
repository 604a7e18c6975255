"""Two faces in one picture are two people: what the database knows of that."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from vision.faces import Box, iou
from vision.models import Tracklet

PICTURES = 2
"""In so many pictures both faces must be seen, apart from each other; one may be an error of the tracker."""
APART = 0.1
"""The boxes of two faces overlap by less (intersection over union)."""
BOTH_S = 0.4
"""Where the boxes of a tracklet are not kept, both faces must be followed for so long at the same time."""


def moment_together(some: QuerySet[Tracklet], others: QuerySet[Tracklet]) -> datetime | None:
    """When a face of one set was in one picture with a face of the other; None when never."""
    at_once = {"started_s__lt": OuterRef("ended_s"), "ended_s__gt": OuterRef("started_s")}
    meets = some.filter(Exists(others.filter(recording=OuterRef("recording"), **at_once)))
    for one in meets.select_related("recording").order_by("recording__started_at", "started_s"):
        there = others.filter(
            recording=one.recording_id, started_s__lt=one.ended_s, ended_s__gt=one.started_s
        )
        for other in there.order_by("started_s"):
            if (at := _together_s(one, other)) is not None:
                return one.recording.started_at + timedelta(seconds=at)
    return None


def _together_s(one: Tracklet, other: Tracklet) -> float | None:
    """The second of the recording in which both were first seen, or None."""
    if not (one.boxes and other.boxes):
        first, last = max(one.started_s, other.started_s), min(one.ended_s, other.ended_s)
        return first if last - first >= BOTH_S else None
    theirs: dict[float, Box] = {row[0]: tuple(row[1:5]) for row in other.boxes}
    apart = [row[0] for row in one.boxes if row[0] in theirs and iou(tuple(row[1:5]), theirs[row[0]]) < APART]
    return apart[0] if len(apart) >= PICTURES else None
