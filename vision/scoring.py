"""How right the eye was: the visits that it found beside the true ones.

Matching looks at times alone, never at who it was; who it was is judged afterwards. Every share is None where there
is nothing to take a share of. Terms: ISO/IEC 19795-1; B-cubed: Bagga and Baldwin 1998.
"""

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

NEAR_S = 5.0
"""A visit is found when its entry and its exit are this near to the true ones."""
BODY = "body-"
UNNAMED = "U_"
"""How the code of a visit begins that has no identity: a figure without a face, a face seen too little."""


class UnscorableFile(ValueError):  # noqa: N818 (it says what is wrong)
    """A table that cannot be read as visits; the text says where and why."""


@dataclass(frozen=True)
class ScoredVisit:
    """A stay, true or found, in seconds from the start of the recording. `person` is None without identity."""

    person: str | None
    entry_s: float
    exit_s: float

    def overlap(self, other: "ScoredVisit") -> float:
        """Common time as a share of the time that either took: of two true visits the likelier one."""
        common = min(self.exit_s, other.exit_s) - max(self.entry_s, other.entry_s)
        either = max(self.exit_s, other.exit_s) - min(self.entry_s, other.entry_s)
        return max(0.0, common) / either if either else 1.0


@dataclass(frozen=True)
class Rates:
    """Precision, recall and their harmonic mean."""

    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True)
class VisitScore:
    """Were the visits found? A match has entry and exit within `NEAR_S`, one to one, whoever it was."""

    found: int
    true: int
    matched: int
    rates: Rates


@dataclass(frozen=True)
class IdentityScore:
    """Are the visits of one person one person's? Over the visits with an identity, by the true person of each."""

    visits: int
    bcubed: Rates
    pairwise: Rates
    accuracy: float | None
    """Share of visits that are right when every person stands for one true person, in the best way."""
    wrong_name_rate: float | None
    """Share of visits whose person is, in most visits, somebody else."""


@dataclass(frozen=True)
class CustomerScore:
    """How many people there were; `error` is found less true."""

    found: int
    true: int
    error: int


@dataclass(frozen=True)
class OpenSetScore:
    """Visits in the order of entry, each a search among those before: a first visit must find nobody."""

    first_visits: int
    fpir: float | None
    """Share of first visits that were taken for somebody seen before."""
    returns: int
    fnir: float | None
    """Share of later visits that were not taken for the same person as an earlier one."""


@dataclass(frozen=True)
class AcquisitionScore:
    """True visits that identification never had to do with, else FNIR would look better than the eye is."""

    without_visit: int
    without_identity: int
    """Seen, but nobody could say who it was."""
    rate: float | None
    """Share of true visits with either."""


@dataclass(frozen=True)
class Score:
    """All that can be said about a table of visits beside the truth."""

    visits: VisitScore
    identity: IdentityScore
    customers: CustomerScore
    open_set: OpenSetScore
    failure_to_acquire: AcquisitionScore


Named = tuple[str, Hashable]
"""A visit's person as found, and who it truly was; nobody is each time another nobody."""


def score(found: Sequence[ScoredVisit], truth: Sequence[ScoredVisit]) -> Score:
    """Compare the visits that were found with the true ones."""
    found = sorted(found, key=lambda visit: (visit.entry_s, visit.exit_s))
    matched = match_visits(found, truth)
    owners = [matched.get(number, nearest(visit, truth)) for number, visit in enumerate(found)]
    named: list[Named] = [
        (visit.person, number if owner is None else truth[owner].person)
        for number, (visit, owner) in enumerate(zip(found, owners, strict=True))
        if visit.person is not None
    ]
    return Score(
        visits=VisitScore(len(found), len(truth), len(matched), _rates(len(matched), len(found), len(truth))),
        identity=_identity(named),
        customers=_customers(found, truth),
        open_set=_open_set(named),
        failure_to_acquire=_acquisition(found, owners, len(truth)),
    )


def match_visits(found: Sequence[ScoredVisit], truth: Sequence[ScoredVisit]) -> dict[int, int]:
    """Index of a found visit -> of its true one: as many pairs as can be, then those that are nearest."""
    if not found or not truth:
        return {}
    off = np.array([[_off(visit, true) for true in truth] for visit in found])
    # A pair too far apart costs more than all near ones together.
    cost = np.where(np.isfinite(off), off, 2 * NEAR_S * (min(off.shape) + 1))
    rows, columns = linear_sum_assignment(cost)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return {row: column for row, column in pairs if math.isfinite(off[row, column])}


def _off(visit: ScoredVisit, true: ScoredVisit) -> float:
    """Seconds by which entry and exit are off, together; infinite when either is too far off."""
    entry, leaving = abs(visit.entry_s - true.entry_s), abs(visit.exit_s - true.exit_s)
    # Times are written with two digits: 5.00 s must not fail for the last bit of a float.
    return entry + leaving if max(entry, leaving) <= NEAR_S + 1e-6 else math.inf


def nearest(visit: ScoredVisit, truth: Sequence[ScoredVisit]) -> int | None:
    """Index of the true visit that this one overlaps most, None when none at all."""
    overlaps = [visit.overlap(true) for true in truth]
    best = max(range(len(truth)), key=overlaps.__getitem__, default=None)
    return best if best is not None and overlaps[best] > 0 else None


def _identity(named: Sequence[Named]) -> IdentityScore:
    together = Counter(named)
    persons, owners = (Counter(pair[side] for pair in named) for side in (0, 1))
    precision = _share(sum(n * n / persons[person] for (person, _), n in together.items()), len(named))
    recall = _share(sum(n * n / owners[owner] for (_, owner), n in together.items()), len(named))
    pairs = list(combinations(named, 2))
    same_person, same_owner = ([one[side] == other[side] for one, other in pairs] for side in (0, 1))
    both = sum(person and owner for person, owner in zip(same_person, same_owner, strict=True))
    majority = _majorities(together)
    wrong = sum(majority[person] != owner for person, owner in named)
    return IdentityScore(
        visits=len(named),
        bcubed=Rates(precision, recall, _harmonic(precision, recall)),
        pairwise=_rates(both, sum(same_person), sum(same_owner)),
        accuracy=_share(_best_naming(together), len(named)),
        wrong_name_rate=_share(wrong, len(named)),
    )


def _majorities(together: Counter[Named]) -> dict[str, Hashable]:
    """Who each person is in most visits; of two equals the one seen first, somebody before nobody."""
    candidates: dict[str, list[tuple[int, bool, Hashable]]] = defaultdict(list)
    for (person, owner), count in together.items():
        candidates[person].append((count, isinstance(owner, str), owner))
    return {person: max(rows, key=lambda row: row[:2])[2] for person, rows in candidates.items()}


def _best_naming(together: Counter[Named]) -> int:
    """Visits that are right when every person stands for at most one true person, in the best way."""
    persons = sorted({person for person, _ in together})
    owners = list(dict.fromkeys(owner for _, owner in together))
    table = np.array([[together[person, owner] for owner in owners] for person in persons])
    if not table.size:
        return 0
    rows, columns = linear_sum_assignment(table, maximize=True)
    return int(table[rows, columns].sum())


def _customers(found: Iterable[ScoredVisit], truth: Iterable[ScoredVisit]) -> CustomerScore:
    persons, people = ({visit.person for visit in visits} - {None} for visits in (found, truth))
    return CustomerScore(len(persons), len(people), len(persons) - len(people))


def _open_set(named: Sequence[Named]) -> OpenSetScore:
    """Visits of nobody are first visits, too: a poster must not be taken for a customer."""
    codes: dict[Hashable, set[str]] = defaultdict(set)
    taken: set[str] = set()
    first = returns = wrong = missed = 0
    for person, owner in named:
        if owner in codes:
            returns, missed = returns + 1, missed + (person not in codes[owner])
        else:
            first, wrong = first + 1, wrong + (person in taken)
        codes[owner].add(person)
        taken.add(person)
    return OpenSetScore(first, _share(wrong, first), returns, _share(missed, returns))


def _acquisition(found: Sequence[ScoredVisit], owners: Sequence[int | None], true: int) -> AcquisitionScore:
    seen = {owner for owner in owners if owner is not None}
    known = {owner for visit, owner in zip(found, owners, strict=True) if visit.person and owner is not None}
    return AcquisitionScore(true - len(seen), len(seen - known), _share(true - len(known), true))


def _rates(right: float, found: float, true: float) -> Rates:
    return Rates(_share(right, found), _share(right, true), _share(2 * right, found + true))


def _harmonic(precision: float | None, recall: float | None) -> float | None:
    return 2 * precision * recall / (precision + recall) if precision and recall else precision


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def read_truth(path: Path) -> list[ScoredVisit]:
    """The true visits: a CSV with person, entry_s and exit_s. Raises UnscorableFile."""
    return [ScoredVisit(person or None, *times) for person, *times in _rows(path, ("entry_s", "exit_s"))]


def read_visits(
    path: Path, *, counts_bodies: bool = False, started_at: datetime | None = None
) -> list[ScoredVisit]:
    """The visits of a visit_log.csv, those of bodies only if they count. Raises UnscorableFile.

    Times are its entry_s and exit_s; with `started_at` its entry_time and exit_time, counted from there.
    """
    columns = ("entry_s", "exit_s") if started_at is None else ("entry_time", "exit_time")
    return [
        ScoredVisit(None if person.startswith((BODY, UNNAMED)) else person or None, *times)
        for person, *times in _rows(path, columns, started_at)
        if counts_bodies or not person.startswith(BODY)
    ]


def _rows(
    path: Path, columns: tuple[str, str], started_at: datetime | None = None
) -> Iterator[tuple[str, float, float]]:
    """(person, entry, exit) of each row, in seconds."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file, restval="")
            if missing := [name for name in ("person", *columns) if name not in (table.fieldnames or ())]:
                raise UnscorableFile(f"{path.name}: there is no column {', '.join(missing)}.")
            for row in table:
                try:
                    entry_s, exit_s = (_seconds(row[name], started_at) for name in columns)
                except (TypeError, ValueError) as error:
                    raise UnscorableFile(f"{path.name}, line {table.line_num}: {error}.") from error
                if not 0 <= exit_s - entry_s < math.inf:
                    raise UnscorableFile(f"{path.name}, line {table.line_num}: the exit is before the entry.")
                yield row["person"].strip(), entry_s, exit_s
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnscorableFile(f"{path} cannot be read as a table: {error}") from error


def _seconds(text: str, started_at: datetime | None) -> float:
    """Seconds as they are; or from a start, which is in the same zone unless it names one."""
    if started_at is None:
        return float(text)
    at = datetime.fromisoformat(text)
    start = started_at if started_at.tzinfo else started_at.replace(tzinfo=at.tzinfo)
    return (at - start).total_seconds()
