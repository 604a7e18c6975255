"""Where something moves in a picture: asked before a face is looked for."""

import cv2
import numpy as np
import numpy.typing as npt

from vision.frames import Image


class MotionGate:
    """Tells where something moves, on the small brightness picture.

    A running-average background, a threshold that follows the noise of the picture, and blobs of at least
    `min_area` of it. When most of the picture changes at once (a light is switched) everything has moved, and
    the background is learnt anew.
    """

    def __init__(self, min_area: float = 0.0015, learn: float = 0.01, lightning: float = 0.6) -> None:
        self._min_area, self._learn, self._lightning = min_area, learn, lightning
        self._background: npt.NDArray[np.float32] | None = None

    def regions(self, luma: Image) -> list[tuple[float, float, float, float]]:
        """Moving places as (x1, y1, x2, y2) in fractions of the picture; the whole picture at first."""
        seen = cv2.GaussianBlur(luma, (5, 5), 0).astype(np.float32)
        if self._background is None or self._background.shape != seen.shape:
            self._background = seen
            return [(0.0, 0.0, 1.0, 1.0)]
        difference = np.abs(seen - self._background)
        some = difference[::4, ::4]
        noise = float(np.median(np.abs(some - np.median(some))))
        moved = (difference > max(12.0, 4 * noise)).astype(np.uint8)
        if moved.mean() > self._lightning:
            self._background = seen
            return [(0.0, 0.0, 1.0, 1.0)]
        self._background += self._learn * (seen - self._background)
        return self._blobs(np.asarray(cv2.dilate(moved, np.ones((3, 3), np.uint8)), np.uint8))

    def _blobs(self, moved: Image) -> list[tuple[float, float, float, float]]:
        height, width = moved.shape
        _, _, stats, _ = cv2.connectedComponentsWithStats(moved)
        return [
            (x / width, y / height, (x + w) / width, (y + h) / height)
            for x, y, w, h, area in stats[1:].tolist()
            if area >= self._min_area * width * height
        ]
