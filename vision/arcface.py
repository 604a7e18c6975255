"""ArcFace, InsightFace's face network, from an ONNX file that the shop brings (see requirements-insightface.txt)."""

import hashlib
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime

from vision.config import ColdStart
from vision.embedding import checked
from vision.faces import Face, Floats
from vision.networks import single_threaded
from vision.picture import Image

TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    np.float32,
)
"""Where the eyes, the nose and the corners of the mouth belong in a chip (insightface, face_align.py)."""
_BATCH = 16


def euclidean(cosine: float) -> float:
    """The distance of two vectors of unit length with this cosine between them."""
    return float(np.sqrt(2 - 2 * cosine))


COLD_START = ColdStart(
    accept_at=euclidean(0.45),
    review_at=euclidean(0.32),
    margin=0.08,
    cluster_at=euclidean(0.40),
    look_spread=0,
    change_at=euclidean(0.35),
    enrol_at=euclidean(0.60),
    till_at=euclidean(0.50),
    debtor_at=euclidean(0.50),
)
"""Customary for the published networks (docs/vision.md), not measured here: fit your own."""


class ArcFace:
    """Vectors of unit length, so that the Euclidean distance grows with the angle between them."""

    chip_px, cold_start = 112, COLD_START

    def __init__(self, model: Path, providers: Sequence[str] = ()) -> None:
        self._model, self._providers = model, providers

    @property
    def model_id(self) -> str:
        """The file decides: networks of the same kind, trained differently, give vectors that do not compare."""
        return f"arcface-{_fingerprint(self._model, self._model.stat().st_mtime_ns)}"

    @property
    def dimensions(self) -> int:
        """See Engine."""
        return int(self._session.get_outputs()[0].shape[1])

    def prepare(self) -> None:
        """See Engine."""
        _ = self._session

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        return single_threaded(self._model, self._providers)

    def chip(self, image: Image, face: Face) -> Image:
        """See Engine. Raises ValueError for a face without the five points that SCRFD finds."""
        if face.points is None:
            raise ValueError("ArcFace needs the five points of a face, which this detector does not find.")
        turned = cv2.warpAffine(image, similarity(face.points, TEMPLATE), (self.chip_px, self.chip_px))
        return np.asarray(cv2.cvtColor(turned, cv2.COLOR_BGR2RGB), np.uint8)

    def embed(self, chips: npt.NDArray[np.uint8]) -> Floats:
        """See Engine."""
        source = self._session.get_inputs()[0]
        batch = source.shape[0] if isinstance(source.shape[0], int) else _BATCH
        pixels = (checked(chips, self.chip_px).transpose(0, 3, 1, 2).astype(np.float32) - 127.5) / 127.5
        vectors = [np.zeros((0, self.dimensions), np.float32)]
        for start in range(0, len(pixels), batch):
            found = self._session.run(None, {source.name: pixels[start : start + batch]})[0]
            vectors.append(found / np.linalg.norm(found, axis=1, keepdims=True))
        return np.concatenate(vectors)


@cache
def _fingerprint(model: Path, changed_ns: int) -> str:
    """Of the file as it was at that time: it is large, and asked for often."""
    with model.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def similarity(points: Floats, onto: Floats) -> npt.NDArray[np.float64]:
    """The turn, scale and shift [2, 3] that lays points [n, 2] nearest onto others, never mirrored (Umeyama 1991)."""
    here, there = points.mean(axis=0), onto.mean(axis=0)
    left, stretch, right = np.linalg.svd((onto - there).T @ (points - here))
    signs = np.array([1.0, np.sign(np.linalg.det(left @ right)) or 1.0])
    turn = left @ np.diag(signs) @ right
    scale = (stretch * signs).sum() / ((points - here) ** 2).sum()
    return np.hstack([scale * turn, (there - scale * turn @ here)[:, None]])
