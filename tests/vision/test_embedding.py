"""The face network on ONNX Runtime is dlib's own, to the fifth decimal."""

import threading
from collections import Counter
from pathlib import Path

import dlib
import numpy as np
import numpy.typing as npt
import pytest

from vision import embedding
from vision.dlib_weights import Reader, WeightsError, read_layers
from vision.embedding import DIMENSIONS, WEIGHTS_FILE, Dlib, converted_model
from vision.faces import model_file

GOLDEN = """
-0.046962 0.171196 0.050489 0.005398 -0.055252 -0.012836 -0.100783 -0.021978
0.063909 -0.003037 0.244347 -0.020509 -0.227398 -0.008366 -0.008005 0.084637
-0.167018 -0.046922 -0.173836 -0.104804 0.050438 0.011435 0.021174 -0.002486
-0.128844 -0.275275 -0.067555 -0.128465 0.104498 -0.202918 0.043615 0.003648
-0.104885 -0.012331 0.008601 -0.001207 0.020100 -0.072490 0.179355 -0.054950
-0.164976 0.002937 0.030325 0.263771 0.195462 0.054440 0.008682 -0.046897
0.047027 -0.230586 0.031145 0.144042 0.080523 0.117928 0.055243 -0.182796
0.011081 0.090431 -0.131007 0.024057 0.023836 -0.097782 -0.031889 -0.105024
0.193317 0.092711 -0.099479 -0.158143 0.098648 -0.144391 -0.039350 0.109867
-0.098981 -0.145317 -0.218737 0.043979 0.332844 0.146652 -0.197981 -0.000528
-0.090467 -0.062180 -0.006514 0.021507 -0.105295 -0.020313 -0.061522 0.059328
0.213572 -0.088312 0.012960 0.170734 -0.036152 -0.003098 -0.006675 0.003306
-0.111104 0.023214 -0.058916 0.000281 0.091305 -0.126037 -0.002455 0.078568
-0.183349 0.135806 0.007838 -0.032069 0.031993 0.032376 -0.078459 -0.028915
0.275441 -0.236345 0.252825 0.250287 0.069786 0.100117 0.080509 0.118819
-0.015927 0.005708 -0.156944 -0.054220 0.035732 -0.056607 -0.035211 -0.014555
"""
"""dlib 20.0.1's vector of `pattern()`."""


def pattern() -> npt.NDArray[np.uint8]:
    """A chip that everyone can make again: three waves."""
    y, x = np.mgrid[0:150, 0:150].astype(np.float64)
    waves = [127.5 + 127.5 * np.sin(x / (7 + 4 * band) + y / (11 + 3 * band)) for band in range(3)]
    return np.stack(waves, axis=2).astype(np.uint8)


def test_the_file_is_read_to_its_last_byte() -> None:
    layers = read_layers(model_file(WEIGHTS_FILE).read_bytes())
    assert Counter(layer.name for layer in layers) == {
        "con_4": 29,
        "affine_": 29,
        "relu_": 29,
        "add_prev_": 14,
        "avg_pool_2": 5,
        "max_pool_2": 1,
        "fc_2": 1,
    }
    assert layers[0].shape == (32, 3, 7, 7) and layers[-1].shape == (256, 128, 1, 1)


def test_dlib_s_integers_and_decimals_are_read_as_written() -> None:
    reader = Reader(bytes.fromhex("0100 8105 020001 030ad7a3 811c".replace(" ", "")))
    assert [reader.integer() for _ in range(3)] == [0, -5, 256]
    assert reader.decimal() == pytest.approx(0.04)
    assert reader.left == 0


def test_another_file_is_refused() -> None:
    data = model_file(WEIGHTS_FILE).read_bytes()
    for broken in (data[: len(data) // 2], data + b"\0", b"\x01\x02" + data[2:]):
        with pytest.raises(WeightsError):
            read_layers(broken)


def test_the_vector_of_a_known_pattern_never_changes(models_dir: Path) -> None:
    vector = Dlib(models_dir).embed(pattern()[None])[0]
    assert vector == pytest.approx(np.array([float(number) for number in GOLDEN.split()]), abs=1e-5)


def test_dlib_gives_the_same_vectors(models_dir: Path) -> None:
    chips = np.random.default_rng(1).integers(0, 256, (2, 150, 150, 3), dtype=np.uint8)
    chips = np.concatenate([chips, pattern()[None]])
    theirs = dlib.face_recognition_model_v1(str(model_file(WEIGHTS_FILE)))
    expected = np.array([theirs.compute_face_descriptor(chip) for chip in chips])
    assert np.abs(Dlib(models_dir).embed(chips) - expected).max() < 1e-5


def test_many_chips_are_the_same_as_one_by_one(models_dir: Path) -> None:
    chips = np.random.default_rng(2).integers(0, 256, (18, 150, 150, 3), dtype=np.uint8)
    embedder = Dlib(models_dir)
    together = embedder.embed(chips)
    assert together.shape == (18, DIMENSIONS) and together.dtype == np.float32
    assert np.abs(together[17] - embedder.embed(chips[17:])[0]).max() < 1e-5
    assert embedder.embed(chips[:0]).shape == (0, DIMENSIONS)


def test_chips_of_another_shape_are_refused_with_the_right_one(models_dir: Path) -> None:
    with pytest.raises(ValueError, match=r"\[N, 150, 150, 3\]"):
        Dlib(models_dir).embed(np.zeros((1, 3, 150, 150), np.uint8))


def test_several_that_convert_at_once_leave_one_whole_model(tmp_path: Path) -> None:
    found: list[Path] = []
    crowd = [threading.Thread(target=lambda: found.append(converted_model(tmp_path))) for _ in range(3)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert len(set(found)) == 1 and [path.name for path in tmp_path.iterdir()] == ["dlib-resnet-v1.onnx"]
    assert Dlib(tmp_path).embed(pattern()[None]).shape == (1, DIMENSIONS)


def test_weights_that_are_not_the_known_file_are_not_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(WeightsError, match="install face_recognition_models again"):
        converted_model(tmp_path)
    assert list(tmp_path.iterdir()) == []
