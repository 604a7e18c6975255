"""What speaks for a pair of sale and visit: time, counter, identity, and whether such a visit buys.

Every part is a log likelihood ratio: the pair against a sale of somebody whom the camera missed and a visit that
bought nothing. Their sum is the pair's weight.
"""

from dataclasses import dataclass

import numpy as np

from vision.joining.nearby import NOBODY, Floats, Pairs

WIDE = 3.0
"""Some sales are keyed far from the anchor: a second normal, this many times as wide."""


@dataclass(frozen=True)
class Timing:
    """When a sale is keyed, seen from the anchor of its visit: shares of four ways, which add up to 1.

    Normal around `location_s` with `spread_s`; the same `WIDE` times as wide; evenly over the wait; anywhere near.
    """

    location_s: float = 0.0
    spread_s: float = 8.0
    shares: tuple[float, float, float, float] = (0.80, 0.10, 0.08, 0.02)


@dataclass(frozen=True)
class Faces:
    """How a face is recognised whose customer a sale names: as them (TPIR), as somebody else, not at all.

    `known` is of customers whom the eye recognised some time, `unknown` of all others.
    """

    known: tuple[float, float, float] = (0.90, 0.02, 0.08)
    unknown: tuple[float, float, float] = (0.0, 0.02, 0.98)
    unnamed: float | None = None
    """Share of recognised faces among the buyers whom the till did not name; None: as among all visits."""


@dataclass(frozen=True)
class Parameters:
    """What is believed of a shop. Shares are 0 to 1."""

    window_s: float = 300.0
    counter: Timing = Timing()
    exit: Timing = Timing()
    buys: tuple[float, float] = (0.75, 0.6)
    """Share of the visits that buy: of those who waited at the counter, of the others."""
    unseen: float = 0.10
    """Share of the sales whose buyer the camera missed."""
    again: float = 0.02
    """Sales beyond the first, a buying visit: a bill that was split."""
    companion: float = 0.15
    """What is left of the odds that one of a group has a sale, once another of them has one."""
    faces: Faces = Faces()
    linked_at: float = 0.95
    review_at: float = 0.6


@dataclass(frozen=True)
class Parts:
    """The log likelihood ratios of `Pairs`, row by row."""

    time: Floats
    counter: Floats
    identity: Floats
    buys: Floats

    @property
    def whole(self) -> Floats:
        """Their sum."""
        return self.time + self.counter + self.identity + self.buys


def parts_of(pairs: Pairs, beliefs: Parameters) -> Parts:
    """What speaks for each pair."""
    ways = densities(pairs, beliefs)
    missed = np.maximum(beliefs.unseen * pairs.rate, 1e-9)
    without_wait = ways[:, (0, 1, 3)].sum(axis=1)
    buys = np.where(pairs.is_exit, beliefs.buys[1], beliefs.buys[0]) / pairs.group_size
    buys = np.clip(buys, 0.01, 0.98)
    return Parts(
        time=np.log(without_wait / missed),
        counter=np.log(ways.sum(axis=1) / without_wait),
        identity=np.log(_identity(pairs, beliefs.faces) * pairs.acquainted),
        buys=np.log(buys / (1 - buys)),
    )


def densities(pairs: Pairs, beliefs: Parameters) -> Floats:
    """Per second, how likely a sale is then for each of the four ways of `Timing`: [pairs, 4]."""
    timings, which = (beliefs.counter, beliefs.exit), pairs.is_exit.astype(np.int64)
    off = pairs.off_s - np.array([timing.location_s for timing in timings])[which]
    spread = np.array([timing.spread_s for timing in timings])[which]
    shares = np.array([timing.shares for timing in timings])[which]
    evenly = pairs.is_served / pairs.served_s
    anywhere = np.full(len(off), 0.5 / beliefs.window_s)
    ways = [_normal(off, spread), _normal(off, WIDE * spread), evenly, anywhere]
    density: Floats = shares * np.stack(ways, axis=1)
    return density


def _normal(off: Floats, spread: Floats) -> Floats:
    density: Floats = np.exp(-0.5 * (off / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
    return density


def _identity(pairs: Pairs, faces: Faces) -> Floats:
    """How much likelier it is that the face was recognised so if this visit made the sale."""
    if not pairs.recognised:
        return np.ones(len(pairs.sale))
    recognised = min(pairs.recognised, 0.99)
    rates = np.where(pairs.is_known[:, None], faces.known, faces.unknown)
    rate = rates[np.arange(len(pairs.face)), pairs.face]
    usual = np.choose(pairs.face, [np.maximum(pairs.commonness, 1e-9), recognised, 1 - recognised])
    buyers = recognised if faces.unnamed is None else faces.unnamed
    unnamed = np.where(pairs.face == NOBODY, (1 - buyers) / (1 - recognised), buyers / recognised)
    ratio: Floats = np.where(pairs.is_named, rate / usual, unnamed)
    return ratio
