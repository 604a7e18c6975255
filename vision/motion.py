"""Where something moves in a picture: asked before a face is looked for."""

from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from vision.picture import Image

Region: TypeAlias = tuple[float, float, float, float]
"""(x1, y1, x2, y2) in fractions of the picture."""

EVERYWHERE: Region = (0.0, 0.0, 1.0, 1.0)
_MIN_AREA = 0.0015
_LIGHTNING = 0.6
_AROUND = np.ones((3, 3), np.uint8)


def smooth(luma: Image) -> Image:
    """The picture without its grain, as `changes` wants it."""
    return np.asarray(cv2.GaussianBlur(luma, (5, 5), 0), np.uint8)


def changes(seen: Image, background: Image) -> list[Region]:
    """Where two smoothed pictures differ: places of at least 0.15 % of the picture.

    The threshold follows the noise of the picture. When most of it changes at once (a light is switched)
    everything has moved.
    """
    difference = cv2.absdiff(seen, background)
    some = difference[::4, ::4]
    noise = float(np.median(cv2.absdiff(some, np.full_like(some, np.median(some)))))
    _, moved = cv2.threshold(difference, max(12.0, 4 * noise), 1, cv2.THRESH_BINARY)
    count = cv2.countNonZero(moved)
    if count > _LIGHTNING * moved.size:
        return [EVERYWHERE]
    return _blobs(np.asarray(cv2.dilate(moved, _AROUND), np.uint8)) if count else []


def _blobs(moved: Image) -> list[Region]:
    height, width = moved.shape
    _, _, stats, _ = cv2.connectedComponentsWithStats(moved, ltype=cv2.CV_16U)
    return [
        (x / width, y / height, (x + w) / width, (y + h) / height)
        for x, y, w, h, area in stats[1:].tolist()
        if area >= _MIN_AREA * width * height
    ]


class MotionGate:
    """Tells where something moves, on the small brightness picture, against a running-average background.

    The background is learnt anew when everything has moved.
    """

    def __init__(self, learn: float = 0.01) -> None:
        self._learn = learn
        self._background: npt.NDArray[np.float32] | None = None

    def regions(self, luma: Image) -> list[Region]:
        """Moving places; the whole picture at first."""
        seen = smooth(luma)
        if self._background is None or self._background.shape != seen.shape:
            self._background = seen.astype(np.float32)
            return [EVERYWHERE]
        found = changes(seen, np.asarray(cv2.convertScaleAbs(self._background), np.uint8))
        if found == [EVERYWHERE]:
            self._background = seen.astype(np.float32)
        else:
            cv2.accumulateWeighted(seen, self._background, self._learn)
        return found
