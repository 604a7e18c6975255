"""Made-up footage is what its truth says, the same for the same seed, and refused when impossible."""

import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.vision.conftest import MadeClip
from vision.drawn_faces import CANVAS_PX, draw_head, random_pose
from vision.embedding import Dlib
from vision.faces import WHOLE, Hog, chip
from vision.footage import RETURN_AFTER_S, ImpossibleFootage, choose_people, make_footage
from vision.footage import _plan as plan
from vision.frames import probe


def test_the_film_is_what_a_camera_writes(made_clip: MadeClip) -> None:
    info = probe(made_clip.path)
    assert (info.codec, info.width, info.height) == ("h264", 1280, 720)
    assert info.fps == pytest.approx(15, abs=0.01)
    assert info.keyframes == pytest.approx([2.0 * index for index in range(len(info.keyframes))], abs=0.01)
    assert info.duration_s == pytest.approx(27.0, abs=0.1)


def test_the_truth_is_written_beside_the_film(made_clip: MadeClip) -> None:
    with made_clip.path.with_suffix(".truth.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["person", "entry_s", "exit_s", "duration_s", "min_face_px", "max_face_px"]
    assert len(rows) == len(made_clip.truth) == 2
    assert len({row["person"] for row in rows}) == 2
    for row in rows:
        assert float(row["exit_s"]) - float(row["entry_s"]) == pytest.approx(
            float(row["duration_s"]), abs=0.02
        )
        assert 55 <= int(row["min_face_px"]) < int(row["max_face_px"]) <= 115


def test_the_same_seed_makes_the_same_film(tmp_path: Path, models_dir: Path) -> None:
    for name in ("one.mp4", "two.mp4"):
        make_footage(tmp_path / name, minutes=0.3, visits=1, persons=1, seed=5, models_dir=models_dir)
    assert (tmp_path / "one.truth.csv").read_text() == (tmp_path / "two.truth.csv").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "one.mp4",
        "one.truth.csv",
        "two.mp4",
        "two.truth.csv",
    ]


def test_people_are_chosen_whom_the_eye_tells_apart_in_any_pose(models_dir: Path) -> None:
    generator, embedder = np.random.default_rng(8), Dlib(models_dir)
    people = choose_people(generator, 3, embedder)
    chips = []
    for looks in [*people, *people]:
        picture = np.full((CANVAS_PX, CANVAS_PX, 3), 150, np.uint8)
        head, opaque = draw_head(looks, random_pose(generator))
        picture[:] = head * opaque[..., None] + picture * (1 - opaque[..., None])
        (face,) = Hog(0.6).detect(picture, [WHOLE])
        chips.append(chip(picture, face))
    vectors = embedder.embed(np.stack(chips))
    between = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
    is_same = np.arange(6)[:, None] % 3 == np.arange(6) % 3
    assert between[is_same].max() < 0.3 and between[~is_same].min() > 0.42


def test_a_person_comes_back_after_two_and_a_half_minutes_at_the_earliest() -> None:
    stays = plan(np.random.default_rng(1), 600, 12, 5)
    assert [stay.entry_s for stay in stays] == sorted(stay.entry_s for stay in stays)
    for person in range(5):
        own = [stay for stay in stays if stay.person == person]
        assert len(own) >= 2
        for before, after in pairwise(own):
            assert after.entry_s - before.exit_s >= RETURN_AFTER_S


@pytest.mark.parametrize(
    ("minutes", "visits", "persons"), [(1, 3, 2), (0.5, 30, 30), (5, 2, 3), (5, 2, 0), (0.1, 1, 1)]
)
def test_what_cannot_be_filmed_is_refused_with_what_would_do(
    tmp_path: Path, models_dir: Path, minutes: float, visits: int, persons: int
) -> None:
    with pytest.raises(ImpossibleFootage, match=f"{visits} visits of {persons} persons"):
        make_footage(
            tmp_path / "no.mp4",
            minutes=minutes,
            visits=visits,
            persons=persons,
            seed=1,
            models_dir=models_dir,
        )
    assert list(tmp_path.iterdir()) == []
