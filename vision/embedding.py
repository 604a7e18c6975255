"""A face chip as a vector: dlib's face network on ONNX Runtime, same numbers in a twentieth of the time."""

import hashlib
import os
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from vision.faces import CHIP_PX, Floats, model_file, single_threaded

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


class Embedder:
    """Turns chips into vectors. The model is loaded at the first use, once."""

    def __init__(self, models_dir: Path) -> None:
        self._models_dir = models_dir
        self._session: onnxruntime.InferenceSession | None = None

    def embed(self, chips: npt.NDArray[np.uint8]) -> Floats:
        """RGB uint8 [N, 150, 150, 3] -> float32 [N, 128], compared by Euclidean distance, not unit length."""
        if chips.shape[1:] != (CHIP_PX, CHIP_PX, 3) or chips.dtype != np.uint8:
            raise ValueError(f"Chips must be uint8 [N, 150, 150, 3], not {chips.dtype} {list(chips.shape)}.")
        if self._session is None:
            self._session = single_threaded(converted_model(self._models_dir))
        vectors = [np.zeros((0, DIMENSIONS), np.float32)]
        for start in range(0, len(chips), _BATCH):
            vectors.append(np.asarray(self._session.run(None, {"chips": chips[start : start + _BATCH]})[0]))
        return np.concatenate(vectors)
