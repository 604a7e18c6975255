"""Places tell what faces cannot: a photograph that somebody carries, a face that only turned away, two who crossed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vision.analysis import settled
from vision.config import VisionConfig
from vision.tracking import Shot, Tracklet

CONFIG = VisionConfig(models_dir=Path("unused"))
SIZE = (720, 1280)
ASHA, BALA = np.zeros(128, np.float32), np.full(128, 0.58 / np.sqrt(128), np.float32)
"""0.58 apart, as two people are, or one with and without glasses."""


def standing(
    x: float, since: float, until: float, *, width: float = 80.0, faces: Sequence[np.ndarray] = (ASHA,)
) -> Tracklet:
    """A face that stays around a place, with a shot a second: the first of the faces, then the next one."""
    times = np.arange(since, until, 0.2).round(1).tolist()
    box = (x - width / 2, 300 - width / 2, x + width / 2, 300 + width / 2)
    seconds = range(int(until - since))
    looks = [faces[n * len(faces) // len(seconds)] for n in seconds] if faces else []
    shots = [Shot(since + n + 0.4, box, 0.8, face, b"") for n, face in enumerate(looks)]
    return Tracklet(1, times, [box] * len(times), [0.9] * len(times), shots)


def spans(tracklets: Sequence[Tracklet]) -> list[tuple[float, float]]:
    return [(one.started_s, one.ended_s) for one in settled(tracklets, SIZE, CONFIG)]


def test_a_face_on_a_picture_behind_a_head_is_nobody() -> None:
    head = standing(500, 0, 20)
    assert spans([head, standing(560, 4, 6, width=48)]) == spans([head])


def test_one_who_stands_beside_another_is_somebody() -> None:
    assert len(spans([standing(500, 0, 20), standing(610, 4, 6, width=48)])) == 2


def test_one_who_stood_behind_another_and_walked_on_is_somebody() -> None:
    head, behind, later = standing(500, 0, 20), standing(560, 4, 6, width=48), standing(640, 6, 9, width=48)
    walked = Tracklet(
        1, behind.times + later.times, behind.boxes + later.boxes, behind.scores + later.scores, behind.shots
    )
    assert len(spans([head, walked])) == 2


def test_a_face_nobody_came_near_is_one_person_however_it_changes() -> None:
    assert len(spans([standing(500, 0, 20, faces=(ASHA, BALA))])) == 1


def test_a_face_that_another_came_near_may_be_two_people() -> None:
    changes = standing(500, 0, 20, faces=(ASHA, BALA))
    assert len(spans([changes, standing(650, 8, 12)])) == 3


def test_a_face_that_changes_at_the_edge_of_the_picture_may_be_two_people() -> None:
    assert len(spans([standing(60, 0, 20, faces=(ASHA, BALA))])) == 2


def test_a_face_that_was_lost_for_a_moment_goes_on() -> None:
    lost, found = standing(500, 0, 10), standing(520, 12, 20, faces=(BALA,))
    assert spans([lost, found]) == [(lost.started_s, found.ended_s)]


def test_a_face_without_a_shot_goes_on_with_the_one_that_it_became() -> None:
    faint, good = standing(500, 0, 5, faces=()), standing(500, 7, 20)
    assert spans([faint, good]) == [(faint.started_s, good.ended_s)]


def test_whoever_comes_while_another_is_near_is_not_the_one_who_was_lost() -> None:
    lost, found = standing(500, 0, 10), standing(520, 12, 20, faces=(BALA,))
    assert len(spans([lost, found, standing(640, 0, 20)])) == 3


def test_where_people_come_and_go_one_does_not_go_on_as_another() -> None:
    assert len(spans([standing(50, 0, 10), standing(50, 12, 20, faces=(BALA,))])) == 2
