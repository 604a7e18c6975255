"""Which faces are one person: grouping inside a recording, and open-set search among known people."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt

from vision.config import Bar, VisionConfig
from vision.faces import Floats
from vision.tracking import Shot, Tracklet, by_chance, looks, mean_of, mean_vector

Ids: TypeAlias = npt.NDArray[np.int64]
Faces: TypeAlias = tuple[Floats, Ids]
"""Vectors [n, d], and whose each is."""
FAR = float("inf")
MAJORITY = 0.5
LOOKS = 3
"""`VisionConfig.cluster_at` was chosen between means of so many looks each; a tracklet counts as no more."""

LEAST_PAIRS = 5
"""So many pairs of two people say how alike faces look in a recording."""


@dataclass(frozen=True)
class Match:
    """The answer about a probe: sure (`person`), in doubt (`candidate`), or somebody who is not known (neither)."""

    person: int | None
    candidate: int | None
    distance: float
    """To the nearest person, known or refused; infinite when nobody is known."""
    runner_up: float
    """To the second nearest person."""


@dataclass(frozen=True)
class Known:
    """The people that faces are compared with. Distances are L2."""

    vectors: Floats
    """[m, d]: templates and their means; row i belongs to the person `owners[i]`."""
    owners: Ids
    denied: Floats
    """[k, d]: faces of which somebody said that they are not the person `denied_for[i]`."""
    denied_for: Ids
    ignored: frozenset[int] = frozenset()
    """Posters and the like among the persons."""

    @classmethod
    def of(cls, templates: Faces, denied: Faces, ignored: Iterable[int] = ()) -> Self:
        """From faces as (vectors [n, d], persons [n]). The mean of a person's templates joins them.

        Measured on labelled faces the mean alone recognises far better than any of few templates, while a look of its
        own (glasses, a helmet) may be near to one template and to no mean.
        """
        vectors, owners = templates
        persons = np.unique(owners)
        means = np.array([mean_of(vectors[owners == person]) for person in persons])
        with_means = np.concatenate([vectors, means.reshape(len(persons), vectors.shape[1])])
        return cls(
            with_means.astype(np.float32), np.concatenate([owners, persons]), *denied, frozenset(ignored)
        )

    def refusing(self, faces: Sequence[tuple[int, Floats]]) -> Self:
        """The same people, and further faces that are denied to a person each, as (person, vector [d])."""
        if not faces:
            return self
        persons, vectors = zip(*faces, strict=True)
        more: Faces = np.array(vectors, np.float32), np.array(persons, np.int64)
        if not len(self.denied):
            return replace(self, denied=more[0], denied_for=more[1])
        denied = np.concatenate([self.denied, more[0]])
        return replace(self, denied=denied, denied_for=np.concatenate([self.denied_for, more[1]]))

    def distances(self, probe: Floats) -> dict[int, float]:
        """How far each person is from a probe [d]: as far as the nearest of their rows.

        A probe nearer to a face that was denied for a person than to that person is infinitely far from them.
        """
        found: dict[int, float] = {}
        for person, far in _by_owner(self.owners, self.vectors, probe):
            found[person] = min(far, found.get(person, FAR))
        for person, far in _by_owner(self.denied_for, self.denied, probe):
            if far <= found.get(person, -FAR):
                found[person] = FAR
        return found


def _by_owner(owners: Ids, vectors: Floats, probe: Floats) -> Iterable[tuple[int, float]]:
    away = np.linalg.norm(vectors - probe, axis=1)
    return zip(owners.tolist(), away.tolist(), strict=True)


def cluster(tracklets: Sequence[Tracklet], config: VisionConfig) -> list[list[Tracklet]]:
    """Usable tracklets grouped into people, in the order in which they came.

    Always the two groups are joined whose means are nearest, what chance adds taken off: means of few looks may lie
    farther apart than those of many, and in the dark all are nearer. Two faces in one picture are never one person,
    nor are two groups that hold such a pair.
    """
    groups = [[tracklet] for tracklet in tracklets if tracklet.is_usable]
    means = np.array([template(group) for group in groups])
    seen = np.array([_looks(group) for group in groups])
    together = _together(groups)
    config = config.with_changes(cluster_at=config.cluster_at * _clearness(means, together, config))
    excess = np.array([_excess(number, means, seen, config) for number in range(len(groups))])
    while len(groups) > 1:
        excess[together] = np.inf
        one, other = np.unravel_index(int(np.argmin(excess)), excess.shape)
        if excess[one, other] > 0:
            break
        keep, gone = sorted((int(one), int(other)))
        groups[keep] += groups.pop(gone)
        together[keep] |= together[gone]
        together[:, keep] |= together[:, gone]
        excess, together = (np.delete(np.delete(table, gone, 0), gone, 1) for table in (excess, together))
        means, seen = np.delete(means, gone, 0), np.delete(seen, gone)
        means[keep], seen[keep] = template(groups[keep]), _looks(groups[keep])
        excess[keep] = excess[:, keep] = _excess(keep, means, seen, config)
    return [sorted(group, key=lambda tracklet: tracklet.number) for group in groups]


def _clearness(means: Floats, together: npt.NDArray[np.bool_], config: VisionConfig) -> float:
    """How well this recording tells people apart: 1 as in good light, less in the dark, where all faces grow alike.

    Two faces in one picture are two people, so they show it: how far apart is the middle one of such pairs?
    """
    ones, others = np.nonzero(np.tril(together, -1))
    if len(ones) < LEAST_PAIRS:
        return 1.0
    return min(1.0, float(np.median(np.linalg.norm(means[ones] - means[others], axis=1))) / config.apart_at)


def _excess(
    number: int, means: Floats, seen: npt.NDArray[np.int64], config: VisionConfig
) -> npt.NDArray[np.float64]:
    """By how much the mean of one group is too far from each of the others' for one person: squared distances [n]."""
    away: npt.NDArray[np.float64] = np.sum((means - means[number]) ** 2, axis=1, dtype=float)
    chance = by_chance(seen[number], seen, config.look_spread) - by_chance(LOOKS, LOOKS, config.look_spread)
    return away - config.cluster_at**2 - chance


def _together(groups: Sequence[Sequence[Tracklet]]) -> npt.NDArray[np.bool_]:
    """[n, n] of single tracklets: which can't be joined, being oneself or two faces in one picture."""
    together = np.eye(len(groups), dtype=bool)
    for row, (one,) in enumerate(groups):
        for column, (other,) in enumerate(groups[:row]):
            together[row, column] = together[column, row] = one.is_seen_with(other)
    return together


def _looks(group: Sequence[Tracklet]) -> int:
    """A tracklet is few looks however long it is: one visit, one light, one way to stand."""
    return sum(min(LOOKS, looks(tracklet.shots)) for tracklet in group)


def template(tracklets: Sequence[Tracklet]) -> Floats:
    """One vector for a group of tracklets: the mean of all shots by quality, float32 [d]."""
    return mean_vector(_shots(tracklets))


def face_px(tracklets: Sequence[Tracklet]) -> float:
    """How wide the face is in the shots, in the middle of them (pixels)."""
    return float(np.median([shot.box[2] - shot.box[0] for shot in _shots(tracklets)]))


def _shots(tracklets: Sequence[Tracklet]) -> list[Shot]:
    return [shot for tracklet in tracklets for shot in tracklet.shots]


def identify(
    group: Sequence[Tracklet], known: Known, config: VisionConfig, *, but: Collection[int] = ()
) -> Match:
    """Who a group of usable tracklets is, by its mean vector and the vote of its shots; nobody of `but`.

    The bars are those for its width of face. Shots that look like nobody count against: a person is sure only when
    most of the shots, by quality, are nearer than the review bar.
    """
    bar = config.bar(face_px(group))
    found = search(template(group), known, bar, config.margin, but=but)
    if found.person is None or _votes(group, found.person, known, bar) > MAJORITY:
        return found
    return Match(None, found.person, found.distance, found.runner_up)


def _votes(group: Sequence[Tracklet], person: int, known: Known, bar: Bar) -> float:
    """The share of the shots, by quality, that are near enough to a person to ask about."""
    own, shots = known.vectors[known.owners == person], _shots(group)
    near = [shot for shot in shots if np.linalg.norm(own - shot.vector, axis=1).min() <= bar.review_at]
    return sum(shot.quality for shot in near) / sum(shot.quality for shot in shots)


def search(probe: Floats, known: Known, bar: Bar, margin: float, *, but: Collection[int] = ()) -> Match:
    """The nearest known person to a probe [d], nobody of `but`.

    Sure up to `bar.accept_at`, if the second person is farther by `margin`; what is ignored needs no margin, it only
    has to be the nearest. In doubt up to `bar.review_at`; beyond it is somebody new.
    """
    near = [(far, person) for person, far in known.distances(probe).items() if person not in but]
    (distance, person), (runner_up, _) = (*sorted(near)[:2], (FAR, 0), (FAR, 0))[:2]
    if distance > bar.review_at:
        return Match(None, None, distance, runner_up)
    has_margin = runner_up - distance >= margin or person in known.ignored
    if distance <= bar.accept_at and has_margin:
        return Match(person, None, distance, runner_up)
    return Match(None, person, distance, runner_up)


def diverse(vectors: Floats, anchors: int, most: int) -> list[int]:
    """Which rows of [n, d] to keep: the first `anchors`, then always the one farthest from all kept, up to `most`."""
    kept = list(range(anchors))
    away = np.linalg.norm(vectors[:, None] - vectors[None, :anchors], axis=2).min(axis=1)
    while len(kept) < min(most, len(vectors)):
        away[kept] = -1
        kept.append(int(np.argmax(away)))
        away = np.minimum(away, np.linalg.norm(vectors - vectors[kept[-1]], axis=1))
    return kept
