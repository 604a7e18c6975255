"""SCRFD, InsightFace's face detector, from an ONNX file that the shop brings (see requirements-insightface.txt)."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from vision.faces import Box, Face, Floats, as_box, places, suppress
from vision.networks import EngineUnavailable, single_threaded
from vision.picture import Image

STRIDES = (8, 16, 32)
ANCHORS = 2
"""Guesses for each cell."""
_ROUND = 32


class Scrfd:
    """Per stride of 8, 16 and 32 the network gives a score, distances to the four sides, and five points.

    All three are counted from the corner of a cell, in strides, for each of its two anchors; the decoding is that of
    insightface/detection/scrfd (scrfd.py). Files without the five points cannot be used.
    """

    name = "scrfd"
    search_s = 0.0

    def __init__(self, model: Path, weakest: float, providers: Sequence[str] = ()) -> None:
        self._session = single_threaded(model, providers)
        self._weakest = weakest
        if len(self._session.get_outputs()) != 3 * len(STRIDES):
            raise EngineUnavailable(
                f"{model} is no SCRFD network with five points for each face (9 outputs): take one with _bnkps or "
                "_kps in its name, or det_10g.onnx, det_500m.onnx."
            )
        source = self._session.get_inputs()[0]
        self._input = source.name
        high, wide = source.shape[2:]
        self._fixed = (wide, high) if isinstance(wide, int) and isinstance(high, int) else None

    def detect(self, image: Image, regions: Sequence[Box]) -> list[Face]:
        """See Detector. Looks at half size, or at full size where the picture is at most 640 wide."""
        height, width = image.shape[:2]
        found: list[Face] = []
        for x1, y1, x2, y2 in places(regions, width, height):
            found += self._look(image[y1:y2, x1:x2], min(1.0, max(0.5, 640 / width)), x1, y1)
        return suppress(found, 0.4)

    def _look(self, part: Image, scale: float, left: int, top: int) -> list[Face]:
        height, width = part.shape[:2]
        if self._fixed:
            scale = min(1.0, self._fixed[0] / width, self._fixed[1] / height)
        size = max(1, int(width * scale)), max(1, int(height * scale))
        small = cv2.resize(part, size, interpolation=cv2.INTER_AREA) if scale < 1 else part
        wide, high = self._fixed or tuple(-(-side // _ROUND) * _ROUND for side in size)
        padded = np.zeros((high, wide, 3), np.uint8)
        padded[: small.shape[0], : small.shape[1]] = small
        scores, boxes, points = self._run(padded)
        offset = np.array([left, top], np.float32)
        return [
            Face(as_box(box), float(score), five)
            for score, box, five in zip(
                scores, boxes / scale + np.tile(offset, 2), points / scale + offset, strict=True
            )
        ]

    def _run(self, padded: Image) -> tuple[Floats, Floats, Floats]:
        """Scores [n], boxes [n, 4] and points [n, 5, 2] in pixels of the padded BGR picture."""
        blob = cv2.dnn.blobFromImage(padded, 1 / 128, mean=(127.5, 127.5, 127.5), swapRB=True)
        outputs = [np.asarray(output) for output in self._session.run(None, {self._input: blob})]
        height, width = padded.shape[:2]
        parts = [
            self._decoded(stride, width // stride, height // stride, outputs[index::3])
            for index, stride in enumerate(STRIDES)
        ]
        scores, boxes, points = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        return scores, boxes, points

    def _decoded(
        self, stride: int, columns: int, rows: int, outputs: Sequence[Floats]
    ) -> tuple[Floats, Floats, Floats]:
        score, sides, five = (output.reshape(-1, output.shape[-1]) for output in outputs)
        kept = np.flatnonzero(score[:, 0] >= self._weakest)
        corners = _corners(columns, rows)[kept]
        boxes = np.hstack([corners - sides[kept, :2], corners + sides[kept, 2:]]) * stride
        points = (corners[:, None] + five[kept].reshape(-1, 5, 2)) * stride
        return score[kept, 0], boxes, points


@cache
def _corners(columns: int, rows: int) -> Floats:
    """[columns * rows * ANCHORS, 2]: (column, row) of each anchor's cell."""
    y, x = np.mgrid[0:rows, 0:columns]
    return np.repeat(np.stack([x.ravel(), y.ravel()], 1), ANCHORS, axis=0).astype(np.float32)
