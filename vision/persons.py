"""Which faces are one person: grouping inside a recording, and open-set search among known people."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vision.faces import Floats
from vision.tracking import Tracklet, mean_vector


@dataclass(frozen=True)
class Match:
    """The nearest known person to a probe, and how near. `person` is None when nobody is near enough."""

    person: int | None
    distance: float
    """To the nearest person, known or refused; infinite when nobody is known."""
    runner_up: float
    """To the second nearest person."""


def cluster(tracklets: Sequence[Tracklet], cut: float) -> list[list[Tracklet]]:
    """Usable tracklets grouped into people, in the order in which they came.

    Average linkage of the tracklets' vectors up to the distance `cut`. Two faces in one picture are never one
    person, nor are two groups that hold such a pair.
    """
    usable = [tracklet for tracklet in tracklets if tracklet.is_usable]
    if not usable:
        return []
    groups = [[tracklet] for tracklet in usable]
    between = _distances(usable)
    while len(groups) > 1:
        one, other = np.unravel_index(int(np.argmin(between)), between.shape)
        if between[one, other] > cut:
            break
        keep, gone = sorted((int(one), int(other)))
        sizes = len(groups[keep]), len(groups[gone])
        merged = (between[keep] * sizes[0] + between[gone] * sizes[1]) / sum(sizes)
        between[keep, :] = between[:, keep] = merged
        between[keep, keep] = np.inf
        between = np.delete(np.delete(between, gone, 0), gone, 1)
        groups[keep] += groups.pop(gone)
    return [sorted(group, key=lambda tracklet: tracklet.number) for group in groups]


def _distances(tracklets: Sequence[Tracklet]) -> npt.NDArray[np.float64]:
    """[n, n] between the tracklets' vectors; infinite to oneself and between faces seen together."""
    vectors = np.array([tracklet.vector for tracklet in tracklets], float)
    between: npt.NDArray[np.float64] = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
    np.fill_diagonal(between, np.inf)
    for row, one in enumerate(tracklets):
        for column, other in enumerate(tracklets[:row]):
            if one.is_seen_with(other):
                between[row, column] = between[column, row] = np.inf
    return between


def template(tracklets: Sequence[Tracklet]) -> Floats:
    """One vector for a group of tracklets: the mean of all shots by quality, float32 [d]."""
    return mean_vector([shot for tracklet in tracklets for shot in tracklet.shots])


def identify(
    probes: Floats, gallery: Floats, persons: npt.NDArray[Any], *, accept_at: float, margin: float
) -> list[Match]:
    """The nearest person for each probe [n, d] in a gallery [m, d] whose row i belongs to `persons[i]`.

    A person is as near as the nearest of the templates. Accepted up to `accept_at`, if the second person is
    farther by `margin`; else it is somebody new. This is the reference for the search in the database.
    """
    names = np.unique(persons)
    rows = np.linalg.norm(probes[:, None] - gallery[None], axis=2)
    return [
        match(
            sorted(
                ((int(name), float(row[persons == name].min())) for name in names), key=lambda near: near[1]
            ),
            accept_at,
            margin,
        )
        for row in rows
    ]


def match(nearest: Iterable[tuple[int, float]], accept_at: float, margin: float) -> Match:
    """The decision about a probe, from the (person, distance) of at least the two nearest persons, nearest first."""
    near = [*nearest, (None, float("inf")), (None, float("inf"))]
    (person, distance), (_, runner_up) = near[:2]
    is_sure = distance <= accept_at and runner_up - distance >= margin
    return Match(person if is_sure else None, distance, runner_up)
