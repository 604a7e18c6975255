"""When each person came and went: tracklets of one person close in time are one visit."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from vision.config import PLAIN
from vision.doorway import Crossing, Sight, crossings, depth, presence
from vision.scene import Point, Scene
from vision.tracking import Tracklet

Person = TypeVar("Person", bound=Hashable)
INSIDE_S = 15 * 60.0
"""Who was last seen inside and did not leave through the door may be out of sight for so long."""
STEP_OUT_S = 3.0
"""Who comes back through the door so soon has not left; who leaves again so soon did not come."""


class Edge(StrEnum):
    """How an entry or an exit is known."""

    SIGHT = "sight"
    DOOR = "door"


@dataclass(frozen=True)
class VisitSpan(Generic[Person]):
    """One stay of a person. Times in seconds from the start of the recording."""

    person: Person
    tracklets: tuple[Tracklet, ...]
    entry_s: float
    exit_s: float
    entry_by: Edge = Edge.SIGHT
    """Through the door where its line was crossed, else when the person was first seen inside."""
    exit_by: Edge = Edge.SIGHT
    at_counter: tuple[float, float] | None = None
    """From when until when, or None."""


def visits_from(
    seen: Iterable[tuple[Tracklet, Person]], gap_s: float, scene: Scene = PLAIN, counter_after_s: float = 5.0
) -> list[VisitSpan[Person]]:
    """Visits in the order of entry. A person out of sight for at most `gap_s` has not left.

    Where a door is drawn, its line says who comes and who goes; who stays outside or turns round on the threshold has
    no visit, and who did not leave through it is still there after a longer absence. `scene` is in pixels.
    """
    of_person: dict[Person, list[Tracklet]] = defaultdict(list)
    for tracklet, person in seen:
        of_person[person].append(tracklet)
    visits = [
        visit
        for person, tracklets in of_person.items()
        for stay in _stays(tracklets, gap_s, scene.door)
        if (visit := _visit(person, stay, scene, counter_after_s))
    ]
    return sorted(visits, key=lambda visit: (visit.entry_s, visit.exit_s))


def _stays(tracklets: Iterable[Tracklet], gap_s: float, door: tuple[Point, ...]) -> list[list[Tracklet]]:
    stays: list[list[Tracklet]] = []
    for tracklet in sorted(tracklets, key=lambda tracklet: tracklet.started_s):
        if stays and _goes_on(stays[-1], tracklet, gap_s, door):
            stays[-1].append(tracklet)
        else:
            stays.append([tracklet])
    return stays


def _goes_on(stay: Sequence[Tracklet], tracklet: Tracklet, gap_s: float, door: tuple[Point, ...]) -> bool:
    """Has somebody not left between the tracklets so far and this one?"""
    last = max(stay, key=lambda one: one.ended_s)
    away_s = tracklet.started_s - last.ended_s
    if not door or away_s <= 0:
        return away_s <= gap_s
    is_inside = [depth(door, place) > 0 for place in (last.walk[-1][1], tracklet.walk[0][1])]
    if not is_inside[0] and any(not step.is_inward for step in crossings(door, last.walk)):
        return away_s <= STEP_OUT_S
    return away_s <= (max(gap_s, INSIDE_S) if all(is_inside) else gap_s)


def _visit(
    person: Person, stay: Sequence[Tracklet], scene: Scene, counter_after_s: float
) -> VisitSpan[Person] | None:
    """The stay as a visit; None if the door says that nobody came."""
    walk = sorted(sight for tracklet in stay for sight in tracklet.walk)
    at_counter = presence(scene.counter, walk, counter_after_s) if scene.counter else None
    if not scene.door:
        return VisitSpan(person, tuple(stay), walk[0][0], walk[-1][0], at_counter=at_counter)
    inside = [sight for sight in walk if depth(scene.door, sight[1]) > 0]
    if not inside:
        return None
    steps = sorted(
        (step for tracklet in stay for step in crossings(scene.door, tracklet.walk)), key=lambda step: step.at
    )
    came, went = _came(steps, inside), _went(steps, inside)
    if came and went and _turned_round(came, went, stay, scene.door):
        return None
    return VisitSpan(
        person,
        tuple(stay),
        came.at if came else inside[0][0],
        went.at if went else inside[-1][0],
        Edge.DOOR if came else Edge.SIGHT,
        Edge.DOOR if went else Edge.SIGHT,
        at_counter,
    )


def _came(steps: Sequence[Crossing], inside: Sequence[Sight]) -> Crossing | None:
    """The step inward before which the person was not seen inside."""
    return next((step for step in steps if step.is_inward and step.at <= inside[0][0]), None)


def _went(steps: Sequence[Crossing], inside: Sequence[Sight]) -> Crossing | None:
    """The step outward after which the person was not seen inside any more."""
    return next((step for step in steps if not step.is_inward and step.at >= inside[-1][0]), None)


def _turned_round(came: Crossing, went: Crossing, stay: Sequence[Tracklet], door: tuple[Point, ...]) -> bool:
    """In and out again within seconds, or never farther inside than the width of the face."""
    deep = any(
        depth(door, place) > box[2] - box[0]
        for tracklet in stay
        for (_, place), box in zip(tracklet.walk, tracklet.boxes, strict=True)
    )
    return went.at - came.at < STEP_OUT_S or not deep
