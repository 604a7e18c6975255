"""How far faces of one camera lie from each other, counted while it is watched, and the bars that follow.

Nobody labels anything: two faces in one picture are two people (an impostor pair), one face followed for a while is one
person (a genuine pair). Distances are between means of a few shots, as decisions are, and counted in steps of 0.01 for
bands of face width. Terms: ISO/IEC 19795-1.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Self

import numpy as np

from vision.config import Bar
from vision.faces import Floats
from vision.tracking import Shot, Tracklet, mean_vector

BANDS = (48.0, 64.0, math.inf)
"""Faces up to these widths, in pixels, have bars of their own."""
STEP = 0.01
APART_S = 1.0
"""Between the two halves of a tracklet: shots of one moment are nearly the same picture."""
HALF = 3
"""Shots that a half needs at least."""
LEAST_IMPOSTORS, LEAST_GENUINE = 2000, 500
ACCEPT_FMR, REVIEW_FMR = 2e-4, 1e-2
"""With fifty people known the first lets about one stranger in a hundred pass, before the margin stops some."""
LOWEST, HIGHEST = 0.7, 1.5
"""A fitted bar stays between these multiples of the cold-start `accept_at`: more would be a broken camera's doing."""
SIDES = ("impostor", "genuine")
TAIL = 0.05
"""The share of the impostor pairs that a generalised Pareto distribution is fitted to."""


@dataclass
class Pairs:
    """Counted distances: step -> how many pairs, where step n means n to n + 1 hundredths."""

    impostor: Counter[int] = field(default_factory=Counter)
    genuine: Counter[int] = field(default_factory=Counter)

    @property
    def is_enough(self) -> bool:
        """Whether bars may be fitted."""
        return self.impostor.total() >= LEAST_IMPOSTORS and self.genuine.total() >= LEAST_GENUINE

    def add(self, other: Self) -> None:
        """Take in what was counted elsewhere."""
        self.impostor += other.impostor
        self.genuine += other.genuine


@dataclass(frozen=True)
class Fit:
    """Bars for one band, and how often a pair is wrong at `accept_at`."""

    bar: Bar
    fmr: float
    fnmr: float


def count_pairs(tracklets: Sequence[Tracklet]) -> dict[float, Pairs]:
    """What one recording adds, by band; bands without a pair are left out."""
    counted = {band: Pairs() for band in BANDS}
    halved = [(tracklet, _width(tracklet), halves) for tracklet in tracklets if (halves := _halves(tracklet))]
    for _, width, (first, second) in halved:
        counted[band_of(width)].genuine[_step(first, second)] += 1
    for (one, width, ours), (other, its_width, theirs) in combinations(halved, 2):
        if one.is_seen_with(other):
            band = band_of(min(width, its_width))
            counted[band].impostor.update(_step(mine, its) for mine in ours for its in theirs)
    return {band: pairs for band, pairs in counted.items() if pairs.impostor or pairs.genuine}


def band_of(width: float) -> float:
    """The band of a face of this width (pixels)."""
    return next(band for band in BANDS if width <= band)


def _halves(tracklet: Tracklet) -> tuple[Floats, Floats] | None:
    """Means of the shots before and after its middle, some time apart; None when there are too few."""
    if not tracklet.shots:
        return None
    middle = (tracklet.shots[0].at + tracklet.shots[-1].at) / 2
    before = [shot for shot in tracklet.shots if shot.at <= middle - APART_S / 2]
    after = [shot for shot in tracklet.shots if shot.at >= middle + APART_S / 2]
    is_enough = min(len(before), len(after)) >= HALF
    return (mean_vector(before), mean_vector(after)) if is_enough else None


def _width(tracklet: Tracklet) -> float:
    def width(shot: Shot) -> float:
        return shot.box[2] - shot.box[0]

    return float(np.median([width(shot) for shot in tracklet.shots]))


def _step(one: Floats, other: Floats) -> int:
    return int(np.linalg.norm(one - other) / STEP)


Plain = dict[str, dict[str, dict[str, int]]]
"""Band -> side -> step -> pairs, as JSON keeps it."""


def as_plain(counted: dict[float, Pairs]) -> Plain:
    """What `count_pairs` counted, to be stored."""
    return {
        str(band): {side: {str(step): n for step, n in getattr(pairs, side).items()} for side in SIDES}
        for band, pairs in counted.items()
    }


def from_plain(plain: Plain) -> dict[float, Pairs]:
    """The value that `as_plain` made plain."""
    return {
        float(band): Pairs(*(Counter({int(step): n for step, n in sides[side].items()}) for side in SIDES))
        for band, sides in plain.items()
    }


def total(counted: Iterable[dict[float, Pairs]]) -> dict[float, Pairs]:
    """What many recordings counted, by band; every band is there."""
    sums = {band: Pairs() for band in BANDS}
    for bands in counted:
        for band, pairs in bands.items():
            if band in sums:
                sums[band].add(pairs)
    return sums


def fit(band: float, pairs: Pairs, cold_start: float) -> Fit | None:
    """The bars of a band, or None while there are too few pairs. `cold_start` is `VisionConfig.accept_at`."""
    if not pairs.is_enough:
        return None
    tail = _Tail.of(pairs.impostor)
    accept_at, review_at = (
        round(min(max(tail.distance(rate), LOWEST * cold_start), HIGHEST * cold_start), 3)
        for rate in (ACCEPT_FMR, REVIEW_FMR)
    )
    refused = sum(count for step, count in pairs.genuine.items() if (step + 0.5) * STEP > accept_at)
    bar = Bar(band, accept_at, max(accept_at, review_at))
    return Fit(bar, tail.share(accept_at), refused / pairs.genuine.total())


@dataclass(frozen=True)
class _Tail:
    """The nearest impostor pairs as a generalised Pareto distribution, by moments (Hosking and Wallis 1987).

    A share of 2 in 10,000 cannot be counted in some thousand pairs; the way in which they thin out can.
    """

    begins_at: float
    weight: float
    """The share of all pairs that is nearer than `begins_at`."""
    shape: float
    scale: float

    @classmethod
    def of(cls, impostor: Counter[int]) -> Self:
        """Fitted to the nearest twentieth of the pairs."""
        steps = np.array(sorted(impostor))
        counts = np.array([impostor[int(step)] for step in steps])
        whole = counts.sum()
        last = int(np.searchsorted(counts.cumsum(), TAIL * whole))
        begins_at = (steps[last] + 1) * STEP
        below = begins_at - (steps[: last + 1] + 0.5) * STEP
        mean = float(np.average(below, weights=counts[: last + 1]))
        # Counting in steps hides the spread inside a step.
        spread = float(np.average((below - mean) ** 2, weights=counts[: last + 1])) + STEP**2 / 12
        ratio = mean**2 / spread
        weight = float(counts[: last + 1].sum() / whole)
        return cls(float(begins_at), weight, (1 - ratio) / 2, mean * (1 + ratio) / 2)

    def distance(self, share: float) -> float:
        """Such a share of the impostor pairs is nearer than this."""
        if share >= self.weight:
            return self.begins_at
        times = self.weight / share
        if abs(self.shape) < 1e-6:
            return self.begins_at - self.scale * math.log(times)
        return self.begins_at - self.scale / self.shape * (math.pow(times, self.shape) - 1)

    def share(self, distance: float) -> float:
        """The share of the impostor pairs that is nearer; beyond the tail that of its beginning, at least."""
        beyond = max(0.0, self.begins_at - distance) / self.scale
        if abs(self.shape) < 1e-6:
            return self.weight * math.exp(-beyond)
        return self.weight * math.pow(max(0.0, 1 + self.shape * beyond), -1 / self.shape)
