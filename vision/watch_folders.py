"""Watch folders: what a network recorder exports into a folder becomes recordings, each file once.

A folder lies under WATERSHOP_WATCH_ROOT, and nothing outside it is read, by whatever link. Files are copied into the
storage and left where they are.
"""

import contextlib
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from vision import recordings
from vision.frames import UnreadableVideo, container_of, created_at, probe
from vision.keeping import has_room
from vision.models import Camera, FolderFile, Recording
from vision.recordings import PROCESS, SUFFIXES, Start
from watershop import jobs

SETTLED_S = 60.0
"""A file that has not changed for so long is whole."""
AT_ONCE_S = 60.0
"""After so long the rest waits for the next minute: a task must not go on for ever."""
VIDEOS = frozenset({*SUFFIXES.values(), ".mov", ".m4v", ".dav", ".h264", ".264", ".mpg", ".mpeg"})
_MOMENT = re.compile(
    r"(?<!\d)(20\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)[-_.T ]{0,3}([0-2]\d)[-_.h]?([0-5]\d)[-_.m]?([0-5]\d)(?!\d)"
)


def folder_of(camera: Camera) -> Path | None:
    """The folder of a camera, if it is there and under the root that the installation allows."""
    if not settings.WATCH_ROOT or not camera.address:
        return None
    root = Path(settings.WATCH_ROOT).resolve()
    folder = (root / camera.address).resolve()
    return folder if folder.is_relative_to(root) and folder.is_dir() else None


def look_into_folders() -> int:
    """Take in the new files of all watch folders; how many recordings came of them."""
    until = time.monotonic() + AT_ONCE_S
    cameras = Camera.objects.filter(kind=Camera.Kind.FOLDER, is_on=True).select_related("shop")
    return sum(look_into(camera, until) for camera in cameras)


def look_into(camera: Camera, until: float = float("inf")) -> int:
    """Take in the new files of one folder, oldest first, until this moment of the monotonic clock."""
    folder = folder_of(camera)
    if folder is None:
        _note(camera, Camera.Fault.UNREACHABLE)
        return 0
    count = 0
    for path, name in _new_files(camera, folder):
        if time.monotonic() > until:
            break
        if not has_room():
            _note(camera, Camera.Fault.FULL)
            return count
        count += _take_in(camera, path, name)
        Camera.objects.filter(pk=camera.pk).update(seen_at=timezone.now())
    _note(camera, Camera.Fault.NONE)
    return count


def _note(camera: Camera, fault: Camera.Fault) -> None:
    Camera.objects.filter(pk=camera.pk).exclude(fault=fault).update(fault=fault)


def _new_files(camera: Camera, folder: Path) -> Iterator[tuple[Path, str]]:
    """Settled video files that are not known as they are now, and their names inside the folder."""
    known = {
        path: (size, changed)
        for path, size, changed in camera.folder_files.values_list("path", "size_bytes", "changed_ns")
    }
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in VIDEOS)
    for path in sorted(found, key=_changed_ns):
        name = str(path.relative_to(folder))
        is_ours = path.is_file() and path.resolve().is_relative_to(folder) and len(name) <= 300
        if (
            is_ours
            and _changed_ns(path) < time.time_ns() - SETTLED_S * 1e9
            and known.get(name) != _state(path)
        ):
            yield path, name


def _changed_ns(path: Path) -> int:
    """When the file was last changed, also by a copy that keeps the older time of its source."""
    with contextlib.suppress(OSError):
        stat = path.stat()
        return max(stat.st_mtime_ns, stat.st_ctime_ns)
    return 0


def _state(path: Path) -> tuple[int, int]:
    return path.stat().st_size, _changed_ns(path)


def _take_in(camera: Camera, path: Path, name: str) -> bool:
    """Copy a file into the storage and have it watched; what is no video becomes a failed recording that says so.

    Cut short at any point, it is gone on with in the next minute.
    """
    size, changed = _state(path)
    start = start_of_export(path, camera.shop.tz)
    recording, is_new = recordings.register(camera.shop, path, camera=camera.name, start=start, name=name)
    if not recording.file and not recording.is_finished:
        _store(recording, path, size)
    FolderFile.objects.update_or_create(
        shop=camera.shop, camera=camera, path=name, defaults={"size_bytes": size, "changed_ns": changed}
    )
    return is_new


def _store(recording: Recording, path: Path, size: int) -> None:
    try:
        suffix = SUFFIXES[container_of(path)]
    except UnreadableVideo as error:
        recordings.fail(recording, str(error), error.code)
        return
    with path.open("rb") as file:
        stored = default_storage.save(f"recordings/{uuid4().hex}{suffix}", File(file))
    with transaction.atomic():
        Recording.objects.filter(pk=recording.pk).update(file=stored, size_bytes=size)
        jobs.enqueue(recording.shop, PROCESS, recording.pk, cluster="video")


def start_of_export(path: Path, zone: ZoneInfo) -> Start:
    """When an exported recording starts: as the recorder wrote into it, or into its name on the shop's clock; else
    its length before the file's own time."""
    with contextlib.suppress(UnreadableVideo):
        if (at := created_at(path)) is not None:
            return at, Recording.StartSource.CONTAINER
    if (named := start_in_name(path.name, zone)) is not None:
        return named, Recording.StartSource.FILE
    ended_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    with contextlib.suppress(UnreadableVideo):
        return ended_at - timedelta(seconds=probe(path).duration_s), Recording.StartSource.FILE
    return ended_at, Recording.StartSource.FILE


def start_in_name(name: str, zone: ZoneInfo) -> datetime | None:
    """The first moment in a name as recorders write it: 20251214_090000, 2025-12-14-09-00-00, 20251214T090000."""
    for found in _MOMENT.finditer(name):
        with contextlib.suppress(ValueError):
            return datetime(*(int(part) for part in found.groups()), tzinfo=zone)  # type: ignore[arg-type, misc]
    return None
