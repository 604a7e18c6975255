"""A face that may be compared: cut out of its picture only once it will hardly be replaced by a better one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from vision.faces import Box, Face, around
from vision.picture import Image, as_jpeg


@dataclass
class Candidate:
    """A face good enough to be compared, and not compared yet: cutting it out takes two milliseconds."""

    at: float
    box: Box
    quality: float
    part: Image
    """Of the picture, BGR: as much as is needed around the face."""
    face: Face
    """The face in pixels of `part`."""
    chip: Image | None = None
    """RGB, upright: what the face network sees."""
    jpeg: bytes = b""
    """The face with some room around it: what people see."""

    @classmethod
    def seen(cls, at: float, image: Image, face: Face, quality: float) -> Self:
        """A face of a BGR picture, to be cut out later."""
        left, top, right, bottom = around(face)
        left, top = max(0, left), max(0, top)
        x1, y1, x2, y2 = face.box
        points = None if face.points is None else face.points - np.array([left, top], np.float32)
        moved = replace(face, box=(x1 - left, y1 - top, x2 - left, y2 - top), points=points)
        return cls(at, face.box, quality, image[top:bottom, left:right].copy(), moved)

    def cut_out(self, cut: Callable[[Image, Face], Image]) -> Image:
        """The chip, as the face network's `cut` makes it; the picture is let go."""
        if self.chip is None:
            self.chip, self.jpeg = cut(self.part, self.face), crop(self.part, self.face.box)
            self.part = np.zeros((0, 0, 3), np.uint8)
        return self.chip


def crop(image: Image, box: Box) -> bytes:
    """The face with 40 % more around it, as JPEG."""
    x1, y1, x2, y2 = box
    room = 0.4 * max(x2 - x1, y2 - y1)
    part = image[max(0, int(y1 - room)) : int(y2 + room), max(0, int(x1 - room)) : int(x2 + room)]
    return as_jpeg(part)
