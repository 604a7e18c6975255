"""A recording is watched in pieces, by any number of workers on any number of machines.

plan -> a chunk each -> finish. Every step is a job of its own that may die and be done again: a step that is done
does nothing, a chunk that is watched stays watched, and who watches the last one has the whole finished, in the same
transaction. What a chunk shows lies in the storage until the recording is done.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction

from vision import children, pipeline
from vision.analysis import cut, gathered
from vision.children import Tell
from vision.chunk_file import info_of, info_text, read_result
from vision.chunks import Chunk, ChunkResult
from vision.config import VisionConfig
from vision.engines import prepare
from vision.frames import VideoInfo
from vision.local_files import fetched
from vision.models import Recording, RecordingChunk
from vision.recordings import FINISH, WATCH, chunk_folder, failing_when_unreadable, forget_chunks
from watershop import jobs

NOWHERE = VisionConfig(models_dir=Path())
"""Lends its paths to a plan, which goes for every machine."""


def plan(recording: Recording, tell: Tell) -> None:
    """Find out what a recording is, cut it into chunks and have those watched that are not watched yet.

    Raises UnreadableVideo (the recording has then failed) or ChunkFailed.
    """
    config = pipeline.eye_of(recording.camera)
    with fetched(recording.file, lambda: tell(0)) as path, failing_when_unreadable(recording, path):
        info = children.probed(path, config, tell)
    with transaction.atomic():
        _write_plan(recording, info, config)


def _write_plan(recording: Recording, info: VideoInfo, config: VisionConfig) -> None:
    """The rows of a recording's chunks and their jobs; what was watched in just this way before is kept."""
    held = _held(recording)
    if held is None or held.state == Recording.State.DONE:
        return
    text = {"info": info_text(_for_all(info)), "config": config.with_models_of(NOWHERE).to_json()}
    if held.plan != text:
        forget_chunks(held)
        RecordingChunk.objects.bulk_create(
            _row(held, number, chunk) for number, chunk in enumerate(cut(info, config))
        )
    Recording.objects.filter(pk=held.pk).update(
        state=Recording.State.PROCESSING, plan=text, error="", error_code=""
    )
    for missing in held.chunks.filter(result=""):
        jobs.enqueue(held.shop, WATCH, missing.pk, cluster="video")
    _finish_if_watched(held)


def _for_all(info: VideoInfo) -> VideoInfo:
    """Without the place of the file, and without the keyframes, which are needed for the cutting alone."""
    return replace(info, path=Path(), keyframes=())


def _row(recording: Recording, number: int, chunk: Chunk) -> RecordingChunk:
    return RecordingChunk(
        shop=recording.shop,
        recording=recording,
        number=number,
        start_s=chunk.start,
        end_s=chunk.end,
        own_end_s=chunk.own_end,
    )


def watch(chunk: RecordingChunk, tell: Tell) -> None:
    """Look at a chunk in a child process and keep what it shows; `tell` hears how far it is, from 0 to 1.

    Raises UnreadableVideo (the recording has then failed) or ChunkFailed.
    """
    recording = chunk.recording
    if chunk.is_watched or recording.is_finished:
        return
    _info, config = _plan_of(recording)
    prepare(config)
    seconds = Chunk(chunk.start_s, chunk.end_s, chunk.own_end_s)

    def tell_share(at: float) -> None:
        tell(min(1.0, max(0.0, (at - seconds.start) / (seconds.end - seconds.start))))

    with tempfile.TemporaryDirectory(prefix="watershop-chunk-") as folder:
        result = Path(folder) / "result.npz"
        with fetched(recording.file, lambda: tell(0)) as path, failing_when_unreadable(recording, path):
            children.watched(path, seconds, config, result, tell_share)
        with result.open("rb") as file:
            name = default_storage.save(f"{chunk_folder(recording)}/{chunk.number}.npz", File(file))
    if not _keep(chunk, name):
        default_storage.delete(name)


@transaction.atomic
def _keep(chunk: RecordingChunk, name: str) -> bool:
    """Note the result of a chunk, unless another attempt was faster or the chunk is gone."""
    held = _held(chunk.recording)
    if held is None or not held.chunks.filter(pk=chunk.pk, result="").update(result=name):
        return False
    _finish_if_watched(held)
    return True


def _finish_if_watched(held: Recording) -> None:
    if not held.is_finished and not held.chunks.filter(result="").exists():
        jobs.enqueue(held.shop, FINISH, held.pk, cluster="video")


def finish(recording: Recording) -> None:
    """Join what the chunks show, say who it was, store it, and let the chunks go."""
    if not recording.is_finished:
        info, config = _plan_of(recording)
        results = [_result_of(chunk) for chunk in recording.chunks.all()]
        pipeline.finish(recording, gathered(info, results, config), config)
    with transaction.atomic():
        forget_chunks(recording)


def _result_of(chunk: RecordingChunk) -> ChunkResult:
    with chunk.result.open() as file:
        return read_result(file)


def _plan_of(recording: Recording) -> tuple[VideoInfo, VisionConfig]:
    """What a recording is, and the eye that looks at all of it, whatever is set meanwhile."""
    text = recording.plan or {}
    return info_of(text["info"]), VisionConfig.from_json(text["config"]).with_models_of(pipeline.eye())


def _held(recording: Recording) -> Recording | None:
    """The row as it is now, nobody else's for the rest of the transaction; None when it was removed."""
    rows = Recording.objects.select_for_update(no_key=True, of=("self",)).select_related("shop")
    return rows.filter(pk=recording.pk).first()
