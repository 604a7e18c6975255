"""What the eye is measured against: only decoding, and the tools that such a program is usually made of."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

import av
import cv2
import dlib
import numpy as np

from vision.embedding import WEIGHTS_FILE
from vision.faces import Box, Floats, model_file
from vision.frames import frames
from vision.picture import Image


def decode(film: Path) -> int:
    """Decode all of a film on one thread and do nothing with it; the number of pictures."""
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        return sum(1 for _ in container.decode(stream))


def recognise(film: Path, start: float, end: float) -> int:
    """face_recognition as its examples use it: HOG with one upsample and vectors, whole pictures, five a second."""
    package = import_module("face_recognition")
    count = 0
    for frame in frames(film, start, end, 0.2):
        rgb = cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB)
        count += len(package.face_encodings(rgb, package.face_locations(rgb, 1, "hog")))
    return count


def embed(chips: Sequence[Image]) -> Floats:
    """The vectors of dlib's own network, [N, 128]."""
    network = dlib.face_recognition_model_v1(str(model_file(WEIGHTS_FILE)))
    return np.array([network.compute_face_descriptor(each) for each in chips], np.float32)


def detect(model: Path, pictures: Sequence[Image], scale: float, least: float) -> Iterator[list[Box]]:
    """The faces that OpenCV's own YuNet finds in pictures that it is shown smaller; boxes in pixels of the picture."""
    height, width = pictures[0].shape[:2]
    size = round(width * scale), round(height * scale)
    detector = cv2.FaceDetectorYN.create(str(model), "", size, least, 0.3)
    for picture in pictures:
        _, found = detector.detect(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
        rows = np.zeros((0, 15)) if found is None else np.asarray(found)
        corners = np.hstack([rows[:, :2], rows[:, :2] + rows[:, 2:4]]) / scale
        yield [(float(x1), float(y1), float(x2), float(y2)) for x1, y1, x2, y2 in corners]
