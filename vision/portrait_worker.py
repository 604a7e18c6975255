"""The child process that opens pictures somebody handed in: `python -m vision.portrait_worker FOLDER < CONFIG`.

FOLDER has the pictures as files 0, 1, 2 ... Says a line of JSON for each, in that order: null for what is no picture,
else a list of faces, and leaves each face as NUMBER-PLACE.jpg.
"""

import json
import sys
from itertools import count
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vision.candidates import crop
from vision.chunk_worker import limit_this_process
from vision.config import VisionConfig
from vision.engines import Engine, make_detector, make_engine
from vision.faces import WHOLE, Detector, Face, quality
from vision.picture import Image
from vision.placement import FaceSeen, measured, verdict

CPU_S = 120
LONGEST_PX = 1280
"""Larger pictures are brought to this: a telephone's twelve megapixels say no more about a face."""
MOST_FACES = 8


def main(folder: str) -> int:
    """Look at the pictures of the folder; the exit status."""
    config = VisionConfig.from_json(sys.stdin.read())
    limit_this_process(CPU_S)
    cv2.setNumThreads(1)
    detector, engine = make_detector(config), make_engine(config)
    for number in count():
        path = Path(folder) / f"{number}"
        if not path.exists():
            return 0
        image = _image(path)
        found = None if image is None else _found(image, path, detector, engine, config)
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()
    return 0


def _image(path: Path) -> Image | None:
    """BGR, upright as the picture itself says; None where it is none."""
    try:
        image = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    if image is None:
        return None
    scale = LONGEST_PX / max(image.shape[:2])
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(image, np.uint8)


def _found(
    image: Image, path: Path, detector: Detector, engine: Engine, config: VisionConfig
) -> list[dict[str, Any]]:
    """The faces, the widest first; their crops lie beside the picture."""
    faces = [face for face in detector.detect(image, [WHOLE]) if face.score >= config.track_score]
    faces = sorted(faces, key=lambda face: -face.width)[:MOST_FACES]
    if not faces:
        return []
    vectors = engine.embed(np.stack([engine.chip(image, face) for face in faces]))
    for place, face in enumerate(faces):
        path.with_name(f"{path.name}-{place}.jpg").write_bytes(crop(image, face.box))
    seen = measured(image, faces, config).faces
    return [
        _row(face, how, quality(image, face, config), vector.tolist())
        for face, how, vector in zip(faces, seen, vectors, strict=True)
    ]


def _row(face: Face, how: FaceSeen, good: float, vector: list[float]) -> dict[str, Any]:
    return {
        "box": how.box,
        "px": face.width,
        "verdict": verdict(how),
        "quality": good,
        "vector": vector,
    }


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
