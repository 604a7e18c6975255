"""Segments of live cameras become recordings: watched already, they only have to be stored."""

import hashlib
import logging
from pathlib import Path
from uuid import uuid4

from django.core.files import File
from django.core.files.storage import default_storage

from vision import pipeline
from vision.analysis import gathered
from vision.chunk_file import info_of, read_result
from vision.chunks import ChunkResult
from vision.config import VisionConfig
from vision.frames import VideoInfo
from vision.models import Camera, Recording
from vision.recordings import PROCESS
from vision.segments import Segment, in_spool
from watershop import jobs

log = logging.getLogger(__name__)


def take_in(camera: Camera, spool: Path, config: VisionConfig) -> int:
    """Store the whole segments of a camera's spool, oldest first; how many. Cut short, it is gone on with next time."""
    count = 0
    for segment in in_spool(spool):
        _store(camera, segment, config)
        segment.remove()
        count += 1
    return count


def _store(camera: Camera, segment: Segment, config: VisionConfig) -> None:
    """What was seen becomes visits; a film that nobody has watched (the eye was killed) is watched like any other."""
    info, result = info_of(segment.facts.read_text()), _result_of(segment)
    has_film = segment.film.exists()
    shows_somebody = result and (result.bodies or any(one.is_usable for one in result.tracklets))
    if not has_film and not shows_somebody:
        return
    recording = _register(camera, segment, info)
    if has_film and not recording.file:
        _store_film(recording, segment)
    if result is not None:
        pipeline.finish(recording, gathered(info, [result], config), config)
    else:
        jobs.enqueue(camera.shop, PROCESS, recording.pk, cluster="video")


def _result_of(segment: Segment) -> ChunkResult | None:
    if not segment.seen.exists():
        return None
    try:
        return read_result(segment.seen)
    except (ValueError, OSError, KeyError):
        log.exception("what was seen in %s cannot be read; it is watched again", segment.name)
        return None


def _register(camera: Camera, segment: Segment, info: VideoInfo) -> Recording:
    recording, _is_new = Recording.objects.select_related("shop", "camera").get_or_create(
        shop=camera.shop,
        camera=camera,
        started_at=segment.started_at,
        is_live=True,
        defaults={
            "sha256": _sha256(segment.film) if segment.film.exists() else "",
            "original_name": f"{segment.name}{segment.film.suffix}",
            "started_at_source": Recording.StartSource.CONTAINER,
            "duration_s": info.duration_s,
        },
    )
    return recording


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _store_film(recording: Recording, segment: Segment) -> None:
    with segment.film.open("rb") as film:
        recording.file = default_storage.save(f"recordings/{uuid4().hex}{segment.film.suffix}", File(film))
    recording.size_bytes = segment.film.stat().st_size
    recording.save(update_fields=["file", "size_bytes"])
