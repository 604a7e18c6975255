"""How a camera hangs: its picture is turned upright, and what lies outside its region is nobody's."""

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import pytest

from tests.vision.test_faces import portrait
from vision.config import VisionConfig
from vision.faces import Face
from vision.frames import frames
from vision.looking import Clock, Eye
from vision.picture import Frame, Image
from vision.scene import Point, Scene


def frame(image: Image, at: float = 0.0, rotation: int = 0) -> Frame:
    return Frame(at, av.VideoFrame.from_ndarray(image, format="bgr24"), rotation)


@pytest.mark.parametrize(
    ("rotation", "bright_edge"), [(0, "left"), (90, "top"), (180, "right"), (270, "bottom")]
)
def test_a_camera_that_hangs_askew_is_turned_clockwise(rotation: int, bright_edge: str) -> None:
    image = np.zeros((192, 320, 3), np.uint8)
    image[:, :40] = 255
    turned = frame(image, rotation=rotation)
    height, width = turned.upright_size
    edges: dict[str, slice | tuple[slice, slice]] = {
        "left": np.s_[:, : width // 10],
        "right": np.s_[:, -width // 10 :],
        "top": slice(height // 10),
        "bottom": slice(-height // 10, None),
    }
    assert (
        turned.image.shape == (height, width, 3) == ((192, 320, 3) if rotation % 180 == 0 else (320, 192, 3))
    )
    for picture in (turned.image, turned.luma):
        assert max(edges, key=lambda edge: float(picture[edges[edge]].mean())) == bright_edge


def test_the_turn_is_added_to_what_the_file_says(tmp_path: Path) -> None:
    path = tmp_path / "turned.mp4"
    picture = np.zeros((192, 320, 3), np.uint8)
    picture[:, :40] = 255
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=15)
        stream.width, stream.height, stream.pix_fmt = 320, 192, "yuv420p"
        stream.set_display_rotation(90)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))
    plain, turned = next(frames(path)), next(frames(path, rotation=180))
    assert plain.upright_size == turned.upright_size == (320, 192)
    assert np.array_equal(turned.luma, plain.luma[::-1, ::-1])


LEFT: tuple[Point, ...] = ((0, 0), (0.45, 0), (0.45, 1), (0, 1))
RIGHT: tuple[Point, ...] = ((0.55, 0), (1, 0), (1, 1), (0.55, 1))


def seen(models_dir: Path, pictures: Sequence[Image], **scene: object) -> list[Face]:
    eye = Eye(VisionConfig(models_dir=models_dir, scene=Scene(**scene)))  # type: ignore[arg-type]
    found = [eye.look(frame(picture, at), Clock()) for at, picture in enumerate(pictures)]
    return [face for faces in found for _, face in faces]


def test_a_face_outside_the_region_is_nobody_s(models_dir: Path) -> None:
    assert len(seen(models_dir, [portrait()])) == 1
    assert len(seen(models_dir, [portrait()], region=LEFT)) == 1
    assert seen(models_dir, [portrait()], region=RIGHT) == []


def test_a_face_on_the_other_side_of_a_slanted_edge_is_nobody_s(models_dir: Path) -> None:
    below_the_diagonal: tuple[Point, ...] = ((0, 0), (1, 1), (0, 1))
    above_the_diagonal: tuple[Point, ...] = ((0, 0), (1, 0), (1, 1))
    found = [
        len(seen(models_dir, [portrait()], region=place))
        for place in (below_the_diagonal, above_the_diagonal)
    ]
    assert found == [1, 0]


def test_what_moves_outside_the_region_is_not_looked_at(models_dir: Path) -> None:
    eye, clock = Eye(VisionConfig(models_dir=models_dir, scene=Scene(region=RIGHT))), Clock()
    room = np.full((360, 480, 3), 150, np.uint8)
    eye.look(frame(room), clock)
    moving = frame(portrait(at=(0, 40)), 0.8)
    eye.look(moving, clock)
    assert "image" not in moving.__dict__, "its colours were never asked for"
    eye.look(frame(portrait(at=(250, 40)), 1.6), clock)
    assert eye.size == (360, 480)


def backlit(image: Image) -> Image:
    """The same room with a bright window behind: the face is dark, the rest too bright."""
    light = np.full(image.shape[:2], 1.6)
    light[60:320, 80:270] = 0.15
    noise = np.random.default_rng(0).normal(0, 2, image.shape)
    return np.asarray(np.clip(image * light[..., None] + noise, 0, 255), np.uint8)


def test_a_face_before_a_bright_window_is_found_where_light_is_evened_out(models_dir: Path) -> None:
    assert seen(models_dir, [backlit(portrait())]) == []
    assert len(seen(models_dir, [backlit(portrait())], evens_light=True)) == 1
