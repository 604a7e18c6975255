"""A recording is looked at in chunks by child processes, and it does not show."""

import os
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.vision.conftest import MadeClip, write_clip
from vision.analysis import Analysis, analyse, cut, join
from vision.children import Child, ChunkFailed
from vision.chunk_file import read_result, write_result
from vision.chunks import ChunkResult, Pictures
from vision.config import VisionConfig
from vision.frames import TruncatedVideo, probe
from vision.looking import STAGES
from vision.persons import cluster
from vision.tracking import Shot, Tracklet
from vision.visits import visits_from


def summary(analysis: Analysis) -> list[tuple[object, ...]]:
    return [
        (t.number, tuple(t.times), tuple(t.boxes), t.vector.tobytes() if t.is_usable else b"")
        for t in analysis.tracklets
    ]


def test_everybody_in_the_film_is_seen_coming_and_going(
    made_clip: MadeClip, analysis: Analysis, eye: VisionConfig
) -> None:
    people = cluster(analysis.tracklets, eye)
    visits = visits_from(((t, number) for number, group in enumerate(people) for t in group), eye.visit_gap_s)
    assert len(people) == len(visits) == len(made_clip.truth)
    for visit, truth in zip(visits, made_clip.truth, strict=True):
        assert visit.entry_s == pytest.approx(truth.entry_s, abs=2)
        assert visit.exit_s == pytest.approx(truth.exit_s, abs=2)


def test_the_cost_is_counted_per_stage(analysis: Analysis) -> None:
    assert set(analysis.seconds) == set(STAGES)
    assert all(seconds > 0 for seconds in analysis.seconds.values())
    assert 100 < analysis.frames_analysed <= 135 and analysis.frames_decoded >= 3 * analysis.frames_analysed
    assert analysis.faces > 80


def test_one_worker_sees_what_two_workers_see_and_tells_how_far_it_is(
    made_clip: MadeClip, analysis: Analysis, eye: VisionConfig, tmp_path: Path
) -> None:
    told: list[float] = []
    pictures = Pictures(tmp_path, plain_every_s=10)
    alone = analyse(made_clip.path, eye, workers=1, pictures=pictures, on_progress=told.append)
    assert len(cut(alone.info, eye)) > 1
    assert summary(alone) == summary(analysis)
    assert told == sorted(told) and told[-1] == 1.0 and len(told) > 15
    plain = sorted(path.name for path in (tmp_path / "frames").iterdir())
    assert plain == [f"frame_{second:06d}.00.jpg" for second in (0, 10, 20)]
    boxed = sorted((tmp_path / "frames_with_face_boxes").iterdir())
    seconds = [int(path.name[6:12]) for path in boxed]
    assert len(seconds) == len(set(seconds)) and 15 < len(seconds) <= 27
    picture = cv2.imread(str(boxed[0]))
    assert picture is not None and picture.shape == (720, 1280, 3)


def test_chunks_begin_at_keyframes_and_overlap(made_clip: MadeClip, eye: VisionConfig) -> None:
    info = probe(made_clip.path)
    chunks = cut(info, eye)
    assert chunks[0].start == 0 and chunks[-1].end > info.duration_s
    assert all(chunk.start in info.keyframes for chunk in chunks)
    for before, after in pairwise(chunks):
        assert before.own_end == after.start and before.end == pytest.approx(after.start + eye.overlap_s)


def test_a_face_seen_on_both_sides_of_a_seam_is_one_tracklet(eye: VisionConfig) -> None:
    def part(start: int, end: int, x: float) -> Tracklet:
        times = [index / 5 for index in range(start, end)]
        boxes = [(x, 0.0, x + 60, 60.0)] * len(times)
        shots = [Shot(times[0], boxes[0], 0.5, np.zeros(128, np.float32), b"jpeg")]
        return Tracklet(1, times, boxes, [0.9] * len(times), shots)

    def result(*tracklets: Tracklet) -> ChunkResult:
        return ChunkResult(list(tracklets), {}, 0, 0, 0, {})

    joined = join([result(part(0, 60, 0)), result(part(50, 90, 5), part(52, 90, 400))], eye)
    assert [(t.number, t.started_s, t.ended_s, len(t.shots)) for t in joined] == [
        (1, 0.0, 17.8, 2),
        (2, 10.4, 17.8, 1),
    ]


def test_a_result_comes_back_from_its_file_unchanged(analysis: Analysis, tmp_path: Path) -> None:
    result = ChunkResult(analysis.tracklets, {"decode": 1.5}, 3, 2, 1, {"blur": 4}, (720, 1280))
    for written in (result, ChunkResult([], {}, 0, 0, 0, {})):
        write_result(written, tmp_path / "result.npz")
        back = read_result(tmp_path / "result.npz")
        assert (back.seconds, back.frames_decoded, back.faces, back.size) == (
            written.seconds,
            written.frames_decoded,
            written.faces,
            written.size,
        )
        assert [t.boxes for t in back.tracklets] == [t.boxes for t in written.tracklets]
        assert [[s.jpeg for s in t.shots] for t in back.tracklets] == [
            [s.jpeg for s in t.shots] for t in written.tracklets
        ]


def test_a_bad_file_stops_all_with_its_reason(tmp_path: Path, eye: VisionConfig) -> None:
    clip = write_clip(tmp_path / "clip.mkv")
    clip.write_bytes(clip.read_bytes()[:-20000])
    with pytest.raises(TruncatedVideo, match=r"clip\.mkv"):
        analyse(clip, eye)


def test_a_file_that_goes_bad_on_the_way_is_reported_by_the_child(
    tmp_path: Path, eye: VisionConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_clip(tmp_path / "clip.mp4")
    info = probe(clip)
    monkeypatch.setattr(Child, "probed", lambda self, tell: info)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    with pytest.raises(TruncatedVideo, match=r"clip\.mp4"):
        analyse(clip, eye)


def test_a_child_that_takes_too_long_is_ended(made_clip: MadeClip, eye: VisionConfig) -> None:
    with pytest.raises(ChunkFailed, match=r"made.mp4.* ended with status -"):
        analyse(made_clip.path, eye.with_changes(chunk_timeout_s=1.0), workers=2)


def test_who_asked_can_stop_it_from_the_progress(made_clip: MadeClip, eye: VisionConfig) -> None:
    class EnoughError(Exception):
        pass

    def stop(fraction: float) -> None:
        raise EnoughError

    with pytest.raises(EnoughError):
        analyse(made_clip.path, eye, workers=1, on_progress=stop)
    children = os.popen(f"ps --ppid {os.getpid()} -o args=").read()
    assert "vision.chunk_worker" not in children
