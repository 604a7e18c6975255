"""Which recordings show a moment of the till, each at its second by its camera's clock."""

from dataclasses import dataclass
from datetime import datetime

from vision import clocks
from vision.models import Camera, Recording


@dataclass(frozen=True)
class Film:
    """A recording at a second of it."""

    recording: Recording
    at_s: float


def at_moment(shop_id: int, at: datetime) -> list[Film]:
    """The films of a moment of the till; those of cameras that see the counter first."""
    cameras = sorted(
        Camera.objects.filter(shop=shop_id), key=lambda camera: (not camera.counter, camera.name)
    )
    return [film for camera in cameras if (film := _film(camera, clocks.by_camera(camera, at)))]


def _film(camera: Camera, at: datetime) -> Film | None:
    """The film of a camera at a moment by its own clock."""
    begun = Recording.objects.filter(camera=camera, started_at__lte=at).exclude(file="")
    recording = begun.order_by("-started_at", "-pk").first()
    if recording is None:
        return None
    recording.camera, at_s = camera, (at - recording.started_at).total_seconds()
    return Film(recording, round(at_s, 1)) if at_s <= recording.duration_s else None
