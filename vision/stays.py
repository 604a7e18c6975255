"""A stay that goes on from one recording of a camera into the next is one visit: joined when stored, parted again.

Live recordings are cut every few minutes, exports of recorders too, whoever is in the shop at that moment.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from vision.models import Recording, Tracklet, Visit


def join(recording: Recording, visits: Sequence[Visit], gap: timedelta) -> list[Visit]:
    """Store the new visits of a recording, those apart that go on with one of another recording: that grows instead.

    Returns the stored visit of each, in the same order.
    """
    others = _neighbours(recording, visits, gap)
    stored = []
    for visit in visits:
        known = next((other for other in others if _is_one_stay(other, visit, gap)), None)
        stored.append(_grown(known, visit) if known else visit)
    Visit.objects.bulk_create(visit for visit in stored if visit.pk is None)
    return stored


def _neighbours(recording: Recording, visits: Sequence[Visit], gap: timedelta) -> list[Visit]:
    """Visits of the same people at the same camera around the time of the recording."""
    people = {visit.person_id for visit in visits if visit.person_id}
    if not people:
        return []
    return list(
        Visit.objects.filter(
            shop=recording.shop_id,
            person__in=people,
            recording__camera=recording.camera_id,
            exit_at__gte=min(visit.entry_at for visit in visits) - gap,
            entry_at__lte=max(visit.exit_at for visit in visits) + gap,
        ).exclude(recording=recording)
    )


def _is_one_stay(known: Visit, visit: Visit, gap: timedelta) -> bool:
    """One person, and nobody left or came through the door between the two."""
    if known.person_id != visit.person_id:
        return False
    first, second = sorted((known, visit), key=lambda one: one.entry_at)
    by_door = Visit.Edge.DOOR in (first.exit_by, second.entry_by)
    return second.entry_at - first.exit_at <= (timedelta(0) if by_door else gap)


def _grown(known: Visit, more: Visit) -> Visit:
    """The visit that is known, which now covers both, stored."""
    if more.entry_at < known.entry_at:
        known.entry_at, known.entry_by = more.entry_at, more.entry_by
    if more.exit_at > known.exit_at:
        known.exit_at, known.exit_by = more.exit_at, more.exit_by
    known.counter_from_at = _least(known.counter_from_at, more.counter_from_at)
    known.counter_until_at = _most(known.counter_until_at, more.counter_until_at)
    known.upi_s, known.cash_s = _sum(known.upi_s, more.upi_s), _sum(known.cash_s, more.cash_s)
    known.shots += more.shots
    known.save()
    return known


def _least(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment), default=None)


def _most(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment), default=None)


def _sum(*seconds: float | None) -> float | None:
    known = [spent for spent in seconds if spent is not None]
    return sum(known) if known else None


def part(visits: Sequence[Visit]) -> list[Visit]:
    """After a recording has lost its tracklets: visits that others still show shrink to what those show.

    Returns the rest, of which nothing is left.
    """
    rows = (
        Tracklet.objects.filter(visit__in=visits)
        .select_related("recording")
        .order_by("recording__started_at")
    )
    of_visit: dict[int, list[Tracklet]] = {}
    for row in rows:
        of_visit.setdefault(row.visit_id or 0, []).append(row)
    for visit in visits:
        if left := of_visit.get(visit.pk):
            _shrink(visit, left)
    return [visit for visit in visits if visit.pk not in of_visit]


def _shrink(visit: Visit, left: Sequence[Tracklet]) -> None:
    """A visit to what is left of it: a moment that is gone is known by sight again."""
    entry_at = min(row.first_at for row in left)
    exit_at = max(row.last_at for row in left)
    if entry_at > visit.entry_at:
        visit.entry_at, visit.entry_by = entry_at, Visit.Edge.SIGHT
    if exit_at < visit.exit_at:
        visit.exit_at, visit.exit_by = exit_at, Visit.Edge.SIGHT
    if visit.counter_from_at and visit.counter_until_at:
        served = (max(visit.counter_from_at, entry_at), min(visit.counter_until_at, exit_at))
        visit.counter_from_at, visit.counter_until_at = served if served[0] <= served[1] else (None, None)
    visit.shots = sum(row.shots for row in left)
    visit.recording = left[0].recording
    visit.save()
