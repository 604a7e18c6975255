"""One chunk of a recording: pictures -> motion -> faces -> tracklets -> best shots -> vectors."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import cv2

from vision.activity import Attention, active_stretches
from vision.bodies import Body
from vision.config import VisionConfig
from vision.faces import Box, Face
from vision.frames import Decoded, frames
from vision.looking import Clock, Eye
from vision.picture import Frame, Image, as_jpeg
from vision.tracking import Tracklet

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
    refused: dict[str, int]
    """How many faces were not good enough to be compared, by reason (`faces.REFUSALS`)."""
    size: tuple[int, int] = (0, 0)
    """Height and width of the upright pictures; no size where none was decoded."""
    bodies: list[Body] = field(default_factory=list)
    """Figures that were followed, where they are looked for."""
    hands: dict[str, list[float]] = field(default_factory=dict)
    """When something moved over the UPI stand or the cash drawer (`hands.PLACES`), where these are drawn."""


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
    clock, count, eye = Clock(), Decoded(), Eye(config)
    if pictures:
        keep_plain(path, chunk, pictures, config.scene.rotation)
    album = Album(pictures, chunk) if pictures else None
    with clock("decode"):
        active = active_stretches(path, chunk.start, chunk.end)
    attention = Attention(active, chunk.start, config.heartbeat_s, eye)
    analysed = faces_seen = 0
    reported = chunk.start
    watched = frames(path, chunk.start, chunk.end, config.every_s, count, config.scene.rotation, attention)
    for frame in clock.each("decode", watched):
        seen = eye.look(frame, clock)
        if chunk.owns(frame.at):
            analysed, faces_seen = analysed + 1, faces_seen + len(seen)
        if album:
            album.add(frame, seen)
        if frame.at >= reported + 1:
            reported = frame.at
            on_progress(frame.at)
    tracklets = eye.tracklets(clock)
    return ChunkResult(
        tracklets,
        clock.seconds,
        count.pictures,
        analysed,
        faces_seen,
        dict(eye.refused),
        eye.size,
        eye.bodies(),
        {place: [at for at in times if chunk.owns(at)] for place, times in eye.hands.moved.items()},
    )


def keep_plain(path: Path, chunk: Chunk, pictures: Pictures, rotation: int) -> None:
    """Write pictures as they are into `frames/`, the first of each so many seconds, whatever happens."""
    every = pictures.plain_every_s
    if every:
        for frame in frames(path, chunk.start, chunk.own_end, every, rotation=rotation):
            if _begins_in(chunk, frame.at, every):
                _write(pictures.folder / "frames", frame.at, frame.image)


class Album:
    """Writes pictures of a chunk with boxes around the faces into `frames_with_face_boxes/`, one a second."""

    def __init__(self, pictures: Pictures, chunk: Chunk) -> None:
        self._folder, self._chunk = pictures.folder / "frames_with_face_boxes", chunk
        self._second = -1

    def add(self, frame: Frame, seen: list[tuple[Tracklet, Face]]) -> None:
        """Write the picture if it is due."""
        second = int(frame.at + 1e-4)
        if seen and second > self._second and _begins_in(self._chunk, frame.at, 1.0):
            self._second = second
            _write(self._folder, frame.at, with_boxes(frame.image, [face.box for _, face in seen]))


def _begins_in(chunk: Chunk, at: float, every: float) -> bool:
    """Slots count from the start of the file; one that begins in another chunk is that chunk's."""
    begins = int((at + 1e-4) / every) * every
    return chunk.start - 1e-4 <= begins < chunk.own_end - 1e-4


def _write(folder: Path, at: float, image: Image) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"frame_{at:09.2f}.jpg").write_bytes(as_jpeg(image))


def with_boxes(image: Image, boxes: Iterable[Box]) -> Image:
    """A copy with a rectangle around each face."""
    drawn = image.copy()
    for x1, y1, x2, y2 in boxes:
        cv2.rectangle(drawn, (round(x1), round(y1)), (round(x2), round(y2)), _GREEN, 2)
    return drawn
