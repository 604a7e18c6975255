"""Motion over the UPI stand and over the cash drawer: how somebody pays shows there.

A phone held over the stand and a hand in the drawer change much of a small place from one picture to the next; somebody
who leans over it changes it once.
"""

import cv2
import numpy as np
import numpy.typing as npt

from vision.motion import smooth
from vision.picture import Frame, Image
from vision.scene import Point, Scene

PLACES = ("upi_stand", "cash_drawer")
LOOK_S = 0.2
"""How long one picture stands for, as they are looked at while something moves."""
MOVED_SHARE = 0.12
"""So much of the place must differ from the picture before."""
DIFFERS_BY = 14.0
"""Levels of brightness of 255: more than the noise of a smoothed picture."""


class Hands:
    """What moved in the places that are drawn, picture after picture."""

    def __init__(self, scene: Scene) -> None:
        drawn: dict[str, tuple[Point, ...]] = {name: getattr(scene, name) for name in PLACES}
        self._places = {name: place for name, place in drawn.items() if place}
        self._masks: dict[str, npt.NDArray[np.bool_]] = {}
        self._before: Image | None = None
        self.moved: dict[str, list[float]] = {name: [] for name in self._places}
        """When something moved there, by place; no entry for a place that is not drawn."""

    def look(self, frame: Frame) -> None:
        """Compare a picture with the one before."""
        if not self._places:
            return
        seen = smooth(frame.luma)
        if self._before is None or self._before.shape != seen.shape:
            self._masks = {name: _mask(place, seen) for name, place in self._places.items()}
        else:
            differs = np.asarray(cv2.absdiff(seen, self._before), np.uint8) > DIFFERS_BY
            for name, mask in self._masks.items():
                if differs[mask].mean() >= MOVED_SHARE:
                    self.moved[name].append(round(frame.at, 2))
        self._before = seen


def _mask(place: tuple[Point, ...], picture: Image) -> npt.NDArray[np.bool_]:
    height, width = picture.shape
    corners = np.array([(round(x * width), round(y * height)) for x, y in place], np.int32)
    return np.asarray(cv2.fillPoly(np.zeros((height, width), np.uint8), [corners], 1)) > 0
