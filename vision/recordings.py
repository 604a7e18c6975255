"""Recordings come in, fail, and go: what happens to the file and its row before and after it is watched."""

import contextlib
import hashlib
import shutil
from datetime import UTC, datetime
from pathlib import Path

from django.core.files.storage import default_storage
from django.db import transaction

from vision.frames import UnreadableVideo, created_at
from vision.models import Camera, Person, Recording, SaleLink, Template, Tracklet, Visit
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop, User


def start_of(path: Path, given: datetime | None) -> tuple[datetime, Recording.StartSource]:
    """When a recording starts: as given, else as the camera wrote into it, else the file's own time.

    A file that cannot be read has its own time; what is wrong with it comes out when it is watched.
    """
    if given is not None:
        return given, Recording.StartSource.GIVEN
    with contextlib.suppress(UnreadableVideo):
        if (at := created_at(path)) is not None:
            return at, Recording.StartSource.CONTAINER
    return datetime.fromtimestamp(path.stat().st_mtime, UTC), Recording.StartSource.FILE


def digest_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def register(
    shop: Shop,
    *,
    camera: str,
    original_name: str,
    sha256: str,
    start: tuple[datetime, Recording.StartSource],
    uploaded_by: User | None = None,
) -> tuple[Recording, bool]:
    """The recording of this file by this camera from this time on, and whether it is new.

    Without a start given by hand, the same bytes from the same camera are the same recording.
    """
    started_at, source = start
    place, _is_new = Camera.objects.get_or_create(shop=shop, name=camera)
    same = Recording.objects.filter(shop=shop, camera=place, sha256=sha256)
    if source != Recording.StartSource.GIVEN and (known := same.first()):
        return known, False
    return same.get_or_create(
        started_at=started_at,
        defaults={
            "shop": shop,
            "camera": place,
            "sha256": sha256,
            "original_name": original_name[-200:],
            "started_at_source": source,
            "uploaded_by": uploaded_by,
        },
    )


def fail(recording: Recording, error: str) -> None:
    """Note that a recording cannot be watched, and why; what a dead attempt has left behind goes."""
    unfinished = Recording.objects.filter(pk=recording.pk).exclude(state=Recording.State.DONE)
    if unfinished.update(state=Recording.State.FAILED, error=error):
        _remove_pictures(recording)


@transaction.atomic
def remove(recording: Recording, actor: Actor) -> None:
    """Take a recording away with its file, visits, links, pictures and vectors, and persons that only it saw."""
    persons = set(Tracklet.objects.filter(recording=recording).values_list("person", flat=True))
    SaleLink.objects.filter(visit__recording=recording).delete()
    Template.objects.filter(tracklet__recording=recording).delete()
    Tracklet.objects.filter(recording=recording).delete()
    Visit.objects.filter(recording=recording).delete()
    strangers = Person.objects.filter(pk__in=persons, name="", customer=None, is_shop_staff=False)
    strangers.filter(visits=None, templates=None).delete()
    audit.record(recording.shop, actor, "remove_recording", recording, before={"sha256": recording.sha256})
    file = recording.file.name
    transaction.on_commit(lambda: _remove_pictures(recording))
    if file:
        transaction.on_commit(lambda: default_storage.delete(file))
    Recording.objects.filter(pk=recording.pk).delete()


def picture_folder(recording: Recording) -> str:
    """Where the faces of a recording lie, under MEDIA_ROOT, which no URL reaches."""
    return f"faces/{recording.pk}"


def _remove_pictures(recording: Recording) -> None:
    shutil.rmtree(default_storage.path(picture_folder(recording)), ignore_errors=True)
