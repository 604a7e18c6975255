"""What the workers do for `vision`: watch recordings, suggest links, notice recordings whose jobs have died."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.utils import timezone

from vision import (
    calibration,
    cameras,
    clocks,
    counter,
    keeping,
    linking,
    recordings,
    sightings,
    teaching,
    tenders,
    watch_folders,
    watching,
)
from vision.children import Tell
from vision.frames import UnreadableVideo
from vision.models import Camera, ClockEstimate, Recording, RecordingChunk
from vision.privacy import retention
from vision.queues import finding
from watershop.jobs import Beat, JobFailedError
from watershop.models import Shop

JUST_NOW, RECENT = timedelta(minutes=3), timedelta(days=2)
HINTED = timedelta(days=30)
"""A recording that is brought later than that gives no hint any more."""
BEAT_S = 0.5


def process_recording(recording_id: int, beat: Beat) -> None:
    """Cut a recording into chunks and queue those; a file that cannot be watched is not tried again."""
    recording = Recording.objects.select_related("shop", "camera").filter(pk=recording_id).first()
    if recording is not None and recording.state != Recording.State.DONE:
        with _hopeless_when_unreadable():
            watching.plan(recording, _seldom(lambda at: beat(0, "reading")))


def watch_chunk(chunk_id: int, beat: Beat) -> None:
    """Watch one chunk; the last one has the recording finished."""
    chunks = RecordingChunk.objects.select_related("shop", "recording__camera", "recording__shop")
    if (chunk := chunks.filter(pk=chunk_id).first()) is not None:
        with _hopeless_when_unreadable():
            watching.watch(chunk, _seldom(lambda share: beat(share, "watching")))


def finish_recording(recording_id: int, beat: Beat) -> None:
    """Say who was seen in the chunks of a recording, and store it."""
    recording = Recording.objects.select_related("shop", "camera").filter(pk=recording_id).first()
    if recording is not None:
        beat(0, "naming")
        watching.finish(recording)


@contextmanager
def _hopeless_when_unreadable() -> Iterator[None]:
    try:
        yield
    except UnreadableVideo as error:
        raise JobFailedError(str(error)) from error


def _seldom(tell: Tell) -> Tell:
    """Pass it on, but not more often than twice a second: each beat is a write."""
    due = 0.0

    def pass_on(how_far: float) -> None:
        nonlocal due
        if (now := time.monotonic()) >= due:
            due = now + BEAT_S
            tell(how_far)

    return pass_on


def check_placement(camera_id: int, beat: Beat) -> None:
    """Look through a camera for a minute, to say whether it hangs well."""
    camera = Camera.objects.select_related("shop").filter(pk=camera_id).first()
    if camera is not None:
        cameras.check_placement(camera, _seldom(beat))


def link_recording(recording_id: int, beat: Beat) -> None:
    """Tie to a finished recording what the clerk chose meanwhile, look at its clock, and link the sales of its time."""
    recording = Recording.objects.select_related("shop", "camera").filter(pk=recording_id).first()
    if recording is not None:
        counter.settle(recording)
        clocks.consider(recording.camera, recording.started_at + timedelta(seconds=recording.duration_s))
        linking.link_recording(recording)


def link_by_clock(estimate_id: int, beat: Beat) -> None:
    """Link anew what a clock is about that is applied, or not any more."""
    estimate = ClockEstimate.objects.select_related("shop").filter(pk=estimate_id).first()
    if estimate is not None:
        linking.link_by_clock(estimate)


def link_recent_sales() -> None:
    """Each minute: link sales that were imported or back-dated into a time that is watched already."""
    _link_written(JUST_NOW)


def link_missed_sales() -> None:
    """Each day: the same for what the minutes have missed; and what waited for a consent is learnt."""
    _link_written(RECENT)
    for shop in Shop.objects.all():
        teaching.settle_waiting(shop)


def _link_written(lately: timedelta) -> None:
    since = timezone.now() - lately
    for shop in Shop.objects.all():
        linking.link_written(shop, since)


def hint_tenders() -> None:
    """Each minute: how the sales whose visit is sure were probably paid."""
    for shop in Shop.objects.all():
        tenders.hint_new_sales(shop, timezone.now() - HINTED)


def find_cards() -> None:
    """Each minute: what till and camera together find odd becomes cards to decide."""
    minute = timezone.now().minute
    for shop in Shop.objects.all():
        finding.find(shop, minute)


def settle_recordings() -> None:
    """Each minute: recordings whose workers died each time they tried."""
    recordings.settle(Recording.objects.all())


def look_into_folders() -> None:
    """Each minute: what recorders have exported."""
    watch_folders.look_into_folders()


def keep_within_quotas() -> None:
    """Each minute: films beyond the days and gigabytes of their cameras go."""
    keeping.keep_within_quotas()


def forget_sightings() -> None:
    """Each minute: who was in sight a while ago is not any more."""
    sightings.forget()


def forget_closed_visits() -> None:
    """Each minute: where faces without a name last no longer than their visit, those of visits that are over."""
    retention.forget_closed_visits(timezone.now())


def delete_what_is_too_old() -> None:
    """Each day: what a shop keeps of faces goes when it has had its time."""
    for shop in Shop.objects.all():
        retention.clean_up(shop, timezone.now())


def calibrate_cameras() -> None:
    """Each day: fit the bars of every camera to what its recordings have shown lately."""
    calibration.refit_all()


def estimate_clocks() -> None:
    """Each day: how far the cameras' clocks are from the till's."""
    clocks.estimate_all()
