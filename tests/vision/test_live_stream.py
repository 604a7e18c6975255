"""A live stream: cut into segments as it came, connected again when it breaks, never running away from the eye."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from tests.vision.cameras import camera_server
from tests.vision.conftest import write_clip
from vision import stream
from vision.config import VisionConfig
from vision.frames import Frame, frames, probe
from vision.live import Mailbox
from vision.segments import in_spool, salvage
from vision.sources import Source
from vision.stream import Begun, Ended, Feed, Lost, Moment, Wishes, moments


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds with a keyframe every second."""
    return write_clip(tmp_path_factory.mktemp("live") / "clip.ts", seconds=10)


@pytest.fixture(scope="module")
def camera(clip: Path) -> Iterator[str]:
    with camera_server(clip) as url:
        yield url


@pytest.fixture
def wishes() -> Wishes:
    """To record, and to go on."""
    wishes = Wishes(records=Event(), is_over=Event())
    wishes.records.set()
    return wishes


def feed(url: str, spool: Path, *, is_trial: bool = True, segment_s: float = 4.0) -> Feed:
    return Feed(Source(url, is_test=True), spool, segment_s, is_trial)


def all_of(feed: Feed, config: VisionConfig, wishes: Wishes) -> list[Moment]:
    """What happens, segments made whole as the eye would."""
    happened = []
    for moment in moments(feed, config, wishes):
        happened.append(moment)
        if isinstance(moment, Ended):
            moment.segment.finish(moment.info, None)
    return happened


def test_a_stream_is_cut_at_keyframes_and_stays_as_it_came(
    camera: str, clip: Path, eye: VisionConfig, wishes: Wishes, tmp_path: Path
) -> None:
    all_of(feed(f"{camera}/live", tmp_path), eye, wishes)
    segments = list(in_spool(tmp_path))
    films = [probe(segment.film) for segment in segments]
    assert [film.duration_s for film in films] == pytest.approx([4, 4, 2], abs=0.01)
    assert [film.packets for film in films] == [60, 60, 30]
    assert all(film.keyframes[0] == 0 for film in films)
    sent = [frame.luma for frame in frames(clip)]
    kept = [frame.luma for segment in segments for frame in frames(segment.film)]
    assert len(sent) == len(kept) and all(map(np.array_equal, sent, kept))
    assert not list(tmp_path.glob("*.part"))


def test_the_eye_gets_five_pictures_a_second_timed_from_the_start_of_their_segment(
    camera: str, eye: VisionConfig, wishes: Wishes, tmp_path: Path
) -> None:
    happened = all_of(feed(f"{camera}/live", tmp_path), eye, wishes)
    kinds = [kind for kind, _ in itertools.groupby(type(moment) for moment in happened)]
    assert kinds == [Begun, Frame, Ended] * 3 + [Lost]
    times = [moment.at for moment in happened if isinstance(moment, Frame)]
    assert times[:6] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert len(times) == 50 and times[20] == 0


def test_where_nothing_is_to_be_recorded_it_is_only_watched(
    camera: str, eye: VisionConfig, wishes: Wishes, tmp_path: Path
) -> None:
    wishes.records.clear()
    happened = all_of(feed(f"{camera}/live", tmp_path), eye, wishes)
    assert sum(isinstance(moment, Frame) for moment in happened) == 50
    assert [segment.film.exists() for segment in in_spool(tmp_path)] == [False] * 3


def test_when_the_disk_fills_up_the_recording_stops_and_the_watching_goes_on(
    camera: str, eye: VisionConfig, wishes: Wishes, tmp_path: Path
) -> None:
    count = 0
    for moment in moments(feed(f"{camera}/live", tmp_path), eye, wishes):
        count += isinstance(moment, Frame)
        if count == 10:
            wishes.records.clear()
        if isinstance(moment, Ended):
            moment.segment.finish(moment.info, None)
    assert count == 50
    (first, *others) = in_spool(tmp_path)
    assert 1 < probe(first.film).duration_s < 3 and not any(other.film.exists() for other in others)


def test_a_camera_that_drops_out_is_connected_again(
    camera: str, eye: VisionConfig, wishes: Wishes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "FIRST_PAUSE_S", 0.01)
    happened = []
    for moment in moments(feed(f"{camera}/live", tmp_path, is_trial=False), eye, wishes):
        happened.append(type(moment))
        if happened.count(Lost) == 2:
            wishes.is_over.set()
    kinds = [kind for kind, _ in itertools.groupby(happened)]
    assert kinds.count(Lost) == 2 and kinds.count(Begun) == kinds.count(Ended) >= 4


@pytest.mark.parametrize(("path", "fault"), [("locked", "password"), ("page", "codec")])
def test_what_is_wrong_is_told_each_time(
    camera: str, eye: VisionConfig, wishes: Wishes, tmp_path: Path, path: str, fault: str
) -> None:
    told = next(moments(feed(f"{camera}/{path}", tmp_path, is_trial=False), eye, wishes))
    assert told == Lost(fault)


def test_what_a_killed_process_left_half_written_is_salvaged(
    camera: str, eye: VisionConfig, wishes: Wishes, tmp_path: Path
) -> None:
    happening = moments(feed(f"{camera}/live", tmp_path, segment_s=60), eye, wishes)
    left = next(moment for moment in happening if isinstance(moment, Frame) and moment.at > 9)
    part = next(iter(in_spool(tmp_path, ".part"))).part
    data = part.read_bytes()
    del happening  # as good as killed: nothing is ended
    part.write_bytes(data[:-1000])
    salvage(tmp_path)
    (segment,) = in_spool(tmp_path)
    assert 1 <= probe(segment.film).duration_s <= left.at
    assert not segment.part.exists() and not segment.seen.exists()


def test_a_stub_without_pictures_is_thrown_away(tmp_path: Path) -> None:
    stub = tmp_path / "20261123T090000.000000Z.part"
    stub.write_bytes(b"\0" * 100)
    salvage(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_late_eye_sees_the_newest_picture_and_misses_no_cut(clip: Path) -> None:
    first, second, third = itertools.islice(frames(clip), 3)
    cut = Lost("silent")
    mailbox = Mailbox(drops=True)
    for moment in (first, second, cut, second, third):
        mailbox.put(moment)
    mailbox.put(None)
    assert list(mailbox) == [second, cut, third] and mailbox.dropped == 2


def test_a_machine_that_is_late_knows_it_though_the_cameras_clock_runs_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr("vision.stream.time.monotonic", lambda: now)
    lag = stream._Lag()
    lags = []
    for second in range(3600 * 12):
        now = 1000.0 + second * 1.0001
        lags.append(lag.of(float(second)))
    assert max(lags) < 0.1
    now += 4
    assert lag.of(3600 * 12.0) > 2
