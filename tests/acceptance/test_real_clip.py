"""Ten minutes with the faces of real people, whose comings and goings are known, and real people who come back."""

import csv
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.base import shared
from vision import outputs
from vision.chunks import Chunk, analyse_chunk
from vision.config import YUNET_FILE, Bar, VisionConfig
from vision.drawn_faces import CANVAS_PX, draw_head, random_pose
from vision.embedding import Dlib
from vision.faces import WHOLE, Hog, YuNet
from vision.footage import choose_people
from vision.persons import Known, search
from vision.pipeline import Look, rehearse
from vision.scoring import Score, read_truth, read_visits, score
from vision.tracking import Tracklet


@pytest.fixture(scope="module")
def eye(tmp_path_factory: pytest.TempPathFactory) -> VisionConfig:
    return VisionConfig(
        models_dir=tmp_path_factory.mktemp("models"), yunet_model=shared() / "models" / YUNET_FILE
    )


@pytest.fixture(scope="module")
def result(eye: VisionConfig, tmp_path_factory: pytest.TempPathFactory) -> Score:
    """How right the log of the ten minutes is, by the way of `process_video --dry-run` and `score_visits`."""
    folder, clip = tmp_path_factory.mktemp("out"), shared() / "data" / "cctv" / "dev.mp4"
    start = datetime(2025, 12, 14, 9, tzinfo=UTC)
    seen = rehearse(clip, eye, camera="dev", started_at=start, look=Look(workers=2))
    outputs.write(folder, seen, ZoneInfo("Asia/Kolkata"), {})
    return score(read_visits(folder / "visit_log.csv"), read_truth(clip.with_suffix(".truth.csv")))


def test_visits_are_found_to_within_five_seconds(result: Score) -> None:
    assert at_least(0.97, result.visits.rates.f1), result
    assert result.failure_to_acquire.rate == 0, result


def test_who_comes_back_is_the_same_person_and_nobody_else(result: Score) -> None:
    assert at_least(0.97, result.identity.bcubed.f1), result
    assert result.identity.wrong_name_rate is not None and result.identity.wrong_name_rate <= 0.005, result
    assert abs(result.customers.error) <= 1, result


def at_least(least: float, share: float | None) -> bool:
    """Is there such a share, and is it large enough?"""
    return share is not None and share >= least


def test_people_who_come_back_another_day_are_known_again(eye: VisionConfig) -> None:
    folder = shared() / "data" / "cctv" / "asl_returns"
    with (folder / "labels.csv").open(newline="") as file:
        labels = [(folder / row["clip"], row["person"]) for row in csv.DictReader(file)]
    people = sorted({person for _, person in labels})
    faces = np.array([longest(clip, eye).vector for clip, _ in labels])
    owners = np.array([people.index(person) for _, person in labels])
    first = np.array([int(np.flatnonzero(owners == number)[0]) for number in range(len(people))])
    later = np.setdiff1d(np.arange(len(labels)), first)
    denied = np.zeros((0, 1), np.float32), np.zeros(0, np.int64)
    known = Known.of((faces[first], np.arange(len(people))), denied)
    bar = Bar(np.inf, eye.accept_at, eye.review_at)
    found = [search(face, known, bar, eye.margin) for face in faces[later]]
    assert [match.person for match in found] == owners[later].tolist()


def longest(clip: Path, eye: VisionConfig) -> Tracklet:
    """The face that is seen longest in a clip of a few seconds."""
    seen = analyse_chunk(clip, Chunk(0, 60, 60), eye).tracklets
    return max(seen, key=lambda tracklet: len(tracklet.times))


def test_both_detectors_find_the_drawn_people_of_the_footage(eye: VisionConfig) -> None:
    assert eye.yunet is not None
    generator = np.random.default_rng(11)
    found = {"yunet": 0, "hog": 0}
    detectors = (YuNet(eye.yunet, 0.6), Hog(0.6))
    for looks in choose_people(generator, 4, Dlib(eye.models_dir)):
        for pose in (random_pose(generator) for _ in range(4)):
            picture = np.full((360, 480, 3), 150, np.uint8)
            head, opaque = draw_head(looks, pose)
            part = picture[60 : 60 + CANVAS_PX, 100 : 100 + CANVAS_PX]
            part[:] = head * opaque[..., None] + part * (1 - opaque[..., None])
            for detector in detectors:
                found[detector.name] += len(detector.detect(picture, [WHOLE])) == 1
    assert found["yunet"] == 16 and found["hog"] >= 15
