"""Every visit asked about again: who is nearest to its face when its own pictures are no part of what is known.

That does not depend on any bar, so what each bar would say of all these visits follows at once.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vision.faces import Floats
from vision.persons import FAR, Ids
from vision.tracking import mean_of

BLOCK = 256
"""Visits that are compared at once: the table of distances has a column for each template."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Stored:
    """Faces as they are stored; ids are 0 where there is no such row."""

    vectors: Floats
    """[n, d]"""
    persons: Ids
    visits: Ids
    shots: Ids
    is_enrolled: Flags
    denied: Floats
    """[k, d]: faces of which somebody said that they are not the person `denied_for[i]`; seen in `denied_in[i]`."""
    denied_for: Ids
    denied_in: Ids


@dataclass(frozen=True)
class Nearest:
    """Of each visit [n] the nearest person (0: nobody is known), and how far (L2) that one and the second are."""

    persons: Ids
    distance: Floats
    runner_up: Floats

    def accepted(self, at: npt.ArrayLike, margin: float, ignored: Ids) -> Flags:
        """Which visits would be the nearest person's at these bars (one, or [n]), as `persons.search` decides."""
        gap = np.where(np.isfinite(self.runner_up), self.runner_up - self.distance, FAR)
        has_margin = (gap >= margin) | np.isin(self.persons, ignored)
        found: Flags = (self.distance <= np.asarray(at)) & has_margin
        return found


@dataclass(frozen=True)
class _People:
    """Who is compared with: the enrolled rows, person after person."""

    ids: Ids
    """[p]"""
    rows: tuple[slice, ...]
    """[p]: where each person's are among the vectors."""
    vectors: Floats
    """[m, d]"""
    visits: Ids
    """[m]"""
    means: Floats
    """[p, d]"""


def ask_again(stored: Stored, visits: Ids) -> Nearest:
    """Whom each of these visits [n] is nearest to; one without a stored face is near to nobody."""
    if not stored.is_enrolled.any() or not len(visits):
        nobody = np.full(len(visits), FAR, np.float32)
        return Nearest(np.zeros(len(visits), np.int64), nobody, nobody)
    people, probes = _people(stored), _probes(stored, visits)
    blocks = [slice(start, start + BLOCK) for start in range(0, len(visits), BLOCK)]
    away = np.concatenate([_away(stored, people, probes[block], visits[block]) for block in blocks])
    first = away.argmin(axis=1)
    ranked = np.sort(np.concatenate([away, np.full((len(away), 1), FAR, np.float32)], axis=1), axis=1)
    return Nearest(np.where(np.isfinite(ranked[:, 0]), people.ids[first], 0), ranked[:, 0], ranked[:, 1])


def _people(stored: Stored) -> _People:
    enrolled = np.flatnonzero(stored.is_enrolled)
    enrolled = enrolled[np.argsort(stored.persons[enrolled], kind="stable")]
    ids, starts = np.unique(stored.persons[enrolled], return_index=True)
    ends = [*starts[1:].tolist(), len(enrolled)]
    rows = tuple(slice(start, end) for start, end in zip(starts.tolist(), ends, strict=True))
    vectors = stored.vectors[enrolled]
    means = np.array([mean_of(vectors[own]) for own in rows])
    return _People(ids, rows, vectors, stored.visits[enrolled], means)


def _probes(stored: Stored, visits: Ids) -> Floats:
    """A mean for each visit, by shots; infinite for one without a face."""
    probes = np.full((len(visits), stored.vectors.shape[1]), np.inf, np.float32)
    order = np.argsort(stored.visits, kind="stable")
    first, last = (np.searchsorted(stored.visits[order], visits, side) for side in ("left", "right"))
    for place, (start, end) in enumerate(zip(first, last, strict=True)):
        if rows := order[start:end].tolist():
            weights = np.maximum(stored.shots[rows], 1).tolist()
            probes[place] = mean_of(stored.vectors[rows], weights)
    return probes


def _away(stored: Stored, people: _People, probes: Floats, visits: Ids) -> Floats:
    """How far each probe is from each person: [probes, p]; as `Known.distances` says, but for the own visit."""
    own: Flags = np.equal(people.visits[None, :], visits[:, None])
    starts = np.array([rows.start for rows in people.rows])
    single = np.where(own, np.float32(FAR), _distances(probes, people.vectors))
    away = np.minimum(np.minimum.reduceat(single, starts, axis=1), _distances(probes, people.means))
    for row, column in np.argwhere(own):
        person = int(np.searchsorted(starts, column, "right")) - 1
        rows = people.rows[person]
        away[row, person] = _from_the_rest(people.vectors[rows][~own[row, rows]], probes[row])
    _leave_out_denied(away, stored, people.ids, probes, visits)
    return away


def _from_the_rest(rest: Floats, probe: Floats) -> float:
    """How far a probe is from what is left of a person without its own visit: their faces and the mean of these."""
    faces = [*rest, mean_of(rest)] if len(rest) else []
    return min((float(np.linalg.norm(face - probe)) for face in faces), default=FAR)


def _leave_out_denied(away: Floats, stored: Stored, people: Ids, probes: Floats, visits: Ids) -> None:
    """Who is nearer to a face that was denied for a person than to that person is infinitely far from them."""
    columns = {int(person): column for column, person in enumerate(people)}
    for face, person, seen_in in zip(stored.denied, stored.denied_for, stored.denied_in, strict=True):
        column = columns.get(int(person))
        if column is not None:
            is_nearer = (np.linalg.norm(probes - face, axis=1) <= away[:, column]) & (visits != seen_in)
            away[is_nearer, column] = FAR


def _distances(some: Floats, others: Floats) -> Floats:
    """L2 between each of [n, d] and each of [m, d]: [n, m]; infinite where one of them is."""
    is_there = np.isfinite(some).all(axis=1, keepdims=True)
    finite = np.where(is_there, some, 0)
    squares = (finite**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * finite @ others.T
    found: Floats = np.where(is_there, np.sqrt(np.maximum(0, squares)), FAR).astype(np.float32)
    return found
