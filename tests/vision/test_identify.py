"""Who a group of tracklets is: bars by width of face, the vote of the shots, the margin, who is out of the question."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from vision.config import Bar, VisionConfig
from vision.faces import Floats
from vision.persons import Faces, Known, Match, diverse, identify
from vision.tracking import Shot, Tracklet

CONFIG = VisionConfig(models_dir=Path("unused"))
ASHA, BALA = np.zeros(128, np.float32), np.full(128, 0.8 / np.sqrt(128), np.float32)
NOBODY: Faces = np.zeros((0, 128), np.float32), np.zeros(0, np.int64)


def towards(face: Floats, distance: float, axis: int = 0) -> Floats:
    """A face so far away in a direction of its own."""
    moved = face.copy()
    moved[axis] += distance
    return moved


def seen(faces: Sequence[Floats], *, width: float = 60, quality: float = 0.8) -> Tracklet:
    shots = [Shot(n, (0, 0, width, width), quality, face, b"") for n, face in enumerate(faces)]
    return Tracklet(1, [0.0], [(0, 0, width, width)], [0.9], shots)


def known(*faces: tuple[int, Floats]) -> Known:
    owners = np.array([person for person, _ in faces])
    return Known.of((np.array([face for _, face in faces]), owners), NOBODY)


def who(tracklet: Tracklet, gallery: Known, config: VisionConfig = CONFIG) -> tuple[int | None, int | None]:
    match = identify([tracklet], gallery, config)
    return match.person, match.candidate


TWO = known((1, ASHA), (2, BALA))


@pytest.mark.parametrize(("distance", "answer"), [(0.3, (1, None)), (0.4, (None, 1)), (0.46, (None, None))])
def test_a_face_is_known_doubtful_or_new(distance: float, answer: tuple[int | None, int | None]) -> None:
    assert who(seen([towards(ASHA, distance)]), TWO) == answer


def test_nobody_is_known_to_an_empty_gallery() -> None:
    found = identify([seen([ASHA])], Known.of(NOBODY, NOBODY), CONFIG)
    assert found == Match(None, None, float("inf"), float("inf"))


def test_small_faces_have_bars_of_their_own() -> None:
    strict = CONFIG.with_changes(bars=(Bar(48.0, 0.2, 0.35),))
    face = towards(ASHA, 0.3)
    assert who(seen([face], width=60), TWO, strict) == (1, None)
    assert who(seen([face], width=40), TWO, strict) == (None, 1)
    assert who(seen([towards(ASHA, 0.4)], width=40), TWO, strict) == (None, None)


def test_shots_that_look_like_nobody_count_against() -> None:
    """The mean alone would be sure; most of the shots are not."""
    spread = [towards(ASHA, 0.5, axis) for axis in range(5)]
    assert np.linalg.norm(np.mean(spread, axis=0)) < 0.3
    assert who(seen(spread), TWO) == (None, 1)
    assert who(seen([*spread[:2], ASHA, ASHA, ASHA]), TWO) == (1, None)


def test_poor_shots_have_less_of_a_vote() -> None:
    odd = seen([towards(ASHA, 0.5, axis) for axis in range(3)], quality=0.1)
    good = seen([ASHA, ASHA], quality=0.8)
    assert identify([odd, good], TWO, CONFIG).person == 1


def test_of_two_alike_the_nearer_is_only_asked_about() -> None:
    alike = known((1, ASHA), (2, towards(ASHA, 0.05)))
    assert who(seen([ASHA]), alike) == (None, 1)
    assert identify([seen([ASHA])], alike, CONFIG, but=[2]).person == 1


def test_two_templates_of_one_person_are_no_second_person() -> None:
    assert who(seen([ASHA]), known((1, ASHA), (1, towards(ASHA, 0.05)))) == (1, None)


def test_the_templates_that_differ_most_are_kept() -> None:
    line = np.array([[0.0], [0.1], [0.2], [1.0], [0.9], [0.5]], np.float32)
    assert diverse(line, 1, 3) == [0, 3, 5]
    assert diverse(line, 2, 3) == [0, 1, 3]
    assert diverse(line[:2], 1, 8) == [0, 1]
