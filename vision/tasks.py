"""What the workers do for `vision`: watch recordings, suggest links, notice recordings whose job has died."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from vision import cameras, keeping, linking, pipeline, recordings, watch_folders
from vision.frames import UnreadableVideo
from vision.models import Camera, Recording
from vision.pipeline import Look
from watershop.jobs import Beat, JobFailedError
from watershop.models import Shop

RECENT = timedelta(days=1)
BEAT_S = 0.5
WATCHING = 0.97
"""The share of the progress bar that belongs to the looking; the rest is looking up and writing down."""


def process_recording(recording_id: int, beat: Beat) -> None:
    """Watch an uploaded recording, once; a file that cannot be watched is not tried again."""
    recording = Recording.objects.select_related("shop", "camera").filter(pk=recording_id).first()
    if recording is None or recording.state == Recording.State.DONE:
        return
    look = Look(workers=settings.VISION_WORKERS, on_progress=_seldom(beat))
    try:
        pipeline.process(recording, Path(recording.file.path), pipeline.eye_of(recording.camera), look)
    except UnreadableVideo as error:
        raise JobFailedError(str(error)) from error


def _seldom(beat: Beat) -> Callable[[float], None]:
    """Pass the progress on, but not more often than twice a second: each beat is a write."""
    due = 0.0

    def tell(fraction: float) -> None:
        nonlocal due
        if (now := time.monotonic()) >= due or fraction >= 1:
            due = now + BEAT_S
            beat(WATCHING * fraction, "watching" if fraction < 1 else "storing")

    return tell


def check_placement(camera_id: int, beat: Beat) -> None:
    """Look through a camera for a minute, to say whether it hangs well."""
    camera = Camera.objects.select_related("shop").filter(pk=camera_id).first()
    if camera is not None:
        cameras.check_placement(camera, _seldom(beat))


def link_recording(recording_id: int, beat: Beat) -> None:
    """Suggest links for the sales in the time of a finished recording."""
    recording = Recording.objects.select_related("shop").filter(pk=recording_id).first()
    if recording is not None:
        linking.suggest_for_recording(recording)


def link_recent_sales() -> None:
    """Each minute: suggest links for sales that were imported or back-dated into a time that is watched already."""
    for shop in Shop.objects.all():
        linking.suggest_for_new_sales(shop, RECENT)


def settle_recordings() -> None:
    """Each minute: recordings whose worker died each time it tried."""
    recordings.settle(Recording.objects.all())


def look_into_folders() -> None:
    """Each minute: what recorders have exported."""
    watch_folders.look_into_folders()


def keep_within_quotas() -> None:
    """Each minute: films beyond the days and gigabytes of their cameras go."""
    keeping.keep_within_quotas()
