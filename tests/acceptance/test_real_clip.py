"""Ten minutes with the faces of real people, whose comings and goings are known, and real people who come back."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.base import shared
from vision.analysis import Analysis, analyse
from vision.chunks import Chunk, analyse_chunk
from vision.config import YUNET_FILE, VisionConfig
from vision.drawn_faces import CANVAS_PX, draw_head, random_pose
from vision.embedding import Embedder
from vision.faces import WHOLE, Hog, YuNet
from vision.footage import choose_people
from vision.persons import cluster, identify
from vision.tracking import Tracklet
from vision.visits import VisitSpan, visits_from

NEAR_S = 5.0


@dataclass(frozen=True)
class TrueVisit:
    """A row of the truth."""

    person: str
    entry_s: float
    exit_s: float


@pytest.fixture(scope="module")
def eye(tmp_path_factory: pytest.TempPathFactory) -> VisionConfig:
    return VisionConfig(
        models_dir=tmp_path_factory.mktemp("models"), yunet_model=shared() / "models" / YUNET_FILE
    )


@pytest.fixture(scope="module")
def truth() -> list[TrueVisit]:
    with (shared() / "data" / "cctv" / "dev.truth.csv").open(newline="") as file:
        return [
            TrueVisit(row["person"], float(row["entry_s"]), float(row["exit_s"]))
            for row in csv.DictReader(file)
        ]


@pytest.fixture(scope="module")
def analysis(eye: VisionConfig) -> Analysis:
    return analyse(shared() / "data" / "cctv" / "dev.mp4", eye, workers=2)


@pytest.fixture(scope="module")
def visits(analysis: Analysis, eye: VisionConfig) -> list[VisitSpan[int]]:
    people = cluster(analysis.tracklets, eye.cluster_at)
    seen = ((tracklet, number) for number, group in enumerate(people) for tracklet in group)
    return visits_from(seen, eye.visit_gap_s)


def pairs(
    visits: Sequence[VisitSpan[int]], truth: Sequence[TrueVisit]
) -> list[tuple[VisitSpan[int], TrueVisit]]:
    """Visits and true visits that begin and end within a few seconds of each other, each used once."""
    left, found = list(truth), []
    for visit in visits:
        near = [
            row
            for row in left
            if abs(row.entry_s - visit.entry_s) <= NEAR_S and abs(row.exit_s - visit.exit_s) <= NEAR_S
        ]
        if near:
            best = min(
                near, key=lambda row: abs(row.entry_s - visit.entry_s) + abs(row.exit_s - visit.exit_s)
            )
            left.remove(best)
            found.append((visit, best))
    return found


def test_visits_are_found_to_within_five_seconds(
    visits: list[VisitSpan[int]], truth: list[TrueVisit]
) -> None:
    right = len(pairs(visits, truth))
    f1 = 2 * right / (len(visits) + len(truth))
    assert f1 >= 0.95, f"{right} right of {len(visits)} visits, {len(truth)} true"


def test_who_comes_back_is_the_same_person_and_nobody_else(
    visits: list[VisitSpan[int]], truth: list[TrueVisit]
) -> None:
    named = {(visit.person, row.person) for visit, row in pairs(visits, truth)}
    assert len({visit.person for visit in visits}) <= 15
    assert len(named) <= 15 and len({person for _, person in named}) == 14


def test_people_who_come_back_another_day_are_known_again(eye: VisionConfig) -> None:
    folder = shared() / "data" / "cctv" / "asl_returns"
    with (folder / "labels.csv").open(newline="") as file:
        labels = [(folder / row["clip"], row["person"]) for row in csv.DictReader(file)]
    people = sorted({person for _, person in labels})
    faces = np.array([longest(clip, eye).vector for clip, _ in labels])
    owners = np.array([people.index(person) for _, person in labels])
    first = np.array([int(np.flatnonzero(owners == number)[0]) for number in range(len(people))])
    later = np.setdiff1d(np.arange(len(labels)), first)
    found = identify(
        faces[later], faces[first], np.arange(len(people)), accept_at=eye.accept_at, margin=eye.margin
    )
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
    for looks in choose_people(generator, 4, Embedder(eye.models_dir)):
        for pose in (random_pose(generator) for _ in range(4)):
            picture = np.full((360, 480, 3), 150, np.uint8)
            head, opaque = draw_head(looks, pose)
            part = picture[60 : 60 + CANVAS_PX, 100 : 100 + CANVAS_PX]
            part[:] = head * opaque[..., None] + part * (1 - opaque[..., None])
            for detector in detectors:
                found[detector.name] += len(detector.detect(picture, [WHOLE])) == 1
    assert found["yunet"] == 16 and found["hog"] >= 15
