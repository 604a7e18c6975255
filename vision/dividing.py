"""One visit that showed two people becomes two."""

from collections.abc import Collection, Sequence
from typing import Any

from vision.models import Tracklet, Visit
from vision.moves import Move, move


def divide(visit: Visit, faces: Collection[int]) -> tuple[Visit, list[Move]]:
    """A visit of its own for some of the faces (tracklets) of a visit, still of the same person; what that changed.

    Each then lasts from the first to the last sight of its faces. With the earliest face goes how the entry is known,
    with the latest how the exit is; the counter stays with the old visit.
    """
    everyone = sorted(visit.tracklets.select_related("recording"), key=lambda face: face.first_at)
    theirs = [face for face in everyone if face.pk in faces]
    rest = [face for face in everyone if face.pk not in faces]
    new = Visit.objects.create(
        **{"shop": visit.shop, "kind": visit.kind, "distance": visit.distance},
        **{"person": visit.person, "candidate": visit.candidate, "is_confirmed": visit.is_confirmed},
        **_stay(visit, theirs, everyone),
    )
    moves = [
        *move(Tracklet.objects.filter(pk__in=[face.pk for face in theirs]), visit_id=new.pk),
        *move(Visit.objects.filter(pk=visit.pk), **_stay(visit, rest, everyone)),
    ]
    return new, moves


def _stay(visit: Visit, faces: Sequence[Tracklet], everyone: Sequence[Tracklet]) -> dict[str, Any]:
    """From when to when these faces of a visit (earliest first) were there, and how that is known."""
    sight, last = Visit.Edge.SIGHT.value, max(face.last_at for face in faces)
    is_first, is_last = faces[0] == everyone[0], last == max(face.last_at for face in everyone)
    return {
        "recording_id": faces[0].recording_id,
        "entry_at": visit.entry_at if is_first else faces[0].first_at,
        "exit_at": visit.exit_at if is_last else last,
        "entry_by": visit.entry_by if is_first else sight,
        "exit_by": visit.exit_by if is_last else sight,
        "shots": sum(face.shots for face in faces),
    }
