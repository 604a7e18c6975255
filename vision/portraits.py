"""Pictures that somebody hands in: the faces they show, in a child process with a time limit.

A stranger's picture may crash or hang a decoder, as a stranger's film may. Nothing is stored here.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vision.children import PROJECT, environment
from vision.config import VisionConfig
from vision.engines import prepare
from vision.faces import Box, Floats

LIMIT_S = 60.0
"""For all pictures together; those that were not reached count as unreadable."""
MOST = 8
"""Pictures at once."""


@dataclass(frozen=True)
class PortraitFace:
    """One face of a picture."""

    box: Box
    """In fractions of the picture, upright."""
    px: float
    """Its width in the picture as it was looked at, at most `portrait_worker.LONGEST_PX` long."""
    verdict: str
    """Why it can't be compared well (of `placement.ADVICE`); empty when it can."""
    quality: float
    vector: Floats
    jpeg: bytes
    """The face with some room around it."""


Portrait = tuple[PortraitFace, ...]
"""The faces of one picture, the widest first."""


def looked_at(pictures: Sequence[bytes], config: VisionConfig) -> list[Portrait | None]:
    """The faces of each picture (the bytes of a file); None for what is no picture. Raises EngineUnavailable."""
    prepare(config)
    with tempfile.TemporaryDirectory(prefix="watershop-portraits-") as name:
        folder = Path(name)
        for number, picture in enumerate(pictures[:MOST]):
            (folder / f"{number}").write_bytes(picture)
        said = _ask_child(folder, config).splitlines()
        found = [_faces(folder, number, line) for number, line in enumerate(said)]
    return [*found, *[None] * (len(pictures) - len(found))]


def _ask_child(folder: Path, config: VisionConfig) -> str:
    """What the child said, a line for each picture that it came to."""
    command = [sys.executable, "-m", "vision.portrait_worker", str(folder)]
    try:
        child = subprocess.run(  # noqa: S603 (our own module, no shell)
            command,
            cwd=PROJECT,
            env=environment(),
            input=config.to_json().encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        said = late.stdout or b""
    else:
        said = child.stdout
    return said.decode().rpartition("\n")[0]


def _faces(folder: Path, number: int, line: str) -> Portrait | None:
    rows = json.loads(line)
    if rows is None:
        return None
    return tuple(
        PortraitFace(
            box=tuple(row["box"]),
            px=row["px"],
            verdict=row["verdict"],
            quality=row["quality"],
            vector=np.array(row["vector"], np.float32),
            jpeg=(folder / f"{number}-{place}.jpg").read_bytes(),
        )
        for place, row in enumerate(rows)
    )
