"""People who never show their face, followed by their figure: what moves, and is a person for OpenCV's people detector.

A figure that carries a known face is that person; one that carries none is somebody without a name.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from vision.config import VisionConfig
from vision.faces import Box, Face, iou, middle
from vision.motion import smooth
from vision.picture import Frame, Image, as_jpeg
from vision.tracking import Tracker, Tracklet

Who = TypeVar("Who", bound=Hashable)
_LEAST_TALL, _LEAST_AREA = 0.15, 0.008
"""Shares of the picture: what is smaller is not taken for a person."""
_MOVED, _LIGHTNING = 16, 0.6
_LEARN = 0.004
"""Who stands still is part of the room after a minute or so, unless the detector goes on being sure."""
_PATIENCE_S = 3.0
_TRY_S, _SURE_S = 0.6, 5.0
"""How often the detector is asked about a figure, before and after it was sure."""
_SURE = 0.5
_SAME = 0.4
"""Overlap of two boxes of one figure."""
_PROVEN = 2
_AROUND_S = 10.0
"""So long before the first and after the last proof it is still the same figure."""
_STILL_S = 20.0
"""One who appears where a figure was lost so long ago is that figure."""
_HIDDEN = 0.1
"""A figure that has somebody's face in a larger share of its pictures is hardly one who shows none."""
_PERSON_PX, _FRAME_PX, _WINDOW_PX = 120, 16, 64
"""How tall a figure is shown to the detector, with how much around it; its window is so wide, and twice as tall."""
_TALL_PICTURE_PX = 320


@dataclass
class Body(Tracklet):
    """A figure followed through pictures: the boxes are of all of it."""

    proofs: int = 0
    """How often the detector was sure that it is a person."""
    jpeg: bytes = b""

    @property
    def walk(self) -> list[tuple[float, tuple[float, float]]]:
        """When and where the face would be."""
        return [(at, ((x1 + x2) / 2, 0.92 * y1 + 0.08 * y2)) for at, (x1, y1, x2, y2), _ in self.rows()]


@dataclass
class _Proof:
    """What the detector has said of a figure so far."""

    asked_at: float = float("-inf")
    first_at: float = float("inf")
    last_at: float = float("-inf")
    count: int = 0
    weight: float = 0.0
    jpeg: bytes = b""


class Figures:
    """Follows the figures of one thread's pictures."""

    def __init__(self, config: VisionConfig) -> None:
        self._tracker = Tracker(config.with_changes(max_age_s=_PATIENCE_S))
        self._proofs: dict[int, _Proof] = defaultdict(_Proof)
        self._background: npt.NDArray[np.float32] | None = None
        self._kept: list[Box] = []
        """Where somebody surely is, in fractions: there the room is not learnt."""
        self._hog = cv2.HOGDescriptor()
        self._hog.setSVMDetector(np.asarray(cv2.HOGDescriptor.getDefaultPeopleDetector(), np.float32))

    @property
    def is_following(self) -> bool:
        """Is a figure in sight?"""
        return self._tracker.is_following

    def look(self, frame: Frame) -> None:
        """Take in the next picture."""
        height, width = frame.upright_size
        places = self._moving(smooth(frame.luma))
        faces = [Face((x1 * width, y1 * height, x2 * width, y2 * height), 1.0) for x1, y1, x2, y2 in places]
        self._tracker.expect(frame.at)
        self._kept = []
        for tracklet, face in self._tracker.update(frame.at, faces):
            proof = self._proofs[tracklet.number]
            self._ask(proof, frame, face.box)
            if frame.at - proof.last_at <= _AROUND_S:
                x1, y1, x2, y2 = face.box
                self._kept.append((x1 / width, y1 / height, x2 / width, y2 / height))

    def _moving(self, seen: Image) -> list[Box]:
        """Places that differ from the room and are large and upright enough, in fractions of the picture."""
        if self._background is None or self._background.shape != seen.shape:
            self._background = seen.astype(np.float32)
            return []
        difference = cv2.absdiff(seen, np.asarray(cv2.convertScaleAbs(self._background), np.uint8))
        moved = cv2.threshold(difference, _MOVED, 1, cv2.THRESH_BINARY)[1]
        if cv2.countNonZero(moved) > _LIGHTNING * moved.size:
            self._background = seen.astype(np.float32)
            return []
        height, width = seen.shape
        room = np.ones_like(seen)
        for x1, y1, x2, y2 in self._kept:
            room[int(y1 * height) : int(y2 * height) + 1, int(x1 * width) : int(x2 * width) + 1] = 0
        cv2.accumulateWeighted(seen, self._background, _LEARN, room)
        closed = cv2.morphologyEx(moved, cv2.MORPH_CLOSE, np.ones((15, 7), np.uint8))
        return _upright(np.asarray(closed, np.uint8))

    def _ask(self, proof: _Proof, frame: Frame, box: Box) -> None:
        """Ask the detector about a figure when it is due, and keep the picture of which it was surest."""
        if frame.at - proof.asked_at < (_SURE_S if proof.count >= _PROVEN else _TRY_S) - 1e-6:
            return
        proof.asked_at = frame.at
        part, inside = _cut_out(frame, box)
        weight = self._weight(part, inside)
        if weight < _SURE:
            return
        proof.count += 1
        proof.first_at, proof.last_at = min(proof.first_at, frame.at), frame.at
        if weight > proof.weight:
            proof.weight, proof.jpeg = weight, _picture(part)

    def _weight(self, part: Image, inside: Box) -> float:
        """How sure the detector is of a person in a box of the picture; 0 when it is not."""
        scale = _PERSON_PX / (inside[3] - inside[1])
        small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        side = max(_FRAME_PX, -(-(_WINDOW_PX - small.shape[1]) // 2))  # OpenCV writes past a smaller picture
        framed = cv2.copyMakeBorder(small, _FRAME_PX, _FRAME_PX, side, side, cv2.BORDER_REPLICATE)
        found, weights = self._hog.detectMultiScale(framed, winStride=(8, 8), scale=1.05)
        x1, y1, x2, y2 = (scale * edge for edge in inside)
        wanted = x1 + side, y1 + _FRAME_PX, x2 + side, y2 + _FRAME_PX
        sure = [
            float(weight)
            for (x, y, w, h), weight in zip(found, np.ravel(weights), strict=True)
            if iou(_without_margin(x, y, w, h), wanted) > _SAME
        ]
        return max(sure, default=0.0)

    def bodies(self) -> list[Body]:
        """The figures of which the detector was sure once at least, around the time when it was."""
        found = []
        for tracklet in self._tracker.finish():
            proof = self._proofs[tracklet.number]
            rows = [
                row
                for row in tracklet.rows()
                if proof.first_at - _AROUND_S <= row[0] <= proof.last_at + _AROUND_S
            ]
            if rows:
                times, boxes, scores = (list(column) for column in zip(*rows, strict=True))
                found.append(Body(tracklet.number, times, boxes, scores, [], proof.count, proof.jpeg))
        return found


def _without_margin(x: float, y: float, width: float, height: float) -> Box:
    """The person in a window of the detector, which leaves an eighth free above and below and more at the sides."""
    return x + 0.2 * width, y + 0.125 * height, x + 0.8 * width, y + 0.875 * height


def _upright(moved: npt.NDArray[np.uint8]) -> list[Box]:
    height, width = moved.shape
    _, _, stats, _ = cv2.connectedComponentsWithStats(moved)
    return [
        (x / width, y / height, (x + w) / width, (y + h) / height)
        for x, y, w, h, area in stats[1:].tolist()
        if h >= max(_LEAST_TALL * height, w) and area >= _LEAST_AREA * width * height
    ]


def _cut_out(frame: Frame, box: Box) -> tuple[Image, Box]:
    """The figure with some room around it, and its box in there."""
    height, width = frame.upright_size
    x1, y1, x2, y2 = box
    side, above = 0.35 * (x2 - x1), 0.15 * (y2 - y1)
    left, top = max(0, int(x1 - side)), max(0, int(y1 - above))
    right, bottom = min(width, int(x2 + side)), min(height, int(y2 + above))
    part = frame.image_at([(left, top, right, bottom)])[top:bottom, left:right]
    return part, (x1 - left, y1 - top, x2 - left, y2 - top)


def _picture(part: Image) -> bytes:
    """What people see: the figure, at most 320 pixels tall."""
    scale = min(1.0, _TALL_PICTURE_PX / part.shape[0])
    return as_jpeg(
        np.asarray(cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    )


def whole(bodies: Iterable[Body], first_number: int, width: int) -> list[Body]:
    """The figures of a recording: those that go on across a seam or after standing still are one, if proven twice.

    Numbered from `first_number` on in the order in which they came. `width` is that of the picture.
    """
    joined: list[Body] = []
    for body in sorted(bodies, key=lambda body: (body.started_s, body.boxes[0])):
        before = next((other for other in joined if _goes_on(other, body, width)), None)
        if before:
            joined.remove(before)
        joined.append(_both(before, body) if before else body)
    proven = [body for body in joined if body.proofs >= _PROVEN]
    ordered = sorted(proven, key=lambda body: (body.started_s, body.boxes[0]))
    return [replace(body, number=number) for number, body in enumerate(ordered, first_number)]


def _goes_on(before: Body, body: Body, width: int) -> bool:
    """Is a figure where another is at that moment, or was when it was lost a moment ago inside the picture?"""
    is_gone = before.boxes[-1][0] < 0.01 * width or before.boxes[-1][2] > 0.99 * width
    if body.started_s - before.ended_s > (0 if is_gone else _STILL_S):
        return False
    nearest = min(before.rows(), key=lambda row: abs(row[0] - body.started_s))
    return iou(nearest[1], body.boxes[0]) >= _SAME


def _both(before: Body, body: Body) -> Body:
    rows = {row[0]: row for row in body.rows()} | {row[0]: row for row in before.rows()}
    times, boxes, scores = (list(column) for column in zip(*(rows[at] for at in sorted(rows)), strict=True))
    return Body(
        before.number, times, boxes, scores, [], before.proofs + body.proofs, before.jpeg or body.jpeg
    )


def fused(
    bodies: Iterable[Body], seen: Sequence[tuple[Tracklet, Who]]
) -> tuple[list[tuple[Tracklet, Who]], list[Body]]:
    """What figures add to faces: who turned away between two looks was there; and the figures without a known face.

    A figure never makes a person's stay longer: two who walk together may be one figure. One that carries the faces
    of several people, or somebody's face now and then, is left out.
    """
    known: list[tuple[Tracklet, Who]] = []
    faceless = []
    for body in bodies:
        carried = [(tracklet, who) for tracklet, who in seen if _carries(body, tracklet)]
        if len({who for _, who in carried}) == 1:
            faces = [tracklet for tracklet, _ in carried]
            known.append((_between(body, faces), carried[0][1]))
        elif not carried and _share_with_faces(body, seen) < _HIDDEN:
            faceless.append(body)
    return known, faceless


def _between(body: Body, faces: Sequence[Tracklet]) -> Body:
    """The figure from the first sight of the faces to the last."""
    start, end = min(face.started_s for face in faces), max(face.ended_s for face in faces)
    rows = [row for row in body.rows() if start <= row[0] <= end]
    times, boxes, scores = (list(column) for column in zip(*rows, strict=True))
    return replace(body, times=times, boxes=boxes, scores=scores)


def _carries(body: Body, face: Tracklet) -> bool:
    """Is the face in the upper half of the figure at half of the times at least at which both are seen?"""
    shared = _heads(body, face)
    return len(shared) >= 3 and sum(shared) >= len(shared) / 2


def _share_with_faces(body: Body, seen: Sequence[tuple[Tracklet, Who]]) -> float:
    """In which share of its pictures does a figure have somebody's face?"""
    return sum(sum(_heads(body, face)) for face, _ in seen) / len(body.times)


def _heads(body: Body, face: Tracklet) -> list[bool]:
    """Whether the face is in the upper half of the figure, in each picture that shows both."""
    figure = dict(zip(body.times, body.boxes, strict=True))
    return [
        _is_head_of(box, figure[at]) for at, box in zip(face.times, face.boxes, strict=True) if at in figure
    ]


def _is_head_of(face: Box, figure: Box) -> bool:
    x, y = middle(face)
    return figure[0] < x < figure[2] and figure[1] < y < (figure[1] + figure[3]) / 2
