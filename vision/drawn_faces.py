"""Faces of nobody: drawn from parameters, shaded, in any pose and light.

A head is an ellipsoid with a height map for nose, brows, sockets, lips and chin. Each pixel is turned back into
the head's own coordinates (u to the side, v down; 0, 0 between the eyes' height and the nose, the chin near
v = 1), painted there, and lit by the slope of the height map.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from vision.picture import Image

Plane: TypeAlias = npt.NDArray[Any]
"""A number for each pixel, or three for its colour."""
Colour: TypeAlias = tuple[float, float, float]
"""Blue, green, red, 0 to 1."""

CANVAS_PX = 224
UNIT_PX = 84.0
"""Pixels of the canvas for one unit of the head."""
MIDDLE_Y_PX = 118.0

SKINS: tuple[Colour, ...] = (
    (0.60, 0.72, 0.93),
    (0.50, 0.64, 0.87),
    (0.40, 0.55, 0.78),
    (0.31, 0.45, 0.67),
    (0.23, 0.34, 0.53),
    (0.17, 0.25, 0.40),
)
HAIRS: tuple[Colour, ...] = ((0.06, 0.06, 0.07), (0.10, 0.14, 0.20), (0.16, 0.27, 0.42), (0.66, 0.68, 0.70))
SHIRTS: tuple[Colour, ...] = (
    (0.55, 0.30, 0.20),
    (0.25, 0.45, 0.25),
    (0.25, 0.25, 0.60),
    (0.50, 0.50, 0.55),
    (0.25, 0.55, 0.70),
    (0.60, 0.50, 0.25),
    (0.35, 0.25, 0.40),
)


@dataclass(frozen=True)
class Looks:
    """What makes a face this person's: proportions around 1, colours, hair, beard, glasses."""

    width: float
    jaw: float
    chin: float
    eye_height: float
    eye_gap: float
    eye_size: float
    eye_tilt: float
    brow_height: float
    brow_weight: float
    brow_tilt: float
    nose_length: float
    nose_width: float
    mouth_width: float
    mouth_height: float
    lips: float
    skin: Colour
    hair: Colour
    hairline: float
    """Where the hair begins on the forehead: -0.5 is low, -1.2 is bald."""
    hair_length: float
    """How far it falls at the sides: -0.6 is short, 0.9 reaches the chin."""
    fringe: float
    beard: float
    moustache: float
    glasses: int
    """0 none, 1 thin round, 2 thick."""
    age: float
    shirt: Colour


@dataclass(frozen=True)
class Pose:
    """How the face is held and lit at a moment. Angles in radians; light is -1 (left) to 1 (right)."""

    yaw: float = 0.0
    pitch: float = 0.0
    smile: float = 0.0
    mouth_open: float = 0.0
    blink: float = 0.0
    light: float = 0.0
    brightness: float = 1.0


def random_looks(generator: np.random.Generator) -> Looks:
    """A person of nowhere.

    What the face network tells people apart by (eyes and nose above all) is drawn from near the ends of its
    range: twice as many people then differ enough from each other.
    """
    uniform, pick = generator.uniform, generator.integers
    is_bearded = generator.random() < 0.45
    has_long_hair = not is_bearded and generator.random() < 0.55

    def extreme(low: float, high: float) -> float:
        return low + (high - low) * float(generator.beta(0.5, 0.5))

    return Looks(
        width=extreme(0.62, 0.90),
        jaw=uniform(0.60, 1.0),
        chin=uniform(0.88, 1.08),
        eye_height=extreme(-0.04, 0.18),
        eye_gap=extreme(0.26, 0.42),
        eye_size=extreme(0.7, 1.45),
        eye_tilt=extreme(-0.3, 0.3),
        brow_height=extreme(0.14, 0.30),
        brow_weight=uniform(0.2, 1.7),
        brow_tilt=extreme(-0.3, 0.3),
        nose_length=extreme(0.24, 0.48),
        nose_width=extreme(0.6, 1.8),
        mouth_width=extreme(0.19, 0.40),
        mouth_height=uniform(0.54, 0.66),
        lips=uniform(0.45, 1.9),
        skin=SKINS[pick(len(SKINS))],
        hair=HAIRS[pick(len(HAIRS))],
        hairline=uniform(-0.72, -0.5) if has_long_hair else uniform(-1.15, -0.5),
        hair_length=uniform(0.3, 1.0) if has_long_hair else uniform(-0.7, -0.3),
        fringe=uniform(-0.5, 0.5),
        beard=uniform(0.4, 0.95) if is_bearded else 0.0,
        moustache=uniform(0.5, 1.0)
        if is_bearded or (not has_long_hair and generator.random() < 0.4)
        else 0.0,
        glasses=int(generator.choice([0, 0, 0, 1, 2])),
        age=uniform(0.0, 1.0),
        shirt=SHIRTS[pick(len(SHIRTS))],
    )


def random_pose(generator: np.random.Generator) -> Pose:
    """A moment of somebody who looks more or less ahead."""
    return Pose(
        yaw=float(np.clip(generator.normal(0, 0.12), -0.28, 0.28)),
        pitch=float(np.clip(generator.normal(0, 0.06), -0.15, 0.15)),
        smile=generator.uniform(-0.2, 0.8),
        mouth_open=max(0.0, generator.normal(0, 0.25)),
        blink=generator.uniform(0, 0.25),
        light=generator.uniform(-0.55, 0.55),
        brightness=generator.uniform(0.85, 1.1),
    )


def draw_head(looks: Looks, pose: Pose) -> tuple[Image, Plane]:
    """Head, neck and hair: BGR uint8 [224, 224, 3] and how opaque each pixel is, 0 to 1 [224, 224]."""
    head = _Head(looks, pose)
    colour = head.painted()
    opaque = np.maximum.reduce([head.inside, head.neck, head.hair_behind, head.ears])
    noise = np.random.default_rng(7).normal(0, 0.01, colour.shape[:2])
    lit = np.clip((colour + noise[..., None]) * pose.brightness, 0, 1)
    picture = np.asarray(cv2.GaussianBlur(np.round(lit * 255).astype(np.uint8), (3, 3), 0), np.uint8)
    return picture, opaque


def _soft(distance: Plane, width: float) -> Plane:
    """1 where the distance is negative, 0 where it is positive, a smooth step of this width between."""
    t = np.clip(0.5 - distance / width, 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def _oval(x: Plane, y: Plane, wide: float, high: float, edge: float = 0.25) -> Plane:
    return _soft(np.hypot(x / wide, y / high) - 1, edge)


def _bump(x: Plane, y: Plane, wide: float, high: float) -> Plane:
    return np.exp(-((x / wide) ** 2) - (y / high) ** 2)


def _pair(one: Callable[[int], Plane]) -> Plane:
    """What is on both sides of a face, -1 and 1."""
    both: Plane = np.maximum(one(-1), one(1))
    return both


class _Head:
    """One drawing: coordinates, masks and layers of paint."""

    def __init__(self, looks: Looks, pose: Pose) -> None:
        self.looks, self.pose = looks, pose
        rows, columns = np.mgrid[0:CANVAS_PX, 0:CANVAS_PX].astype(np.float32)
        self.x: Plane = (columns - CANVAS_PX / 2 + 0.5) / UNIT_PX
        self.y: Plane = (rows - MIDDLE_Y_PX) / UNIT_PX
        down = np.clip(self.y, 0, None) / looks.chin
        half = looks.width * (1 - (1 - looks.jaw) * 0.62 * np.clip(down, 0, 1.2) ** 1.5)
        across, along = self.x / half, self.y / np.where(self.y > 0, looks.chin, 1.08)
        reach = np.abs(across) ** 2.2 + np.abs(along) ** 2.3
        self.inside = _soft(reach - 1, 0.10)
        self.depth: Plane = 0.75 * np.sqrt(np.clip(1 - reach, 0, None))
        self.u: Plane = self.x - self.depth * np.float32(np.sin(pose.yaw))
        self.v: Plane = self.y - self.depth * np.float32(np.sin(pose.pitch))
        self.tip: Plane = self.u - np.float32(0.22 * np.sin(pose.yaw))
        """The side coordinate for what sticks out: the nose turns farther than the cheeks."""

    @cached_property
    def neck(self) -> Plane:
        return _soft(np.abs(self.x) - 0.46 * self.looks.width / 0.75, 0.06) * (self.y > 0.4)

    @cached_property
    def ears(self) -> Plane:
        side = np.abs(self.x) - self.looks.width * 1.0
        return _oval(side, self.y - 0.08, 0.11, 0.22)

    @cached_property
    def hair_behind(self) -> Plane:
        """The outline of the hair outside the face."""
        looks = self.looks
        if looks.hairline < -1.05:
            return np.zeros_like(self.x)
        wide = looks.width + (0.2 if looks.hair_length > 0 else 0.07)
        cap = _soft(np.hypot(self.x / wide, (self.y + 0.12) / 1.08) - 1, 0.07) * (self.y < 0.05)
        if looks.hair_length <= 0:
            return cap * _soft(self.y - looks.hair_length - 0.45, 0.12)
        falls = _soft(np.abs(self.x) - wide, 0.08) * _soft(self.y - looks.hair_length, 0.1) * (self.y > -0.2)
        outline: Plane = np.maximum(cap, falls)
        return outline

    @cached_property
    def hair_in_front(self) -> Plane:
        """Hair over the forehead and the temples."""
        looks = self.looks
        line = looks.hairline + 0.12 * looks.fringe * np.sin(3 * self.u) + 0.22 * self.u**2
        top = _soft(self.v - line, 0.08)
        edge = looks.width * (0.86 if looks.hair_length > 0 else 0.93)
        sides = _soft(edge - np.abs(self.x), 0.06)
        sides = sides * _soft(self.y - max(looks.hair_length, -0.1), 0.1)
        return np.maximum(top, sides) * (looks.hairline > -1.05)

    def painted(self) -> Plane:
        """All layers, from the back to the front, lit."""
        skin = np.array(self.looks.skin, np.float32)
        colour: Plane = np.broadcast_to(skin, (*self.x.shape, 3)).copy()
        light = self._light()[..., None]
        colour = _over(colour, self._flush(), np.array([0.42, 0.45, 0.85]) * skin.mean() * 1.25)
        colour = self._bearded(colour)
        colour = self._mouth(colour)
        colour = self._eyes(colour * light) / np.maximum(light, 1e-3)
        colour = self._brows(colour)
        colour = _over(colour * light, self.hair_in_front * self.inside, self._hair_colour())
        behind = np.where(self.neck[..., None] > 0.02, skin * 0.62, skin * 0.8)
        behind = _over(behind, self.hair_behind, self._hair_colour() * 0.8)
        behind = _over(behind, self.ears * (1 - self.hair_behind), skin * 0.85)
        whole = behind * (1 - self.inside[..., None]) + colour * self.inside[..., None]
        return self._glasses(whole)

    def _light(self) -> Plane:
        """Lambert's law on the height map, with a good deal of light from everywhere."""
        looks, v = self.looks, self.v
        tip_v = looks.nose_length
        z = self.depth.copy()
        ridge = np.clip((v + 0.15) / (tip_v + 0.15), 0, 1)
        z += (
            0.20
            * ridge
            * _soft(v - tip_v - 0.02, 0.12)
            * np.exp(-((self.tip / (0.10 * looks.nose_width)) ** 2))
        )
        for side in (-1, 1):
            z += 0.06 * _bump(self.tip - side * 0.12 * looks.nose_width, v - tip_v + 0.03, 0.08, 0.06)
            z -= 0.09 * _bump(self.u - side * looks.eye_gap, v + looks.eye_height, 0.20, 0.13)
            z += 0.05 * _bump(
                self.u - side * looks.eye_gap * 1.1,
                v + looks.eye_height + looks.brow_height - 0.06,
                0.25,
                0.07,
            )
            z += 0.05 * _bump(self.u - side * 0.42, v - 0.28, 0.18, 0.16)
        z += 0.05 * looks.lips * _bump(self.u, v - looks.mouth_height, looks.mouth_width, 0.08)
        z += 0.05 * _bump(self.u, v - 0.86 * looks.chin, 0.16, 0.10)
        z -= 0.035 * _bump(self.u, v - looks.mouth_height - 0.14, 0.2, 0.04)
        z = cv2.GaussianBlur(z, (5, 5), 0)
        slope_y, slope_x = np.gradient(z, 1 / UNIT_PX)
        length = np.sqrt(slope_x**2 + slope_y**2 + 1)
        toward = (-slope_x * 0.75 * self.pose.light + slope_y * 0.55 + 0.8) / length
        light: Plane = 0.52 + 0.55 * np.clip(toward, 0, 1.4)
        return light

    def _flush(self) -> Plane:
        """Redder cheeks."""
        return 0.14 * _pair(lambda side: _bump(self.u - side * 0.4, self.v - 0.3, 0.2, 0.15))

    def _hair_colour(self) -> Plane:
        strands = 0.85 + 0.3 * np.abs(np.sin(23 * self.u + 4 * np.sin(5 * self.v)))
        return np.asarray(np.array(self.looks.hair) * strands[..., None], np.float32)

    def _bearded(self, colour: Plane) -> Plane:
        looks, v = self.looks, self.v
        if looks.beard:
            low = _soft(0.46 - v - 0.55 * np.abs(self.u) ** 1.6 / looks.width, 0.18)
            mouth = _oval(self.u, v - looks.mouth_height, looks.mouth_width * 1.05, 0.09)
            colour = _over(colour, looks.beard * low * (1 - mouth), self._hair_colour())
        if looks.moustache:
            between = (looks.nose_length + looks.mouth_height) / 2 + 0.015
            shape = _oval(self.u, v - between - 0.25 * self.u**2, looks.mouth_width * 1.05, 0.055, 0.5)
            colour = _over(colour, looks.moustache * shape, self._hair_colour())
        folds = _pair(lambda side: _bump(self.u - side * (0.2 + 0.22 * (v - 0.3)), v - 0.48, 0.022, 0.14))
        return _over(colour, 0.35 * looks.age * folds, np.array(looks.skin) * 0.55)

    def _mouth(self, colour: Plane) -> Plane:
        looks, pose = self.looks, self.pose
        wide = looks.mouth_width * (1 + 0.15 * pose.smile)
        v = self.v - looks.mouth_height + pose.smile * 0.35 * (self.u**2 - 0.03)
        gap = 0.012 + 0.07 * pose.mouth_open
        red = np.array(looks.skin) * np.array([0.62, 0.55, 0.86])
        upper = _oval(self.u, v + 0.03 * looks.lips, wide, 0.045 * looks.lips + gap)
        lower = _oval(self.u, v - 0.04 * looks.lips - gap, wide * 0.86, 0.055 * looks.lips + gap)
        colour = _over(colour, 0.85 * np.maximum(upper, lower), red)
        colour = _over(colour, _oval(self.u, v - gap / 2, wide * 0.93, gap), np.array([0.08, 0.06, 0.16]))
        nose_v, apart = self.v - looks.nose_length, 0.075 * looks.nose_width
        nostrils = _pair(lambda side: _oval(self.tip - side * apart, nose_v - 0.015, 0.045, 0.024, 0.6))
        under = _bump(self.tip, nose_v - 0.04, 0.14 * looks.nose_width, 0.025)
        colour = _over(colour, 0.35 * under, np.array(looks.skin) * 0.45)
        return _over(colour, 0.75 * nostrils, np.array(looks.skin) * 0.25)

    def _eyes(self, colour: Plane) -> Plane:
        looks = self.looks
        open_by = 0.062 * looks.eye_size * (1 - self.pose.blink)
        for side in (-1, 1):
            u = self.u - side * looks.eye_gap
            v = self.v + looks.eye_height + side * looks.eye_tilt * u
            wide = 0.135 * looks.eye_size
            ball = _oval(u, v - 0.8 * u**2 + 0.01, wide, open_by, 0.3)
            colour = _over(
                colour, 0.55 * _oval(u, v, wide * 1.35, open_by * 2.1, 0.9), np.array(looks.skin) * 0.45
            )
            colour = _over(colour, ball, np.array([0.80, 0.82, 0.83]))
            look_at = np.float32(0.03 * np.sin(self.pose.yaw))
            iris = _oval(u - look_at, v, 0.066 * looks.eye_size, 0.066 * looks.eye_size, 0.3)
            colour = _over(colour, ball * iris, np.array([0.07, 0.10, 0.16]))
            colour = _over(colour, ball * _oval(u - look_at + 0.02, v + 0.02, 0.014, 0.014, 0.5), np.ones(3))
            lid = _bump(u, v - 0.8 * u**2 + open_by + 0.005, wide * 1.1, 0.018)
            colour = _over(colour, 0.9 * lid, np.array([0.06, 0.06, 0.07]))
            bag = _bump(u, v - open_by - 0.05, wide, 0.02)
            colour = _over(colour, 0.3 * looks.age * bag, np.array(looks.skin) * 0.4)
        return colour

    def _brows(self, colour: Plane) -> Plane:
        looks = self.looks
        dark = np.minimum(np.array(looks.hair), 0.35)
        for side in (-1, 1):
            u = self.u - side * looks.eye_gap * 1.03
            v = self.v + looks.eye_height + looks.brow_height + 0.03
            v = v + side * looks.brow_tilt * u - 1.2 * u**2
            colour = _over(colour, 0.85 * _oval(u, v, 0.19, 0.030 * looks.brow_weight + 0.008, 0.6), dark)
        return colour

    def _glasses(self, colour: Plane) -> Plane:
        thick = {0: 0.0, 1: 0.016, 2: 0.035}[self.looks.glasses]
        if not thick:
            return colour
        frame = np.zeros_like(self.u)
        for side in (-1, 1):
            far = (
                np.hypot(self.u - side * self.looks.eye_gap, (self.v + self.looks.eye_height - 0.02) * 1.15)
                - 0.215
            )
            frame = np.maximum(frame, _soft(np.abs(far) - thick, 0.02))
        bridge = (np.abs(self.v + self.looks.eye_height + 0.01) < thick) & (
            np.abs(self.u) < self.looks.eye_gap - 0.2
        )
        frame = np.maximum(frame, bridge)
        return _over(colour, 0.9 * frame * self.inside, np.array([0.07, 0.06, 0.06]))


def _over(below: Plane, cover: Plane, paint: Plane) -> Plane:
    """Lay paint over a picture, in place, where the cover is 1; only where there is any cover: it is usually small."""
    shown = cover > 0.004
    rows, columns = np.flatnonzero(shown.any(1)), np.flatnonzero(shown.any(0))
    if not len(rows):
        return below
    place = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    opaque = np.minimum(cover[place], 1, dtype=np.float32)[..., None]
    colour = np.broadcast_to(np.asarray(paint, np.float32), below.shape)[place]
    below[place] += (colour - below[place]) * opaque
    return below
