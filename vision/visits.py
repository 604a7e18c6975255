"""When each person came and went: tracklets of one person close in time are one visit."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from vision.tracking import Tracklet

Person = TypeVar("Person", bound=Hashable)


@dataclass(frozen=True)
class VisitSpan(Generic[Person]):
    """One stay of a person. Times in seconds from the start of the recording."""

    person: Person
    tracklets: tuple[Tracklet, ...]

    @property
    def entry_s(self) -> float:
        """When the person was first seen."""
        return self.tracklets[0].started_s

    @property
    def exit_s(self) -> float:
        """When the person was last seen."""
        return max(tracklet.ended_s for tracklet in self.tracklets)


def visits_from(seen: Iterable[tuple[Tracklet, Person]], gap_s: float) -> list[VisitSpan[Person]]:
    """Visits in the order of entry. A person out of sight for at most `gap_s` has not left."""
    of_person: dict[Person, list[Tracklet]] = defaultdict(list)
    for tracklet, person in seen:
        of_person[person].append(tracklet)
    visits = [
        VisitSpan(person, stay)
        for person, tracklets in of_person.items()
        for stay in _stays(tracklets, gap_s)
    ]
    return sorted(visits, key=lambda visit: (visit.entry_s, visit.exit_s))


def _stays(tracklets: Iterable[Tracklet], gap_s: float) -> list[tuple[Tracklet, ...]]:
    stays: list[list[Tracklet]] = []
    left_at = float("-inf")
    for tracklet in sorted(tracklets, key=lambda tracklet: tracklet.started_s):
        if tracklet.started_s - left_at > gap_s:
            stays.append([])
        stays[-1].append(tracklet)
        left_at = max(left_at, tracklet.ended_s)
    return [tuple(stay) for stay in stays]
