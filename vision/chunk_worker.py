"""The child process that looks at chunks, or only probes: `python -m vision.chunk_worker PARENT`, jobs on its input.

A stranger's file may crash or hang a decoder, so it is opened here, under limits. Reads a job a line. Says its progress
on standard output, a line per second of the recording, and `done` after each job; ends with a line `error CODE TEXT` if
the file is bad.
"""

import ctypes
import json
import math
import os
import resource
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vision.chunk_file import info_text, write_result
from vision.chunks import Chunk, Pictures, analyse_chunk
from vision.config import VisionConfig
from vision.frames import UnreadableVideo, probe
from vision.networks import CUDA, providers

BAD_FILE = 3
"""The exit status when the recording, not the program, is at fault."""
DONE = "done"
START_S = 60.0
"""Of processor time, before the first job says how much it may take."""
_LARGEST_FILE = 1 << 30
_MOST_MEMORY = 8 << 30
"""Address space, of which the libraries reserve several times what they use."""
_MOST_FILES = 256
_PR_SET_PDEATHSIG = 1


def job_text(
    path: Path, result: Path, chunk: Chunk | None, config: VisionConfig, pictures: Pictures | None
) -> str:
    """The job as the child reads it, one line: look at this chunk, or without one, probe."""
    job = {
        "path": str(path.resolve()),
        "result": str(result),
        "chunk": asdict(chunk) if chunk else None,
        "config": config.to_json(),
        "folder": str(pictures.folder.resolve()) if pictures else None,
        "plain_every_s": pictures.plain_every_s if pictures else None,
    }
    return json.dumps(job) + "\n"


def main(parent: int) -> int:
    """Do the jobs on standard input until that ends; the exit status."""
    die_with_parent(parent)
    limit_this_process(START_S)
    for line in sys.stdin:
        job = json.loads(line)
        config = VisionConfig.from_json(job["config"])
        allow_processor_time(config.chunk_timeout_s)
        try:
            _do(job, config)
        except UnreadableVideo as error:
            _say(f"error {error.code} {' '.join(str(error).split())}")
            return BAD_FILE
        _say(DONE)
    return 0


def _do(job: dict[str, Any], config: VisionConfig) -> None:
    path, result = Path(job["path"]), Path(job["result"])
    if not job["chunk"]:
        result.write_text(info_text(probe(path)))
        return
    pictures = Pictures(Path(job["folder"]), job["plain_every_s"]) if job["folder"] else None
    seen = analyse_chunk(path, Chunk(**job["chunk"]), config, pictures, lambda at: _say(f"{at:.1f}"))
    write_result(seen, result)


def die_with_parent(parent: int) -> None:
    """Have the kernel end this process when its parent ends, even by `kill -9` (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it was faster
            sys.exit(1)


def limit_this_process(cpu_s: float) -> None:
    """Bounds on processor time, files and memory, and the good manners to let the till go first."""
    bounds = {
        resource.RLIMIT_FSIZE: _LARGEST_FILE,
        resource.RLIMIT_NOFILE: _MOST_FILES,
        resource.RLIMIT_CORE: 0,
    }
    # A graphics card's driver reserves more address space than any machine has memory.
    if CUDA not in providers():
        bounds[resource.RLIMIT_AS] = _MOST_MEMORY
    for kind, most in bounds.items():
        resource.setrlimit(kind, (most, most))
    allow_processor_time(cpu_s)
    os.nice(5)


def allow_processor_time(seconds: float) -> None:
    """So much from now on, then the kernel ends this process: a child has several jobs, each with its own time."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = math.ceil(used.ru_utime + used.ru_stime + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
