"""Keeps a few child processes alive, and leaves none of them behind.

Each child leads a session of its own, so that Ctrl-C reaches only the supervisor, which ends them in order. A
child is told when the supervisor dies (Linux: PR_SET_PDEATHSIG), and everything that it starts carries a mark
in its environment: by that mark the next start finds and ends what a `kill -9` left over, whatever its pid is
now.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

MARK = "WATERSHOP_RUN"
PR_SET_PDEATHSIG = 1
LONGEST_PAUSE = 30.0  # seconds between two starts of a child that keeps dying
ASK_AGAIN = 5.0  # seconds until a child that nobody wanted is asked for again
STEADY = 60.0  # a child that lived this long starts with a clean record
LARGEST_LOG = 10_000_000  # bytes; an older log is kept once, as <name>.log.1


@dataclass
class Child:
    """One program to keep alive; its output goes to `log`. `grace`: seconds it may take to stop.

    `is_wanted` says whether there is anything for it to do; it is not started before.
    """

    name: str
    command: Sequence[str]
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    grace: float = 4.0
    is_wanted: Callable[[], bool] = lambda: True
    process: subprocess.Popen[bytes] | None = None
    deaths: int = 0
    started_at: float = 0.0
    start_after: float = 0.0

    def start(self, mark: str) -> None:
        """Start the program; times are of the monotonic clock."""
        self.started_at = time.monotonic()
        _rotate(self.log)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 (our own words)
                self.command,
                env={**os.environ, **self.environment, MARK: mark},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    @property
    def is_dead(self) -> bool:
        """Whether it was started and has ended."""
        return self.process is not None and self.process.poll() is not None

    def signal_group(self, number: signal.Signals) -> None:
        """Signal the child and everything in its process group, which may outlive it."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def bury(self) -> None:
        """After a death: end its orphans and put the next start off, longer each time."""
        self.signal_group(signal.SIGKILL)
        self.process = None
        now = time.monotonic()
        self.deaths = 0 if now - self.started_at > STEADY else self.deaths + 1
        self.start_after = now + min(2.0**self.deaths, LONGEST_PAUSE)


class Supervisor:
    """Runs the children until it is told to stop. `mark` names this installation among all on the machine."""

    def __init__(self, children: Sequence[Child], mark: str, warn: Callable[[Child], None]) -> None:
        self.children = children
        self.mark = mark
        self.warn = warn

    def tend(self) -> None:
        """One round: bury the dead, and start who has not been started or whose pause is over."""
        for child in self.children:
            if child.is_dead:
                self.warn(child)
                child.bury()
            if child.process is None and time.monotonic() >= child.start_after:
                if child.is_wanted():
                    child.start(self.mark)
                else:
                    child.start_after = time.monotonic() + ASK_AGAIN

    def stop(self) -> None:
        """End the children in the order given, each within its grace, then whatever else carries the mark."""
        for child in self.children:
            if child.process is not None:
                child.process.terminate()
        for child in self.children:
            if child.process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.process.wait(child.grace)
                child.signal_group(signal.SIGKILL)
                child.process.wait()
        end_marked(self.mark)


def end_marked(mark: str, grace: float = 2.0) -> None:
    """End every process of an earlier run with this mark, but for ourselves: asked first, then forced."""
    left = [process for process in psutil.process_iter() if _is_marked(process, mark)]
    for number in (signal.SIGTERM, signal.SIGKILL):
        _signal_each(left, number)
        deadline = time.monotonic() + grace
        while left and time.monotonic() < deadline:
            time.sleep(0.02)
            left = [process for process in left if _is_marked(process, mark)]


def _is_marked(process: psutil.Process, mark: str) -> bool:
    try:
        return process.pid != os.getpid() and process.environ().get(MARK) == mark
    except psutil.Error:
        return False


def _signal_each(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _rotate(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))
