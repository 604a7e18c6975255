"""Child processes that open a stranger's file for us: under limits, without our secrets, ended in time.

The child (`chunk_worker`) limits itself and dies with its parent, whatever kills that. Here is the watchdog: it
tells the caller at least once a second how far the child is; a caller that raises (the lease is lost, somebody
wants to stop) ends the child, as does the clock.
"""

import contextlib
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from vision.chunk_file import info_of
from vision.chunk_worker import BAD_FILE, DONE, job_text
from vision.chunks import Chunk, Pictures
from vision.config import VisionConfig
from vision.frames import DamagedVideo, UnreadableVideo, VideoInfo

Tell = Callable[[float], None]
"""Is told how far it is (seconds of the recording), again and again while a child works."""

PROJECT = Path(__file__).resolve().parent.parent
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "TMPDIR")
_TICK_S = 1.0
_LAST_WORDS = 4000


class ChunkFailed(Exception):  # noqa: N818 (it says what happened)
    """The child process died or took too long: the fault may be the file's or the machine's."""


def probed(path: Path, config: VisionConfig, tell: Tell) -> VideoInfo:
    """What is known of a recording before it is decoded, by a child of its own. Raises as `Child.probed`."""
    with (
        tempfile.TemporaryDirectory(prefix="watershop-probe-") as folder,
        Child(path, config, Path(folder)) as child,
    ):
        return child.probed(tell)


def watched(path: Path, chunk: Chunk, config: VisionConfig, result: Path, tell: Tell) -> None:
    """Look at one chunk, by a child of its own. Raises as `Child.watched`."""
    with Child(path, config, result.parent) as child:
        child.watched(chunk, result, tell)


def environment() -> dict[str, str]:
    """What a child sees of ours: nothing that is secret."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return passed_on | {"PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"}


def _started(log: Path) -> subprocess.Popen[bytes]:
    """A child in a session of its own that sees none of this process's secrets."""
    with log.open("w") as errors:
        return subprocess.Popen(  # noqa: S603 (our own module, no shell)
            [sys.executable, "-m", "vision.chunk_worker", str(os.getpid())],
            cwd=PROJECT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )


class Child:
    """A child process for one recording that does one job after the other: to start costs half a second.

    It serves one thread at a time. What it dies of costs the job that it had; it is of no use then.
    """

    def __init__(self, path: Path, config: VisionConfig, folder: Path) -> None:
        """`folder`: where it may leave its log."""
        self._path, self._config = path, config
        self._log = Path(tempfile.mkstemp(dir=folder, suffix=".log")[1])
        self._process = _started(self._log)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End it, whatever it is at."""
        self._process.kill()  # does nothing to one that has ended
        self._process.communicate()

    def probed(self, tell: Tell) -> VideoInfo:
        """What is known of the recording before it is decoded. Raises UnreadableVideo, or ChunkFailed."""
        answer = self._log.with_suffix(".json")
        self._do(job_text(self._path, answer, None, self._config, None), tell, self._path.name)
        return info_of(answer.read_text())

    def watched(self, chunk: Chunk, result: Path, tell: Tell, pictures: Pictures | None = None) -> None:
        """Look at a chunk and leave what was seen in the file `result`. Raises UnreadableVideo, or ChunkFailed."""
        name = f"{self._path.name}: {chunk.start:.0f} s to {chunk.end:.0f} s"
        self._do(job_text(self._path, result, chunk, self._config, pictures), tell, name)

    def _do(self, job: str, tell: Tell, name: str) -> None:
        """Have one job done, and end the child unless that went well."""
        try:
            last = self._listen(job, time.monotonic() + self._config.chunk_timeout_s, tell)
        except BaseException:
            self._process.kill()
            raise
        if last == DONE:
            return
        self._process.kill()
        status = self._process.wait()
        if status == BAD_FILE:
            raise _as_error(last)
        said = self._log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        raise ChunkFailed(
            f"{name} ended with status {status} ({said[-1]}). "
            "Try again; if it happens again, export the recording from the camera anew."
        )

    def _listen(self, job: str, deadline: float, tell: Tell) -> str:
        """The last whole line that the child said before it was done or ended, or until its time was up."""
        orders, output = self._process.stdin, self._process.stdout
        assert orders is not None and output is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended: that shows below
            orders.write(job.encode())
            orders.flush()
        said, at = "", 0.0
        while time.monotonic() < deadline and _last_line(said) != DONE:
            if select.select([output], [], [], _TICK_S)[0]:
                if not (news := os.read(output.fileno(), 65536)):
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        self._process.wait(max(0.0, deadline - time.monotonic()))
                    break
                said = (said + news.decode(errors="replace"))[-_LAST_WORDS:]
            line = _last_line(said)
            at = float(line) if line[:1].isdigit() else at
            tell(at)
        return _last_line(said)


def _last_line(said: str) -> str:
    return said.rpartition("\n")[0].rpartition("\n")[2]


def _as_error(line: str) -> UnreadableVideo:
    """The error that a child reported as `error CODE TEXT`."""
    code, _, text = line.removeprefix("error ").partition(" ")
    kinds = {kind.code: kind for kind in UnreadableVideo.__subclasses__()}
    return kinds.get(code, DamagedVideo)(text)
