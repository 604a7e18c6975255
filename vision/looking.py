"""What one thread sees, picture after picture: motion -> faces -> tracklets -> best shots -> vectors."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from vision.bodies import Body, Figures
from vision.candidates import Candidate
from vision.config import VisionConfig
from vision.engines import make_detector, make_engine
from vision.faces import Box, Face, around, middle, places, quality, refusal
from vision.hands import Hands
from vision.motion import MotionGate
from vision.picture import Frame, Image, Place
from vision.scene import is_within
from vision.tracking import Shot, Tracker, Tracklet, best_shots, is_wanted, kept_shots

Item = TypeVar("Item")
STAGES = ("decode", "motion", "detect", "track", "embed")
_SETTLED_S = 1.0
"""Older candidates are rarely replaced: their chips are cut out, so that no picture is kept for long."""


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
        self.size = (0, 0)
        """Height and width of the pictures, upright."""
        self.looked_at = -np.inf
        """The time of the last picture."""
        self._figures = Figures(config) if config.finds_bodies else None
        self.hands = Hands(config.scene)
        self.refused: Counter[str] = Counter()
        """Why faces were not kept as shots: how often each reason."""

    @property
    def is_following(self) -> bool:
        """Was anybody in sight just now?"""
        return self._tracker.is_following or (self._figures is not None and self._figures.is_following)

    def look(self, frame: Frame, clock: Clock) -> list[tuple[Tracklet, Face]]:
        """The faces of a picture and the tracklets that they belong to."""
        self.size = frame.upright_size
        self.looked_at = frame.at
        if self._figures:
            with clock("track"):
                self._figures.look(frame)
        with clock("motion"):
            self.hands.look(frame)
            regions = self._regions(frame)
        if not regions:
            return []
        height, width = frame.upright_size
        with clock("decode"):
            image = self._image(frame, places(regions, width, height))
        with clock("detect"):
            found = self._counting(self._detector.detect(image, regions))
        with clock("track"):
            seen = self._tracker.update(frame.at, found)
            image = self._image(frame, (around(face) for _, face in seen))
            for tracklet, face in seen:
                self._consider(tracklet.number, frame.at, image, face)
        return seen

    def _image(self, frame: Frame, wanted: Iterable[Place]) -> Image:
        """The picture in colour, in the places that are wanted at least."""
        return frame.evened if self._config.scene.evens_light else frame.image_at(wanted)

    def _regions(self, frame: Frame) -> list[Box]:
        """Where to look: where something moves and where faces should be; everywhere once in a while."""
        moving = self._gate.regions(frame.luma)
        if self._config.scene.region:
            moving = _inside(moving, self._config.scene.bounds)
        expected = self._tracker.expect(frame.at)
        patience = self._config.rescan_s if self._tracker.is_following else self._config.heartbeat_s
        if self._config.scene.bounds in moving or frame.at - self._scanned_at >= patience - 1e-6:
            self._scanned_at = self._searched_at = frame.at
            return [self._config.scene.bounds]
        height, width = frame.upright_size
        due = [(x1 / width, y1 / height, x2 / width, y2 / height) for x1, y1, x2, y2 in expected]
        new = [region for region in moving if not any(_is_of(region, face) for face in due)]
        if new and frame.at - self._searched_at >= self._detector.search_s - 1e-6:
            self._searched_at = frame.at
            due += new
        return due

    def _counting(self, found: list[Face]) -> list[Face]:
        """The faces inside the region that counts."""
        if not self._config.scene.region:
            return found
        region = self._config.scene.in_pixels(self.size).region
        return [face for face in found if is_within(middle(face.box), region)]

    def _consider(self, number: int, at: float, image: Image, face: Face) -> None:
        """Keep the face as a candidate if it is good and wanted for its tracklet."""
        if reason := refusal(image, face, self._config):
            self.refused[reason] += 1
            return
        rating, kept = quality(image, face, self._config), self._candidates[number]
        if is_wanted(at, rating, kept, self._config):
            kept = kept_shots([*kept, Candidate.seen(at, image, face, rating)], self._config)
            self._candidates[number] = kept
            for old in kept:
                if at - old.at > _SETTLED_S:
                    old.cut_out(self._engine.chip)

    def shot_count(self, number: int) -> int:
        """How many shots there are so far of a face that is followed."""
        return len(self._candidates[number]) if number in self._candidates else 0

    def shots(self, number: int) -> list[Shot]:
        """The best few shots so far of a face that is followed."""
        return self._embedded(best_shots(self._candidates[number], self._config))

    def bodies(self) -> list[Body]:
        """The figures that were followed, where they are looked for."""
        return self._figures.bodies() if self._figures else []

    def tracklets(self, clock: Clock) -> list[Tracklet]:
        """All that was followed, its shots turned into vectors."""
        whole = self._tracker.finish()
        with clock("embed"):
            shots = iter(self._embedded([kept for one in whole for kept in self._candidates[one.number]]))
        return [
            replace(tracklet, shots=[next(shots) for _ in self._candidates[tracklet.number]])
            for tracklet in whole
        ]

    def _embedded(self, chosen: Sequence[Candidate]) -> list[Shot]:
        chips = np.array([kept.cut_out(self._engine.chip) for kept in chosen], np.uint8)
        side = self._engine.chip_px
        vectors = self._engine.embed(chips.reshape(-1, side, side, 3))
        return [
            Shot(kept.at, kept.box, kept.quality, vector, kept.jpeg)
            for kept, vector in zip(chosen, vectors, strict=True)
        ]


def _is_of(region: Box, face: Box) -> bool:
    """Is what moves there the body of somebody whose face is followed already?"""
    x, y = (region[0] + region[2]) / 2, (region[1] + region[3]) / 2
    width, height = face[2] - face[0], face[3] - face[1]
    return face[0] - 1.5 * width < x < face[2] + 1.5 * width and face[1] - height < y < face[3] + 6 * height


def _inside(places: Iterable[Box], bounds: Box) -> list[Box]:
    """What of the places lies inside the bounds."""
    cut = [
        (max(x1, bounds[0]), max(y1, bounds[1]), min(x2, bounds[2]), min(y2, bounds[3]))
        for x1, y1, x2, y2 in places
    ]
    return [place for place in cut if place[0] < place[2] and place[1] < place[3]]
