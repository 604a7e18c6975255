"""Figures of nobody seen from behind: head, trunk, arms and legs, walking or standing."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from vision.drawn_faces import HAIRS, SHIRTS, Colour
from vision.picture import Image

_WALK_S = 3.0


@dataclass(frozen=True)
class Back:
    """A visit of somebody who turns their back to the camera all the time, in front of everything else."""

    entry_s: float
    exit_s: float
    place_x: float
    comes_from: tuple[float, float]
    """Where they come in, and where they go out (x in pixels)."""
    foot_y: float
    height: float
    """Pixels."""
    shirt: Colour
    hair: Colour

    def draw(self, picture: Image, at: float) -> None:
        """Paint the figure where it is at a time."""
        come, go = (at - self.entry_s) / _WALK_S, (self.exit_s - at) / _WALK_S
        door, way = (self.comes_from[0], come) if come < go else (self.comes_from[1], go)
        x = door + (self.place_x - door) * min(1.0, way) + (4 * math.sin(0.7 * at) if way > 1 else 0)
        stride = 5.5 * at if way < 1 else 0.5
        draw_figure(picture, x, self.foot_y, self.height, stride, self.shirt, self.hair)


def random_backs(
    generator: np.random.Generator,
    count: int,
    length_s: float,
    taken: Iterable[tuple[float, float]],
    size: tuple[int, int],
) -> list[Back]:
    """So many visits, or as many as find a time when nobody else is there: a figure before another hides it.

    `taken` are the times (start, end) of the others, `size` is height and width of the picture.
    """
    height, width = size
    busy, backs = list(taken), list[Back]()
    for _ in range(200 * count):
        entry, lasts = round(float(generator.uniform(2, length_s)), 2), float(generator.uniform(9, 15))
        leaves = round(entry + lasts, 2)
        if leaves > length_s - 1 or any(entry < end + 3 and start < leaves + 3 for start, end in busy):
            continue
        shirt, hair = (some[int(generator.integers(len(some)))] for some in (SHIRTS, HAIRS))
        ways = (0.0, float(width)) if generator.random() < 0.5 else (float(width), 0.0)
        tall, place = (float(generator.uniform(low, high)) for low, high in ((0.52, 0.72), (0.25, 0.8)))
        backs.append(Back(entry, leaves, place * width, ways, height - 12.0, tall * height, shirt, hair))
        busy.append((entry, leaves))
        if len(backs) == count:
            break
    return backs


def draw_figure(
    picture: Image, x: float, foot_y: float, height: float, stride: float, shirt: Colour, hair: Colour
) -> None:
    """Draw somebody `height` pixels tall who stands at (x, foot_y). `stride` is the phase of the step, in radians."""
    head, hips, shoulders = 0.075 * height, foot_y - 0.47 * height, foot_y - 0.82 * height
    trousers = tuple(round(90 * part) for part in shirt)
    cloth, dark = tuple(round(235 * part) for part in shirt), tuple(round(190 * part) for part in shirt)
    for side in (-1, 1):
        step = 0.07 * height * math.sin(stride) * side
        hip, foot = _point(x + side * 0.055 * height, hips), _point(x + side * 0.075 * height + step, foot_y)
        cv2.line(picture, hip, foot, trousers, round(0.085 * height), cv2.LINE_AA)
        hand = _point(x + side * 0.16 * height - 0.6 * step, hips + 0.03 * height)
        cv2.line(
            picture,
            _point(x + side * 0.12 * height, shoulders + 0.04 * height),
            hand,
            dark,
            round(0.06 * height),
            cv2.LINE_AA,
        )
    trunk = _point(x, (shoulders + hips) / 2)
    axes = round(0.135 * height), round(0.6 * (hips - shoulders))
    cv2.ellipse(picture, trunk, axes, 0, 0, 360, cloth, -1, cv2.LINE_AA)
    colour = tuple(round(255 * part) for part in hair)
    middle = _point(x, foot_y - height + head * 1.2)
    cv2.ellipse(picture, middle, (round(head), round(1.2 * head)), 0, 0, 360, colour, -1, cv2.LINE_AA)


def _point(x: float, y: float) -> tuple[int, int]:
    return round(x), round(y)
