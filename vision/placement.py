"""Does a camera hang well? What a minute of its pictures measures, and what should be moved."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import cv2
import numpy as np

from vision.config import VisionConfig
from vision.faces import REFUSALS, Box, Face, refusal, sharpness, yaw
from vision.picture import Image

NOBODY, GOOD, DARK, GLARING, FLAT, BACKLIT = LIGHTS = (
    "nobody", "good", "dark", "glaring", "flat", "backlit"
)  # fmt: skip
ADVICE = (*REFUSALS, *LIGHTS)
OFTEN = 0.25
"""The share of faces from which on a reason is worth moving the camera."""
_DARK, _GLARING, _FLAT = 60.0, 215.0, 18.0
_AROUND_BRIGHTER = 60.0


@dataclass(frozen=True)
class FaceSeen:
    """One face in one picture, and why it could not be compared (empty when it could)."""

    box: Box
    """In fractions of the picture."""
    px: float
    refusal: str
    sharpness: float
    yaw: float
    luma: float
    around: float
    """Mean brightness (0 to 255) of the face, and of what surrounds it."""


@dataclass(frozen=True)
class PictureSeen:
    """The faces of one picture; its mean brightness, and how far that spreads (standard deviation)."""

    luma: float
    contrast: float
    faces: Sequence[FaceSeen]


def measured(image: Image, faces: Sequence[Face], config: VisionConfig) -> PictureSeen:
    """A BGR picture and the faces that were found in it, as numbers."""
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    seen = [_face(image, np.asarray(gray, np.uint8), face, config) for face in faces]
    return PictureSeen(float(gray.mean()), float(gray.std()), seen)


def _face(image: Image, gray: Image, face: Face, config: VisionConfig) -> FaceSeen:
    height, width = gray.shape[:2]
    x1, y1, x2, y2 = face.box
    inner, outer = _mean(gray, face.box), (1.5 * x1 - 0.5 * x2, 1.5 * y1 - 0.5 * y2, 1.5 * x2 - 0.5 * x1, y2)
    return FaceSeen(
        box=(x1 / width, y1 / height, x2 / width, y2 / height),
        px=face.width,
        refusal=refusal(image, face, config),
        sharpness=sharpness(image, face.box),
        yaw=yaw(face.points) if face.points is not None else 0.0,
        luma=inner,
        around=_mean(gray, outer),
    )


def verdict(face: FaceSeen) -> str:
    """Why one face can't be compared well: refused, or in bad light (of ADVICE); empty when it can."""
    if face.refusal:
        return face.refusal
    if face.luma < _DARK:
        return DARK
    return GLARING if face.luma > _GLARING else ""


def _mean(gray: Image, box: Box) -> float:
    x1, y1, x2, y2 = (max(0, round(corner)) for corner in box)
    part = gray[y1:y2, x1:x2]
    return float(part.mean()) if part.size else 0.0


def report(pictures: Sequence[PictureSeen], config: VisionConfig) -> dict[str, object]:
    """What a placement check found, plain enough for JSON: medians, shares (0 to 1), and `advice` (of ADVICE)."""
    faces = [face for picture in pictures for face in picture.faces]
    refused = Counter(face.refusal for face in faces if face.refusal)
    light = {
        "luma": _median([picture.luma for picture in pictures]),
        "contrast": _median([picture.contrast for picture in pictures]),
        "face_luma": _median([face.luma for face in faces]),
        "around": _median([face.around for face in faces]),
    }
    return {
        "pictures": len(pictures),
        "faces": len(faces),
        "usable": sum(not face.refusal for face in faces),
        "width_px": _median([face.px for face in faces]),
        "wide": _share(sum(face.px >= config.shot_min_px for face in faces), len(faces)),
        "sharpness": _median([face.sharpness for face in faces]),
        "yaw": round(_median([face.yaw for face in faces]), 2),
        "refused": {reason: _share(count, len(faces)) for reason, count in refused.most_common()},
        "light": light,
        "advice": _advice(refused, len(faces), light),
    }


def _advice(refused: Counter[str], faces: int, light: dict[str, float]) -> list[str]:
    if not faces:
        return [NOBODY, *_light(light["luma"], light["contrast"])]
    often = [reason for reason, count in refused.most_common() if count >= OFTEN * faces]
    if light["around"] - light["face_luma"] >= _AROUND_BRIGHTER:
        return [*often, BACKLIT]
    return [*often, *_light(light["face_luma"], light["contrast"])] or [GOOD]


def _light(luma: float, contrast: float) -> list[str]:
    if luma < _DARK:
        return [DARK]
    if luma > _GLARING:
        return [GLARING]
    return [FLAT] if contrast < _FLAT else []


def _median(values: Sequence[float]) -> float:
    return round(median(values), 1) if values else 0.0


def _share(part: int, whole: int) -> float:
    return round(part / whole, 3) if whole else 0.0
