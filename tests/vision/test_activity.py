"""What nobody walks through is not decoded; whoever is there is found all the same."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.vision.test_faces import portrait
from vision.activity import Attention, active_stretches
from vision.chunks import Chunk, analyse_chunk
from vision.config import VisionConfig
from vision.frames import Decoded, frames
from vision.picture import Image

ROOM = np.random.default_rng(0).integers(80, 120, (192, 320, 3), dtype=np.uint8)


def film(
    path: Path, seconds: float, picture_at: Callable[[float], Image], group: int = 15, b_frames: int = 3
) -> Path:
    """15 pictures a second, a keyframe every so many."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=15)
        stream.height, stream.width = picture_at(0).shape[:2]
        stream.pix_fmt = "yuv420p"
        groups = f"scenecut=0:keyint={group}:min-keyint={group}"
        stream.options = {"bf": str(b_frames), "x264-params": groups}
        for index in range(round(seconds * 15)):
            frame = av.VideoFrame.from_ndarray(picture_at(index / 15), format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, 15)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def walker(at: float, first: float, last: float) -> Image:
    """Somebody crosses the room between two times."""
    picture = ROOM.copy()
    if first <= at < last:
        x = round(20 + 240 * (at - first) / (last - first))
        picture[60:170, x : x + 40] = 230
    return picture


def test_a_stretch_is_what_moves_and_a_group_on_each_side(tmp_path: Path) -> None:
    clip = film(tmp_path / "walk.mp4", 14, lambda at: walker(at, 6.2, 8.5))
    assert active_stretches(clip, 0, 15) == [(5.0, 10.0)]


def test_somebody_who_runs_through_between_two_keyframes_is_not_missed(tmp_path: Path) -> None:
    clip = film(tmp_path / "run.mp4", 14, lambda at: walker(at, 6.2, 6.8))
    assert active_stretches(clip, 0, 15) == [(5.0, 8.0)]


class Clerk:
    """Looks at every picture and sees nobody."""

    looked_at, is_following = -1.0, False


@pytest.mark.parametrize(("b_frames", "most"), [(0, 3), (3, 15)])
def test_an_empty_room_is_not_decoded_but_for_a_look_once_in_a_while(
    tmp_path: Path, b_frames: int, most: int
) -> None:
    clip, count, clerk = (
        film(tmp_path / "empty.mp4", 14, lambda at: ROOM, b_frames=b_frames),
        Decoded(),
        Clerk(),
    )
    assert active_stretches(clip, 0, 15) == []
    looked = []
    for frame in frames(clip, 0, 15, 0.2, count, choose=Attention([], 0.0, 5.0, clerk)):
        clerk.looked_at = frame.at
        looked.append(frame.at)
    assert {0.0, 5.0, 10.0} <= set(looked)
    assert 3 <= count.pictures <= most


@pytest.mark.parametrize("group", [1, 75])
def test_keyframes_that_prove_nothing_or_save_nothing_leave_everything_to_be_decoded(
    tmp_path: Path, group: int
) -> None:
    clip = film(tmp_path / "clip.mp4", 11, lambda at: ROOM, group)
    assert active_stretches(clip, 0, 12) == [(0, 12)]


def test_who_sits_still_is_found_and_followed_though_nothing_moves(tmp_path: Path, models_dir: Path) -> None:
    seated = portrait()
    clip = film(tmp_path / "seated.mp4", 5, lambda at: seated)
    assert active_stretches(clip, 0, 6) == []
    result = analyse_chunk(clip, Chunk(0, 6, 6), VisionConfig(models_dir=models_dir))
    (tracklet,) = result.tracklets
    assert (tracklet.started_s, tracklet.ended_s) == (0.0, 4.8)
    assert len(tracklet.times) == 25
