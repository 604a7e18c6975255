"""`manage.py work [--cluster video]`: one more machine for the queue, until SIGTERM.

It needs the shop's DATABASE_URL, WATERSHOP_SECRET_KEY and, to reach recordings, WATERSHOP_STORAGE_URL; see
docs/operations.md. The cluster is watched and started again as `run` does.
"""

import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from watershop import jobs
from watershop.management.supervisor import Child, Supervisor
from watershop.management.watchdog import Watchdog, cluster_child


class Command(BaseCommand):
    """Work for the shop from this machine."""

    help = "Work for the queue on this machine (a cluster, watched), until SIGTERM."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which cluster."""
        clusters = (settings.Q_CLUSTER["name"], *settings.Q_CLUSTER["ALT_CLUSTERS"])
        parser.add_argument("--cluster", choices=clusters, default="video", help="which queue (video)")

    def handle(self, *args: Any, cluster: str, **options: Any) -> None:
        """Start, watch, stop."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _interrupt)
        if jobs.cluster_conf(cluster).get("scheduler", True):
            jobs.ensure_schedules()  # as `run` does, which may not run anywhere
        child = cluster_child(f"work-{cluster}", cluster, Path(settings.VAR_DIR) / "logs")
        supervisor = Supervisor([child], f"{settings.VAR_DIR}:work-{cluster}", self._warn)
        watchdog = Watchdog({cluster: child}, self._warn)
        try:
            while True:
                supervisor.tend()
                watchdog.look()
                time.sleep(1)
        except KeyboardInterrupt:
            self.stdout.write("Stopping ...")
        finally:
            supervisor.stop()

    def _warn(self, child: Child) -> None:
        self.stderr.write(f"{child.name} died or does not move; it is started again. See {child.log}.")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
