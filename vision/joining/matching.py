"""Which visit made which sale: how sure each pair is, over all ways to share the visits out among the sales."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from vision.joining.acquaintance import acquaintance
from vision.joining.calibration import Calibration
from vision.joining.clock import SAME_CLOCK, Clock
from vision.joining.costs import Parameters, Parts, parts_of
from vision.joining.events import SaleEvent, VisitEvent, with_groups
from vision.joining.learning import learned
from vision.joining.marginals import WIDEST, Choice, marginals, narrowed
from vision.joining.nearby import Bools, Floats, Ints, Pairs, pairs_of

Decision = Literal["linked", "review", "none"]
Reason = Literal["", "by_hand", "no_camera", "nobody_seen", "several_alike", "unsure"]
ROUNDS = 6
LEARNING_WIDTH = 9
"""While learning, fewer visits are in question at once than when deciding."""
NOBODY_AT = 0.5
"""From this on it is likelier that nobody was seen than that any visit made the sale."""
ALIKE = 0.2
"""Two visits with this much each are alike."""
MOST_SALES = 2
"""Sales that the assignment gives one visit."""


@dataclass(frozen=True)
class Link:
    """What became of a sale: its visit where that is likely enough, and what speaks for it.

    `confidence` is of the likeliest visit, even where it is too low to name that. `because` holds the log likelihood
    ratios of time, counter, identity and buys; `reason` why there is no visit, "" where there is one.
    """

    sale: Hashable
    visit: Hashable | None
    confidence: float
    decision: Decision
    because: Mapping[str, float] = field(default_factory=dict)
    reason: Reason = ""
    believed: float = 0.0
    """The confidence before it was calibrated."""


def link(
    sales: Sequence[SaleEvent],
    visits: Sequence[VisitEvent],
    clock: Clock = SAME_CLOCK,
    *,
    fixed: Mapping[Hashable, Hashable | None] | None = None,
    refused: Collection[tuple[Hashable, Hashable]] = (),
    parameters: Parameters | None = None,
    calibration: Calibration | None = None,
    watched: Sequence[tuple[float, float]] | None = None,
) -> list[Link]:
    """A Link per sale, in the order of `sales`.

    `fixed` are sales whose visit (or that there is none) was decided by hand: they stay, and count for the others.
    `refused` pairs are never proposed. `watched` says when a camera ran, in its seconds; None: from the first
    entry to the last exit. `parameters` are what is believed before; the day itself corrects them.
    """
    prior, decided = parameters or Parameters(), fixed or {}
    told = sorted(sales, key=lambda sale: sale.at)
    at = np.array([clock.to_camera(sale.at) for sale in told], np.float64)
    join = _join(told, at, with_groups(visits), prior.window_s, decided, frozenset(refused))
    beliefs = join.learn(prior)
    join = join.acquainted(beliefs)
    spans = _span(visits) if watched is None else watched
    verdict = _Verdict(join, join.weigh(beliefs), parts_of(join.pairs, beliefs), prior, calibration, spans)
    best = verdict.assigned()
    links = {
        sale.id: _by_hand(sale.id, decided[sale.id])
        if sale.id in decided
        else verdict.on(number, best.get(number), float(at[number]))
        for number, sale in enumerate(told)
    }
    return [links[sale.id] for sale in sales]


@dataclass(frozen=True)
class _Odds:
    """Of each pair, of each sale that no visit is left for it, and how many sales the camera probably missed."""

    pairs: Floats
    none: Floats
    missed: float


@dataclass(frozen=True)
class _Join:
    """Sales in the order of time, visits, and the pairs in question between them."""

    sales: Sequence[SaleEvent]
    visits: Sequence[VisitEvent]
    pairs: Pairs
    is_fixed: Bools
    """Of each pair: decided by hand."""
    is_open: Bools
    """Of each pair: neither its sale is decided nor the pair refused."""
    is_taken: Bools
    """Of each pair: its visit has a sale by hand."""

    def learn(self, prior: Parameters) -> Parameters:
        """What the day itself teaches about how sales lie around visits, faces and buyers."""
        beliefs = prior
        for _ in range(ROUNDS):
            odds = self.weigh(beliefs, LEARNING_WIDTH)
            pairs = np.where(self.is_fixed, 1.0, odds.pairs)
            missed = odds.missed - float(self.is_fixed.sum())
            beliefs = learned(self.pairs, pairs, missed, len(self.sales), self.visits, prior, beliefs)
        return beliefs

    def acquainted(self, beliefs: Parameters) -> "_Join":
        """The same, with what each sale's customer is known by from their other sales."""
        odds = np.where(self.is_fixed, 1.0, self.weigh(beliefs, LEARNING_WIDTH).pairs)
        known = acquaintance(self.pairs, odds, self.sales, self.visits)
        return replace(self, pairs=replace(self.pairs, acquainted=known))

    def weigh(self, beliefs: Parameters, width: int = WIDEST) -> _Odds:
        """How likely each pair is, given all the others."""
        choices = narrowed(self._choices(beliefs), width)
        odds = marginals(choices, [visit.group for visit in self.visits], beliefs.companion)
        shares = np.zeros(len(self.pairs.sale))
        asked = [(sale, visit) for sale, choice in enumerate(choices) for visit in choice.visits]
        shares[self._rows(asked)] = [share for one in odds for share in one.visits]
        missed = sum(one.none / choice.none for one, choice in zip(odds, choices, strict=True))
        return _Odds(shares, np.array([one.none for one in odds]), missed)

    def _rows(self, asked: Sequence[tuple[int, int]]) -> Ints:
        """The rows of these pairs of sale and visit."""
        sale, visit = np.array(asked, np.int64).reshape(-1, 2).T
        keys = self.pairs.sale * len(self.visits) + self.pairs.visit
        return np.searchsorted(keys, sale * len(self.visits) + visit)

    def _choices(self, beliefs: Parameters) -> list[Choice]:
        parts = parts_of(self.pairs, beliefs)
        again = beliefs.again * np.exp(parts.whole - parts.buys)
        first = np.where(self.is_taken, again, np.exp(parts.whole))
        rows = np.flatnonzero(self.is_open)
        bounds = np.searchsorted(self.pairs.sale[rows], np.arange(len(self.sales) + 1))
        return [
            Choice(
                tuple(self.pairs.visit[part].tolist()),
                tuple(first[part].tolist()),
                tuple(again[part].tolist()),
            )
            for part in (rows[start:end] for start, end in pairwise(bounds))
        ]


def _join(
    sales: Sequence[SaleEvent],
    at: Floats,
    visits: Sequence[VisitEvent],
    window_s: float,
    fixed: Mapping[Hashable, Hashable | None],
    refused: frozenset[tuple[Hashable, Hashable]],
) -> _Join:
    pairs = pairs_of(sales, at, visits, window_s)
    indices = zip(pairs.sale.tolist(), pairs.visit.tolist(), strict=True)
    named = [(sales[sale].id, visits[visit].id) for sale, visit in indices]
    taken = set(fixed.values())
    return _Join(
        sales,
        visits,
        pairs,
        is_fixed=np.array([pair in fixed.items() for pair in named], np.bool_),
        is_open=np.array([pair[0] not in fixed and pair not in refused for pair in named], np.bool_),
        is_taken=np.array([visit in taken for _sale, visit in named], np.bool_),
    )


@dataclass(frozen=True)
class _Verdict:
    """What the odds say of each sale."""

    join: _Join
    odds: _Odds
    parts: Parts
    bars: Parameters
    calibration: Calibration | None
    watched: Sequence[tuple[float, float]]

    def assigned(self) -> dict[int, int]:
        """Sale -> row of its pair: the best assignment, in which a sale may have no visit and a visit no sale.

        It maximises the expected number of right links (the sum of the odds), not the likelihood of the whole, for
        each link is used by itself. Where no visit is best the row is the likeliest one's: it says how unsure that is.
        """
        pairs, worth = self.join.pairs, self.odds.pairs
        rows = np.flatnonzero(worth > 0)
        rows = rows[np.argsort(worth[rows])]
        likeliest = dict(zip(pairs.sale[rows].tolist(), rows.tolist(), strict=True))
        sales, visits = min_weight_full_bipartite_matching(self._table(rows), maximize=True)
        count = len(self.join.visits)
        taken = [
            (s, v % count)
            for s, v in zip(sales.tolist(), visits.tolist(), strict=True)
            if v < MOST_SALES * count
        ]
        return likeliest | dict(
            zip([sale for sale, _ in taken], self.join._rows(taken).tolist(), strict=True)
        )

    def _table(self, rows: Ints) -> "csr_array[np.float64]":
        """What a sale is worth in each column: every visit as often as it may have sales, then nobody, once a sale."""
        pairs, sales, visits = self.join.pairs, len(self.join.sales), len(self.join.visits)
        columns = [pairs.visit[rows] + copy * visits for copy in range(MOST_SALES)]
        nobody = MOST_SALES * visits + np.arange(sales)
        worth = [*[self.odds.pairs[rows]] * MOST_SALES, np.maximum(self.odds.none, 1e-9)]
        return csr_array(
            (
                np.concatenate(worth),
                (
                    np.concatenate([*[pairs.sale[rows]] * MOST_SALES, np.arange(sales)]),
                    np.concatenate([*columns, nobody]),
                ),
            ),
            shape=(sales, MOST_SALES * visits + sales),
        )

    def on(self, number: int, row: int | None, at: float) -> Link:
        """The link of a sale whose pair stands in this row, if any visit was near."""
        sale = self.join.sales[number].id
        if row is None:
            return Link(sale, None, 0.0, "none", {}, self._reason(number, at))
        sure = float(self.odds.pairs[row])
        confidence = self.calibration(sure) if self.calibration else sure
        because = {part.name: round(float(getattr(self.parts, part.name)[row]), 3) for part in fields(Parts)}
        if confidence < self.bars.review_at:
            return Link(sale, None, confidence, "none", because, self._reason(number, at))
        visit = self.join.visits[self.join.pairs.visit[row]].id
        decision: Decision = "linked" if confidence >= self.bars.linked_at else "review"
        return Link(sale, visit, confidence, decision, because, believed=sure)

    def _reason(self, number: int, at: float) -> Reason:
        if not any(start <= at <= end for start, end in self.watched):
            return "no_camera"
        if self.odds.none[number] >= NOBODY_AT:
            return "nobody_seen"
        alike = (self.odds.pairs[self.join.pairs.sale == number] >= ALIKE).sum()
        return "several_alike" if alike > 1 else "unsure"


def _by_hand(sale: Hashable, visit: Hashable | None) -> Link:
    return Link(sale, visit, 1.0, "none" if visit is None else "linked", {}, "by_hand")


def _span(visits: Sequence[VisitEvent]) -> list[tuple[float, float]]:
    if not visits:
        return []
    return [(min(visit.entry for visit in visits), max(visit.exit for visit in visits))]
