"""Films people who come and go, with the photographs of real faces on moving figures, and writes the truth beside.

Harder than the made-up footage of the project: other light, sizes, crowding and cameras. The photographs are
labelled ones of `../shared`, never committed; nobody of `dev.mp4` is among them.
"""

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from vision.footage import TrueVisit, write_truth
from vision.frames import Image

PHOTO_S = 1.6
BACK_AFTER_S = 100.0
"""Longer than `VisionConfig.visit_gap_s`: who is back sooner has not left."""
HEAD_PX = (168, 214)
"""What is cut out of the middle of a photograph of 250 px: head and hair."""
FACE_IN_PHOTO_PX = 92.0


@dataclass(frozen=True)
class Filming:
    """One clip: how the camera is and how the shop is. Faces in pixels of width."""

    name: str
    width: int = 1280
    height: int = 720
    fps: int = 15
    seconds: float = 180.0
    visits: int = 11
    """As many as fit; beyond the number of persons, some come back."""
    persons: int = 8
    at_once: int = 3
    faces: tuple[float, float] = (55.0, 90.0)
    light: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Share of blue, green and red light that there is."""
    backlight: float = 1.0
    """How bright the figures are before a wall that stays as it is."""
    blur_px: float = 0.0
    noise: float = 2.0
    """Standard deviation of the grain, in grey levels."""
    crf: int = 27
    """How much the recorder throws away: 18 is little, 40 is a lot."""


FILMINGS = (
    Filming("plain"),
    Filming("small faces", faces=(40, 52)),
    Filming("large faces", faces=(90, 110)),
    Filming("five at once", visits=18, persons=14, at_once=5, faces=(45, 80)),
    Filming("dim", light=(0.3, 0.3, 0.3), noise=6),
    Filming("backlit", backlight=0.35, noise=4),
    Filming("sodium light", light=(0.35, 0.75, 1.0), noise=4),
    Filming("1080p, 25 fps", width=1920, height=1080, fps=25, faces=(60, 110)),
    Filming("480p, 10 fps", width=640, height=480, fps=10, visits=9, persons=6, at_once=2, faces=(40, 60)),
    Filming("compressed", crf=38),
    Filming("out of focus", blur_px=1.2, faces=(50, 80)),
    Filming("tiny faces", faces=(24, 32)),
)


@dataclass(frozen=True)
class _Stay:
    """Who comes when, where from, stands where and leaves where to; edges are -1 (left) and 1 (right)."""

    person: str
    entry_s: float
    exit_s: float
    place: float
    comes: int
    goes: int
    face_px: float


def film(filming: Filming, out: Path, *, faces: Path, without: Sequence[str] = (), seed: int = 1) -> None:
    """Film `out` (mp4) and OUT.truth.csv beside it, with the photographs `faces`/PERSON/N.jpg."""
    generator = np.random.default_rng([seed, *filming.name.encode()])
    people = sorted(folder.name for folder in faces.iterdir() if folder.name not in without)
    cast = generator.choice(people, filming.persons, replace=False).tolist()
    stays = _plan(filming, cast, generator)
    actors = [_Actor(stay, filming, sorted((faces / stay.person).glob("*.jpg")), generator) for stay in stays]
    _write(out, filming, _pictures(filming, actors, generator))
    write_truth(out.with_suffix(".truth.csv"), [actor.truth() for actor in actors])


def people_of(truth: Path) -> set[str]:
    """Who is in a clip."""
    with truth.open(newline="", encoding="utf-8") as file:
        return {row["person"] for row in csv.DictReader(file)}


def _plan(filming: Filming, cast: Sequence[str], generator: np.random.Generator) -> list[_Stay]:
    """Everybody once, then some again; a place is free when somebody stands there. In the order of entry."""
    stays: list[_Stay] = []
    places = np.linspace(0.14, 0.86, filming.at_once + 1)
    for number in range(filming.visits):
        person = cast[number % len(cast)]
        for _ in range(2000):
            lasts = float(generator.uniform(12, 30))
            entry = float(generator.uniform(*_times(number, filming, filming.seconds - lasts - 1)))
            stay = _Stay(
                person,
                entry,
                entry + lasts,
                float(generator.choice(places)),
                int(generator.choice([-1, 1])),
                int(generator.choice([-1, 1])),
                float(generator.uniform(*filming.faces)),
            )
            if _fits(stay, stays, filming):
                stays.append(stay)
                break
    return sorted(stays, key=lambda stay: stay.entry_s)


def _times(number: int, filming: Filming, last: float) -> tuple[float, float]:
    """Between when a visit may begin: who comes back comes early, then late."""
    if number >= filming.persons:
        return 0.6 * last, last
    return (1, 0.25 * last) if number < filming.visits - filming.persons else (1, last)


def _fits(stay: _Stay, others: Sequence[_Stay], filming: Filming) -> bool:
    near = [other for other in others if other.entry_s < stay.exit_s + 1 and stay.entry_s < other.exit_s + 1]
    back = [other for other in others if other.person == stay.person]
    return (
        len(near) < filming.at_once
        and all(other.place != stay.place for other in near)
        and all(
            stay.entry_s - other.exit_s > BACK_AFTER_S or other.entry_s - stay.exit_s > BACK_AFTER_S
            for other in back
        )
    )


class _Actor:
    """One stay acted out: walks in, stands and sways, walks out; the photograph changes."""

    def __init__(
        self, stay: _Stay, filming: Filming, photos: Sequence[Path], generator: np.random.Generator
    ) -> None:
        self.stay, self._filming = stay, filming
        scale = stay.face_px / FACE_IN_PHOTO_PX
        size = round(HEAD_PX[0] * scale), round(HEAD_PX[1] * scale)
        self._heads = [_lit(_head(photo, size), filming, filming.backlight) for photo in photos]
        self._first = int(generator.integers(len(photos)))
        self._opaque = _ellipse(size)
        self._speed = float(generator.uniform(0.09, 0.2)) * filming.width
        self._phase = float(generator.uniform(0, 6))
        shirt = generator.uniform(30, 220, (1, 1, 3)).astype(np.uint8)
        self._shirt = [int(part) for part in _lit(shirt, filming, filming.backlight)[0, 0]]
        self._seen: list[float] = []

    def where(self, at: float) -> tuple[float, float]:
        """The middle of the face. It enters and leaves by the edges at the times of the stay."""
        stay, width = self.stay, self._filming.width
        stands = width * stay.place
        come = self._walked(at - stay.entry_s, stands, stay.comes)
        go = self._walked(stay.exit_s - at, stands, stay.goes)
        x = stands + come + go + 0.1 * stay.face_px * math.sin(self._phase + 0.8 * at)
        step = 0.08 * stay.face_px * abs(math.sin(5.5 * at)) if come or go else 0.0
        # Who stands nearer to the camera is larger and lower in the picture.
        return x, self._filming.height * 0.36 + 0.7 * stay.face_px - step

    def _walked(self, since: float, stands: float, edge: int) -> float:
        """How far from the own place, `since` seconds after (or before) standing at an edge of the picture."""
        way = stands if edge < 0 else self._filming.width - stands
        return edge * max(0.0, way - self._speed * since)

    def draw(self, picture: Image, at: float) -> None:
        """Paint body and head."""
        x, y = self.where(at)
        if 0 <= x < self._filming.width:
            self._seen.append(at)
        head = self._heads[(self._first + int((at - self.stay.entry_s) / PHOTO_S)) % len(self._heads)]
        height, width = head.shape[:2]
        middle = round(x), round(y + 1.35 * height)
        cv2.ellipse(picture, middle, (round(0.66 * width), height), 0, 0, 360, self._shirt, -1, cv2.LINE_AA)
        _paste(picture, head, self._opaque, round(x - width / 2), round(y - height / 2))

    def truth(self) -> TrueVisit:
        """What was to be seen of the visit."""
        px = round(self.stay.face_px)
        return TrueVisit(self.stay.person, round(self._seen[0], 2), round(self._seen[-1], 2), px, px)


def _head(photo: Path, size: tuple[int, int]) -> Image:
    picture = cv2.imread(str(photo))
    if picture is None:
        raise ValueError(f"{photo} is no picture.")
    height, width = picture.shape[:2]
    left, top = (width - HEAD_PX[0]) // 2, (height - HEAD_PX[1]) // 2
    cut = picture[top : top + HEAD_PX[1], left : left + HEAD_PX[0]]
    return np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA), np.uint8)


def _ellipse(size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """How much of a head hides what is behind it: soft at the rim."""
    width, height = size
    cover = np.zeros((height, width), np.float32)
    cv2.ellipse(cover, (width // 2, height // 2), (width // 2 - 2, height // 2 - 2), 0, 0, 360, (1.0,), -1)
    return np.asarray(cv2.GaussianBlur(cover, (0, 0), 1.5), np.float32)


def _lit(picture: Image, filming: Filming, share: float = 1.0) -> Image:
    lit = picture * (np.array(filming.light) * share)
    return lit.clip(0, 255).astype(np.uint8)


def _paste(picture: Image, head: Image, opaque: npt.NDArray[np.float32], left: int, top: int) -> None:
    x1, x2 = max(0, left), min(picture.shape[1], left + head.shape[1])
    if x1 >= x2:
        return
    part = slice(None), slice(x1 - left, x2 - left)
    below, cover = picture[top : top + head.shape[0], x1:x2], opaque[part][..., None]
    below[:] = (below + (head[part].astype(np.float32) - below) * cover).astype(np.uint8)


def _pictures(filming: Filming, actors: Sequence[_Actor], generator: np.random.Generator) -> Iterator[Image]:
    """All pictures as I420 planes, with the grain of the camera."""
    width, height = filming.width, filming.height
    shop = _lit(_shop(width, height, generator), filming)
    grains = generator.normal(0, filming.noise, (5, height, width)).round().astype(np.int16)
    for index in range(round(filming.seconds * filming.fps)):
        at = index / filming.fps
        picture = shop.copy()
        present = [a for a in actors if a.stay.entry_s - 2 <= at <= a.stay.exit_s + 2]
        for actor in sorted(present, key=lambda actor: actor.stay.face_px):
            actor.draw(picture, at)
        if filming.blur_px:
            picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), filming.blur_px), np.uint8)
        planes = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), np.uint8)
        planes[:height] = cv2.add(planes[:height], grains[index % len(grains)], dtype=cv2.CV_8U)
        yield planes


def _shop(width: int, height: int, generator: np.random.Generator) -> Image:
    """A wall with posters, and a floor."""
    shop = np.full((height, width, 3), (155, 165, 168), np.uint8)
    shop[round(0.7 * height) :] = (72, 84, 98)
    for _ in range(14):
        x, y = int(generator.integers(width)), int(generator.integers(round(0.5 * height)))
        corner = x + round(width * 0.05), y + round(height * 0.1)
        cv2.rectangle(shop, (x, y), corner, generator.uniform(40, 230, 3).tolist(), -1)
    return np.asarray(cv2.GaussianBlur(shop, (0, 0), 1.5), np.uint8)


def _write(out: Path, filming: Filming, pictures: Iterator[Image]) -> None:
    """An H.264 file as a recorder writes it: a keyframe every two seconds."""
    with av.open(str(out), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=filming.fps)
        stream.width, stream.height, stream.pix_fmt = filming.width, filming.height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, filming.fps)
        stream.codec_context.thread_count = 1
        keyframes = f"scenecut=0:keyint={2 * filming.fps}:min-keyint={2 * filming.fps}"
        stream.options = {"preset": "ultrafast", "crf": str(filming.crf), "x264-params": keyframes}
        for index, planes in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
