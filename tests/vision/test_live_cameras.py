"""Live cameras: a child each, what it saw becomes visits and recordings, its faults stand on the camera's row."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import av
import psutil
import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from tests.base import Cast
from tests.vision.cameras import camera_server
from tests.vision.conftest import MadeClip, write_clip
from tests.vision.scene import a_camera, a_recording, a_visit
from vision import live_cameras, logins
from vision.children import PROJECT, environment
from vision.config import VisionConfig
from vision.frames import probe
from vision.live_cameras import Watch, Watcher, spool_of
from vision.live_recordings import take_in
from vision.live_worker import job_text
from vision.messages import Message, Sight, Trouble, Whole, from_line
from vision.models import Camera, Person, Recording, Tracklet, Visit
from vision.segments import in_spool
from vision.sources import Source
from vision.stream import Feed
from watershop.models import Job

SECONDS = 22
MB = 1 << 20


class Told(NamedTuple):
    """What a child said of the made-up clip, and what it needed meanwhile."""

    messages: list[Message]
    spool: Path
    resident: list[int]
    """Bytes, each time it said something."""


@pytest.fixture(scope="module")
def told(made_clip: MadeClip, eye: VisionConfig, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """A camera that sends the clip as fast as it is taken, in segments of 8 seconds."""
    folder = tmp_path_factory.mktemp("camera")
    messages, resident = [], []
    with camera_server(as_stream(made_clip.path, folder / "clip.ts")) as url:
        feed = Feed(Source(f"{url}/live", is_test=True), folder / "spool", segment_s=8.0, is_trial=True)
        child = subprocess.Popen(
            [sys.executable, "-m", "vision.live_worker"],
            cwd=PROJECT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdin and child.stdout
        child.stdin.write(f"{job_text(feed, eye)}keep\n")
        child.stdin.flush()
        for line in child.stdout:
            messages.append(from_line(line))
            resident.append(psutil.Process(child.pid).memory_info().rss)
    child.stdin.close()
    assert child.wait(10) == 0
    return Told(messages, feed.spool, resident)


def as_stream(clip: Path, path: Path) -> Path:
    """The beginning of a clip as a camera sends it."""
    with av.open(str(clip)) as source, av.open(str(path), "w", format="mpegts") as stream:
        pictures = source.streams.video[0]
        copy = stream.add_stream_from_template(pictures)
        for packet in source.demux(pictures):
            if packet.size and float((packet.pts or 0) * packet.time_base) < SECONDS:
                packet.stream = copy
                stream.mux(packet)
    return path


@pytest.fixture
def camera(cast: Cast, settings: Settings, tmp_path: Path) -> Camera:
    settings.LIVE_SPOOL = tmp_path / "live"
    return a_camera(cast.shop, "Door", kind=Camera.Kind.STREAM, address="rtsp://192.168.1.9/live")


@pytest.fixture
def spool(camera: Camera, told: Told) -> Path:
    """The segments that the child has left, in the spool of the camera."""
    return Path(shutil.copytree(told.spool, spool_of(camera)))


def test_the_child_asks_who_somebody_is_on_the_very_picture_of_the_first_good_shot(told: Told) -> None:
    first = next(
        face for said in told.messages if isinstance(said, Sight) for face in said.faces if face.shots
    )
    sight = next(said for said in told.messages if isinstance(said, Sight) and first in said.faces)
    start = next(in_spool(told.spool)).started_at
    assert len(first.shots) == 1
    assert (sight.at - start).total_seconds() == pytest.approx(first.shots[0].at)
    assert sight.at - first.first_at < timedelta(seconds=1.5)


def test_those_in_sight_are_told_about_once_a_second(told: Told) -> None:
    times = [
        said.at for said in told.messages if isinstance(said, Sight) and not any(f.shots for f in said.faces)
    ]
    assert len(times) > 3
    assert all(b - a >= timedelta(seconds=0.99) for a, b in pairwise(times))


def test_a_child_keeps_within_its_memory(told: Told) -> None:
    assert max(told.resident) < 600 * MB
    assert max(told.resident) - told.resident[len(told.resident) // 2] < 100 * MB


def test_what_a_child_saw_becomes_recordings_and_visits(
    camera: Camera, spool: Path, eye: VisionConfig, made_clip: MadeClip
) -> None:
    assert take_in(camera, spool, eye) == 3
    recordings = list(Recording.objects.order_by("started_at"))
    assert [(row.state, row.is_live) for row in recordings] == [("done", True)] * 3
    assert sum(row.duration_s for row in recordings) == pytest.approx(SECONDS, abs=0.1)
    films = [Path(row.file.path) for row in recordings]
    assert [probe(film).duration_s for film in films] == pytest.approx([8, 8, 6], abs=0.1)
    assert [row.size_bytes for row in recordings] == [film.stat().st_size for film in films]
    assert not list(spool.iterdir())
    start = recordings[0].started_at
    entries = [(visit.entry_at - start).total_seconds() for visit in Visit.objects.order_by("entry_at")]
    assert entries == pytest.approx([visit.entry_s for visit in made_clip.truth], abs=3)
    assert Person.objects.count() == 2
    assert Tracklet.objects.count() > Visit.objects.count(), "a visit goes on over the cuts"
    assert take_in(camera, spool, eye) == 0


def test_pieces_in_which_nobody_came_do_not_fill_the_page(
    cast: Cast, client_of: Callable[..., Client]
) -> None:
    now = timezone.now()
    busy = a_visit(cast.shop, now, picture=True).recording
    Recording.objects.filter(pk=busy.pk).update(is_live=True, original_name="busy.mp4")
    a_recording(cast.shop, now, is_live=True, original_name="empty.mp4")
    a_recording(cast.shop, now, is_live=True, original_name="failed.mp4", state=Recording.State.FAILED)
    page = client_of(cast.ravi).get("/s/water/recordings/").content.decode()
    assert [name in page for name in ("busy.mp4", "empty.mp4", "failed.mp4")] == [True, False, True]


def test_taking_in_that_was_cut_short_is_gone_on_with(camera: Camera, spool: Path, eye: VisionConfig) -> None:
    copy = Path(shutil.copytree(spool, spool.with_name("again")))
    take_in(camera, spool, eye)
    counts = Recording.objects.count(), Visit.objects.count(), Tracklet.objects.count()
    assert take_in(camera, copy, eye) == 3
    assert (Recording.objects.count(), Visit.objects.count(), Tracklet.objects.count()) == counts


def test_a_film_that_nobody_has_watched_waits_for_the_workers(
    camera: Camera, spool: Path, eye: VisionConfig
) -> None:
    first, *others = in_spool(spool)
    first.seen.unlink()
    for other in others:
        other.remove()
    take_in(camera, spool, eye)
    recording = Recording.objects.get()
    assert recording.state == Recording.State.WAITING and default_storage.exists(str(recording.file.name))
    assert Job.objects.get().subject_id == recording.pk


def test_where_nothing_is_recorded_only_what_shows_somebody_is_kept(
    camera: Camera, spool: Path, eye: VisionConfig
) -> None:
    first, *others = in_spool(spool)
    first.film.unlink()
    first.seen.unlink()
    for other in others:
        other.film.unlink()
    take_in(camera, spool, eye)
    assert [row.file.name for row in Recording.objects.all()] == ["", ""]
    assert Visit.objects.exists()


def job(url: str, camera: Camera, eye: VisionConfig) -> str:
    return job_text(Feed(Source(url, is_test=True), spool_of(camera)), eye)


def test_what_is_wrong_with_a_camera_stands_on_its_row(
    camera: Camera, eye: VisionConfig, tmp_path: Path
) -> None:
    with camera_server(write_clip(tmp_path / "clip.ts", seconds=1)) as url:
        watcher = Watcher(camera, job(f"{url}/locked", camera, eye))
        watcher.record(True, has_room=True)
        for message in heard(watcher):
            if isinstance(message, Trouble):
                watcher.tell_end()
    camera.refresh_from_db()
    assert camera.fault == Camera.Fault.PASSWORD and camera.seen_at is None


def test_pictures_that_come_are_noted_and_the_film_is_whole_in_the_end(
    camera: Camera, eye: VisionConfig, tmp_path: Path
) -> None:
    Camera.objects.update(fault=Camera.Fault.SILENT)
    with camera_server(write_clip(tmp_path / "clip.ts", seconds=4)) as url:
        watcher = Watcher(camera, job(f"{url}/live", camera, eye))
        watcher.record(True, has_room=True)
        whole = 0
        for message in heard(watcher):
            whole += isinstance(message, Whole)
            if whole == 2:  # the first one is said before the first picture
                watcher.tell_end()
    camera.refresh_from_db()
    assert camera.seen_at is not None
    assert Recording.objects.order_by("started_at")[0].duration_s == pytest.approx(4, abs=0.1)


def heard(watcher: Watcher) -> Iterator[Message]:
    """What a child says, written down as it is said."""
    for line in watcher._child.stdout or ():
        watcher.take(from_line(line))
        yield from_line(line)


class Quiet:
    """A watcher that only notes what it is told."""

    all: list["Quiet"] = []

    def __init__(self, camera: Camera, job: str) -> None:
        self.camera, self.job = camera, job
        self.said: list[object] = []
        self.has_ended = False
        Quiet.all.append(self)

    def start(self) -> None:
        self.said.append("start")

    def tell_end(self) -> None:
        self.said.append("end")

    def end(self) -> None:
        """Nothing to wait for."""

    def record(self, is_wanted: bool, *, has_room: bool) -> None:
        self.said.append((is_wanted, has_room))


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> list[Quiet]:
    """The watchers that were made, in order; no child is started."""
    Quiet.all = []
    monkeypatch.setattr(live_cameras, "Watcher", Quiet)
    monkeypatch.setattr(live_cameras, "PAUSE_S", 0.0)
    monkeypatch.setattr(live_cameras, "has_room", lambda: True)
    return Quiet.all


def test_the_rows_say_which_cameras_are_watched(camera: Camera, quiet: list[Quiet]) -> None:
    Camera.objects.create(shop=camera.shop, name="Old", kind=Camera.Kind.FILES)
    watch = Watch()
    watch.tend()
    watch.tend()
    (watcher,) = quiet
    assert watcher.camera == camera and watcher.said == ["start", (True, True), (True, True)]
    Camera.objects.update(is_on=False)
    watch.tend()
    assert watcher.said[-1] == "end" and len(quiet) == 1


def test_a_camera_that_was_changed_or_whose_child_died_is_begun_anew(
    camera: Camera, quiet: list[Quiet]
) -> None:
    watch = Watch()
    watch.tend()
    Camera.objects.filter(pk=camera.pk).update(min_face_px=50)
    watch.tend()
    assert len(quiet) == 2 and quiet[0].said[-1] == "end"
    quiet[1].has_ended = True
    watch.tend()
    assert len(quiet) == 3
    watch.stop()
    assert quiet[2].said[-1] == "end"


def test_without_room_on_the_disk_it_is_watched_and_not_recorded(
    camera: Camera, quiet: list[Quiet], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_cameras, "has_room", lambda: False)
    Watch().tend()
    assert quiet[0].said == ["start", (True, False)]


def test_a_password_that_cannot_be_read_is_the_cameras_fault(
    camera: Camera, quiet: list[Quiet], settings: Settings
) -> None:
    logins.set_login(camera, "admin", "secret")
    settings.SECRET_KEY = "another one"
    Watch().tend()
    camera.refresh_from_db()
    assert not quiet and camera.fault == Camera.Fault.PASSWORD


@pytest.mark.parametrize("is_asked", [False, True])
def test_this_machine_is_a_camera_only_where_things_are_tried_out(
    camera: Camera, quiet: list[Quiet], settings: Settings, is_asked: bool
) -> None:
    settings.VISION_ASKS_ITSELF = is_asked
    Watch().tend()
    assert json.loads(quiet[0].job)["source"]["is_test"] is is_asked


def test_no_password_stands_where_others_can_read_it(camera: Camera, quiet: list[Quiet]) -> None:
    logins.set_login(camera, "admin", "secret")
    Watch().tend()
    assert "admin:secret@192.168.1.9" in quiet[0].job
    assert "secret" not in " ".join(environment().values())
