"""Faces are found, rated and cut upright. The people are drawn."""

from pathlib import Path

import numpy as np
import pytest

from vision.config import VisionConfig
from vision.drawn_faces import CANVAS_PX, Pose, draw_head, random_looks
from vision.embedding import Dlib
from vision.engines import make_detector
from vision.faces import (
    WHOLE,
    Box,
    Face,
    Hog,
    chip,
    iou,
    places,
    quality,
    refusal,
    suppress,
)
from vision.picture import Image

CONFIG = VisionConfig(models_dir=Path("unused"))


def portrait(seed: int = 4, pose: Pose = Pose(), at: tuple[int, int] = (60, 40)) -> Image:  # noqa: B008 (frozen)
    """A drawn head in a gray room of 480x360, its top left corner at a place."""
    room = np.full((360, 480, 3), 150, np.uint8)
    head, opaque = draw_head(random_looks(np.random.default_rng(seed)), pose)
    part = room[at[1] : at[1] + CANVAS_PX, at[0] : at[0] + CANVAS_PX]
    part[:] = head * opaque[..., None] + part * (1 - opaque[..., None])
    return room


def test_without_a_yunet_file_dlib_looks_for_faces(tmp_path: Path) -> None:
    assert (
        make_detector(VisionConfig(models_dir=tmp_path, yunet_model=tmp_path / "absent.onnx")).name == "hog"
    )


def test_a_face_is_found_where_it_is() -> None:
    (face,) = Hog(0.5).detect(portrait(), [WHOLE])
    assert iou(face.box, (60 + 54, 40 + 66, 60 + 170, 40 + 182)) > 0.5
    assert 0.6 <= face.score <= 1


def test_only_the_regions_asked_for_are_searched() -> None:
    picture = portrait(at=(230, 100))
    assert Hog(0.5).detect(picture, [(0.0, 0.0, 0.3, 0.5)]) == []
    (face,) = Hog(0.5).detect(picture, [(0.45, 0.25, 0.97, 0.95)])
    assert face.box[0] > 230
    assert Hog(0.5).detect(picture, []) == []


def test_regions_get_room_and_those_that_touch_become_one() -> None:
    ((x1, y1, x2, y2),) = places([(0.1, 0.1, 0.2, 0.3), (0.15, 0.2, 0.3, 0.4)], 1000, 1000)
    assert x1 < 100 and y1 < 100 and x2 > 300 and y2 > 400
    assert len(places([(0.0, 0.0, 0.1, 0.1), (0.8, 0.8, 0.9, 0.9)], 1000, 1000)) == 2
    assert places([(1.2, 0.4, 1.5, 0.6)], 1000, 1000) == []


def test_of_two_boxes_on_one_face_the_surer_stays() -> None:
    box: Box = (0, 0, 10, 10)
    faces = [Face(box, 0.6), Face((1, 1, 11, 11), 0.9), Face((50, 50, 60, 60), 0.7)]
    assert [face.score for face in suppress(faces)] == [0.9, 0.7]


def test_a_small_faint_blurred_or_cut_face_is_no_shot() -> None:
    picture = portrait()
    (face,) = Hog(0.5).detect(picture, [WHOLE])
    assert refusal(picture, Face(face.box, 0.9), CONFIG) == ""
    assert refusal(picture, Face(face.box, 0.7), CONFIG) == "score"
    assert refusal(picture, Face((100, 100, 130, 130), 0.9), CONFIG) == "width"
    assert refusal(np.full_like(picture, 120), Face(face.box, 0.9), CONFIG) == "blur"
    assert refusal(picture, Face((-5, 50, 110, 160), 0.9), CONFIG) == "edge"


def test_a_face_turned_away_is_worth_less() -> None:
    picture = portrait()
    (found,) = Hog(0.5).detect(picture, [WHOLE])
    ahead = np.array([[140, 140], [180, 140], [160, 165], [145, 185], [175, 185]], np.float32)
    aside = ahead + np.array([[0, 0], [0, 0], [10, 0], [0, 0], [0, 0]], np.float32)
    worth = [quality(picture, Face(found.box, 0.9, points), CONFIG) for points in (ahead, aside)]
    assert 0 < worth[1] < 0.5 * worth[0] <= 0.5


@pytest.mark.parametrize("at", [(60, 40), (200, 120)])
def test_one_face_anywhere_in_the_picture_gives_nearly_one_vector(
    models_dir: Path, at: tuple[int, int]
) -> None:
    pictures = [portrait(), portrait(at=at, pose=Pose(yaw=0.12, light=0.4, smile=0.6))]
    faces = [Hog(0.5).detect(picture, [WHOLE])[0] for picture in pictures]
    chips = np.stack([chip(picture, face) for picture, face in zip(pictures, faces, strict=True)])
    assert chips.shape == (2, 150, 150, 3)
    one, other = Dlib(models_dir).embed(chips)
    assert np.linalg.norm(one - other) < 0.3
