"""The pairs of sale and visit that are in question at all, and what can be measured of each."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from vision.joining.events import SaleEvent, VisitEvent

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
MARGIN_S = 10.0
"""The wait at the counter counts from this long before to this long after."""
BUSY_S = 600.0
"""Over how long a sale's surroundings say how busy the shop is."""
MATCH, OTHER, NOBODY = range(3)


@dataclass(frozen=True)
class Pairs:
    """One row for each pair in question, by sale and then visit: arrays of one length."""

    sale: Ints
    visit: Ints
    off_s: Floats
    """The sale's second by the camera's clock, less the visit's anchor."""
    is_exit: Bools
    is_served: Bools
    served_s: Floats
    """How long the wait is, margins and all."""
    face: Ints
    """MATCH, OTHER, NOBODY: whom the visit was recognised as, beside whom the sale names."""
    is_named: Bools
    is_known: Bools
    """The sale names a customer whom the eye recognised at least once."""
    commonness: Floats
    """Share of the visits that are recognised as the same customer as this one."""
    group_size: Floats
    rate: Floats
    """Sales per second around the sale."""
    recognised: float
    """Share of the visits that were recognised as somebody."""
    acquainted: Floats
    """How much likelier the pair is for what other sales of the customer say of the face."""


def pairs_of(sales: Sequence[SaleEvent], at: Floats, visits: Sequence[VisitEvent], window_s: float) -> Pairs:
    """All pairs whose sale (`at` by the camera, ascending) is within the window of the visit's wait or its end."""
    served = np.array([visit.served for visit in visits], np.float64).reshape(-1, 2)
    sale, visit = _near(at, served, window_s)
    here, start, end = at[sale], served[visit, 0], served[visit, 1]
    names = np.array([one.customer or "" for one in sales], np.str_)[sale]
    seen = np.array([one.customer or "" for one in visits], np.str_)
    known = Counter(seen[seen != ""].tolist())
    sizes = Counter(one.group for one in visits)
    party = np.array([1 if one.group is None else sizes[one.group] for one in visits], np.float64)
    return Pairs(
        sale=sale,
        visit=visit,
        off_s=here - end,
        is_exit=np.array([one.kind == "exit" for one in visits], np.bool_)[visit],
        is_served=(start - MARGIN_S <= here) & (here <= end + MARGIN_S),
        served_s=end - start + 2 * MARGIN_S,
        face=np.where(seen[visit] == "", NOBODY, np.where(seen[visit] == names, MATCH, OTHER)),
        is_named=names != "",
        is_known=np.isin(names, list(known)),
        commonness=np.array([known[name] / len(visits) for name in seen.tolist()], np.float64)[visit],
        group_size=party[visit],
        rate=_rate(at)[sale],
        recognised=known.total() / max(len(visits), 1),
        acquainted=np.ones(len(sale)),
    )


def _near(at: Floats, served: Floats, window_s: float) -> tuple[Ints, Ints]:
    """(sale, visit) of every pair within the window, by sale and then visit."""
    order = np.argsort(served[:, 1])
    longest = float(np.max(served[:, 1] - served[:, 0], initial=0.0))
    first = np.searchsorted(served[order, 1], at - window_s)
    last = np.searchsorted(served[order, 1], at + window_s + longest)
    sale = np.repeat(np.arange(len(at)), last - first)
    visit = np.array([v for a, b in zip(first, last, strict=True) for v in order[a:b]], np.int64)
    near = np.flatnonzero(served[visit, 0] - window_s <= at[sale])
    near = near[np.lexsort((visit[near], sale[near]))]
    return sale[near], visit[near]


def _rate(at: Floats) -> Floats:
    """Sales per second around each sale, smoothed over `BUSY_S`."""
    if not len(at):
        return at
    minute = ((at - at[0]) / 60).astype(np.int64)
    smooth = gaussian_filter1d(np.bincount(minute) / 60, BUSY_S / 60, mode="constant")
    rate: Floats = smooth[minute]
    return rate
