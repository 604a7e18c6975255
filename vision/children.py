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

from vision.chunk_file import info_of
from vision.chunk_worker import BAD_FILE, job_text
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
    """What is known of a recording before it is decoded. Raises UnreadableVideo, or ChunkFailed."""
    with tempfile.TemporaryDirectory(prefix="watershop-probe-") as folder:
        answer = Path(folder) / "info.json"
        _run(job_text(path, None, config, None), answer, config.chunk_timeout_s, tell, path.name)
        return info_of(answer.read_text())


def watched(
    path: Path, chunk: Chunk, config: VisionConfig, result: Path, tell: Tell, pictures: Pictures | None = None
) -> None:
    """Look at a chunk and leave what was seen in the file `result`. Raises UnreadableVideo, or ChunkFailed."""
    name = f"{path.name}: {chunk.start:.0f} s to {chunk.end:.0f} s"
    _run(job_text(path, chunk, config, pictures), result, config.chunk_timeout_s, tell, name)


def _run(job: str, result: Path, longest_s: float, tell: Tell, name: str) -> None:
    """One child from its start to its end, which is at hand whatever happens here."""
    log = result.with_suffix(".log")
    child = _start(job, result, log)
    try:
        last = _listen(child, time.monotonic() + longest_s, tell)
    finally:
        child.kill()  # does nothing to one that has ended
        status = child.wait()
    if status == BAD_FILE:
        raise _as_error(last)
    if status != 0:
        said = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        raise ChunkFailed(
            f"{name} ended with status {status} ({said[-1]}). "
            "Try again; if it happens again, export the recording from the camera anew."
        )


def environment() -> dict[str, str]:
    """What a child sees of ours: nothing that is secret."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return passed_on | {"PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"}


def _start(job: str, result: Path, log: Path) -> subprocess.Popen[bytes]:
    """A child in a session of its own that sees none of this process's secrets."""
    order = result.with_suffix(".job")
    order.write_text(job)
    with log.open("w") as errors:
        return subprocess.Popen(  # noqa: S603 (our own module, no shell)
            [sys.executable, "-m", "vision.chunk_worker", str(order), str(result)],
            cwd=PROJECT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )


def _listen(child: subprocess.Popen[bytes], deadline: float, tell: Tell) -> str:
    """The last whole line that the child said before it ended, or until its time was up."""
    assert child.stdout is not None
    said, at = "", 0.0
    with child.stdout as output:
        while time.monotonic() < deadline:
            if select.select([output], [], [], _TICK_S)[0]:
                if not (news := os.read(output.fileno(), 65536)):
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        child.wait(max(0.0, deadline - time.monotonic()))
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
