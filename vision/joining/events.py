"""What the join is told: sales by the till's clock and visits by the camera's, in POSIX seconds."""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

TOGETHER_S = 3.0
"""Who comes in this soon after another came with them, if they also leave together."""
LEAVE_TOGETHER_S = 15.0

Anchor = Literal["counter", "exit"]
Truth = Mapping[Hashable, Collection[Hashable]]
"""Sale -> the visits that are right for it; none where the camera missed the buyer."""


@dataclass(frozen=True)
class SaleEvent:
    """A sale at the second of the till. `customer` is None when the sale named nobody."""

    id: Hashable
    at: float
    customer: str | None = None


@dataclass(frozen=True)
class VisitEvent:
    """A stay in seconds of the camera. `counter` is the wait at the counter, None where none was seen.

    `person` is the code of the face, `customer` whom it was recognised as, `group` a number that those share who
    came together: `with_groups` sees to it, and `link` calls that.
    """

    id: Hashable
    entry: float
    exit: float
    counter: tuple[float, float] | None = None
    person: str | None = None
    customer: str | None = None
    group: int | None = None

    @property
    def anchor(self) -> float:
        """The moment a sale is nearest to: the end of the wait at the counter, else the exit."""
        return self.counter[1] if self.counter else self.exit

    @property
    def kind(self) -> Anchor:
        """What the anchor is."""
        return "counter" if self.counter else "exit"

    @property
    def served(self) -> tuple[float, float]:
        """From when to when a sale is possible at all."""
        return self.counter or (self.entry, self.exit)


def with_groups(visits: Sequence[VisitEvent]) -> list[VisitEvent]:
    """The visits, those who came and left together under one group; in the order of entry."""
    return [
        replace(visit, group=number if len(party) > 1 else None)
        for number, party in enumerate(_parties(sorted(visits, key=lambda visit: visit.entry)))
        for visit in party
    ]


def _parties(visits: Sequence[VisitEvent]) -> Iterator[list[VisitEvent]]:
    party: list[VisitEvent] = []
    for visit in visits:
        if party and not _is_together(party[-1], visit):
            yield party
            party = []
        party.append(visit)
    if party:
        yield party


def _is_together(one: VisitEvent, other: VisitEvent) -> bool:
    return other.entry - one.entry <= TOGETHER_S and abs(other.exit - one.exit) <= LEAVE_TOGETHER_S
