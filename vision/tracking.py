"""Faces of single pictures joined into tracklets, each with its best shots."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from vision.assignment import best_pairs
from vision.candidates import Candidate
from vision.config import VisionConfig
from vision.faces import Box, Face, Floats, iou, middle

_TOGETHER = 5
"""Pictures, a second of them."""


@dataclass(frozen=True)
class Shot:
    """A face good enough to be compared with others, seen at one moment, as a vector float32 [d]."""

    at: float
    box: Box
    quality: float
    vector: Floats
    jpeg: bytes


@dataclass
class Tracklet:
    """One face followed through pictures. Times in seconds from the start of the recording."""

    number: int
    times: list[float] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    shots: list[Shot] = field(default_factory=list)
    """In time order. Of a chunk those that `kept_shots` keeps, of a whole recording the best few."""

    @property
    def started_s(self) -> float:
        """When the face was first seen."""
        return self.times[0]

    @property
    def ended_s(self) -> float:
        """When the face was last seen."""
        return self.times[-1]

    @property
    def vector(self) -> Floats:
        """The mean of the shots' vectors by quality: float32 [d]. Raises ValueError without shots."""
        if not self.is_usable:
            raise ValueError(f"Tracklet {self.number} has no face that is good enough to be compared.")
        return mean_vector(self.shots)

    @property
    def walk(self) -> list[tuple[float, tuple[float, float]]]:
        """When and where the middle of the face was: (time, (x, y) in pixels) of each picture."""
        return [(time, middle(box)) for time, box in zip(self.times, self.boxes, strict=True)]

    @property
    def is_usable(self) -> bool:
        """Is there a shot, so that the face can be compared?"""
        return bool(self.shots)

    @property
    def best(self) -> Shot:
        """The best shot of a usable tracklet."""
        return max(self.shots, key=lambda shot: shot.quality)

    def is_seen_with(self, other: "Tracklet", sure: float = 0.6) -> bool:
        """Were both faces in one picture, for a second together, apart and surely? Then they are two people.

        A faint detection proves nothing: it may be a face on a poster behind somebody's ear. Nor does a moment: where
        two cross, one is followed as the other for some pictures while the one is found anew.
        """
        ours = {time: box for time, box, score in self.rows() if score >= sure}
        apart = [
            iou(ours[time], box) < 0.1 for time, box, score in other.rows() if score >= sure and time in ours
        ]
        return sum(apart) >= _TOGETHER

    def rows(self) -> Iterator[tuple[float, Box, float]]:
        """(time, box, score) of each picture."""
        return zip(self.times, self.boxes, self.scores, strict=True)


def mean_vector(shots: Sequence[Shot]) -> Floats:
    """The mean of the shots' vectors by quality: float32 [d]."""
    return mean_of(np.array([shot.vector for shot in shots]), [shot.quality for shot in shots])


def mean_of(vectors: Floats, weights: Sequence[float] | None = None) -> Floats:
    """The mean of vectors [n, d]: float32 [d].

    That of unit vectors (ArcFace's) is of unit length again: only then do distances say the angle.
    """
    mean: Floats = np.average(vectors, axis=0, weights=weights)
    if np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4):
        mean = mean / np.linalg.norm(mean)
    return mean.astype(np.float32)


def looks(shots: Iterable[Shot]) -> int:
    """How many looks at a face the shots are: those of one second show it in one pose and one light."""
    return len({int(shot.at) for shot in shots})


def by_chance(some: npt.ArrayLike, others: npt.ArrayLike, spread: float) -> npt.NDArray[np.float64]:
    """By how much the means of so many looks at one face lie apart for no reason: squared distances."""
    return np.asarray(spread**2 * (1 / np.asarray(some) + 1 / np.asarray(others)))


AnyShot = TypeVar("AnyShot", Candidate, Shot)


def best_shots(shots: Iterable[AnyShot], config: VisionConfig) -> list[AnyShot]:
    """The best few shots, some time apart from each other, in time order."""
    chosen: list[AnyShot] = []
    for shot in sorted(shots, key=lambda shot: (-shot.quality, shot.at)):
        if len(chosen) < config.shots and not _is_near(shot.at, chosen, config):
            chosen.append(shot)
    return sorted(chosen, key=lambda shot: shot.at)


def kept_shots(shots: Sequence[AnyShot], config: VisionConfig) -> list[AnyShot]:
    """The best few, and the best of each second for `parted` to see whose face it was all along; in time order."""
    of_second = {int(shot.at): shot for shot in sorted(shots, key=lambda shot: shot.quality)}
    kept = {shot.at: shot for shot in best_shots(shots, config)}
    kept.update({shot.at: shot for shot in of_second.values()})
    return [kept[at] for at in sorted(kept)]


def is_wanted(at: float, quality: float, shots: Sequence[Candidate], config: VisionConfig) -> bool:
    """Would a shot of this quality be kept? Asked first, because cutting it costs a millisecond."""
    better = [shot for shot in shots if shot.quality >= quality]
    is_best_of_second = int(at) not in {int(shot.at) for shot in better}
    return is_best_of_second or (len(better) < config.shots and not _is_near(at, better, config))


def _is_near(at: float, shots: Iterable[Candidate | Shot], config: VisionConfig) -> bool:
    return any(abs(at - shot.at) < config.shot_spacing_s - 1e-6 for shot in shots)


class _Motion:
    """A Kalman filter of constant velocity for the middle of a face; the size follows slowly."""

    def __init__(self, at: float, box: Box) -> None:
        self._at = at
        self._size = _size(box)
        self._state = np.concatenate([np.array(middle(box)), np.zeros(2)])
        self._spread = np.diag([1.0, 1.0, 25.0, 25.0]) * float(self._size.mean()) ** 2 * 0.04

    def expect(self, at: float) -> Box:
        """Where the face should be at a time: moves the filter on."""
        passed, self._at = at - self._at, at
        step = np.eye(4)
        step[0, 2] = step[1, 3] = passed
        shake = (float(self._size.mean()) * passed) ** 2
        self._state = step @ self._state
        self._spread = step @ self._spread @ step.T + np.diag([0.25, 0.25, 1.0, 1.0]) * shake
        return self._box()

    def correct(self, box: Box) -> None:
        """Take in where the face was seen."""
        self._size = 0.7 * self._size + 0.3 * _size(box)
        error = np.eye(2) * (0.05 * float(self._size.mean())) ** 2
        gain = self._spread[:, :2] @ np.linalg.inv(self._spread[:2, :2] + error)
        self._state = self._state + gain @ (np.array(middle(box)) - self._state[:2])
        self._spread = self._spread - gain @ self._spread[:2]

    def _box(self) -> Box:
        (x, y), (width, height) = self._state[:2], self._size / 2
        return float(x - width), float(y - height), float(x + width), float(y + height)


def _size(box: Box) -> npt.NDArray[np.float64]:
    return np.array([box[2] - box[0], box[3] - box[1]])


class Tracker:
    """Follows faces from picture to picture. `update` says which face belongs to which tracklet."""

    def __init__(self, config: VisionConfig) -> None:
        self._config = config
        self._alive: list[tuple[Tracklet, _Motion]] = []
        self._finished: list[Tracklet] = []
        self._expected: list[Box] = []
        self._begun = 0

    @property
    def is_following(self) -> bool:
        """Is anybody in sight?"""
        return bool(self._alive)

    def expect(self, at: float) -> list[Box]:
        """Where the faces that are followed should be now; those lost for too long are let go."""
        kept = []
        for tracklet, motion in self._alive:
            if at - tracklet.ended_s <= self._config.max_age_s + 1e-6:
                kept.append((tracklet, motion))
            else:
                self._finished.append(tracklet)
        self._alive = kept
        self._expected = [motion.expect(at) for _, motion in kept]
        return self._expected

    def update(self, at: float, faces: Sequence[Face]) -> list[tuple[Tracklet, Face]]:
        """Take the faces of the picture at `at`, after `expect(at)`. Sure faces choose first."""
        sure = [face for face in faces if face.score >= self._config.track_score]
        faint = [face for face in faces if self._config.weak_score <= face.score < self._config.track_score]
        pairs, free, new = self._assign(list(range(len(self._alive))), sure)
        more, _, _ = self._assign(free, faint)
        seen = []
        for index, face in pairs + more:
            tracklet, motion = self._alive[index]
            motion.correct(face.box)
            seen.append((_extended(tracklet, at, face), face))
        for face in new:
            self._begun += 1
            tracklet = _extended(Tracklet(self._begun), at, face)
            self._alive.append((tracklet, _Motion(at, face.box)))
            seen.append((tracklet, face))
        return seen

    def finish(self) -> list[Tracklet]:
        """All tracklets with enough faces, in the order in which they began."""
        whole = self._finished + [tracklet for tracklet, _ in self._alive]
        long = [tracklet for tracklet in whole if len(tracklet.times) >= self._config.min_hits]
        return sorted(long, key=lambda tracklet: tracklet.number)

    def _assign(
        self, free: list[int], faces: Sequence[Face]
    ) -> tuple[list[tuple[int, Face]], list[int], list[Face]]:
        """Pairs of (index of a followed face, face), followed faces left over, faces left over."""
        nearness = np.array(
            [[_nearness(self._expected[index], face.box) for face in faces] for index in free]
        )
        if not nearness.size:
            return [], free, list(faces)
        good = [(row, column) for row, column in best_pairs(nearness) if nearness[row, column] > 0.05]
        pairs = [(free[row], faces[column]) for row, column in good]
        taken_rows, taken_columns = {row for row, _ in good}, {column for _, column in good}
        return (
            pairs,
            [index for row, index in enumerate(free) if row not in taken_rows],
            [face for column, face in enumerate(faces) if column not in taken_columns],
        )


def _extended(tracklet: Tracklet, at: float, face: Face) -> Tracklet:
    tracklet.times.append(at)
    tracklet.boxes.append(face.box)
    tracklet.scores.append(face.score)
    return tracklet


def _nearness(expected: Box, seen: Box) -> float:
    """Overlap of the boxes grown to twice their size: at 5 pictures a second a walker leaves his own box.

    A face of less than half or more than twice the size is another face.
    """
    ratio = (seen[2] - seen[0]) / max(1.0, expected[2] - expected[0])
    return iou(_grown(expected), _grown(seen)) if 0.5 < ratio < 2 else 0.0


def _grown(box: Box) -> Box:
    x, y = (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
    return box[0] - x, box[1] - y, box[2] + x, box[3] + y


def track(pictures: Iterable[tuple[float, Sequence[Face]]], config: VisionConfig) -> list[Tracklet]:
    """Tracklets of faces that were found already: (time, faces) per picture, in time order. No shots."""
    tracker = Tracker(config)
    for at, faces in pictures:
        tracker.expect(at)
        tracker.update(at, faces)
    return tracker.finish()
