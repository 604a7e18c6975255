"""What one thread sees, picture after picture: motion -> faces -> tracklets -> best shots -> vectors."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

import cv2
import numpy as np

from vision.config import VisionConfig
from vision.engines import make_detector, make_engine
from vision.faces import WHOLE, Box, Face, quality, refusal
from vision.frames import Frame, Image
from vision.motion import MotionGate
from vision.tracking import Candidate, Shot, Tracker, Tracklet, is_wanted, kept_shots

Item = TypeVar("Item")
STAGES = ("decode", "motion", "detect", "track", "embed")


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


class Eye:
    """What is remembered from picture to picture."""

    def __init__(self, config: VisionConfig) -> None:
        self._config = config
        self._gate, self._tracker = MotionGate(), Tracker(config)
        self._detector, self._engine = make_detector(config), make_engine(config)
        self._candidates: dict[int, list[Candidate]] = defaultdict(list)
        self._scanned_at = self._searched_at = -np.inf
        self.refused: Counter[str] = Counter()
        """Why faces were not kept as shots: how often each reason."""

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
        if reason := refusal(image, face, self._config):
            self.refused[reason] += 1
            return
        rating, kept = quality(image, face, self._config), self._candidates[number]
        if is_wanted(at, rating, kept, self._config):
            cut = Candidate(at, face.box, rating, self._engine.chip(image, face), crop(image, face.box))
            self._candidates[number] = kept_shots([*kept, cut], self._config)

    def tracklets(self, clock: Clock) -> list[Tracklet]:
        """All that was followed, its shots turned into vectors."""
        whole = self._tracker.finish()
        with clock("embed"):
            chosen = [candidate for tracklet in whole for candidate in self._candidates[tracklet.number]]
            side = self._engine.chip_px
            chips = np.array([candidate.chip for candidate in chosen], np.uint8).reshape(-1, side, side, 3)
            vectors = iter(self._engine.embed(chips))
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
