"""Which recording to open at which second, to see a moment."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from vision import films
from vision.models import Recording, Visit


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
    """The recording of a moment of the till by a camera (id), or by any; None where none is left."""
    for film in films.at_moment(shop_id, at):
        if camera in (None, film.recording.camera_id):
            from_at = film.recording.started_at + timedelta(seconds=film.at_s)
            return Film(film.recording, film.at_s, from_at, until_at and from_at + (until_at - at))
    return None
