"""Clips made for the tests, and the eye that looks at them. No real person's face."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest

from vision.analysis import Analysis, analyse
from vision.config import VisionConfig
from vision.footage import TrueVisit, make_footage

FORMATS = {"mp4": "mp4", "mov": "mov", "mkv": "matroska", "avi": "avi", "ts": "mpegts"}


class MadeClip(NamedTuple):
    """A made-up film and its truth."""

    path: Path
    truth: list[TrueVisit]


def write_clip(
    path: Path, times: Iterator[float] | None = None, seconds: float = 4.0, group: int = 15
) -> Path:
    """A small clip whose pictures are as bright as their number, 15 a second or at the given times."""
    moments = list(times) if times is not None else [index / 15 for index in range(round(seconds * 15))]
    with av.open(str(path), "w", format=FORMATS[path.suffix[1:]]) as container:
        stream = container.add_stream("libx264", rate=15)
        stream.width, stream.height, stream.pix_fmt = 320, 192, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 90000)
        stream.options = {"bf": "0", "x264-params": f"scenecut=0:keyint={group}:min-keyint={group}"}
        noise = np.random.default_rng(0).integers(0, 40, (192, 320, 3), dtype=np.uint8)
        for index, moment in enumerate(moments):
            picture = noise + np.uint8(3 * index % 200)
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts = round(moment * 90000)
            frame.time_base = Fraction(1, 90000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the face network is converted to, once for all tests."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def eye(models_dir: Path) -> VisionConfig:
    """The eye without YuNet, as on a machine that has only the packages; short chunks, so that there are seams."""
    return VisionConfig(models_dir=models_dir, chunk_min_s=10.0)


@pytest.fixture(scope="session")
def made_clip(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> MadeClip:
    """Half a minute with two people."""
    path = tmp_path_factory.mktemp("clip") / "made.mp4"
    truth = make_footage(path, minutes=0.45, visits=2, persons=2, seed=2, models_dir=models_dir)
    return MadeClip(path, truth)


@pytest.fixture(scope="session")
def analysis(made_clip: MadeClip, eye: VisionConfig) -> Analysis:
    """What two workers see in the made-up clip."""
    return analyse(made_clip.path, eye, workers=2)
