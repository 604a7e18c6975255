"""What a day teaches about its own sales and visits, so that nothing has to be tuned to a shop.

One step of expectation and maximisation: how sales lie around the ends of visits, who buys, whom the camera misses and
how faces are recognised, each with a prior as strong as a dozen sales, or as one.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vision.joining.costs import WIDE, Faces, Parameters, Timing, densities
from vision.joining.events import VisitEvent
from vision.joining.nearby import NOBODY, Floats, Ints, Pairs

PRIOR = 12.0
WEAK = 1.0
"""The prior of where and how near sales lie around the anchor: shops and tills differ, and a few sales tell."""
NARROWEST_S = 2.0


def learned(
    pairs: Pairs,
    odds: Floats,
    missed: float,
    sales: int,
    visits: Sequence[VisitEvent],
    prior: Parameters,
    beliefs: Parameters,
) -> Parameters:
    """Better beliefs, given the odds of each pair under the present ones.

    `missed` is how many sales were probably of people whom the camera missed, of so many `sales`.
    """
    return replace(
        beliefs,
        counter=_timing(pairs, odds * ~pairs.is_exit, beliefs, prior.counter),
        exit=_timing(pairs, odds * pairs.is_exit, beliefs, prior.exit),
        buys=_buys(pairs, odds, visits, prior),
        unseen=float((missed + PRIOR * prior.unseen) / (sales + PRIOR)),
        faces=_faces(pairs, odds, prior.faces),
    )


def _timing(pairs: Pairs, odds: Floats, beliefs: Parameters, prior: Timing) -> Timing:
    ways = densities(pairs, beliefs)
    blame = odds[:, None] * ways / np.maximum(ways.sum(axis=1, keepdims=True), 1e-300)
    tight = blame[:, 0] + blame[:, 1] / WIDE**2
    location_s = float(((tight * pairs.off_s).sum() + WEAK * prior.location_s) / (tight.sum() + WEAK))
    square = (tight * (pairs.off_s - location_s) ** 2).sum() + WEAK * prior.spread_s**2
    spread_s = float(np.sqrt(square / (blame[:, :2].sum() + WEAK)))
    near, wide, wait, far = _shares(blame.sum(axis=0), prior.shares)
    return Timing(location_s, max(spread_s, NARROWEST_S), (near, wide, wait, far))


def _buys(pairs: Pairs, odds: Floats, visits: Sequence[VisitEvent], prior: Parameters) -> tuple[float, float]:
    """Of the visits with a wait at the counter, and of the others, the share with a sale."""
    has_sale = np.minimum(np.bincount(pairs.visit, odds, minlength=len(visits)), 1)
    is_exit = np.array([visit.kind == "exit" for visit in visits], np.bool_)
    waited, other = (
        float((has_sale[mine].sum() + PRIOR * before) / (mine.sum() + PRIOR))
        for mine, before in zip((~is_exit, is_exit), prior.buys, strict=True)
    )
    return waited, other


def _faces(pairs: Pairs, odds: Floats, prior: Faces) -> Faces:
    known, unknown = (
        _shares(np.bincount(pairs.face[mine], odds[mine], minlength=3), before)
        for mine, before in (
            (pairs.is_named & pairs.is_known, prior.known),
            (pairs.is_named & ~pairs.is_known, prior.unknown),
        )
    )
    unnamed = odds * ~pairs.is_named
    recognised = float(unnamed[pairs.face != NOBODY].sum())
    usual = pairs.recognised if prior.unnamed is None else prior.unnamed
    share = (recognised + PRIOR * usual) / (float(unnamed.sum()) + PRIOR)
    return Faces((known[0], known[1], known[2]), (unknown[0], unknown[1], unknown[2]), share)


def _shares(counts: Floats | Ints, prior: Sequence[float]) -> list[float]:
    """The share of each, the prior counted in."""
    whole = counts + PRIOR * np.array(prior)
    shares: list[float] = (whole / whole.sum()).tolist()
    return shares
