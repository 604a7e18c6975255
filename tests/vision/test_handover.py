"""One leaves as the other comes in by the same door: places cannot tell them apart, faces can."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from vision import footage
from vision.analysis import analyse, join
from vision.candidates import Candidate
from vision.chunks import ChunkResult
from vision.config import VisionConfig
from vision.faces import Face
from vision.footage import make_footage
from vision.parting import parted
from vision.persons import cluster
from vision.tracking import Shot, Tracklet, is_wanted, kept_shots

CONFIG = VisionConfig(models_dir=Path("unused"))
ASHA, BALA = np.zeros(128, np.float32), np.full(128, 0.6 / np.sqrt(128), np.float32)
"""0.6 apart, as the faces of two people are."""


def followed(faces: Sequence[np.ndarray], start: float = 0.0) -> Tracklet:
    """A face seen five times a second, with a shot in the middle of each second."""
    times = [start + step / 5 for step in range(5 * len(faces))]
    shots = [Shot(start + n + 0.4, (0, 0, 60, 60), 0.8, face, b"") for n, face in enumerate(faces)]
    return Tracklet(1, times, [(0, 0, 60, 60)] * len(times), [0.9] * len(times), shots)


def turned(face: np.ndarray, by: float) -> np.ndarray:
    """The same face in another pose, `by` away from the front."""
    pose = np.zeros(128, np.float32)
    pose[0] = by
    return face + pose


def test_a_tracklet_that_goes_over_to_another_face_is_cut_there() -> None:
    before, after = parted(followed([ASHA] * 10 + [BALA] * 12), CONFIG)
    assert [before.started_s, before.ended_s] == pytest.approx([0.0, 9.4])
    assert [after.started_s, after.ended_s] == pytest.approx([10.4, 21.8])
    assert before.vector == pytest.approx(ASHA) and after.vector == pytest.approx(BALA)
    assert len(before.shots) == len(after.shots) == CONFIG.shots


def test_a_face_that_comes_back_is_cut_twice() -> None:
    assert len(parted(followed([ASHA] * 8 + [BALA] * 6 + [ASHA] * 8), CONFIG)) == 3


def test_one_person_who_turns_about_stays_one() -> None:
    poses = [turned(ASHA, 0.5 if n % 4 == 3 else 0.2 * (n % 2)) for n in range(30)]
    (whole,) = parted(followed(poses), CONFIG)
    assert whole.ended_s == pytest.approx(29.8)


def test_a_single_odd_shot_proves_nothing() -> None:
    assert len(parted(followed([ASHA] * 10 + [BALA]), CONFIG)) == 1
    assert len(parted(followed([ASHA, BALA]), CONFIG)) == 1
    assert len(parted(Tracklet(1, [0.0], [(0, 0, 60, 60)], [0.9]), CONFIG)) == 1


def test_the_best_of_each_second_and_the_best_of_all_are_kept() -> None:
    shots = [Shot(n / 5, (0, 0, 1, 1), 0.3 + 0.001 * (n % 100), ASHA, b"") for n in range(200)]
    kept = kept_shots(shots, CONFIG)
    assert {int(shot.at) for shot in kept} == set(range(40))
    assert len(kept) <= 40 + CONFIG.shots
    assert [shot.at for shot in kept] == sorted({shot.at for shot in kept})


def test_only_what_would_be_kept_is_cut_out() -> None:
    picture, face = np.zeros((60, 60, 3), np.uint8), Face((10, 10, 50, 50), 0.9)
    kept = [Candidate.seen(n / 2, picture, face, 0.8) for n in range(16)]
    assert is_wanted(8.2, 0.1, kept, CONFIG), "the first of its second"
    assert is_wanted(3.8, 0.9, kept, CONFIG), "better than all"
    assert not is_wanted(3.8, 0.7, kept, CONFIG)


def test_a_change_near_a_seam_is_seen_when_both_sides_are_joined() -> None:
    def result(tracklet: Tracklet) -> ChunkResult:
        return ChunkResult([tracklet], {}, 0, 0, 0, {})

    sides = [followed([ASHA] * 9 + [BALA]), followed([ASHA] + [BALA] * 9, start=8.0)]
    first, second = join([result(side) for side in sides], CONFIG)
    assert (first.number, second.number) == (1, 2)
    assert first.vector == pytest.approx(ASHA) and second.vector == pytest.approx(BALA)


def test_two_who_meet_in_the_door_are_two_visits(
    tmp_path: Path, models_dir: Path, eye: VisionConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaves = footage._Stay(0, 1.0, 11.0, 560.0, comes_from_left=False, size=0.8)
    comes_in = footage._Stay(1, 10.9, 21.0, 560.0, comes_from_left=True, size=0.8)
    monkeypatch.setattr(footage, "_plan", lambda *_: [leaves, comes_in])
    film = tmp_path / "door.mp4"
    make_footage(film, minutes=0.37, visits=2, persons=2, seed=3, models_dir=models_dir)
    first, second = cluster(analyse(film, eye, workers=2).tracklets, eye)
    assert first[-1].ended_s == pytest.approx(11, abs=1.5)
    assert second[0].started_s == pytest.approx(11, abs=1.5)
