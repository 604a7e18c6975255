"""Recordings come in, wait, fail and go: what happens to the file and its row around the watching."""

import contextlib
import hashlib
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from vision import stays
from vision.frames import (
    DamagedVideo,
    EmptyVideo,
    MissingVideo,
    NoPicture,
    NotAVideo,
    TruncatedVideo,
    UnreadableVideo,
    UnsupportedVideo,
    container_of,
    created_at,
)
from vision.models import Camera, Person, Recording, SaleLink, Template, Tracklet, Visit
from watershop import audit, jobs
from watershop.audit import Actor
from watershop.models import Job, Shop

PROCESS = "vision.tasks.process_recording"
SUFFIXES = {"mov": ".mp4", "matroska": ".mkv", "avi": ".avi", "mpegts": ".ts"}
REASONS: dict[str, Any] = {
    MissingVideo.code: _("The file is not there any more. Upload it again."),
    EmptyVideo.code: _("There is not one picture in this file. Copy it from the camera again."),
    NotAVideo.code: _("This is no mp4, avi, mkv, mov or ts file. Export it from the camera as mp4."),
    NoPicture.code: _("This file has sound only. Export the recording again with its pictures."),
    TruncatedVideo.code: _("This file ends before the recording does. Copy it from the camera again."),
    DamagedVideo.code: _("Too much of this file can't be read. Copy it from the camera again."),
    UnsupportedVideo.code: _("The camera's format is not supported. Set it to H.264 or H.265 at 4K or less."),
}
CRASHED = _("The video could not be watched. Try again, or export it from the camera anew.")

Start = tuple[datetime, Recording.StartSource]


def start_of(path: Path, given: datetime | None) -> Start:
    """When a recording starts: as given, else as the camera wrote into it, else the file's own time.

    A file that cannot be read has its own time; what is wrong with it comes out when it is watched.
    """
    if given is not None:
        return given, Recording.StartSource.GIVEN
    with contextlib.suppress(UnreadableVideo):
        if (at := created_at(path)) is not None:
            return at, Recording.StartSource.CONTAINER
    return datetime.fromtimestamp(path.stat().st_mtime, UTC), Recording.StartSource.FILE


def register(shop: Shop, path: Path, *, camera: str, start: Start, name: str) -> tuple[Recording, bool]:
    """The recording of this file by this camera from this time on, and whether it is new; the file stays put.

    Unless a start is given by hand, the same bytes from the same camera are the same recording.
    """
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    started_at, source = start
    place, _is_new = Camera.objects.get_or_create(shop=shop, name=camera)
    same = Recording.objects.select_related("shop", "camera").filter(shop=shop, camera=place, sha256=sha256)
    if source != Recording.StartSource.GIVEN and (known := same.first()):
        return known, False
    fields = {"original_name": name[-200:], "started_at_source": source}
    return same.get_or_create(shop=shop, camera=place, sha256=sha256, started_at=started_at, defaults=fields)


def receive(
    shop: Shop, upload: TemporaryUploadedFile, *, camera: str, start: Start, actor: Actor
) -> tuple[Recording, bool]:
    """Take over an uploaded file under a name of our own and have it watched; False when it was here before.

    Raises NotAVideo or EmptyVideo by the first bytes; the name that a browser sends decides nothing.
    """
    path = Path(upload.temporary_file_path())
    suffix = SUFFIXES[container_of(path)]
    with transaction.atomic():
        recording, is_new = register(shop, path, camera=camera, start=start, name=upload.name or path.name)
        if is_new:
            recording.uploaded_by = actor.user
            recording.file.save(f"recordings/{uuid4().hex}{suffix}", upload)
            audit.record(shop, actor, "upload_recording", recording, after={"sha256": recording.sha256})
            jobs.enqueue(shop, PROCESS, recording.pk, cluster="video")
    return recording, is_new


@transaction.atomic
def try_again(recording: Recording, actor: Actor) -> None:
    """One more go at a failed recording that has its file."""
    failed = Recording.objects.filter(pk=recording.pk, state=Recording.State.FAILED).exclude(file="")
    if failed.update(state=Recording.State.WAITING, error="", error_code=""):
        audit.record(recording.shop, actor, "retry_recording", recording)
        jobs.enqueue(recording.shop, PROCESS, recording.pk, cluster="video")


def fail(recording: Recording, error: str, code: str = "") -> None:
    """Note that a recording cannot be watched, and why; what a dead attempt has left behind goes."""
    unfinished = Recording.objects.filter(pk=recording.pk).exclude(state=Recording.State.DONE)
    if unfinished.update(state=Recording.State.FAILED, error=error, error_code=code):
        _remove_pictures(recording)


def settle(recordings: QuerySet[Recording]) -> None:
    """Of these recordings, those whose job has failed for good (its worker died each time) have failed, too."""
    for recording in recordings.filter(state__in=(Recording.State.WAITING, Recording.State.PROCESSING)):
        job = jobs.latest(PROCESS, recording.pk)
        if job is not None and job.state == Job.State.FAILED:
            fail(recording, job.error)


def reason_of(recording: Recording) -> str:
    """Why it failed and what to do, in the reader's language; empty when it did not."""
    if recording.state != Recording.State.FAILED:
        return ""
    return str(REASONS.get(recording.error_code, CRASHED))


@transaction.atomic
def remove(recording: Recording, actor: Actor) -> None:
    """Take a recording away with its file, visits, links, pictures and vectors, and the unnamed it alone saw."""
    persons = set(Tracklet.objects.filter(recording=recording).values_list("person", flat=True))
    shown = list(Visit.objects.of(recording.shop).shown_in(recording))
    Template.objects.filter(tracklet__recording=recording).delete()
    Tracklet.objects.filter(recording=recording).delete()
    gone = stays.part(shown)
    SaleLink.objects.filter(visit__in=gone).delete()
    Visit.objects.filter(pk__in=[visit.pk for visit in gone]).delete()
    unnamed = Person.objects.filter(pk__in=persons, name="", customer=None, is_shop_staff=False)
    unnamed.filter(visits=None, templates=None).delete()
    audit.record(recording.shop, actor, "remove_recording", recording, before={"sha256": recording.sha256})
    Recording.objects.filter(pk=recording.pk).delete()
    transaction.on_commit(lambda: _remove_pictures(recording))
    if file := recording.file.name:
        transaction.on_commit(lambda: default_storage.delete(file))


def picture_folder(recording: Recording) -> str:
    """Where the faces of a recording lie, under MEDIA_ROOT, which no URL reaches."""
    return f"faces/{recording.pk}"


def _remove_pictures(recording: Recording) -> None:
    shutil.rmtree(default_storage.path(picture_folder(recording)), ignore_errors=True)
