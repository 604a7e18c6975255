"""Recordings come in, wait, fail and go: what happens to the file and its row around the watching."""

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
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
from vision.local_files import remove_folder
from vision.models import (
    Camera,
    Card,
    Person,
    Recording,
    RecordingChunk,
    SaleLink,
    Template,
    Tracklet,
    Visit,
)
from watershop import audit, jobs
from watershop.audit import Actor
from watershop.models import Job, Shop

PROCESS = "vision.tasks.process_recording"
WATCH = "vision.tasks.watch_chunk"
FINISH = "vision.tasks.finish_recording"
WATCHING = 97
"""Per cent of the progress bar that belong to the looking; the rest is looking up and writing down."""
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
    return _register(shop, _sha256(path), camera=camera, start=start, name=name)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _register(shop: Shop, sha256: str, *, camera: str, start: Start, name: str) -> tuple[Recording, bool]:
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
    sha256, name = _sha256(path), upload.name or path.name
    stored = default_storage.save(f"recordings/{uuid4().hex}{SUFFIXES[container_of(path)]}", upload)
    is_new = False
    try:
        with transaction.atomic():
            recording, is_new = _register(shop, sha256, camera=camera, start=start, name=name)
            if is_new:
                recording.file, recording.uploaded_by = stored, actor.user
                recording.save(update_fields=["file", "uploaded_by"])
                audit.record(shop, actor, "upload_recording", recording, after={"sha256": recording.sha256})
                jobs.enqueue(shop, PROCESS, recording.pk, cluster="video")
    finally:
        if not is_new:
            default_storage.delete(stored)
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


@contextlib.contextmanager
def failing_when_unreadable(recording: Recording, path: Path) -> Iterator[None]:
    """Inside, an UnreadableVideo fails the recording; it is told under the name that its file came with."""
    try:
        yield
    except UnreadableVideo as error:
        fail(recording, str(error).replace(path.name, recording.original_name), error.code)
        raise


def settle(recordings: QuerySet[Recording]) -> None:
    """Of these recordings, those have failed that nobody works on any more: a job of theirs has failed for good."""
    alive = Job.objects.filter(state__in=(Job.State.QUEUED, Job.State.RUNNING))
    mine = {"subject_id": OuterRef("pk")}
    waiting = RecordingChunk.objects.filter(recording=OuterRef("pk"), result="")
    given_up = waiting.filter(~Exists(alive.filter(name=WATCH, **mine)))
    left = recordings.filter(
        Exists(Job.objects.filter(name=PROCESS, **mine)),
        ~Exists(alive.filter(name=PROCESS, **mine)),
        Exists(given_up) | ~Exists(waiting) & ~Exists(alive.filter(name=FINISH, **mine)),
        state__in=(Recording.State.WAITING, Recording.State.PROCESSING),
    )
    for recording in left:
        job = jobs_of(recording).filter(state=Job.State.FAILED).order_by("pk").last()
        fail(recording, job.error if job else "")


def jobs_of(recording: Recording) -> QuerySet[Job]:
    """All jobs of a recording that there ever were."""
    of_chunks = Q(name=WATCH, subject_id__in=recording.chunks.values("pk"))
    return Job.objects.filter(of_chunks | Q(name__in=(PROCESS, FINISH), subject_id=recording.pk))


@dataclass(frozen=True)
class Progress:
    """How far a recording is: per cent, and what is done with it. `by_hand`: by a command, which tells nobody."""

    percent: int = 0
    is_queued: bool = False
    is_naming: bool = False
    by_hand: bool = False


def progress(recording: Recording) -> Progress:
    """How far a recording is: its chunks by their length, each as far as its job."""
    chunks = list(recording.chunks.all())
    if not chunks:
        job = jobs.latest(PROCESS, recording.pk)
        return Progress(is_queued=job is not None and job.state == Job.State.QUEUED, by_hand=job is None)
    running = Job.objects.filter(
        name=WATCH, subject_id__in=[chunk.pk for chunk in chunks], state=Job.State.RUNNING
    )
    share = dict(running.values_list("subject_id", "progress"))
    done = sum(chunk.seconds * (100 if chunk.is_watched else share.get(chunk.pk, 0)) for chunk in chunks)
    is_naming = all(chunk.is_watched for chunk in chunks)
    is_queued = not share and not any(chunk.is_watched for chunk in chunks)
    return Progress(
        round(WATCHING / 100 * done / sum(chunk.seconds for chunk in chunks)), is_queued, is_naming
    )


def reason_of(recording: Recording) -> str:
    """Why it failed and what to do, in the reader's language; empty when it did not."""
    if recording.state != Recording.State.FAILED:
        return ""
    return str(REASONS.get(recording.error_code, CRASHED))


def keep(recording: Recording, actor: Actor, *, is_kept: bool) -> None:
    """Keep a film of a camera beyond its days and gigabytes, or let it go with the others again."""
    audit.change(recording, actor, "keep_recording", {"is_kept": is_kept})


@transaction.atomic
def remove(recording: Recording, actor: Actor) -> None:
    """Take a recording away with its file, visits, links, pictures and vectors, and the unnamed it alone saw.

    Of whom something else tells (a decision, who looked at them), the bare code stays.
    """
    persons = set(Tracklet.objects.filter(recording=recording).values_list("person", flat=True))
    shown = list(Visit.objects.of(recording.shop).shown_in(recording))
    Template.objects.filter(tracklet__recording=recording).delete()
    Tracklet.objects.filter(recording=recording).delete()
    gone = stays.part(shown)
    SaleLink.objects.filter(visit__in=gone).delete()
    Card.objects.filter(visit__in=gone).delete()
    Visit.objects.filter(pk__in=[visit.pk for visit in gone]).delete()
    unknown = Person.objects.undescribed().filter(pk__in=persons, visits=None, templates=None)
    on_a_card = Exists(Card.objects.filter(Q(person=OuterRef("pk")) | Q(other_person=OuterRef("pk"))))
    unmentioned = unknown.filter(doubtful_visits=None, events=None, events_as_other=None, views=None)
    unmentioned.filter(~on_a_card).delete()
    audit.record(recording.shop, actor, "remove_recording", recording, before={"sha256": recording.sha256})
    Recording.objects.filter(pk=recording.pk).delete()
    transaction.on_commit(lambda: _remove_pictures(recording))
    transaction.on_commit(lambda: remove_folder(chunk_folder(recording)))
    if file := recording.file.name:
        transaction.on_commit(lambda: default_storage.delete(file))


def picture_folder(recording: Recording) -> str:
    """Where the faces of a recording lie, under MEDIA_ROOT, which no URL reaches."""
    return f"faces/{recording.pk}"


def chunk_folder(recording: Recording) -> str:
    """Where the results of its chunks lie until all are watched."""
    return f"chunks/{recording.pk}"


def forget_chunks(recording: Recording) -> None:
    """Let the chunks of a recording go; their files with the transaction."""
    files = list(recording.chunks.exclude(result="").values_list("result", flat=True))
    recording.chunks.all().delete()
    transaction.on_commit(lambda: _remove_files(files))


def _remove_files(names: Iterable[str]) -> None:
    for name in names:
        default_storage.delete(name)


def _remove_pictures(recording: Recording) -> None:
    remove_folder(picture_folder(recording))
