"""The child process that looks at one chunk: `python -m vision.chunk_worker JOB RESULT`.

A stranger's file may crash or hang a decoder, so it is decoded here, under limits. Says its progress on
standard output, a line per second of the recording; ends with a line `error CODE TEXT` if the file is bad.
"""

import json
import os
import resource
import sys
from dataclasses import asdict
from pathlib import Path

from vision.chunk_file import write_result
from vision.chunks import Chunk, Pictures, analyse_chunk
from vision.config import VisionConfig
from vision.frames import UnreadableVideo

BAD_FILE = 3
"""The exit status when the recording, not the program, is at fault."""
_LARGEST_FILE = 1 << 30
_MOST_MEMORY = 8 << 30


def job_text(path: Path, chunk: Chunk, config: VisionConfig, pictures: Pictures | None) -> str:
    """The job as the child reads it."""
    job = {
        "path": str(path.resolve()),
        "chunk": asdict(chunk),
        "config": config.to_json(),
        "folder": str(pictures.folder.resolve()) if pictures else None,
        "plain_every_s": pictures.plain_every_s if pictures else None,
    }
    return json.dumps(job)


def main(job_file: str, result_file: str) -> int:
    """Do the job; the exit status."""
    job = json.loads(Path(job_file).read_text())
    config = VisionConfig.from_json(job["config"])
    limit_this_process(config.chunk_timeout_s)
    pictures = Pictures(Path(job["folder"]), job["plain_every_s"]) if job["folder"] else None
    try:
        result = analyse_chunk(Path(job["path"]), Chunk(**job["chunk"]), config, pictures, _say)
    except UnreadableVideo as error:
        sys.stdout.write(f"error {error.code} {error}\n")
        return BAD_FILE
    write_result(result, Path(result_file))
    return 0


def limit_this_process(cpu_s: float) -> None:
    """Bounds on processor time, file size and memory, and the good manners to let the till go first."""
    resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_s), int(cpu_s) + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)


def _say(at: float) -> None:
    sys.stdout.write(f"{at:.1f}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
