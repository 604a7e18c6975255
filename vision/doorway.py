"""Where somebody walked: through the door, past it, and how long they stood at the counter. Pixels and seconds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from vision.scene import Point, is_within

Sight: TypeAlias = tuple[float, Point]
"""When somebody was seen, and where."""
LOOK_AWAY_S = 2.0
"""Who is not seen for so long has not left the counter."""


@dataclass(frozen=True)
class Crossing:
    """A step over the door line."""

    at: float
    is_inward: bool


def depth(door: tuple[Point, ...], point: Point) -> float:
    """How far inside a point is: pixels from the line, below zero outside."""
    (x1, y1), (x2, y2) = door
    along, down = x2 - x1, y2 - y1
    return (along * (point[1] - y1) - down * (point[0] - x1)) / max(1e-9, math.hypot(along, down))


def crossings(door: tuple[Point, ...], walk: Sequence[Sight]) -> list[Crossing]:
    """Every step of one tracklet from one side of the door to the other, between its posts."""
    found = []
    for (before, start), (after, end) in pairwise(walk):
        out, into = depth(door, start), depth(door, end)
        if (out > 0) == (into > 0):
            continue
        share = out / (out - into)
        place = start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
        if _is_between(door, place):
            found.append(Crossing(before + share * (after - before), into > 0))
    return found


def _is_between(door: tuple[Point, ...], point: Point) -> bool:
    (x1, y1), (x2, y2) = door
    along = (point[0] - x1) * (x2 - x1) + (point[1] - y1) * (y2 - y1)
    return 0 <= along <= (x2 - x1) ** 2 + (y2 - y1) ** 2


def presence(counter: tuple[Point, ...], walk: Sequence[Sight], least_s: float) -> tuple[float, float] | None:
    """From when until when somebody was at the counter; None who never stayed there for `least_s`.

    From the start of the first such wait to the end of the last. Sights of all tracklets of a visit, in time order.
    """
    waits: list[tuple[float, float]] = []
    for at, point in walk:
        if not is_within(point, counter):
            continue
        if waits and at - waits[-1][1] <= LOOK_AWAY_S + 1e-6:
            waits[-1] = waits[-1][0], at
        else:
            waits.append((at, at))
    long = [wait for wait in waits if wait[1] - wait[0] >= least_s - 1e-6]
    return (long[0][0], long[-1][1]) if long else None
