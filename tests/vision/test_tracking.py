"""Faces of single pictures become tracklets; the best shots are kept."""

from pathlib import Path

import numpy as np
import pytest

from vision.config import VisionConfig
from vision.faces import Box, Face
from vision.tracking import Shot, Tracklet, best_shots, track

CONFIG = VisionConfig(models_dir=Path("unused"))


def face(x: float, y: float = 300, width: float = 60, score: float = 0.9) -> Face:
    return Face((x - width / 2, y - width / 2, x + width / 2, y + width / 2), score)


def shot(at: float, quality: float) -> Shot:
    return Shot(at, (0, 0, 1, 1), quality, np.zeros(128, np.float32), b"")


def test_a_walker_who_leaves_his_own_box_each_time_is_one_tracklet() -> None:
    (tracklet,) = track(((0.2 * step, [face(75 * step)]) for step in range(15)), CONFIG)
    assert tracklet.started_s == 0.0 and tracklet.ended_s == pytest.approx(2.8)
    assert len(tracklet.boxes) == 15


def test_two_people_who_pass_each_other_are_not_exchanged() -> None:
    pictures = [(0.2 * step, [face(100 + 40 * step, 300), face(900 - 40 * step, 340)]) for step in range(21)]
    first, second = track(pictures, CONFIG)
    assert first.boxes[0][0] < first.boxes[-1][0] and second.boxes[0][0] > second.boxes[-1][0]
    assert first.is_seen_with(second)


def test_a_face_hidden_for_a_second_goes_on() -> None:
    pictures = [(0.2 * step, [face(20 * step)] if not 8 <= step < 13 else []) for step in range(25)]
    assert len(track(pictures, CONFIG)) == 1


def test_a_face_gone_for_longer_begins_anew() -> None:
    pictures = [(0.2 * step, [face(300)] if not 8 <= step < 20 else []) for step in range(30)]
    assert len(track(pictures, CONFIG)) == 2


def test_a_faint_face_continues_a_tracklet_but_begins_none() -> None:
    pictures = [(0.2 * step, [face(300, score=0.9 if step < 5 else 0.4)]) for step in range(10)]
    (tracklet,) = track(pictures, CONFIG)
    assert len(tracklet.times) == 10
    assert track([(0.2 * step, [face(300, score=0.4)]) for step in range(10)], CONFIG) == []


def test_a_flicker_of_two_pictures_is_nobody() -> None:
    assert track([(0.0, [face(300)]), (0.2, [face(300)])], CONFIG) == []


def test_faces_that_overlap_or_are_faint_or_meet_for_a_moment_do_not_prove_two_people() -> None:
    times: list[float] = [0.2 * step for step in range(8)]
    here: Box = (0, 0, 60, 60)
    one = Tracklet(1, times, [here] * 8, [0.9] * 8)
    assert not one.is_seen_with(Tracklet(2, times, [(10, 10, 70, 70)] * 8, [0.9] * 8))
    assert not one.is_seen_with(Tracklet(3, times, [(200, 0, 260, 60)] * 8, [0.9] * 4 + [0.5] * 4))
    assert not one.is_seen_with(Tracklet(4, times[4:], [(200, 0, 260, 60)] * 4, [0.9] * 4))
    assert one.is_seen_with(Tracklet(5, times, [(200, 0, 260, 60)] * 8, [0.9] * 8))


def test_the_best_shots_are_apart_in_time_and_in_order() -> None:
    shots = [shot(index * 0.2, 0.5 + 0.01 * (index % 7)) for index in range(60)]
    best = best_shots(shots, CONFIG)
    assert len(best) == CONFIG.shots
    assert np.diff([one.at for one in best]).min() >= CONFIG.shot_spacing_s - 1e-6
    assert best[0].quality >= 0.55


def test_better_shots_weigh_more_in_the_vector_of_a_tracklet() -> None:
    low, high = np.zeros(128, np.float32), np.ones(128, np.float32)
    shots = [Shot(0, (0, 0, 1, 1), 0.2, low, b""), Shot(1, (0, 0, 1, 1), 0.6, high, b"")]
    assert Tracklet(1, [0.0], [(0, 0, 1, 1)], [1.0], shots).vector == pytest.approx(np.full(128, 0.75))
    with pytest.raises(ValueError, match="Tracklet 2"):
        _ = Tracklet(2).vector
