"""Tracklets become persons and persons' stays become visits."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from vision.config import VisionConfig
from vision.faces import Floats
from vision.persons import cluster
from vision.tracking import Shot, Tracklet
from vision.visits import visits_from

CONFIG = VisionConfig(models_dir=Path("unused"))
GENERATOR = np.random.default_rng(0)
PEOPLE = GENERATOR.normal(0, 0.06, (6, 128)).astype(np.float32)


def tracklet(number: int, person: int, start: float, end: float, *, x: float = 0) -> Tracklet:
    vector = PEOPLE[person] + GENERATOR.normal(0, 0.01, 128).astype(np.float32)
    times = [float(time) for time in np.arange(start, end + 0.1, 0.2).round(1)]
    shot = Shot(start, (x, 0, x + 60, 60), 0.8, vector, b"")
    return Tracklet(number, times, [(x, 0, x + 60, 60)] * len(times), [0.9] * len(times), [shot])


def test_tracklets_of_one_face_are_one_person() -> None:
    seen = [tracklet(index + 1, index % 3, 100 * index, 100 * index + 5) for index in range(9)]
    assert [[one.number for one in group] for group in cluster(seen, CONFIG)] == [
        [1, 4, 7],
        [2, 5, 8],
        [3, 6, 9],
    ]


def test_a_single_look_may_lie_farther_off_than_the_mean_of_many() -> None:
    """0.45 apart: a lot for two means of many looks, but little for one look beside them."""
    face = np.zeros(128, np.float32)
    off = np.zeros(128, np.float32)
    off[0] = 0.45
    assert len(cluster([steady(1, face, 8, 0), steady(2, off, 1, 100)], CONFIG)) == 1
    assert len(cluster([steady(1, face, 8, 0), steady(2, off, 8, 100)], CONFIG)) == 2
    assert (
        len(cluster([steady(1, face, 8, 0), steady(2, off, 1, 100)], CONFIG.with_changes(look_spread=0))) == 2
    )


def steady(number: int, vector: Floats, looks: int, start: float) -> Tracklet:
    """A face that looks the same each second."""
    times = [start + second for second in range(looks)]
    shots = [Shot(time, (0, 0, 60, 60), 0.8, vector, b"") for time in times]
    return Tracklet(number, times, [(0, 0, 60, 60)] * looks, [0.9] * looks, shots)


def test_two_faces_in_one_picture_are_never_one_person_however_alike() -> None:
    twins = [tracklet(1, 0, 0, 5), tracklet(2, 0, 0, 5, x=400)]
    later = tracklet(3, 0, 300, 305)
    groups = cluster([*twins, later], CONFIG)
    assert len(groups) == 2
    assert {1, 2} not in [{one.number for one in group} for group in groups]


def test_where_all_faces_look_alike_they_must_be_nearer_to_be_one() -> None:
    """In the dark: two who came at different times are 0.35 apart, as far as the others who came together."""
    faces = [np.eye(1, 128, n, dtype=np.float32)[0] * 0.35 / np.sqrt(2) for n in range(5)]
    at_once = [
        replace(steady(n + 1, face, 8, 0), boxes=[(200 * n, 0, 200 * n + 60, 60)] * 8)
        for n, face in enumerate(faces[:4])
    ]
    alone = steady(5, faces[4], 8, 100)
    assert len(cluster([*at_once, alone], CONFIG)) == 5
    assert len(cluster([at_once[0], alone], CONFIG)) == 1


def test_tracklets_without_a_good_face_are_left_out() -> None:
    assert cluster([Tracklet(1, [0.0], [(0, 0, 1, 1)], [0.9])], CONFIG) == []
    assert cluster([], CONFIG) == []


def test_stays_close_in_time_are_one_visit() -> None:
    seen = [
        tracklet(1, 0, 10, 20),
        tracklet(2, 1, 15, 30, x=300),
        tracklet(3, 0, 100, 120),
        tracklet(4, 0, 300, 310),
    ]
    visits = visits_from(zip(seen, "ABAA", strict=True), gap_s=90)
    assert [(visit.person, visit.entry_s, round(visit.exit_s, 1)) for visit in visits] == [
        ("A", 10, 120),
        ("B", 15, 30),
        ("A", 300, 310),
    ]


def test_a_short_tracklet_inside_a_long_one_does_not_end_the_visit() -> None:
    seen = [tracklet(1, 0, 0, 100), tracklet(2, 0, 5, 6, x=300), tracklet(3, 0, 150, 160)]
    (visit,) = visits_from(((one, "A") for one in seen), gap_s=90)
    assert (visit.entry_s, round(visit.exit_s, 1)) == (0, 160)
