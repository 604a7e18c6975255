"""What places say about tracklets: which is of a picture that somebody carries, which goes on where another ended,
and when a face may have become another's.

Lengths are in widths of the face, so that they hold near the camera and far from it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from vision.config import VisionConfig
from vision.faces import Box, middle
from vision.tracking import Tracklet, best_shots

BESIDE = 1.1
"""Nearer than this, in widths of the larger face, the middle of a smaller one lies within head and hair."""
ABOVE = 1.25
SMALLER = 0.9
"""A face in a picture behind somebody is at most this large, in widths of the larger face."""
MOSTLY = 0.9
"""It is there in at least this share of the pictures in which it is seen."""
NEAR = 2.5
"""Who is this near may be taken for the other."""
EDGE = 0.5
"""This near to the edge of the picture people come and go."""
LOST_S = 0.5
"""Out of sight for longer a face may be another's."""
MARGIN_S = 1.0
"""What happens so long before or after counts for a change: the shots on both sides may be a while apart."""
GOES_ON_S = 4.0
"""A face that was lost is the one that begins this soon..."""
GOES_ON_NEAR = 1.5
"""... and this near to where it was or would have walked."""
STEP_S = 1.0
"""Faces are compared in place up to so long apart; the speed of a walker is taken over this time."""


def without_carried(tracklets: Sequence[Tracklet]) -> list[Tracklet]:
    """The tracklets but for faces of pictures that somebody carries or wears, or that hang behind somebody's head.

    Such a face is smaller, lies within the other's head and hair in nearly every picture, and is never seen alone.
    Somebody who stands behind another has walked there and walks away.
    """
    return [one for one in tracklets if not any(_is_carried(one, other) for other in tracklets)]


def _is_carried(one: Tracklet, by: Tracklet) -> bool:
    if len(by.times) <= len(one.times) or not _overlap_in_time(one, by, STEP_S):
        return False
    theirs, ours = _nearest_boxes(by, one.times), np.array(one.boxes)
    widths = theirs[:, 2] - theirs[:, 0]
    away = (_middles(ours) - _middles(theirs)) / widths[:, None]
    within = np.sum((away / (BESIDE, ABOVE)) ** 2, axis=1) < 1
    is_smaller = float(np.nanmedian((ours[:, 2] - ours[:, 0]) / widths)) < SMALLER if within.any() else False
    return is_smaller and float(within.mean()) >= MOSTLY


def _overlap_in_time(one: Tracklet, other: Tracklet, margin_s: float) -> bool:
    return one.started_s <= other.ended_s + margin_s and other.started_s <= one.ended_s + margin_s


def _nearest_boxes(tracklet: Tracklet, times: Sequence[float]) -> npt.NDArray[np.float64]:
    """Where the face was at about these times: [n, 4], NaN where it was not seen for a second."""
    own, wanted = np.array(tracklet.times), np.array(times)
    after = np.searchsorted(own, wanted).clip(1, max(1, len(own) - 1))
    nearest = np.where(wanted - own[after - 1] <= own[after % len(own)] - wanted, after - 1, after % len(own))
    boxes = np.array(tracklet.boxes)[nearest]
    boxes[np.abs(own[nearest] - wanted) > STEP_S] = np.nan
    return boxes


def _middles(boxes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return (boxes[:, :2] + boxes[:, 2:]) / 2


class Room:
    """All tracklets of a recording in pictures of one size: (height, width) in pixels."""

    def __init__(self, tracklets: Sequence[Tracklet], size: tuple[int, int]) -> None:
        self._tracklets, self._size = tracklets, size

    def may_change(self, tracklet: Tracklet, first: float, last: float) -> bool:
        """Between two times, was the face out of sight, at the edge of the picture, or another one near it?"""
        first, last = first - MARGIN_S, last + MARGIN_S
        rows = [(at, box) for at, box, _ in tracklet.rows() if first <= at <= last]
        times = [at for at, _ in rows]
        is_lost = any(later - at > LOST_S for at, later in pairwise(times))
        return is_lost or any(self._is_at_edge(box) for _, box in rows) or self._has_company(tracklet, rows)

    def _is_at_edge(self, box: Box) -> bool:
        height, width = self._size
        return min(box[0], box[1], width - box[2], height - box[3]) < EDGE * (box[2] - box[0])

    def _has_company(
        self, tracklet: Tracklet, rows: Sequence[tuple[float, Box]], but: Iterable[Tracklet] = ()
    ) -> bool:
        """Is another face near the tracklet's one at these (time, box)?"""
        if not rows:
            return False
        times, boxes = [at for at, _ in rows], np.array([box for _, box in rows])
        widths = boxes[:, 2] - boxes[:, 0]
        for other in self._tracklets:
            if any(other is one for one in (tracklet, *but)) or other.ended_s < times[0] - STEP_S:
                continue
            if other.started_s > times[-1] + STEP_S:
                continue
            theirs = _nearest_boxes(other, times)
            reach = NEAR * np.maximum(widths, theirs[:, 2] - theirs[:, 0])
            if (np.linalg.norm(_middles(boxes) - _middles(theirs), axis=1) < reach).any():
                return True
        return False

    def continued(self, config: VisionConfig) -> list[Tracklet]:
        """The tracklets, those joined of which one begins alone where the other was lost a moment before.

        Nobody else was near and it was not where people come and go: the face only turned away. So it may look more
        different than faces that are compared without knowing this; one without a shot goes with the other.
        """
        ordered = sorted(self._tracklets, key=lambda tracklet: tracklet.started_s)
        whole: list[Tracklet] = []
        for tracklet in ordered:
            before = [one for one in whole if self._goes_on(one, tracklet, config)]
            if len(before) == 1:
                whole.remove(before[0])
                tracklet = _as_one(before[0], tracklet, config)
            whole.append(tracklet)
        return whole

    def _goes_on(self, one: Tracklet, later: Tracklet, config: VisionConfig) -> bool:
        passed = later.started_s - one.ended_s
        if not 0 < passed <= GOES_ON_S or (
            self._is_at_edge(one.boxes[-1]) and self._is_at_edge(later.boxes[0])
        ):
            return False
        if not _is_there(one, later, passed):
            return False
        is_compared = one.is_usable and later.is_usable
        if is_compared and np.linalg.norm(one.vector - later.vector) > config.continue_at:
            return False
        rows = [(one.ended_s, one.boxes[-1]), (later.started_s, later.boxes[0])]
        return not self._has_company(one, rows, (later,))


def _is_there(one: Tracklet, later: Tracklet, passed: float) -> bool:
    """Does a face begin where the other stood or would have walked, in about its size?"""
    last, first = np.array(one.boxes[-1]), np.array(later.boxes[0])
    width = float(last[2] - last[0])
    if not 0.7 < (first[2] - first[0]) / width < 1.4:
        return False
    since = next(row for row in one.rows() if one.ended_s - row[0] <= STEP_S)
    speed = (np.array(middle(one.boxes[-1])) - middle(since[1])) / max(one.ended_s - since[0], STEP_S)
    away = np.array(middle(later.boxes[0])) - middle(one.boxes[-1])
    return bool(min(np.linalg.norm(away), np.linalg.norm(away - speed * passed)) < GOES_ON_NEAR * width)


def _as_one(one: Tracklet, later: Tracklet, config: VisionConfig) -> Tracklet:
    return replace(
        one,
        times=one.times + later.times,
        boxes=one.boxes + later.boxes,
        scores=one.scores + later.scores,
        shots=best_shots([*one.shots, *later.shots], config),
    )
