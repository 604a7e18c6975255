"""The child process that looks at one chunk, or only probes: `python -m vision.chunk_worker JOB RESULT`.

A stranger's file may crash or hang a decoder, so it is opened here, under limits. Says its progress on
standard output, a line per second of the recording; ends with a line `error CODE TEXT` if the file is bad.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from vision.chunk_file import info_text, write_result
from vision.chunks import Chunk, Pictures, analyse_chunk
from vision.config import VisionConfig
from vision.frames import UnreadableVideo, probe
from vision.networks import CUDA, providers

BAD_FILE = 3
"""The exit status when the recording, not the program, is at fault."""
_LARGEST_FILE = 1 << 30
_MOST_MEMORY = 8 << 30
"""Address space, of which the libraries reserve several times what they use."""
_MOST_FILES = 256
_PR_SET_PDEATHSIG = 1


def job_text(path: Path, chunk: Chunk | None, config: VisionConfig, pictures: Pictures | None) -> str:
    """The job as the child reads it: look at this chunk, or without one, probe."""
    job = {
        "parent": os.getpid(),
        "path": str(path.resolve()),
        "chunk": asdict(chunk) if chunk else None,
        "config": config.to_json(),
        "folder": str(pictures.folder.resolve()) if pictures else None,
        "plain_every_s": pictures.plain_every_s if pictures else None,
    }
    return json.dumps(job)


def main(job_file: str, result_file: str) -> int:
    """Do the job; the exit status."""
    job = json.loads(Path(job_file).read_text())
    config = VisionConfig.from_json(job["config"])
    die_with_parent(job["parent"])
    limit_this_process(config.chunk_timeout_s)
    path, result = Path(job["path"]), Path(result_file)
    pictures = Pictures(Path(job["folder"]), job["plain_every_s"]) if job["folder"] else None
    try:
        if job["chunk"]:
            write_result(analyse_chunk(path, Chunk(**job["chunk"]), config, pictures, _say), result)
        else:
            result.write_text(info_text(probe(path)))
    except UnreadableVideo as error:
        sys.stdout.write(f"error {error.code} {' '.join(str(error).split())}\n")
        return BAD_FILE
    return 0


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
    if (
        CUDA not in providers()
    ):  # a graphics card's driver reserves more address space than any machine has memory
        bounds[resource.RLIMIT_AS] = _MOST_MEMORY
    for kind, most in bounds.items():
        resource.setrlimit(kind, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_s), int(cpu_s) + 5))
    os.nice(5)


def _say(at: float) -> None:
    sys.stdout.write(f"{at:.1f}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
