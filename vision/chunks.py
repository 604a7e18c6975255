"""One chunk of a recording: pictures -> motion -> faces -> tracklets -> best shots -> vectors."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from vision.config import VisionConfig
from vision.embedding import Embedder
from vision.faces import WHOLE, Box, Face, chip, is_shot, make_detector, quality
from vision.frames import Decoded, Frame, Image, frames
from vision.motion import MotionGate
from vision.tracking import Candidate, Shot, Tracker, Tracklet, is_wanted, kept_shots

Item = TypeVar("Item")
STAGES = ("decode", "motion", "detect", "track", "embed")
_GREEN = (60, 200, 60)


@dataclass(frozen=True)
class Chunk:
    """Seconds of the recording, looked at up to `end`; pictures from `own_end` on are the next one's."""

    start: float
    end: float
    own_end: float

    def owns(self, at: float) -> bool:
        """Does this chunk, not the next, count and draw the picture at this time?"""
        return at < self.own_end


@dataclass(frozen=True)
class Pictures:
    """Which pictures to leave in a folder: plain ones every so often, and those with faces, boxes drawn."""

    folder: Path
    plain_every_s: float | None = None


@dataclass
class ChunkResult:
    """What was seen in a chunk, and what it cost: wall seconds per stage."""

    tracklets: list[Tracklet]
    seconds: dict[str, float]
    frames_decoded: int
    frames_analysed: int
    faces: int


@dataclass
class Clock:
    """Wall seconds per stage."""

    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Count what happens inside for a stage."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - begun

    def each(self, stage: str, items: Iterable[Item]) -> Iterator[Item]:
        """The same items; the time until each comes is counted."""
        source, end = iter(items), object()
        while True:
            with self(stage):
                item = next(source, end)
            if item is end:
                return
            yield item  # type: ignore[misc]


def analyse_chunk(
    path: Path,
    chunk: Chunk,
    config: VisionConfig,
    pictures: Pictures | None = None,
    on_progress: Callable[[float], None] = lambda at: None,
) -> ChunkResult:
    """Look at a chunk with one thread. `on_progress` is told the time of the picture about once a second.

    Raises UnreadableVideo. Tracklets are numbered within the chunk.
    """
    cv2.setNumThreads(1)
    clock, count, eye = Clock(), Decoded(), _Eye(config)
    album = Album(pictures, chunk) if pictures else None
    analysed = faces_seen = 0
    reported = chunk.start
    for frame in clock.each("decode", frames(path, chunk.start, chunk.end, config.every_s, count)):
        seen = eye.look(frame, clock)
        if chunk.owns(frame.at):
            analysed, faces_seen = analysed + 1, faces_seen + len(seen)
        if album:
            album.add(frame, seen)
        if frame.at >= reported + 1:
            reported = frame.at
            on_progress(frame.at)
    return ChunkResult(eye.tracklets(clock), clock.seconds, count.pictures, analysed, faces_seen)


class _Eye:
    """What is remembered from picture to picture."""

    def __init__(self, config: VisionConfig) -> None:
        self._config = config
        self._gate, self._tracker = MotionGate(), Tracker(config)
        self._detector, self._embedder = make_detector(config), Embedder(config.models_dir)
        self._candidates: dict[int, list[Candidate]] = defaultdict(list)
        self._scanned_at = self._searched_at = -np.inf

    def look(self, frame: Frame, clock: Clock) -> list[tuple[Tracklet, Face]]:
        """The faces of a picture and the tracklets that they belong to."""
        with clock("motion"):
            regions = self._regions(frame)
        if not regions:
            return []
        with clock("decode"):
            image = frame.image
        with clock("detect"):
            found = self._detector.detect(image, regions)
        with clock("track"):
            seen = self._tracker.update(frame.at, found)
            for tracklet, face in seen:
                self._consider(tracklet.number, frame.at, image, face)
        return seen

    def _regions(self, frame: Frame) -> list[Box]:
        """Where to look: where something moves and where faces should be; everywhere once in a while."""
        moving = self._gate.regions(frame.luma)
        expected = self._tracker.expect(frame.at)
        patience = self._config.rescan_s if self._tracker.is_following else self._config.heartbeat_s
        if WHOLE in moving or frame.at - self._scanned_at >= patience - 1e-6:
            self._scanned_at = self._searched_at = frame.at
            return [WHOLE]
        if frame.at - self._searched_at < self._detector.search_s - 1e-6:
            moving = []
        if moving:
            self._searched_at = frame.at
        height, width = frame.upright_size
        return moving + [(x1 / width, y1 / height, x2 / width, y2 / height) for x1, y1, x2, y2 in expected]

    def _consider(self, number: int, at: float, image: Image, face: Face) -> None:
        """Keep the face as a candidate if it is good and wanted for its tracklet."""
        if not is_shot(image, face, self._config):
            return
        rating, kept = quality(image, face), self._candidates[number]
        if rating >= self._config.shot_min_quality and is_wanted(at, rating, kept, self._config):
            cut = Candidate(at, face.box, rating, chip(image, face), crop(image, face.box))
            self._candidates[number] = kept_shots([*kept, cut], self._config)

    def tracklets(self, clock: Clock) -> list[Tracklet]:
        """All that was followed, its shots turned into vectors."""
        whole = self._tracker.finish()
        with clock("embed"):
            chosen = [candidate for tracklet in whole for candidate in self._candidates[tracklet.number]]
            chips = np.array([candidate.chip for candidate in chosen], np.uint8).reshape(-1, 150, 150, 3)
            vectors = iter(self._embedder.embed(chips))
        return [
            replace(tracklet, shots=[_shot(cut, next(vectors)) for cut in self._candidates[tracklet.number]])
            for tracklet in whole
        ]


def _shot(cut: Candidate, vector: np.ndarray[tuple[int], np.dtype[np.float32]]) -> Shot:
    return Shot(cut.at, cut.box, cut.quality, vector, cut.jpeg)


def crop(image: Image, box: Box) -> bytes:
    """The face with 40 % more around it, as JPEG."""
    x1, y1, x2, y2 = box
    room = 0.4 * max(x2 - x1, y2 - y1)
    part = image[max(0, int(y1 - room)) : int(y2 + room), max(0, int(x1 - room)) : int(x2 + room)]
    return as_jpeg(part)


def as_jpeg(image: Image) -> bytes:
    """A BGR picture as the bytes of a JPEG file."""
    is_written, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])
    if not is_written:
        raise ValueError(f"A picture of {image.shape} cannot be written as JPEG.")
    return data.tobytes()


class Album:
    """Writes pictures of a chunk: `frames/` and, once a second, `frames_with_face_boxes/`."""

    def __init__(self, pictures: Pictures, chunk: Chunk) -> None:
        self._plain_every = pictures.plain_every_s
        self._plain = pictures.folder / "frames"
        self._boxed = pictures.folder / "frames_with_face_boxes"
        self._chunk = chunk
        self._plain_slot = self._boxed_second = -1

    def add(self, frame: Frame, seen: list[tuple[Tracklet, Face]]) -> None:
        """Write the picture if it is due."""
        if self._plain_every:
            slot = self._slot(frame.at, self._plain_every)
            if slot > self._plain_slot:
                self._plain_slot = slot
                self._write(self._plain, frame.at, frame.image)
        second = self._slot(frame.at, 1.0)
        if seen and second > self._boxed_second:
            self._boxed_second = second
            self._write(self._boxed, frame.at, with_boxes(frame.image, [face.box for _, face in seen]))

    def _slot(self, at: float, every: float) -> int:
        """Slots count from the start of the file; one that begins in another chunk is that chunk's, here -1."""
        slot = int((at + 1e-4) / every)
        return slot if self._chunk.start - 1e-4 <= slot * every < self._chunk.own_end - 1e-4 else -1

    def _write(self, folder: Path, at: float, image: Image) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"frame_{at:09.2f}.jpg").write_bytes(as_jpeg(image))


def with_boxes(image: Image, boxes: Iterable[Box]) -> Image:
    """A copy with a rectangle around each face."""
    drawn = image.copy()
    for x1, y1, x2, y2 in boxes:
        cv2.rectangle(drawn, (round(x1), round(y1)), (round(x2), round(y2)), _GREEN, 2)
    return drawn
