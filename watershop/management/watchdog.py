"""The clusters of the queue under a supervisor: what django-q2 does not notice by itself is seen from outside.

A cluster whose idle worker was killed may freeze for good, its other workers alive and deaf; and what it had fetched
stays fetched for a long time. So it is looked at every few seconds, killed with all its processes when it is frozen,
and whatever starts in its place gets the fetched tasks at once.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection

from watershop import jobs
from watershop.management.supervisor import Child
from watershop.postgresql.programs import EmbeddedServerError

EVERY_S = 10.0
SETTLING_S = 60.0
"""A cluster that has just started may still be busy with what waited for it."""


def cluster_child(name: str, cluster: str, logs: Path) -> Child:
    """A cluster of the queue as a child of the supervisor."""
    talk = {"WATERSHOP_LOG_LEVEL": os.environ.get("WATERSHOP_LOG_LEVEL", "INFO")}
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster"]
    return Child(name, command, logs / f"{name}.log", {"Q_CLUSTER_NAME": cluster, **talk})


class Watchdog:
    """Looks after the clusters, by name; `warn` is told which one is ended."""

    def __init__(self, clusters: Mapping[str, Child], warn: Callable[[Child], None]) -> None:
        self._clusters, self._warn = clusters, warn
        self._known: dict[str, float] = {}
        self._due = 0.0

    def look(self) -> None:
        """One round, if it is due: hand over what lost its worker, end what is frozen. A database may be down."""
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + EVERY_S
        with contextlib.suppress(DatabaseError, EmbeddedServerError):
            for cluster, child in self._clusters.items():
                self._look_at(cluster, child)
            jobs.reap()
        connection.close()  # a server that was killed meanwhile leaves no broken connection to the next round

    def _look_at(self, cluster: str, child: Child) -> None:
        if child.process is None:
            return
        if self._known.get(cluster) != child.started_at:
            jobs.hand_back(cluster)
            self._known[cluster] = child.started_at
        elif time.monotonic() - child.started_at > SETTLING_S and jobs.is_frozen(cluster):
            self._warn(child)
            child.signal_group(signal.SIGKILL)
