"""The files of `process_video --out`: the shop's classic columns first, ours after them."""

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from vision.persons import template
from vision.seen import Seen, SeenPerson
from vision.tracking import Shot, Tracklet

RECOGNITION = ("image_name", "customer_id", "similarity", "frame_s", "track", "person", "distance")
CUSTOMERS = ("customer_id", "person", "first_seen", "last_seen", "shots")
VISITS = (
    *("visit_id", "person", "customer_id", "camera", "entry_time", "exit_time", "duration_seconds"),
    *("shots", "distance", "entry_s", "exit_s", "entry_by", "exit_by", "counter_from", "counter_until"),
)


def write(folder: Path, seen: Seen, zone: ZoneInfo, summary: dict[str, Any]) -> None:
    """Write the three tables, the crops under detected_faces/ and summary.json. Times in `zone`, ISO 8601."""
    faces = folder / "detected_faces"
    faces.mkdir(parents=True, exist_ok=True)
    for who in seen.people:
        for tracklet, shot in _shots(who):
            (faces / image_name(tracklet, shot)).write_bytes(shot.jpeg)
    _table(folder / "recognition_results.csv", RECOGNITION, _recognition(seen))
    _table(folder / "unique_customers.csv", CUSTOMERS, _customers(seen, zone))
    _table(folder / "visit_log.csv", VISITS, _visits(seen, zone))
    (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def image_name(tracklet: Tracklet, shot: Shot) -> str:
    """The crop of a shot: its second from the start of the file, and its track."""
    return f"face_{shot.at:09.2f}_t{tracklet.number:04d}.jpg"


def _table(path: Path, header: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def _shots(who: SeenPerson) -> Iterator[tuple[Tracklet, Shot]]:
    return ((tracklet, shot) for tracklet in who.tracklets for shot in tracklet.shots)


def _customer(who: SeenPerson) -> str:
    """The code of the customer that the person is tied to, empty when to none."""
    return who.person.customer.code if who.person and who.person.customer else ""


def _compared(seen: Seen) -> list[SeenPerson]:
    """Those of whose faces something is left: nobody's where recognition is off."""
    return [who for who in seen.people if who.shots]


def _recognition(seen: Seen) -> Iterator[tuple[Any, ...]]:
    """A row per shot: similarity is the cosine to, distance the L2 from, the person's mean in this recording."""
    rows = []
    for who in _compared(seen):
        mean = template(who.tracklets)
        for tracklet, shot in _shots(who):
            length = float(np.linalg.norm(mean) * np.linalg.norm(shot.vector))
            near = round(float(mean @ shot.vector) / length, 4)
            far = round(float(np.linalg.norm(mean - shot.vector)), 4)
            image = image_name(tracklet, shot)
            rows.append((image, _customer(who), near, shot.at, tracklet.number, who.code, far))
    return iter(sorted(rows, key=lambda row: (row[3], row[4])))


def _customers(seen: Seen, zone: ZoneInfo) -> Iterator[tuple[Any, ...]]:
    for who in _compared(seen):
        first = min(tracklet.started_s for tracklet in who.tracklets)
        last = max(tracklet.ended_s for tracklet in who.tracklets)
        times = (_clock(seen, at, zone) for at in (first, last))
        yield (_customer(who), who.code, *times, len(who.shots))


def _visits(seen: Seen, zone: ZoneInfo) -> Iterator[tuple[Any, ...]]:
    """`distance` is the L2 to the person's templates, empty for somebody new; `visit_id` counts in this file."""
    by_code = {who.code: who for who in seen.people}
    figure = SeenPerson([])
    for number, visit in enumerate(seen.visits, 1):
        who = by_code.get(visit.person, figure)
        yield (
            f"V_{number:04d}",
            visit.person,
            _customer(who),
            seen.camera,
            _clock(seen, visit.entry_s, zone),
            _clock(seen, visit.exit_s, zone),
            round(visit.exit_s - visit.entry_s, 2),
            sum(len(tracklet.shots) for tracklet in visit.tracklets),
            "" if who.distance is None else round(who.distance, 4),
            round(visit.entry_s, 2),
            round(visit.exit_s, 2),
            visit.entry_by,
            visit.exit_by,
            *([_clock(seen, at, zone) for at in visit.at_counter] if visit.at_counter else ["", ""]),
        )


def _clock(seen: Seen, seconds: float, zone: ZoneInfo) -> str:
    return seen.at(seconds).astimezone(zone).isoformat(timespec="milliseconds")
