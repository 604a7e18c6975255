"""What is killed while it watches leaves the same rows behind; the long form is `make faults`."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from django.core.files import File
from django.db import connection
from pytest_django import Settings

from tests.base import make_cast
from tests.faults.rows import rows_of
from tests.vision.conftest import MadeClip
from tests.vision.scene import a_camera
from vision import pipeline, recordings, watching
from vision.config import VisionConfig
from vision.models import Recording
from watershop import jobs
from watershop.management.supervisor import Child, Supervisor
from watershop.management.watchdog import Watchdog, cluster_child
from watershop.models import Job, Shop

START = datetime(2026, 11, 20, 9, tzinfo=UTC)


class Queue:
    """A real video cluster under supervision, at work on the database of the tests."""

    def __init__(self, child: Child, tmp_path: Path) -> None:
        self.child = child
        self.warned: list[Child] = []
        self.supervisor = Supervisor([child], f"test-{tmp_path}", self.warned.append)
        self.watchdog = Watchdog({"video": child}, self.warned.append)

    def wait_until(self, is_so: Callable[[], bool], seconds: float = 90) -> None:
        """Look after the cluster until something is so."""
        deadline = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < deadline, self.child.log.read_text()[-2000:]
            self.supervisor.tend()
            self.watchdog.look()
            time.sleep(0.1)

    def processes(self) -> list[psutil.Process]:
        """The worker, and then who fetches and takes note for it."""
        assert self.child.process is not None
        (sentinel,) = psutil.Process(self.child.process.pid).children()
        return sorted(sentinel.children(), key=psutil.Process.create_time)


@pytest.fixture
def queue(
    transactional_db: None,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    models_dir: Path,
    eye: VisionConfig,
    tmp_path: Path,
) -> Iterator[Queue]:
    where = connection.settings_dict
    address = f"postgres://{where['USER']}:{where['PASSWORD']}@/{where['NAME']}?host={where['HOST']}"
    if where["PORT"]:
        address += f"&port={where['PORT']}"
    environment = {
        "DATABASE_URL": address,
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        "FAULTS_MEDIA": str(settings.MEDIA_ROOT),
        "FAULTS_MODELS": str(models_dir),
        "WATERSHOP_SECRET_KEY": settings.SECRET_KEY,
        "VISION_WORKERS": "1",
    }
    for name in ("EVERY_S", "SETTLING_S"):
        monkeypatch.setattr(f"watershop.management.watchdog.{name}", 1.0)
    settings.JOB_LEASE_S = {"default": 10, "video": 10}
    settings.VISION_MODEL_DIR, settings.VISION_YUNET_MODEL = models_dir, None
    monkeypatch.setattr(
        pipeline, "eye_of", lambda camera: eye
    )  # its chunks are short; the plan carries that along
    child = cluster_child("video", "video", tmp_path)
    child.environment |= environment
    queue = Queue(child, tmp_path)
    yield queue
    queue.supervisor.stop()


def planned(shop: Shop, clip: MadeClip) -> Recording:
    """A recording whose chunks wait for the cluster."""
    start = (START, Recording.StartSource.GIVEN)
    a_camera(shop, "Door")
    recording, _is_new = recordings.register(shop, clip.path, camera="Door", start=start, name="made.mp4")
    with clip.path.open("rb") as file:
        recording.file.save("recordings/made.mp4", File(file))
    watching.plan(recording, lambda at: None)
    return recording


def is_done(recording: Recording) -> bool:
    recording.refresh_from_db()
    return recording.state == Recording.State.DONE and not recording.chunks.exists()


def test_a_worker_killed_at_work_costs_nothing_but_time(queue: Queue, made_clip: MadeClip) -> None:
    calm = planned(make_cast("calm").shop, made_clip)
    assert calm.chunks.count() > 1
    queue.wait_until(lambda: is_done(calm))

    disturbed = planned(make_cast("disturbed").shop, made_clip)
    at_work = Job.objects.filter(name=recordings.WATCH, state=Job.State.RUNNING, progress__gt=0)
    queue.wait_until(at_work.exists)
    (worker,) = (process for process in queue.processes() if process.children())
    (child,) = worker.children()
    worker.kill()
    queue.wait_until(lambda: is_done(disturbed))
    assert not child.is_running(), "who watches does not outlive its worker"
    assert Job.objects.filter(name=recordings.WATCH, attempts=2).count() == 1, "one chunk was begun anew"
    assert rows_of(disturbed.shop) == rows_of(calm.shop)


def small_job(shop: Shop) -> Callable[[], bool]:
    """Queue something small; was it done?"""
    job = jobs.enqueue(shop, "vision.tasks.link_recording", 0, cluster="video")
    return Job.objects.filter(pk=job.pk, state=Job.State.DONE).exists


def test_a_cluster_whose_idle_worker_was_killed_is_replaced_and_goes_on(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make_cast("frozen").shop
    queue.wait_until(small_job(shop))
    frozen = queue.child.process
    queue.processes()[0].kill()  # it waited for work, and takes the lock of the cluster's own queue along
    is_done = small_job(shop)
    with monkeypatch.context() as hurry:
        hurry.setattr(jobs, "FROZEN_AFTER", timedelta(seconds=5))
        queue.wait_until(lambda: bool(queue.warned))
    assert not is_done()
    queue.wait_until(is_done)
    assert queue.child.process is not frozen
