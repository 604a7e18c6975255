"""How far the till's clock is from the camera's, and how fast they part: found from the two lists alone.

The hum of sales and the hum of people who leave the counter are laid over each other at every offset (their
cross-correlation); the highest peak is refined by a robust line through the pairs that it implies. A clock is only to
be applied when `is_sure`. Drift is in seconds per day: positive where the till gains on the camera.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from vision.joining.events import SaleEvent, VisitEvent

Times = npt.NDArray[np.float64]

DAY_S = 86_400.0
REACH_S = 30 * 60.0
"""Offsets up to this are looked at first."""
FAULTS_S = (0.0, 3600.0, -3600.0, 43_200.0, -43_200.0, 19_800.0, -19_800.0)
"""Clocks set wrong: summer time, morning for evening, UTC for Indian time. Looked around only if zero will not do."""
HUM_S = 6.0
"""Each sale and each leaving is a hill of this standard deviation."""
WIDEST_S = 120.0
"""A hill is no broader than this to either side: what lies farther off is another peak."""
RUSH_S = 300.0
"""What is slower than this is the shop's busy hours, which fit at many offsets."""
SURE_Z, SURE_RATIO = 5.5, 1.3
"""Of 270 pairs of days that had nothing to do with each other none came over 4.8, of any length and traffic."""
ROUNDS = 5
FIRST_SPREAD_S, LEAST_SPREAD_S = 20.0, 3.0
USUAL_DRIFT = 5.0
"""Seconds a day that a quartz clock is off, as a standard deviation."""
FEWEST = 5


@dataclass(frozen=True)
class Clock:
    """The till's time is the camera's plus `offset_s` at `at` (camera, POSIX), and `drift` more for each day after.

    `z` is the peak's height above the others in standard deviations of chance, `peak_ratio` its height by that of the
    second peak, `spread_s` how far sales lie around the anchors. `lags_s` and `heights` are the curve for a chart.
    """

    offset_s: float = 0.0
    drift: float = 0.0
    at: float = 0.0
    z: float = 0.0
    peak_ratio: float = 0.0
    spread_s: float = FIRST_SPREAD_S
    sales: int = 0
    visits: int = 0
    lags_s: tuple[float, ...] = ()
    heights: tuple[float, ...] = ()

    @property
    def is_sure(self) -> bool:
        """Whether it may be applied."""
        return self.z >= SURE_Z and self.peak_ratio >= SURE_RATIO

    def to_till(self, at: float) -> float:
        """A moment of the camera by the till's clock."""
        return at + self.offset_s + self.drift * (at - self.at) / DAY_S

    def to_camera(self, at: float) -> float:
        """A moment of the till by the camera's clock."""
        return self.at + (at - self.offset_s - self.at) / (1 + self.drift / DAY_S)


SAME_CLOCK = Clock()
"""Till and camera agree."""


def to_apply(clock: Clock | None) -> Clock:
    """The estimate where it is sure, else no correction at all."""
    return clock if clock and clock.is_sure else SAME_CLOCK


@dataclass(frozen=True)
class _Peak:
    offset_s: float
    z: float
    ratio: float
    lags_s: Times
    heights: Times


def estimate(sales: Sequence[SaleEvent], visits: Sequence[VisitEvent]) -> Clock | None:
    """The clock that fits best; None with fewer than five sales or visits. Ask `is_sure` before it is applied."""
    if min(len(sales), len(visits)) < FEWEST:
        return None
    tills = np.sort([sale.at for sale in sales]).astype(np.float64)
    cameras = np.sort([visit.anchor for visit in visits]).astype(np.float64)
    peak = _peak(tills, cameras, FAULTS_S[0])
    if not (peak.z >= SURE_Z and peak.ratio >= SURE_RATIO):
        peak = max((_peak(tills, cameras, fault) for fault in FAULTS_S), key=lambda found: found.z)
    middle = float(np.median(cameras))
    offset_s, drift, spread_s = _line(tills, cameras, peak.offset_s, middle)
    return Clock(
        offset_s,
        drift,
        middle,
        peak.z,
        peak.ratio,
        spread_s,
        len(sales),
        len(visits),
        tuple(peak.lags_s.tolist()),
        tuple(peak.heights.round(3).tolist()),
    )


def _peak(tills: Times, cameras: Times, around_s: float) -> _Peak:
    """The highest place of the correlation within `REACH_S` of an offset."""
    lags_s, heights = _correlation(tills - around_s, cameras)
    best = int(np.argmax(heights))
    start, end = _hill(heights, best)
    far = np.concatenate([heights[:start], heights[end:]])
    z = float((heights[best] - far.mean()) / max(far.std(), 1.0))
    ratio = float(heights[best] / max(far.max(), 1.0))
    return _Peak(float(lags_s[best]) + around_s, z, ratio, lags_s + around_s, heights)


def _hill(heights: Times, best: int) -> tuple[int, int]:
    """From where to where the highest hill reaches: until it is half as high, within bounds.

    Where people linger after they have paid it is broad, and its own shoulder is no second peak.
    """
    low = np.flatnonzero(heights < heights[best] / 2)
    before, after = low[low < best], low[low > best]
    start = int(before[-1]) if len(before) else 0
    end = int(after[0]) if len(after) else len(heights)
    least, most = round(6 * HUM_S), round(WIDEST_S)
    return max(0, best - min(max(best - start, least), most)), best + min(max(end - best, least), most) + 1


def _correlation(tills: Times, cameras: Times) -> tuple[Times, Times]:
    """(lags, heights) of the cross-correlation of two rows of moments, both ascending, in seconds.

    Of moments it is the count of pairs at each distance; smoothing both rows is smoothing that count twice, which for
    days as sparse as a shop's is cheaper than a transform. A height is how many more pairs there are than around it,
    in standard deviations of pairs by chance: twice the difference of the roots of two Poisson counts.
    """
    reach = int(REACH_S + 4 * RUSH_S)
    first = np.searchsorted(cameras, tills - reach)
    last = np.searchsorted(cameras, tills + reach)
    pairs = zip(tills, first, last, strict=True)
    apart = np.rint(np.concatenate([at - cameras[start:end] for at, start, end in pairs])).astype(np.int64)
    counts = np.bincount(apart + reach, minlength=2 * reach + 1).astype(np.float64)
    hill_s = HUM_S * np.sqrt(2)
    # A normal hill sums as much, with as much noise, as a box of 2 * sqrt(pi) standard deviations.
    box_s = 2 * np.sqrt(np.pi) * hill_s
    here, around = (gaussian_filter1d(counts, sigma) * box_s for sigma in (hill_s, RUSH_S))
    heights = 2 * (np.sqrt(here + 0.375) - np.sqrt(around + 0.375))
    within = slice(reach - int(REACH_S), reach + int(REACH_S) + 1)
    return np.arange(-REACH_S, REACH_S + 1), heights[within]


def _line(tills: Times, cameras: Times, offset_s: float, middle: float) -> tuple[float, float, float]:
    """(offset at `middle`, drift, spread) of a line through the pairs: expectation and maximisation in turn.

    Each sale belongs to the visits near it by their distance, or to none. The drift is drawn to zero by what clocks
    usually are, so that an hour of sales does not invent one.
    """
    drift, spread_s = 0.0, FIRST_SPREAD_S
    for _ in range(ROUNDS):
        pairs = _pairs(tills, cameras + offset_s + drift * (cameras - middle) / DAY_S, spread_s)
        sale, visit, weight = pairs
        days = (cameras[visit] - middle) / DAY_S
        off = tills[sale] - cameras[visit] - offset_s
        doubt = (spread_s / USUAL_DRIFT) ** 2
        matrix = np.array(
            [
                [weight.sum() + 1e-9, (weight * days).sum()],
                [(weight * days).sum(), (weight * days**2).sum() + doubt],
            ]
        )
        shift, drift = np.linalg.solve(matrix, [(weight * off).sum(), (weight * days * off).sum()])
        offset_s += float(shift)
        left = off - shift - drift * days
        spread_s = max(float(np.sqrt((weight * left**2).sum() / (weight.sum() + 1e-9))), LEAST_SPREAD_S)
    return offset_s, float(drift), spread_s


def _pairs(
    tills: Times, expected: Times, spread_s: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Times]:
    """Sale, visit and weight of the pairs within four spreads: a normal hill each, and one place for nobody."""
    reach = 4 * spread_s
    order = np.argsort(expected)
    first = np.searchsorted(expected[order], tills - reach)
    last = np.searchsorted(expected[order], tills + reach)
    sale = np.repeat(np.arange(len(tills)), last - first)
    within = np.arange(len(sale)) - np.repeat(np.cumsum(last - first) - (last - first), last - first)
    visit = order[np.repeat(first, last - first) + within]
    near = np.exp(-0.5 * ((tills[sale] - expected[visit]) / spread_s) ** 2)
    whole = np.bincount(sale, near, minlength=len(tills)) + np.exp(-0.5 * 2.5**2)
    return sale.astype(np.int64), visit.astype(np.int64), near / whole[sale]
