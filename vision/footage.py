"""Made-up CCTV of a water shop: drawn people come in, stand at the counter and leave; the truth is written beside.

So that the demo, the tests and the bench hold no real person's face.
"""

import csv
import functools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from vision.drawn_faces import (
    CANVAS_PX,
    MIDDLE_Y_PX,
    UNIT_PX,
    Looks,
    Pose,
    draw_head,
    random_looks,
    random_pose,
)
from vision.drawn_figures import Back, random_backs
from vision.embedding import Dlib
from vision.faces import CHIP_PX, WHOLE, Floats, Hog, chip
from vision.picture import Image

WIDTH, HEIGHT, FPS, GROUP = 1280, 720, 15, 30
RETURN_AFTER_S = 150.0
"""Two visits of one person are at least this far apart."""
LEAST_APART = 0.5
"""Distance between two people's faces; the same person stays within 0.3."""
SURE = 0.85
"""How sure HOG must be of a face as drawn: in the film it is smaller, grainy, and often less than a shot."""
TRUTH_COLUMNS = ("person", "entry_s", "exit_s", "duration_s", "min_face_px", "max_face_px")
_PLACES_X = (330.0, 560.0, 790.0, 1000.0)
_MOST_AT_ONCE = 3
_WALK_S = 3.0
_FACE_OF_CANVAS = 115.0
_POSE_S = 1.2
_BLEND_S = 0.2


class ImpossibleFootage(ValueError):  # noqa: N818 (it says what was asked for)
    """What was asked for cannot be filmed; the text says what would do."""


@dataclass(frozen=True)
class TrueVisit:
    """One row of the truth. A visit begins when the middle of the face enters the picture."""

    person: str
    entry_s: float
    exit_s: float
    min_face_px: int
    max_face_px: int

    @property
    def duration_s(self) -> float:
        """Seconds in the picture."""
        return round(self.exit_s - self.entry_s, 2)


@dataclass(frozen=True)
class _Stay:
    """A visit as it is planned: who, when, where at the counter."""

    person: int
    entry_s: float
    exit_s: float
    place_x: float
    comes_from_left: bool
    size: float
    """How large the face is on the screen, 1 is 115 px wide."""


def make_footage(
    out: Path,
    *,
    minutes: float,
    visits: int,
    persons: int,
    seed: int,
    models_dir: Path,
    started_at: datetime | None = None,
    faceless: int = 0,
    on_progress: Callable[[float], None] = lambda fraction: None,
) -> list[TrueVisit]:
    """Film `out` (mp4, 1280x720, 15 pictures a second, a keyframe every 30) and write OUT.truth.csv beside it.

    The same numbers and seed give the same people and visits. `models_dir` holds the face network that makes sure
    that no two people look alike. `faceless` more people turn their backs to the camera, for a visit each.
    Raises ImpossibleFootage.
    """
    generator = np.random.default_rng(seed)
    stays = _plan(generator, minutes * 60, visits, persons)
    backs = _backs(generator, minutes * 60, stays, faceless)
    cast = choose_people(generator, persons, Dlib(models_dir))
    actors = [_Actor(stay, cast[stay.person], generator) for stay in stays]
    part = out.with_suffix(".part.mp4")
    with _Film(part, started_at) as film:
        for index, planes in enumerate(_pictures(actors, backs, generator, round(minutes * 60 * FPS))):
            film.add(planes)
            if index % FPS == 0:
                on_progress(index / (minutes * 60 * FPS))
    part.replace(out)
    unseen = [TrueVisit(f"Faceless_{n}", back.entry_s, back.exit_s, 0, 0) for n, back in enumerate(backs, 1)]
    truth = sorted([*(actor.truth() for actor in actors), *unseen], key=lambda visit: visit.entry_s)
    write_truth(out.with_suffix(".truth.csv"), truth)
    on_progress(1.0)
    return truth


def write_truth(path: Path, truth: Sequence[TrueVisit]) -> None:
    """Write the truth as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(TRUTH_COLUMNS)
        for visit in truth:
            times = (f"{visit.entry_s:.2f}", f"{visit.exit_s:.2f}", f"{visit.duration_s:.2f}")
            writer.writerow((visit.person, *times, visit.min_face_px, visit.max_face_px))


def _plan(generator: np.random.Generator, length_s: float, visits: int, persons: int) -> list[_Stay]:
    """Times and places for all visits, in the order of entry. Some tries at random, then it is impossible."""
    if not 1 <= persons <= visits:
        raise ImpossibleFootage(
            f"{visits} visits of {persons} persons: give at least one person, and a visit for each."
        )
    for _ in range(60):
        stays: list[_Stay] = []
        for index in range(visits):
            stay = _fitting(generator, length_s, index % persons, stays)
            if stay is None:
                break
            stays.append(stay)
        else:
            return sorted(stays, key=lambda stay: stay.entry_s)
    raise ImpossibleFootage(
        f"{visits} visits of {persons} persons do not fit into {length_s / 60:g} minutes: a person comes back "
        f"after {RETURN_AFTER_S:.0f} s at the earliest and {_MOST_AT_ONCE} are in the picture at once. "
        "Give more minutes or persons, or fewer visits."
    )


def _fitting(
    generator: np.random.Generator, length_s: float, person: int, stays: Sequence[_Stay]
) -> _Stay | None:
    """A stay at a random time that breaks no rule, or None."""
    lasts = float(generator.uniform(13, 26))
    for _ in range(40):
        lasts = max(10.0, lasts * 0.97)
        if lasts > length_s - 2:
            continue
        entry = float(generator.uniform(1, length_s - 1 - lasts))
        leaves = entry + lasts
        near = [stay for stay in stays if stay.entry_s < leaves + 2 and entry < stay.exit_s + 2]
        taken = {stay.place_x for stay in near}
        is_crowded = len(near) >= _MOST_AT_ONCE or any(
            abs(stay.entry_s - entry) < _WALK_S or abs(stay.exit_s - leaves) < _WALK_S for stay in near
        )
        is_back_too_soon = any(
            stay.person == person
            and stay.entry_s < leaves + RETURN_AFTER_S
            and entry < stay.exit_s + RETURN_AFTER_S
            for stay in stays
        )
        if not is_crowded and not is_back_too_soon:
            free = [place for place in _PLACES_X if place not in taken]
            place = float(generator.choice(free))
            size = float(generator.uniform(0.62, 0.9))
            return _Stay(person, entry, leaves, place, bool(generator.random() < 0.5), size)
    return None


def choose_people(generator: np.random.Generator, count: int, embedder: Dlib) -> list[Looks]:
    """People whom a detector finds and the face network tells apart. Raises ImpossibleFootage after many tries."""
    chosen: list[Looks] = []
    vectors: list[Floats] = []
    finder = Hog(SURE)
    for _ in range(40 * count):
        if len(chosen) == count:
            break
        looks = random_looks(generator)
        vector = _face_vector(looks, finder, embedder)
        if vector is None or any(np.linalg.norm(vector - other) < LEAST_APART for other in vectors):
            continue
        chosen.append(looks)
        vectors.append(vector)
    if len(chosen) < count:
        raise ImpossibleFootage(
            f"Only {len(chosen)} people that differ enough were found: ask for fewer persons."
        )
    return chosen


def _face_vector(looks: Looks, finder: Hog, embedder: Dlib) -> Floats | None:
    """The mean vector over two poses, or None when the face is not found in each."""
    chips = np.empty((2, CHIP_PX, CHIP_PX, 3), np.uint8)
    for index, pose in enumerate((Pose(yaw=-0.12, light=-0.3), Pose(yaw=0.12, smile=0.5, light=0.3))):
        picture = np.full((CANVAS_PX, CANVAS_PX, 3), 150, np.uint8)
        _paste(picture, *draw_head(looks, pose), 0, 0)
        faces = finder.detect(picture, [WHOLE])
        if not faces:
            return None
        chips[index] = chip(picture, faces[0])
    mean: Floats = embedder.embed(chips).mean(axis=0)
    return mean


def _paste(picture: Image, sprite: Image, opaque: npt.NDArray[np.floating], left: int, top: int) -> None:
    """Lay a sprite onto a picture, cut off at the picture's edges."""
    x1, y1 = max(0, left), max(0, top)
    x2, y2 = min(picture.shape[1], left + sprite.shape[1]), min(picture.shape[0], top + sprite.shape[0])
    if x1 >= x2 or y1 >= y2:
        return
    part = slice(y1 - top, y2 - top), slice(x1 - left, x2 - left)
    below, cover = picture[y1:y2, x1:x2], opaque[part][..., None].astype(np.float32)
    below[:] = (below + (sprite[part].astype(np.float32) - below) * cover).astype(np.uint8)


def _backs(generator: np.random.Generator, length_s: float, stays: Sequence[_Stay], count: int) -> list[Back]:
    taken = [(stay.entry_s, stay.exit_s) for stay in stays]
    backs = random_backs(generator, count, length_s, taken, (HEIGHT, WIDTH))
    if len(backs) < count:
        raise ImpossibleFootage(f"{count} who show no face find no time alone: give more minutes.")
    return backs


class _Actor:
    """One visit acted out: a path, and a head in a new pose every second or so."""

    def __init__(self, stay: _Stay, looks: Looks, generator: np.random.Generator) -> None:
        self.stay, self._looks = stay, looks
        self._poses = [random_pose(generator) for _ in range(5)]
        self._sway = float(generator.uniform(0, 6))
        self._seen: list[tuple[float, float]] = []

    @functools.cached_property
    def _heads(self) -> list[tuple[Image, npt.NDArray[np.float32]]]:
        return [draw_head(self._looks, pose) for pose in self._poses]

    def leave(self) -> None:
        """Forget the drawings: memory stays flat however long the film is."""
        self.__dict__.pop("_heads", None)

    def where(self, at: float) -> tuple[float, float, float]:
        """The middle of the face and its size: x, y, scale. It comes to the counter and grows a little."""
        stay = self.stay
        start, end = (0.0, WIDTH) if stay.comes_from_left else (float(WIDTH), 0.0)
        come = (at - stay.entry_s) / _WALK_S
        go = (stay.exit_s - at) / _WALK_S
        x = stay.place_x + 10 * math.sin(self._sway + 0.7 * at)
        nearness = 1.0
        if come < 1:
            nearness, x = come, start + (stay.place_x - start) * come
        elif go < 1:
            nearness, x = go, end + (stay.place_x - end) * go
        step = 5 * abs(math.sin(5.5 * at)) if min(come, go) < 1 else 0.0
        scale = stay.size * (0.85 + 0.15 * min(1.0, max(0.0, nearness)))
        return x, 330 - step + 40 * stay.size, scale

    def draw(self, picture: Image, at: float) -> None:
        """Paint body and head where they are at a time."""
        x, y, scale = self.where(at)
        if 0 <= x < WIDTH:
            self._seen.append((at, _FACE_OF_CANVAS * scale))
        self._draw_body(picture, x, y, scale)
        head, opaque = self._head(at)
        side = round(CANVAS_PX * scale)
        small = np.asarray(cv2.resize(head, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
        cover = np.asarray(cv2.resize(opaque, (side, side), interpolation=cv2.INTER_AREA), np.float32)
        _paste(picture, small, cover, round(x - side / 2), round(y - MIDDLE_Y_PX * scale))

    def _head(self, at: float) -> tuple[Image, npt.NDArray[np.float32]]:
        """The head of the moment; one pose goes over into the next."""
        turn, since = divmod(at - self.stay.entry_s, _POSE_S)
        now, before = (self._heads[int(turn - back) % len(self._heads)] for back in (0, 1))
        if since >= _BLEND_S:
            return now
        share = since / _BLEND_S
        picture = np.asarray(cv2.addWeighted(now[0], share, before[0], 1 - share, 0), np.uint8)
        return picture, np.asarray(now[1] * share + before[1] * (1 - share), np.float32)

    def _draw_body(self, picture: Image, x: float, y: float, scale: float) -> None:
        unit = UNIT_PX * scale
        shirt = tuple(255 * part for part in self._looks.shirt)
        dark = tuple(200 * part for part in self._looks.shirt)
        middle = (round(x), round(y + 3.3 * unit))
        cv2.ellipse(
            picture, middle, (round(1.55 * unit), round(2.25 * unit)), 0, 0, 360, dark, -1, cv2.LINE_AA
        )
        cv2.ellipse(
            picture, middle, (round(1.2 * unit), round(2.15 * unit)), 0, 0, 360, shirt, -1, cv2.LINE_AA
        )

    def truth(self) -> TrueVisit:
        """What was to be seen of the visit."""
        sizes = [size for _, size in self._seen]
        return TrueVisit(
            person=f"Drawn_{self.stay.person + 1:02d}",
            entry_s=round(self._seen[0][0], 2),
            exit_s=round(self._seen[-1][0], 2),
            min_face_px=round(min(sizes)),
            max_face_px=round(max(sizes)),
        )


def _pictures(
    actors: Sequence[_Actor], backs: Sequence[Back], generator: np.random.Generator, count: int
) -> Iterator[Image]:
    """All pictures of the film as I420 planes, with the grain of a cheap camera."""
    shop = _shop()
    grains = [np.abs(generator.normal(0, 2, (2, HEIGHT, WIDTH))).astype(np.uint8) for _ in range(6)]
    margin_s = 1.0
    for index in range(count):
        at = index / FPS
        picture = shop.copy()
        present = [a for a in actors if a.stay.entry_s - margin_s <= at <= a.stay.exit_s + margin_s]
        for actor in sorted(present, key=lambda actor: actor.where(at)[2]):
            actor.draw(picture, at)
        for actor in actors:
            if actor.stay.exit_s + margin_s < at <= actor.stay.exit_s + margin_s + 1 / FPS:
                actor.leave()
        _draw_counter(picture)
        for back in backs:
            if back.entry_s - margin_s <= at <= back.exit_s + margin_s:
                back.draw(picture, at)
        planes = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), np.uint8)
        lighter, darker = grains[index % len(grains)]
        planes[:HEIGHT] = cv2.subtract(cv2.add(planes[:HEIGHT], lighter), darker)
        yield planes


def _shop() -> Image:
    """The empty shop: wall, shelves with cans, floor."""
    shop = np.full((HEIGHT, WIDTH, 3), (168, 176, 178), np.uint8)
    shop[:] = shop * np.linspace(1.0, 0.8, HEIGHT)[:, None, None]
    cv2.rectangle(shop, (0, 520), (WIDTH, HEIGHT), (92, 104, 116), -1)
    for shelf_y in (150, 250):
        cv2.rectangle(shop, (60, shelf_y), (420, shelf_y + 8), (70, 90, 110), -1)
        for x in range(80, 400, 62):
            _draw_can(shop, x, shelf_y - 62)
    cv2.rectangle(shop, (900, 70), (1180, 220), (150, 110, 60), -1)
    cv2.putText(shop, "WATER", (930, 160), cv2.FONT_HERSHEY_SIMPLEX, 2.2, (235, 235, 235), 5, cv2.LINE_AA)
    return shop


def _draw_can(picture: Image, x: int, y: int) -> None:
    cv2.rectangle(picture, (x, y + 12), (x + 42, y + 62), (205, 150, 80), -1)
    cv2.rectangle(picture, (x + 14, y), (x + 28, y + 12), (180, 110, 50), -1)
    cv2.line(picture, (x + 8, y + 18), (x + 8, y + 56), (235, 200, 150), 3)


def _draw_counter(picture: Image) -> None:
    cv2.rectangle(picture, (180, 610), (1120, HEIGHT), (60, 84, 120), -1)
    cv2.rectangle(picture, (170, 596), (1130, 614), (90, 120, 160), -1)


class _Film:
    """An H.264 file as a camera writes it: groups of 30 pictures, no keyframe where the scene changes."""

    def __init__(self, path: Path, started_at: datetime | None) -> None:
        self._container = av.open(str(path), "w", format="mp4")
        if started_at is not None:
            self._container.metadata["creation_time"] = started_at.astimezone(UTC).isoformat()
        self._stream = self._container.add_stream("libx264", rate=FPS)
        self._stream.width, self._stream.height, self._stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        self._stream.codec_context.time_base = Fraction(1, FPS)
        self._stream.codec_context.thread_count = 2
        keyframes = f"scenecut=0:keyint={GROUP}:min-keyint={GROUP}"
        self._stream.options = {"preset": "ultrafast", "crf": "27", "x264-params": keyframes}
        self._index = 0

    def __enter__(self) -> "_Film":
        return self

    def add(self, planes: Image) -> None:
        """The next picture, as I420 planes [1080, 1280]."""
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = self._index
        self._index += 1
        self._container.mux(self._stream.encode(frame))

    def __exit__(self, *error: object) -> None:
        if error[0] is None:
            self._container.mux(self._stream.encode(None))
        self._container.close()
