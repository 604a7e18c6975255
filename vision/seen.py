"""What a recording shows: the value between looking and storing, and what `process_video` writes to files."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from vision.analysis import Analysis
from vision.hands import LOOK_S
from vision.models import Person
from vision.persons import template
from vision.tracking import Shot, Tracklet
from vision.visits import VisitSpan


@dataclass
class SeenPerson:
    """Somebody in one recording: a person, or who it may be (`candidate`), or a face too seldom seen to be either."""

    tracklets: list[Tracklet]
    person: Person | None = None
    candidate: Person | None = None
    distance: float | None = None
    """To the templates of the person or the candidate (L2); None for somebody new."""
    label: str = ""
    """What one who is no person is called in this recording."""

    @property
    def code(self) -> str:
        """The person's code, or the label where there is no person or they have no code."""
        return (self.person and self.person.code) or self.label

    @property
    def shots(self) -> list[Shot]:
        return [shot for tracklet in self.tracklets for shot in tracklet.shots]


def label(people: Iterable[SeenPerson]) -> None:
    """Call those who have no code U_0001, U_0002 ... in this recording."""
    for number, seen in enumerate((seen for seen in people if not seen.code), 1):
        seen.label = f"U_{number:04d}"


@dataclass(frozen=True)
class Seen:
    """What one recording shows. People in the order of their first tracklet, visits in the order of entry."""

    camera: str
    started_at: datetime
    analysis: Analysis
    people: list[SeenPerson]
    visits: list[VisitSpan[str]]
    """`person` is the code of one of `people`, or body-1, body-2 ... for a figure without a known face."""
    recognises: bool = True
    """False where faces were counted alone: nobody is anybody, and no shot of a face is left."""

    def anonymous(self) -> "Seen":
        """The same visits, each of a nobody of its own, without the shots that a face could be known by."""
        codes = {who.code for who in self.people}
        people: list[SeenPerson] = []
        visits = []
        for visit in self.visits:
            if visit.person in codes:
                bare = tuple(replace(tracklet, shots=[]) for tracklet in visit.tracklets)
                nobody = SeenPerson(list(bare), label=f"U_{len(people) + 1:04d}")
                people.append(nobody)
                visit = replace(visit, person=nobody.code, tracklets=bare)
            visits.append(visit)
        return replace(self, people=people, visits=visits, recognises=False)

    def at(self, seconds: float) -> datetime:
        """The moment that lies so far from the start of the file."""
        return self.started_at + timedelta(seconds=seconds)

    def moved_s(self, place: str, span: VisitSpan[str]) -> float | None:
        """For how long something moved in one of `hands.PLACES` during a visit; None where that is not drawn."""
        times = self.analysis.hands.get(place)
        if times is None:
            return None
        start, end = span.at_counter or (span.entry_s, span.exit_s)
        return round(LOOK_S * sum(start <= at <= end for at in times), 1)

    def shot_distances(self, seen: SeenPerson) -> list[float]:
        """L2 from each of a person's shots to their mean in this recording."""
        mean = template(seen.tracklets)
        return [float(np.linalg.norm(shot.vector - mean)) for shot in seen.shots]

    def summary(self) -> dict[str, Any]:
        """Counts, wall seconds per stage, and how far the shots lie from their persons (L2)."""
        far = [distance for seen in self.people if seen.shots for distance in self.shot_distances(seen)]
        spread = {"mean": sum(far) / len(far), "min": min(far), "max": max(far)} if far else None
        return {
            "seconds": {stage: round(spent, 3) for stage, spent in self.analysis.seconds.items()},
            "duration_s": round(self.analysis.info.duration_s, 3),
            "frames_decoded": self.analysis.frames_decoded,
            "frames_analysed": self.analysis.frames_analysed,
            "faces": self.analysis.faces,
            "refused": self.analysis.refused,
            "recognised": self.recognises,
            "tracks": len(self.analysis.tracklets),
            "persons": sum(seen.person is not None for seen in self.people),
            "visits": len(self.visits),
            "bodies": len({visit.person for visit in self.visits} - {seen.code for seen in self.people}),
            "distance": spread and {name: round(value, 4) for name, value in spread.items()},
        }
