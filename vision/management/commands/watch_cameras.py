"""Watch the live cameras, until told to end; `manage.py run` starts it where there are any."""

import signal
from threading import Event
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from vision.live_cameras import Watch

ROUND_S = 3.0
"""A change of a camera is noticed within so many seconds."""


class Command(BaseCommand):
    help = "Watch the live cameras: who is in sight, visits, recordings. Until Ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        is_over = Event()

        def end(number: int, frame: FrameType | None) -> None:
            is_over.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end)
        watch = Watch()
        try:
            while not is_over.is_set():
                try:
                    watch.tend()
                except DatabaseError as error:
                    self.stderr.write(f"{error}")
                    connection.close()
                is_over.wait(ROUND_S)
        finally:
            watch.stop()
