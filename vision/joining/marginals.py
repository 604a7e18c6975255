"""How likely each pair of sale and visit is, over all ways to share out a block of them; exact.

The sales are gone through in the order of time, with a table of which of the visits that are still in question have
a sale already: a forward and a backward pass as in a hidden Markov model. Its size is 2 to the number of visits that
are in question at once, which `narrowed` bounds; all ways are summed, not the few best.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Table = npt.NDArray[np.float64]
LEAST_SHARE = 1e-4
"""A visit that takes less than this share of a sale's weight counts towards no visit."""
WIDEST = 12
"""Visits in question at once: 2 to the power of this many numbers a sale."""


@dataclass(frozen=True)
class Choice:
    """What may have become of one sale: relative weights of `visits` by their indices, and of none of them.

    `first` holds where the visit has no other sale, `again` where it has one.
    """

    visits: tuple[int, ...]
    first: tuple[float, ...]
    again: tuple[float, ...]
    none: float = 1.0


@dataclass(frozen=True)
class Odds:
    """How likely each of a choice's visits is, and none of them; together 1."""

    visits: tuple[float, ...]
    none: float


@dataclass(frozen=True)
class _Moment:
    """Before a sale: the visits in question (axes of the table), and how likely each set of used ones is."""

    axes: tuple[int, ...]
    table: Table


def marginals(choices: Sequence[Choice], groups: Sequence[int | None], companion: float) -> list[Odds]:
    """The odds of each choice (in the order of time), given all the others.

    `groups` is each visit's; a visit's weight shrinks by `companion` once somebody else of its group has a sale.
    """
    peers = _peers(choices, groups)
    ends = _ends(choices, peers)
    moments, table, axes = [], np.ones(()), tuple[int, ...]()
    for number, choice in enumerate(choices):
        new = tuple(visit for visit in choice.visits if visit not in axes)
        for _visit in new:
            table = np.stack([table, np.zeros_like(table)], axis=-1)
        axes += new
        moments.append(_Moment(axes, table))
        table = _forward(choice, _Peering(axes, peers, companion), table)
        table /= table.sum()
        gone = tuple(place for place, visit in enumerate(axes) if ends[visit] == number)
        table = table.sum(axis=gone)
        axes = tuple(visit for visit in axes if ends[visit] != number)
    return _backward(choices, moments, peers, companion)


@dataclass(frozen=True)
class _Peering:
    """Who shares a group with whom, on the axes of a table."""

    axes: tuple[int, ...]
    peers: dict[int, frozenset[int]]
    companion: float

    def factor(self, visit: int) -> Table:
        """What is left of a visit's weight, for a table without its axis: less where a peer has a sale."""
        others = [other for other in self.axes if other != visit]
        left = np.ones([1] * len(others))
        for place, other in enumerate(others):
            if other in self.peers[visit]:
                shape = [1] * len(others)
                shape[place] = 2
                left = np.minimum(left, np.array([1.0, self.companion]).reshape(shape))
        return left


def _forward(choice: Choice, peering: _Peering, table: Table) -> Table:
    after: Table = table * choice.none
    for visit, first, again in zip(choice.visits, choice.first, choice.again, strict=True):
        place = peering.axes.index(visit)
        free, used = table.take(0, place), table.take(1, place)
        np.moveaxis(after, place, 0)[1] += first * peering.factor(visit) * free + again * used
    return after


def _backward(
    choices: Sequence[Choice], moments: Sequence[_Moment], peers: dict[int, frozenset[int]], companion: float
) -> list[Odds]:
    odds: list[Odds] = []
    later, later_axes = np.ones(()), tuple[int, ...]()
    for choice, moment in zip(reversed(choices), reversed(moments), strict=True):
        later = _opened(later, later_axes, moment.axes)
        before: Table = later * choice.none
        none, weights = float((moment.table * before).sum()), []
        peering = _Peering(moment.axes, peers, companion)
        for visit, first, again in zip(choice.visits, choice.first, choice.again, strict=True):
            place = moment.axes.index(visit)
            then = later.take(1, place)
            ways = np.stack([first * peering.factor(visit) * then, again * then], axis=place)
            weights.append(float((moment.table * ways).sum()))
            before = before + ways
        whole = none + sum(weights)
        odds.append(Odds(tuple(weight / whole for weight in weights), none / whole))
        later, later_axes = before / before.max(), moment.axes
    return odds[::-1]


def _opened(later: Table, later_axes: tuple[int, ...], axes: tuple[int, ...]) -> Table:
    """What is to come, seen from the axes of the sale before: new visits are free, ended ones do not matter."""
    kept = tuple(slice(None) if visit in axes else 0 for visit in later_axes)
    later = later[kept]
    ended = [place for place, visit in enumerate(axes) if visit not in later_axes]
    shape = [2] * len(axes)
    opened: Table = np.broadcast_to(np.expand_dims(later, ended), shape)
    return opened


def _peers(choices: Sequence[Choice], groups: Sequence[int | None]) -> dict[int, frozenset[int]]:
    """The others of each visit's group that are in question somewhere."""
    members: dict[int | None, set[int]] = {None: set()}
    asked = {visit for choice in choices for visit in choice.visits}
    for visit in asked:
        if groups[visit] is not None:
            members.setdefault(groups[visit], set()).add(visit)
    return {visit: frozenset(members[groups[visit]] - {visit}) for visit in asked}


def _ends(choices: Sequence[Choice], peers: dict[int, frozenset[int]]) -> dict[int, int]:
    """The last sale that a visit, or one of its group, is in question for."""
    last = {visit: number for number, choice in enumerate(choices) for visit in choice.visits}
    return {visit: max([last[visit], *(last[peer] for peer in peers[visit])]) for visit in last}


def narrowed(choices: Sequence[Choice], most: int = WIDEST) -> list[Choice]:
    """The same choices (in the order of time) with no more than `most` visits in question at once.

    What is left out, the least likely first and only where it is crowded, counts towards none.
    """
    least = np.full(len(choices), LEAST_SHARE)
    while True:
        slim = [_without(choice, share) for choice, share in zip(choices, least, strict=True)]
        crowded = _crowded(slim, most)
        if not crowded.any():
            return slim
        least[crowded] *= 1.5


def _without(choice: Choice, share: float) -> Choice:
    """The choice without the visits below this share of its weight; fixed ones have no alternative and stay."""
    least = share * (choice.none + sum(choice.first))
    kept = [place for place, weight in enumerate(choice.first) if weight >= least]
    lost = sum(weight for weight in choice.first if weight < least)
    return Choice(
        tuple(choice.visits[place] for place in kept),
        tuple(choice.first[place] for place in kept),
        tuple(choice.again[place] for place in kept),
        choice.none + lost,
    )


def _crowded(choices: Sequence[Choice], most: int) -> npt.NDArray[np.bool_]:
    """Which sales have a part in a place where more than `most` visits are in question."""
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for number, choice in enumerate(choices):
        for visit in choice.visits:
            first.setdefault(visit, number)
            last[visit] = number
    change = np.zeros(len(choices) + 1, np.int64)
    np.add.at(change, list(first.values()), 1)
    np.add.at(change, [number + 1 for number in last.values()], -1)
    is_wide = np.cumsum(change[:-1]) > most
    reaching = [any(is_wide[first[v] : last[v] + 1].any() for v in choice.visits) for choice in choices]
    return np.array(reaching, dtype=np.bool_)
