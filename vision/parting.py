"""Tracklets cut where the face that is followed became another's."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from vision.config import VisionConfig
from vision.faces import Floats
from vision.tracking import Shot, Tracklet, best_shots, by_chance, looks, mean_vector


def parted(
    tracklet: Tracklet, config: VisionConfig, may_change: Callable[[float, float], bool] = lambda *_: True
) -> list[Tracklet]:
    """The tracklet cut where its face became another's, each part with its best few shots.

    One who passes behind another, or comes in where another has just left, is followed as one face: places cannot
    tell them apart, faces can. Whose face it was between the last shot before and the first one after is not known.
    A few looks alone are no proof, it may be a pose: they are left out. `may_change` says whether between two times
    there was an occasion for it (`continuity.Room.may_change`): a face that was in sight all the while, with nobody
    near, stays one person's however different it looks.
    """
    shots, least = tracklet.shots, config.change_min_looks
    places = [
        place
        for place in range(1, len(shots))
        if min(looks(shots[:place]), looks(shots[place:])) >= least
        and may_change(shots[place - 1].at, shots[place].at)
    ]
    changes = {place: _change(shots, place, config) for place in places}
    place = max(changes, key=changes.__getitem__, default=0)
    if not place or changes[place] <= 0:
        return [replace(tracklet, shots=best_shots(_usual(shots, config), config))]
    before, after = shots[:place], shots[place:]
    return [
        *parted(_between(tracklet, tracklet.started_s, before[-1].at, before), config, may_change),
        *parted(_between(tracklet, after[0].at, tracklet.ended_s, after), config, may_change),
    ]


def _change(shots: Sequence[Shot], place: int, config: VisionConfig) -> float:
    """By how much the face just before a place in the list is too far from the one just after it for one person."""
    before = shots[max(0, place - config.change_shots) : place]
    after = shots[place : place + config.change_shots]
    return _excess(mean_vector(before) - mean_vector(after), looks(before), looks(after), config)


def _usual(shots: Sequence[Shot], config: VisionConfig) -> Sequence[Shot]:
    """The shots without those in which the face looks like another's."""
    if not shots:
        return shots
    middle = np.median([shot.vector for shot in shots], axis=0)
    return [shot for shot in shots if _excess(shot.vector - middle, 1, looks(shots), config) <= 0] or shots


def _excess(apart: Floats, some: int, others: int, config: VisionConfig) -> float:
    """By how much two means of so many looks are farther apart than one face's should be: a squared distance."""
    chance = by_chance(some, others, config.look_spread)
    usual = by_chance(config.change_shots, config.change_shots, config.look_spread)
    return float(np.sum(apart**2) - config.change_at**2 - chance + usual)


def _between(tracklet: Tracklet, first: float, last: float, shots: list[Shot]) -> Tracklet:
    rows = [row for row in tracklet.rows() if first <= row[0] <= last]
    times, boxes, scores = (list(column) for column in zip(*rows, strict=True))
    return Tracklet(tracklet.number, times, boxes, scores, shots)
