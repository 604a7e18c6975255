"""One picture of a recording: small and gray to see motion, in colour where faces are looked for."""

from collections.abc import Iterable
from functools import cached_property
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane

Image: TypeAlias = npt.NDArray[np.uint8]
Place: TypeAlias = tuple[int, int, int, int]
"""(x1, y1, x2, y2) in pixels of the picture."""

LUMA_WIDTH = 320
_LUMA_FIRST = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "nv21", "gray")
_FULL_RANGE = 2


class Frame:
    """One picture and its time, in seconds from the start of the file. Colour is converted when asked for.

    `rotation` is how many degrees clockwise it must be turned beyond what the file says.
    """

    def __init__(self, at: float, picture: VideoFrame, rotation: int = 0) -> None:
        self.at = at
        self._picture = picture
        self._turns = round((picture.rotation - rotation) / 90) % 4
        """Quarters counterclockwise, as numpy turns."""
        self._converted: list[Place] = []

    @property
    def upright_size(self) -> tuple[int, int]:
        """Height and width of `image`, known without making it."""
        size = self._picture.height, self._picture.width
        return size if self._turns % 2 == 0 else size[::-1]

    @cached_property
    def image(self) -> Image:
        """BGR uint8 [height, width, 3], turned upright."""
        image = _whole_in_colour(self._picture)
        return np.ascontiguousarray(np.rot90(image, self._turns)) if self._turns else image

    @cached_property
    def evened(self) -> Image:
        """`image` with light and shade evened out: contrast-limited equalisation of the brightness by places."""
        bright, *colours = cv2.split(cv2.cvtColor(self.image, cv2.COLOR_BGR2YCrCb))
        even = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(bright)
        return np.asarray(cv2.cvtColor(cv2.merge([even, *colours]), cv2.COLOR_YCrCb2BGR), np.uint8)

    def image_at(self, places: Iterable[Place]) -> Image:
        """Like `image`, but converted in these places (and those asked for before) only: elsewhere it is black."""
        if "image" in self.__dict__ or self._turns or not _is_cheap(self._picture):
            return self.image
        height, width = self.upright_size
        for x1, y1, x2, y2 in places:
            place = max(0, x1 & -2), max(0, y1 & -2), min(width, x2 + 1 & -2), min(height, y2 + 1 & -2)
            if place[0] < place[2] and place[1] < place[3] and not self._has(place):
                self._canvas[place[1] : place[3], place[0] : place[2]] = _part_in_colour(self._picture, place)
                self._converted.append(place)
        return self._canvas

    @cached_property
    def _canvas(self) -> Image:
        return np.zeros((*self.upright_size, 3), np.uint8)

    def _has(self, place: Place) -> bool:
        x1, y1, x2, y2 = place
        return any(x1 >= a and y1 >= b and x2 <= c and y2 <= d for a, b, c, d in self._converted)

    @cached_property
    def luma(self) -> Image:
        """Brightness uint8, at most 320 wide, upright: enough to see motion, without a colour conversion."""
        picture = self._picture
        if picture.format.name not in _LUMA_FIRST:
            picture = picture.reformat(format="gray")
        full = _plane(picture.planes[0])
        step = max(1, full.shape[1] // LUMA_WIDTH)
        return np.ascontiguousarray(np.rot90(full[::step, ::step], self._turns))


def _is_cheap(picture: VideoFrame) -> bool:
    """Can a part be converted alone? What cameras send can: planes of brightness and of colour at half size."""
    is_even = picture.width % 2 == 0 and picture.height % 2 == 0
    return picture.format.name == "yuv420p" and picture.color_range != _FULL_RANGE and is_even


def _part_in_colour(picture: VideoFrame, place: Place) -> Image:
    """BGR [height, width, 3] of a place whose corners are even; the same pixels whatever else is converted."""
    x1, y1, x2, y2 = place
    height, width = y2 - y1, x2 - x1
    planes = np.empty(height * width * 3 // 2, np.uint8)
    bright, colours = planes[: height * width], planes[height * width :].reshape(2, height // 2, width // 2)
    bright.reshape(height, width)[:] = _plane(picture.planes[0])[y1:y2, x1:x2]
    for colour, source in zip(colours, picture.planes[1:], strict=True):
        colour[:] = _plane(source)[y1 // 2 : y2 // 2, x1 // 2 : x2 // 2]
    stacked = planes.reshape(height * 3 // 2, width)
    return np.asarray(cv2.cvtColor(stacked, cv2.COLOR_YUV2BGR_I420), np.uint8)


def _plane(source: VideoPlane) -> Image:
    """One plane of a picture as it lies in memory, without the padding of its lines."""
    lines = np.frombuffer(memoryview(source), np.uint8).reshape(source.height, source.line_size)
    return lines[:, : source.width]


def _whole_in_colour(picture: VideoFrame) -> Image:
    """BGR [height, width, 3] of all of a picture."""
    if _is_cheap(picture):
        return _part_in_colour(picture, (0, 0, picture.width, picture.height))
    return np.asarray(picture.to_ndarray(format="bgr24"), np.uint8)


def as_jpeg(image: Image) -> bytes:
    """A BGR picture as the bytes of a JPEG file."""
    is_written, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])
    if not is_written:
        raise ValueError(f"A picture of {image.shape} cannot be written as JPEG.")
    return data.tobytes()
