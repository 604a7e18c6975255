"""What a film costs: the eye beside bare decoding, beside the usual tools, and the targets of each.

Processor seconds stand beside those of the clock: they say the same on a machine that has other work.
"""

import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.bench import rivals
from tests.bench.clips import busy_film, idle_film, joined, large_film
from tests.bench.figure import Figure
from tests.shared_data import shared_folder
from vision.activity import active_stretches
from vision.analysis import Analysis, analyse
from vision.config import YUNET_FILE, VisionConfig
from vision.embedding import Dlib
from vision.engines import make_detector, with_cold_start
from vision.faces import WHOLE, Box, YuNet, iou
from vision.frames import frames, probe
from vision.picture import Image
from watershop.database import var_dir

DECODE_TO_PROJECT, IDLE_TO_DECODE, NAIVE_TO_PROJECT = 1.75, 0.25, 50.0
EMBED_TIMES, DETECT_TIMES, VECTOR_DIFFERENCE = 15.0, 2.0, 1e-5
MOST_MEGABYTES, MOST_MINUTES = 600.0, 6.0
FACES, PICTURES = 32, 16
ACTIVITY = 0.3
_SURE = 0.6


@dataclass(frozen=True)
class Took:
    """What some work cost, its child processes included."""

    clock_s: float
    processor_s: float

    @classmethod
    def to(cls, work: Callable[[], object]) -> "Took":
        """Do it and see."""
        began, spent = time.perf_counter(), _processor_s()
        work()
        return cls(time.perf_counter() - began, _processor_s() - spent)

    def figures(self, name: str) -> Iterator[Figure]:
        """Both seconds."""
        yield Figure(name, self.clock_s, "s")
        yield Figure("  processor", self.processor_s, "s")


def _processor_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def figures(*, is_long: bool) -> Iterator[Figure]:
    """Every figure as it is measured, on the films that are here."""
    folder, shared = var_dir() / "bench", shared_folder()
    model = shared / "models" / YUNET_FILE
    config = with_cold_start(VisionConfig(var_dir() / "models", model if model.is_file() else None))
    Dlib(config.models_dir).prepare()
    films = [busy_film(folder, 2.0, config.models_dir)]
    if (dev := shared / "data" / "cctv" / "dev.mp4").is_file():
        films.insert(0, dev)
    for film in films:
        yield from of_film(film, config, excerpt_s=30)
    yield from of_networks(films[0], config, shared / "models" / "yunet_n_640_640.onnx")
    yield from of_idle_film(joined(folder / "idle-30-minutes.ts", [idle_film(folder, 60)] * 30), config)
    if is_long:
        yield from of_long_films(folder, films[-1], config)


def of_film(film: Path, config: VisionConfig, *, excerpt_s: float) -> Iterator[Figure]:
    """The whole way of a film, beside only decoding it and beside the usual tools on an excerpt with people in it."""
    length = probe(film).duration_s
    yield Figure(f"{film.stem}: length", length, "s")
    bare = Took.to(lambda: rivals.decode(film))
    yield from bare.figures("Only decoding, one thread")
    alone = Took.to(lambda: analyse(film, config, workers=1))
    yield from alone.figures("Project, one worker")
    seen: list[Analysis] = []
    both = Took.to(lambda: seen.append(analyse(film, config, workers=2)))
    yield from both.figures("Project, two workers")
    yield Figure("Two workers to one, speed", alone.clock_s / both.clock_s, "x")
    yield Figure("Project to only decoding", both.clock_s / bare.clock_s, "x", most=DECODE_TO_PROJECT)
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    yield Figure("Most memory of a worker", megabytes, "MB", most=MOST_MEGABYTES)
    start = _busiest(seen[0], excerpt_s)
    naive = Took.to(lambda: rivals.recognise(film, start, start + excerpt_s))
    yield Figure(f"Usual tools, the {excerpt_s:g} s from {start:g} s on", naive.clock_s, "s")
    scaled = naive.clock_s * length / excerpt_s
    yield Figure("Usual tools, scaled to the film", scaled, "s")
    yield Figure("Usual tools to project", scaled / both.clock_s, "x", least=NAIVE_TO_PROJECT)


def _busiest(seen: Analysis, length: float) -> float:
    """Where an excerpt begins that has most faces in it."""
    times = np.array([time for tracklet in seen.tracklets for time in tracklet.times])
    starts = np.arange(0, max(1.0, seen.info.duration_s - length))
    return float(max(starts, key=lambda start: int(((times >= start) & (times < start + length)).sum())))


def of_networks(film: Path, config: VisionConfig, model: Path) -> Iterator[Figure]:
    """One face and one picture, in processor time: ours beside the packages', and how far the answers differ."""
    detector, pictures = make_detector(config), _with_faces(film, config)
    engine = Dlib(config.models_dir)
    chips = [engine.chip(image, face) for image in pictures for face in detector.detect(image, [WHOLE])][
        :FACES
    ]
    ours, theirs = engine.embed(np.array(chips)), rivals.embed(chips)
    times = Took.to(lambda: engine.embed(np.array(chips))), Took.to(lambda: rivals.embed(chips))
    fast, slow = (took.processor_s * 1000 / len(chips) for took in times)
    yield Figure(f"A vector, of {len(chips)} faces", fast, "ms")
    yield Figure("A vector by dlib's wheel", slow, "ms")
    yield Figure("Vector: dlib to ours", slow / fast, "x", least=EMBED_TIMES)
    yield Figure("Vector: largest difference", float(np.abs(ours - theirs).max()), "", most=VECTOR_DIFFERENCE)
    if config.yunet and model.is_file():
        yield from _of_detectors(YuNet(config.yunet, _SURE), pictures, model)


def _of_detectors(detector: YuNet, pictures: list[Image], model: Path) -> Iterator[Figure]:
    scale = min(1.0, max(0.5, 640 / pictures[0].shape[1]))
    ours = [[face.box for face in detector.detect(image, [WHOLE])] for image in pictures]
    theirs = list(rivals.detect(model, pictures, scale, _SURE))
    times = (
        Took.to(lambda: [detector.detect(image, [WHOLE]) for image in pictures]),
        Took.to(lambda: list(rivals.detect(model, pictures, scale, _SURE))),
    )
    fast, slow = (took.processor_s * 1000 / len(pictures) for took in times)
    yield Figure(f"Faces of a picture, of {len(pictures)} pictures", fast, "ms")
    yield Figure("Faces of a picture by cv2.FaceDetectorYN", slow, "ms")
    yield Figure("Faces: OpenCV to ours", slow / fast, "x", least=DETECT_TIMES)
    pairs = list(zip(ours, theirs, strict=True))
    unmatched = sum(abs(len(mine) - len(other)) for mine, other in pairs)
    yield Figure("Faces that only one of them found", unmatched, "", most=0)
    yield Figure("Boxes: largest difference", max((_differ(*pair) for pair in pairs), default=0.0), "px")


def _with_faces(film: Path, config: VisionConfig) -> list[Image]:
    """Some pictures with faces, spread over the film."""
    detector, found = make_detector(config), []
    for frame in frames(film, every=max(1.0, probe(film).duration_s / 60)):
        if detector.detect(frame.image, [WHOLE]):
            found.append(frame.image)
    return found[:: -(-len(found) // PICTURES)]


def _differ(ours: list[Box], theirs: list[Box]) -> float:
    """How far a corner is from that of the box that overlaps most."""
    nearest = [(box, max(theirs, key=lambda other: iou(box, other))) for box in ours if theirs]
    return max((abs(a - b) for box, other in nearest for a, b in zip(box, other, strict=True)), default=0.0)


def of_idle_film(film: Path, config: VisionConfig) -> Iterator[Figure]:
    """Half an hour in which nobody comes."""
    bare = Took.to(lambda: rivals.decode(film))
    yield from bare.figures(f"{film.stem}: only decoding, one thread")
    watched = Took.to(lambda: analyse(film, config, workers=2))
    yield from watched.figures("Project, two workers")
    yield Figure("Project to only decoding", watched.clock_s / bare.clock_s, "x", most=IDLE_TO_DECODE)


def of_long_films(folder: Path, busy: Path, config: VisionConfig) -> Iterator[Figure]:
    """Two hours with 30 % activity, and ten minutes of 1080 lines."""
    idle, length = idle_film(folder, 60), probe(busy).duration_s
    active = sum(end - start for start, end in active_stretches(busy, 0, length))
    rounds = round(7200 * ACTIVITY / active)
    rest = [idle] * round((120 - rounds * length / 60) / rounds)
    parts = [part for _ in range(rounds) for part in (busy, *rest)]
    two_hours = joined(folder / "two-hours.ts", parts)
    hours = probe(two_hours).duration_s / 3600
    took = Took.to(lambda: analyse(two_hours, config, workers=2))
    yield Figure(
        f"{hours:.1f} hours, 30 % activity: two workers", took.clock_s / 60, "min", most=MOST_MINUTES
    )
    yield Figure("  processor", took.processor_s / 60, "min")
    large = joined(folder / "large-ten-minutes.ts", [large_film(folder, busy)] * round(600 / length))
    bare = Took.to(lambda: rivals.decode(large))
    yield from bare.figures("Ten minutes of 1080 lines: only decoding, one thread")
    took = Took.to(lambda: analyse(large, config, workers=2))
    yield from took.figures("Project, two workers")
    yield Figure("Project to only decoding", took.clock_s / bare.clock_s, "x", most=DECODE_TO_PROJECT)
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    yield Figure("Most memory of a worker", megabytes, "MB", most=MOST_MEGABYTES)
