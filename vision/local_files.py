"""Stored files for readers that need a path: where they lie, or fetched once into a bounded cache.

The recordings may lie in an S3-compatible store that any number of machines work from. Each machine keeps the
last ones it fetched; whoever reads one holds a shared lock on it, so that nobody makes room with it meanwhile.
"""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models.fields.files import FieldFile

_PIECE = 1 << 20


@contextlib.contextmanager
def fetched(file: FieldFile, tell: Callable[[], object]) -> Iterator[Path]:
    """The path of a stored file on this machine, for the time of the `with`; `tell` is called while it is fetched.

    Raises OSError (or what the storage raises) when it is not there any more.
    """
    try:
        here = Path(file.path)
    except NotImplementedError:  # what a storage without a place on this machine answers
        with _cached(file, tell) as path:
            yield path
    else:
        yield here


def remove_folder(name: str) -> None:
    """Delete all files of a folder in the storage, found by listing it."""
    with contextlib.suppress(FileNotFoundError):
        _folders, files = default_storage.listdir(name)
        for file in files:
            default_storage.delete(f"{name}/{file}")
        default_storage.delete(name)


@contextlib.contextmanager
def _cached(file: FieldFile, tell: Callable[[], object]) -> Iterator[Path]:
    folder = Path(settings.CACHE_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    name = str(file.name)
    place = folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}{Path(name).suffix}"
    lock = _held(place)
    while lock is None:
        _fetch(file, place, tell)
        lock = _held(place)
    try:
        os.utime(place)
        _make_room(folder)
        yield place
    finally:
        os.close(lock)


def _held(place: Path) -> int | None:
    """A descriptor that keeps the cached file from being removed; None when it is not there."""
    with contextlib.suppress(FileNotFoundError):
        lock = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(lock, fcntl.LOCK_SH)
        if os.fstat(lock).st_nlink:  # else it was removed between the two lines
            return lock
        os.close(lock)
    return None


def _fetch(file: FieldFile, place: Path, tell: Callable[[], object]) -> None:
    """Copy the file from the storage; it appears whole or not at all. Of several who want it, one copies."""
    with place.with_name(f"{place.name}.part").open("ab") as part:
        fcntl.flock(part, fcntl.LOCK_EX)
        if place.exists():  # somebody was faster; what was opened here is theirs by now
            return
        part.truncate(0)
        with file.storage.open(str(file.name)) as source:
            while piece := source.read(_PIECE):
                part.write(piece)
                tell()
        part.flush()
        Path(part.name).replace(place)


def _make_room(folder: Path) -> None:
    """Remove the files that nobody uses and nobody used for longest, down to the bound."""
    found = sorted(
        (path for path in folder.iterdir() if path.is_file()), key=lambda path: path.stat().st_mtime
    )
    too_much = sum(path.stat().st_size for path in found) - settings.CACHE_MAX_BYTES
    for path in found:
        if too_much <= 0:
            return
        too_much -= _removed(path)


def _removed(path: Path) -> int:
    """The bytes that removing a file has freed; 0 when somebody uses it."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        size = os.fstat(file.fileno()).st_size
        path.unlink()
        return size
    return 0
