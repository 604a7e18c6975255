"""The live cameras of this installation, watched: a child process each, and who is in sight as they tell it.

A decoder that crashes or hangs ends its child alone, which is started again. One process does this for all cameras
(`manage.py watch_cameras`); it reads their rows again and again, so that a change on the page is all it takes.
"""

import logging
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from vision import live_recordings
from vision.children import PROJECT, environment
from vision.keeping import has_room
from vision.live_naming import Sightings
from vision.live_worker import DROP, KEEP, job_text
from vision.logins import LoginLost, source_of
from vision.messages import Message, Pulse, Sight, Trouble, Whole, from_line
from vision.models import Camera
from vision.pipeline import eye_of
from vision.sources import PASSWORD
from vision.stream import Feed

log = logging.getLogger(__name__)
GRACE_S = 4.0
"""A child has so long to make its segment whole before it is killed."""
PAUSE_S = 10.0
"""Between two starts of one child."""


class Watch:
    """All live cameras. `tend` again and again, `stop` in the end."""

    def __init__(self) -> None:
        self._watchers: dict[int, Watcher] = {}
        self._begun: dict[int, float] = {}

    def tend(self) -> None:
        """Start and stop children as the rows say, and have them record where there is room."""
        cameras = {camera.pk: camera for camera in Camera.objects.live().select_related("shop")}
        jobs = {pk: job for pk, camera in cameras.items() if (job := _job_of(camera))}
        changed = [
            pk for pk, watcher in self._watchers.items() if watcher.has_ended or watcher.job != jobs.get(pk)
        ]
        stop([self._watchers.pop(pk) for pk in changed])
        for pk, job in jobs.items():
            if pk not in self._watchers and time.monotonic() - self._begun.get(pk, -PAUSE_S) >= PAUSE_S:
                self._begun[pk] = time.monotonic()
                self._watchers[pk] = Watcher(cameras[pk], job)
                self._watchers[pk].start()
        room = has_room()
        for pk, watcher in self._watchers.items():
            watcher.record(cameras[pk].keeps_recordings, has_room=room)

    def stop(self) -> None:
        """End all children."""
        stop(list(self._watchers.values()))
        self._watchers = {}


def stop(watchers: "list[Watcher]") -> None:
    """End some children: all are told first, then each has its grace."""
    for watcher in watchers:
        watcher.tell_end()
    for watcher in watchers:
        watcher.end()


def spool_of(camera: Camera) -> Path:
    """Where the segments of a camera lie until they are stored."""
    return Path(settings.LIVE_SPOOL) / str(camera.pk)


def _job_of(camera: Camera) -> str | None:
    """What its child has to do; None, and a fault, when its password cannot be read."""
    try:
        source = source_of(camera)
    except LoginLost:
        _note(camera, PASSWORD)
        return None
    return job_text(Feed(source, spool_of(camera)), eye_of(camera))


def _note(camera: Camera, fault: str) -> None:
    Camera.objects.filter(pk=camera.pk).exclude(fault=fault).update(fault=fault)


class Watcher(Thread):
    """One camera: its child, and the thread that listens to it and writes down what it says."""

    def __init__(self, camera: Camera, job: str) -> None:
        super().__init__(name=f"camera-{camera.pk}", daemon=True)
        self.camera, self.job = camera, job
        self._config = eye_of(camera)
        self._sightings = Sightings(camera, self._config)
        self._order = ""
        self._fault = ""
        self._child = subprocess.Popen(
            [sys.executable, "-m", "vision.live_worker"],
            cwd=PROJECT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._tell(job)

    def run(self) -> None:
        """Listen until the child ends."""
        try:
            self.listen()
        finally:
            self._child.kill()  # of no use when nobody listens; does nothing to one that has ended
            connection.close()

    def listen(self) -> None:
        """Take what the child says, line after line, until it ends."""
        for line in self._child.stdout or ():
            try:
                self.take(from_line(line))
            except DatabaseError:
                log.exception("camera %s: what it says cannot be written down", self.camera.pk)
                connection.close()  # a new one when the database is back

    def take(self, message: Message) -> None:
        """Write down what the child said."""
        match message:
            case Sight():
                self._sightings.take(message)
            case Trouble(fault):
                _note(self.camera, fault)
            case Pulse():
                Camera.objects.filter(pk=self.camera.pk).update(seen_at=timezone.now(), fault=self._fault)
            case Whole():
                live_recordings.take_in(self.camera, spool_of(self.camera), self._config)

    def record(self, is_wanted: bool, *, has_room: bool) -> None:
        """Have the child record, or not; without room on the disk the camera says so."""
        order = KEEP if is_wanted and has_room else DROP
        if order != self._order:
            self._order = order
            self._tell(f"{order}\n")
        if is_wanted and not has_room and not self._fault:
            log.error("camera %s: the disk is full, nothing is recorded", self.camera.pk)
        self._fault = Camera.Fault.FULL if is_wanted and not has_room else Camera.Fault.NONE

    @property
    def has_ended(self) -> bool:
        return self._child.poll() is not None

    def _tell(self, words: str) -> None:
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(words)
            self._child.stdin.flush()
        except OSError:
            log.warning("camera %s: its child has ended", self.camera.pk)

    def tell_end(self) -> None:
        """Tell the child to end: its input ends."""
        assert self._child.stdin is not None
        try:
            self._child.stdin.close()
        except OSError:
            log.warning("camera %s: its child has ended", self.camera.pk)

    def end(self) -> None:
        """Wait for the child to end, then end it, and for its last words."""
        try:
            self._child.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self.join(GRACE_S)
