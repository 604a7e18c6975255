"""Open-set identification of labelled photographs: how many are known again, and how many strangers are taken for
somebody. The project's own search, and beside it the naive rule.

Each photograph asks, leave-one-out: against a gallery of its person's other photographs and those of other people,
and against one without its person. Photographs are shrunk to faces of 42 to 80 pixels and compressed, as a camera
shows them.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from tests.base import shared
from tests.eye.crowd import FACE_IN_PHOTO_PX
from vision.config import YUNET_FILE, Bar, VisionConfig
from vision.engines import make_detector, make_engine
from vision.faces import WHOLE, Floats
from vision.frames import Image
from vision.persons import Known, search

RATES = (0.01, 0.001)
SIZES = (10, 50, 0)
"""Galleries of so many people; 0 is everybody."""
DRAWS = 4
"""Galleries of a size, each of other people."""
NAIVE_AT = 0.6
ANYTHING = Bar(float("inf"), float("inf"), float("inf"))


@dataclass(frozen=True)
class Labelled:
    """Vectors [n, d], and the number of the person of each."""

    vectors: Floats
    owners: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Searches:
    """The distance at which each search names somebody, infinite when never; mated ones only if it is the right one."""

    mated: npt.NDArray[np.float64]
    strangers: npt.NDArray[np.float64]

    def fnir(self, fpir: float) -> float:
        """Share of known people who are not found at the bar that lets so many strangers pass."""
        ordered = np.sort(self.strangers)
        bar = ordered[int(fpir * len(ordered))]
        return float((self.mated >= bar).mean())


def vectors_of(folder: Path, config: VisionConfig, *, is_small: bool = True) -> Labelled:
    """All photographs folder/PERSON/N.jpg as vectors; made small and compressed, if not told otherwise."""
    generator = np.random.default_rng(5)
    detector, engine = make_detector(config), make_engine(config)
    chips, owners = [], []
    for owner, person in enumerate(sorted(folder.iterdir())):
        for photo in sorted(person.glob("*.jpg")):
            face_px = float(generator.uniform(42, 80))
            picture = _small(photo, face_px) if is_small else np.asarray(cv2.imread(str(photo)), np.uint8)
            height, width = picture.shape[:2]
            faces = detector.detect(picture, [WHOLE])
            if faces:
                middle = min(faces, key=lambda face: _off(face.box, width, height))
                chips.append(engine.chip(picture, middle))
                owners.append(owner)
    return Labelled(engine.embed(np.array(chips)), np.array(owners))


def _small(photo: Path, face_px: float) -> Image:
    scale = face_px / FACE_IN_PHOTO_PX
    whole = np.asarray(cv2.imread(str(photo)), np.uint8)
    small = cv2.resize(whole, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def _off(box: tuple[float, float, float, float], width: int, height: int) -> float:
    """How far a face is from the middle: whom the label means."""
    return abs(box[0] + box[2] - width) + abs(box[1] + box[3] - height)


def searches(labelled: Labelled, size: int, shots: int, margin: float) -> Searches:
    """Searches in galleries of `size` people (0: everybody), each by the mean of so many photographs."""
    people = np.unique(labelled.owners)
    mated, strangers = [], []
    for enrolled, others in _galleries(people, size):
        for owner in enrolled:
            mated += [
                _named(labelled, probe, enrolled, margin, owner) for probe in _probes(labelled, owner, shots)
            ]
        for owner in others:
            known = enrolled[enrolled != owner]
            strangers += [_named(labelled, probe, known, margin) for probe in _probes(labelled, owner, shots)]
    return Searches(np.array(mated), np.array(strangers))


def _galleries(
    people: npt.NDArray[np.int64], size: int
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """(who is enrolled, who else asks); of everybody each in turn is taken out to ask."""
    if not size:
        yield people, people
        return
    generator = np.random.default_rng(size)
    for _ in range(DRAWS):
        mixed = generator.permutation(people)
        yield mixed[:size], mixed[size : size + 60]


def _probes(labelled: Labelled, owner: int, shots: int) -> list[npt.NDArray[np.int64]]:
    """Photographs of a person (indices) in groups of so many; a smaller rest is left out."""
    own = np.flatnonzero(labelled.owners == owner)
    return [own[start : start + shots] for start in range(0, len(own) - shots + 1, shots)]


def _named(
    labelled: Labelled,
    probe: npt.NDArray[np.int64],
    enrolled: npt.NDArray[np.int64],
    margin: float,
    owner: int | None = None,
) -> float:
    """How near the person is who is named, whatever the bar; infinite for nobody, or not `owner`."""
    rows = np.setdiff1d(np.flatnonzero(np.isin(labelled.owners, enrolled)), probe)
    nobody = labelled.vectors[:0], labelled.owners[:0]
    known = Known.of((labelled.vectors[rows], labelled.owners[rows]), nobody)
    match = search(labelled.vectors[probe].mean(axis=0), known, ANYTHING, margin)
    is_right = match.person is not None and owner in (None, match.person)
    return match.distance if is_right else float("inf")


def naive(labelled: Labelled, size: int) -> tuple[float, float]:
    """(FPIR, FNIR) of one photograph: the first person under 0.6, each a running average of half the newest."""
    people = np.unique(labelled.owners)
    taken, missed = [], []
    for enrolled, others in _galleries(people, size):
        averages = {
            owner: _average(labelled.vectors[labelled.owners == owner]) for owner in enrolled.tolist()
        }
        for owner in others.tolist():
            known = [average for person, average in averages.items() if person != owner]
            taken += [
                _first(probe, known) is not None for probe in labelled.vectors[labelled.owners == owner]
            ]
        for place, owner in enumerate(enrolled.tolist()):
            own = labelled.vectors[labelled.owners == owner]
            for left_out, probe in enumerate(own):
                known = list(averages.values())
                known[place] = _average(np.delete(own, left_out, 0))
                missed.append(_first(probe, known) != place)
    return float(np.mean(taken)), float(np.mean(missed))


def _average(vectors: Floats) -> Floats:
    average: Floats = vectors[0]
    for vector in vectors[1:]:
        average = (average + vector) / 2
    return average


def _first(probe: Floats, known: Sequence[Floats]) -> int | None:
    near = np.flatnonzero(np.linalg.norm(np.array(known) - probe, axis=1) < NAIVE_AT)
    return int(near[0]) if len(near) else None


def report(*, plot: Path | None) -> Iterator[str]:
    """The table, line by line; the DET curves go into `plot` (SVG)."""
    with tempfile.TemporaryDirectory(prefix="watershop-openset-") as folder:
        config = VisionConfig(models_dir=Path(folder), yunet_model=shared() / "models" / YUNET_FILE)
        labelled = vectors_of(shared() / "data" / "faces", config)
    people = len(np.unique(labelled.owners))
    yield f"{len(labelled.owners)} photographs of {people} people"
    curves = {}
    for shots in (1, 3):
        for size in SIZES:
            found = searches(labelled, size, shots, config.margin)
            figures = ", ".join(f"{100 * found.fnir(rate):.1f} % at FPIR {100 * rate:g} %" for rate in RATES)
            yield f"{shots} photograph(s), {size or people} known: FNIR {figures}"
            curves[f"{size or people} known, {shots} photograph{'s' if shots > 1 else ''}"] = found
    for size in SIZES:
        fpir, fnir = naive(labelled, size)
        yield f"naive rule, {size or people} known: FNIR {100 * fnir:.1f} % at FPIR {100 * fpir:.1f} %"
    if plot:
        plot.write_text(drawn(curves), encoding="utf-8")


COLOURS = ("#0072b2", "#009e73", "#d55e00")
LEFT, TOP, WIDTH, HEIGHT = 60, 20, 400, 260
LEAST = 1e-3


def drawn(curves: dict[str, Searches]) -> str:
    """DET curves as SVG, both axes logarithmic from 0.1 % to 100 %; dashes are single photographs."""
    rates = np.logspace(-3, 0, 61)[:-1]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 20} {TOP + HEIGHT + 150}" '
        'font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    for share in (0.001, 0.01, 0.1, 1.0):
        x, y = _place(share, share)
        parts += [
            f'<path d="M{x} {TOP}V{TOP + HEIGHT}M{LEFT} {y}H{LEFT + WIDTH}" stroke="#ccc"/>',
            f'<text x="{x}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{100 * share:g} %</text>',
            f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{100 * share:g} %</text>',
        ]
    parts.append(f'<text x="{LEFT + WIDTH / 2}" y="{TOP + HEIGHT + 36}" text-anchor="middle">FPIR</text>')
    parts.append(f'<text x="{LEFT + 6}" y="{TOP + 14}">FNIR</text>')
    for number, (name, found) in enumerate(curves.items()):
        points = " ".join("{},{}".format(*_place(rate, found.fnir(rate))) for rate in rates)
        dashes = ' stroke-dasharray="5 4"' if number < len(SIZES) else ""
        look = f'fill="none" stroke="{COLOURS[number % len(SIZES)]}" stroke-width="2"{dashes}'
        y = TOP + HEIGHT + 56 + 15 * number
        parts += [
            f'<polyline points="{points}" {look}/>',
            f'<path d="M{LEFT} {y}h30" {look}/><text x="{LEFT + 38}" y="{y + 4}">{name}</text>',
        ]
    return "\n".join([*parts, "</svg>\n"])


def _place(fpir: float, fnir: float) -> tuple[float, float]:
    """A point of the plot in px."""
    x, y = (1 + np.log10(max(rate, LEAST)) / 3 for rate in (fpir, fnir))
    return round(LEFT + x * WIDTH, 1), round(TOP + (1 - y) * HEIGHT, 1)
