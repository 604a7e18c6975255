"""A face chip as a vector: dlib's face network on ONNX Runtime, same numbers in a twentieth of the time."""

import hashlib
import os
import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from vision.config import DLIB
from vision.faces import CHIP_PX, Face, Floats, chip, model_file
from vision.networks import single_threaded
from vision.picture import Image

MODEL_ID = "dlib-resnet-v1"
DIMENSIONS = 128
WEIGHTS_FILE = "dlib_face_recognition_resnet_model_v1.dat"
WEIGHTS_SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
_BATCH = 16


def converted_model(folder: Path) -> Path:
    """The network as ONNX inside a folder, converted on first use (a second).

    Safe when several processes come first at once: each writes a file of its own and renames it into place.
    Raises WeightsError when the package holds another file than the one this was proved on.
    """
    place = folder / f"{MODEL_ID}.onnx"
    if place.is_file():
        return place
    from vision.dlib_weights import WeightsError, read_layers, to_onnx  # onnx is slow to import, used once

    weights = model_file(WEIGHTS_FILE).read_bytes()
    if hashlib.sha256(weights).hexdigest() != WEIGHTS_SHA256:
        raise WeightsError(f"{WEIGHTS_FILE} is not the known file: install face_recognition_models again.")
    model = to_onnx(read_layers(weights)).SerializeToString()
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=f".{MODEL_ID}.")
    with os.fdopen(handle, "wb") as file:
        file.write(model)
    Path(name).chmod(0o644)
    Path(name).replace(place)
    return place


class Dlib:
    """The engine that comes with the packages: vectors that are compared by distance, not of unit length."""

    model_id, dimensions, chip_px, cold_start = MODEL_ID, DIMENSIONS, CHIP_PX, DLIB

    def __init__(self, models_dir: Path, providers: Sequence[str] = ()) -> None:
        self._models_dir, self._providers = models_dir, providers

    def prepare(self) -> None:
        """See Engine."""
        converted_model(self._models_dir)

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        return single_threaded(converted_model(self._models_dir), self._providers)

    def chip(self, image: Image, face: Face) -> Image:
        """See Engine."""
        return chip(image, face)

    def embed(self, chips: npt.NDArray[np.uint8]) -> Floats:
        """See Engine."""
        batches = [
            np.asarray(self._session.run(None, {"chips": chips[start : start + _BATCH]})[0])
            for start in range(0, len(checked(chips, CHIP_PX)), _BATCH)
        ]
        return np.concatenate([np.zeros((0, DIMENSIONS), np.float32), *batches])


def checked(chips: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    """The same chips. Raises ValueError unless they are uint8 [N, side, side, 3]."""
    if chips.shape[1:] != (side, side, 3) or chips.dtype != np.uint8:
        raise ValueError(
            f"Chips must be uint8 [N, {side}, {side}, 3], not {chips.dtype} {list(chips.shape)}."
        )
    return chips
