"""Recordings are opened by what they are, decoded by time, and refused with a reason."""

from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.vision.conftest import FORMATS, write_clip
from vision import frames as eye
from vision.frames import frames, probe


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_container_gives_the_same_pictures_at_the_same_times(tmp_path: Path, suffix: str) -> None:
    clip = write_clip(tmp_path / f"clip.{suffix}")
    info = probe(clip)
    assert (info.width, info.height, info.packets) == (320, 192, 60)
    assert info.duration_s == pytest.approx(4.0, abs=0.01)
    assert info.fps == pytest.approx(15, abs=0.01)
    assert info.keyframes == pytest.approx((0, 1, 2, 3), abs=0.01)
    seen = list(frames(clip))
    assert [frame.at for frame in seen] == pytest.approx([0.2 * index for index in range(20)], abs=0.07)
    assert seen[0].image.shape == (192, 320, 3)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_part_of_a_recording_is_the_same_as_in_the_whole(tmp_path: Path, suffix: str) -> None:
    clip = write_clip(tmp_path / f"clip.{suffix}")
    whole = {frame.at: frame.image for frame in frames(clip) if 2.0 <= frame.at < 3.0}
    part = {frame.at: frame.image for frame in frames(clip, 2.0, 3.0)}
    assert part.keys() == whole.keys()
    assert all(np.array_equal(part[at], whole[at]) for at in whole)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, suffix: str) -> None:
    clip = write_clip(tmp_path / f"clip.{suffix}")
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) // 2 + 40])
    with pytest.raises(eye.TruncatedVideo, match=f"clip.{suffix}"):
        probe(clip)


def test_an_mp4_with_its_index_in_front_is_refused_when_cut_off(tmp_path: Path) -> None:
    clip, front = write_clip(tmp_path / "clip.mp4"), tmp_path / "front.mp4"
    with (
        av.open(str(clip)) as source,
        av.open(str(front), "w", options={"movflags": "+faststart"}) as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    assert probe(front).packets == 60
    front.write_bytes(front.read_bytes()[: front.stat().st_size // 2])
    with pytest.raises(eye.TruncatedVideo):
        probe(front)


def test_times_are_those_of_the_stream_not_of_a_frame_rate(tmp_path: Path) -> None:
    moments = [0.0, 0.1, 0.2, 1.5, 1.6, 5.0, 5.05, 5.1, 9.9]
    clip = write_clip(tmp_path / "vfr.mkv", iter(moments))
    assert [frame.at for frame in frames(clip)] == pytest.approx([0.0, 0.2, 1.5, 1.6, 5.0, 9.9], abs=0.002)


def test_a_recording_that_begins_late_starts_at_zero(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "late.ts", (100 + index / 15 for index in range(30)))
    assert next(frames(clip)).at == 0
    assert probe(clip).duration_s == pytest.approx(2.0, abs=0.01)


def test_a_camera_mounted_sideways_is_turned_upright(tmp_path: Path) -> None:
    path = tmp_path / "turned.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=15)
        stream.width, stream.height, stream.pix_fmt = 320, 192, "yuv420p"
        stream.set_display_rotation(90)
        picture = np.zeros((192, 320, 3), np.uint8)
        picture[:, 240:] = 255
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))
    frame = next(frames(path))
    assert frame.image.shape == (320, 192, 3) and frame.upright_size == (320, 192)
    top_is_bright = frame.image[:40].mean() > 200
    assert top_is_bright == (frame.luma[:40].mean() > 200)
    assert top_is_bright != (frame.image[-40:].mean() > 200)


def test_the_camera_s_own_time_is_read(tmp_path: Path) -> None:
    path = tmp_path / "timed.mp4"
    with av.open(str(path), "w") as container:
        container.metadata["creation_time"] = "2025-12-14T03:30:00Z"
        stream = container.add_stream("libx264", rate=15)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for index in range(5):
            frame = av.VideoFrame(64, 64, "yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 15)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert probe(path).created_at == datetime(2025, 12, 14, 3, 30, tzinfo=UTC)
    assert probe(write_clip(tmp_path / "untimed.mp4")).created_at is None


def test_a_missing_and_an_empty_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(eye.MissingVideo):
        probe(tmp_path / "nothing.mp4")
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(eye.EmptyVideo):
        probe(tmp_path / "empty.mp4")


def test_a_playlist_under_a_video_s_name_is_never_opened(tmp_path: Path) -> None:
    secret = write_clip(tmp_path / "secret.mp4")
    for name, text in {
        "list.m3u8": f"#EXTM3U\n#EXTINF:4,\nfile://{secret}\n#EXT-X-ENDLIST\n",
        "list.mp4": f"ffconcat version 1.0\nfile '{secret}'\n",
        "photo.mp4": "\x89PNG\r\n\x1a\n",
    }.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(eye.NotAVideo, match="not an mp4"):
            probe(tmp_path / name)


def test_a_file_with_sound_only_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(eye.NoPicture):
        probe(path)


def test_random_bytes_after_a_good_header_are_refused(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mkv", seconds=8)
    data = bytearray(clip.read_bytes())
    middle = len(data) // 4
    data[middle:] = np.random.default_rng(0).bytes(len(data) - middle)
    clip.write_bytes(data)
    with pytest.raises(eye.UnreadableVideo):
        probe(clip)


def test_a_codec_that_is_not_allowed_is_named(tmp_path: Path) -> None:
    path = tmp_path / "old.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=15)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode(None))
    with pytest.raises(eye.UnsupportedVideo, match="ffv1"):
        probe(path)


def test_a_part_of_a_picture_is_converted_as_in_the_whole(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4")
    whole, part = (list(frames(clip))[-1] for _ in range(2))
    seen = part.image_at([(31, 41, 90, 77), (250, 150, 400, 300)])
    assert np.array_equal(seen[41:77, 31:90], whole.image[41:77, 31:90])
    assert np.array_equal(seen[150:, 250:], whole.image[150:, 250:])
    assert not seen[:40].any()
    assert np.array_equal(part.image_at([(0, 0, 320, 192)]), whole.image)
