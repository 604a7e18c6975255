"""Files that few cameras write: looked at if they can be, else refused with a reason, while other recordings go on."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from django.core.files import File
from django.utils import timezone
from pytest_django import Settings

from tests.base import Cast
from tests.vision.conftest import write_clip
from vision.children import probed
from vision.config import VisionConfig
from vision.frames import UnsupportedVideo, frames
from vision.models import Recording, Visit
from vision.recordings import PROCESS, register
from watershop import jobs
from watershop.models import Job

NOBODY = VisionConfig(models_dir=Path())


def write_picture(path: Path, codec: str, pix_fmt: str, width: int, height: int, count: int = 1) -> Path:
    """A film of some grey pictures."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=15)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        for number in range(count):
            grey = av.VideoFrame.from_ndarray(np.full((height, width, 3), 128, np.uint8), format="bgr24")
            grey.pts, grey.time_base = number, Fraction(1, 15)
            container.mux(stream.encode(grey))
        container.mux(stream.encode(None))
    return path


def test_ten_bits_a_colour_are_looked_at_like_eight(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "deep.mp4", "libx264", "yuv420p10le", 320, 192, count=3)
    assert probed(path, NOBODY, lambda at: None).packets == 3
    frame = next(frames(path))
    assert frame.image.shape == (192, 320, 3)
    assert frame.image.mean() == pytest.approx(128, abs=3) == frame.luma.mean()


def test_a_picture_larger_than_any_camera_s_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "huge.avi", "mjpeg", "yuvj420p", 8192, 64)
    with pytest.raises(UnsupportedVideo, match="8192x64 is larger"):
        probed(path, NOBODY, lambda at: None)


def test_a_bad_file_is_refused_once_and_the_next_one_is_planned(
    cast: Cast, settings: Settings, models_dir: Path, tmp_path: Path
) -> None:
    settings.VISION_MODEL_DIR, settings.VISION_YUNET_MODEL = models_dir, None
    bad = write_picture(tmp_path / "huge.avi", "mjpeg", "yuvj420p", 8192, 64)
    made = [recording_of(cast, path) for path in (bad, write_clip(tmp_path / "good.mp4"))]
    for recording in made:
        jobs.run(jobs.enqueue(cast.shop, PROCESS, recording.pk, cluster="video").pk)
    states = [Recording.objects.get(pk=recording.pk).state for recording in made]
    assert states == [Recording.State.FAILED, Recording.State.PROCESSING]
    assert Recording.objects.get(pk=made[0].pk).error_code == "unsupported"
    assert Job.objects.get(name=PROCESS, subject_id=made[0].pk).attempts == 1
    assert not made[0].chunks.exists() and made[1].chunks.exists() and not Visit.objects.exists()


def recording_of(cast: Cast, path: Path) -> Recording:
    start = (timezone.now(), Recording.StartSource.GIVEN)
    recording, _is_new = register(cast.shop, path, camera="Door", start=start, name=path.name)
    with path.open("rb") as file:
        recording.file.save(f"recordings/{path.name}", File(file))
    return recording
