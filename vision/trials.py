"""Take a picture of a camera or a recording, or look at it for a minute: in a child process with a time limit."""

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vision.children import PROJECT, environment
from vision.config import VisionConfig
from vision.sources import SILENT, Source

STILL_LIMIT_S = 15.0
"""How long somebody waits for a picture at most."""
SPARE_S = 60.0
"""What a longer look may take beyond the seconds that it looks at."""


@dataclass(frozen=True)
class Trial:
    """Where to look: at a live source from now on, or at a file from `at` on; `seconds` 0 takes one picture."""

    config: VisionConfig
    source: Source | None = None
    path: Path | None = None
    at: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True)
class Found:
    """What came of it: a picture (JPEG), or a fault (of `sources.FAULTS`, or the code of an UnreadableVideo)."""

    fault: str = ""
    still: bytes = b""
    report: dict[str, Any] | None = None
    """`placement.report` of a longer look."""
    boxes: tuple[tuple[float, float, float, float, str], ...] = ()
    """The faces of the still in fractions of it, each with the reason why it can't be compared."""


def try_out(trial: Trial, on_second: Callable[[float], None] = lambda at: None) -> Found:
    """Look, and say what came of it; a child that dies or takes too long saw nothing."""
    with tempfile.TemporaryDirectory(prefix="watershop-trial-") as folder:
        last = _ask_child(trial, folder, on_second)
        if not last.startswith("{"):
            return Found(fault=SILENT)
        found = json.loads(last)
        if found.get("fault"):
            return Found(fault=found["fault"])
        still = (Path(folder) / "still.jpg").read_bytes()
    boxes = tuple((x1, y1, x2, y2, reason) for x1, y1, x2, y2, reason in found.get("boxes", []))
    return Found(still=still, report=found.get("report"), boxes=boxes)


def _ask_child(trial: Trial, folder: str, on_second: Callable[[float], None]) -> str:
    """The last line that the child said."""
    child = subprocess.Popen(  # noqa: S603 (our own module, no shell)
        [sys.executable, "-m", "vision.trial_worker", folder],
        cwd=PROJECT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    limit = trial.seconds + SPARE_S if trial.seconds else STILL_LIMIT_S
    alarm = threading.Timer(limit, child.kill)
    alarm.start()
    last = ""
    try:
        with child:
            assert child.stdin and child.stdout
            child.stdin.write(_job(trial))
            child.stdin.close()
            for line in child.stdout:
                last = line.strip() or last
                if last[:1].isdigit():
                    on_second(float(last))
    finally:
        child.kill()
        alarm.cancel()
    return last


def _job(trial: Trial) -> str:
    return json.dumps(
        {
            "config": trial.config.to_json(),
            "source": asdict(trial.source) if trial.source else None,
            "path": str(trial.path.resolve()) if trial.path else None,
            "at": trial.at,
            "seconds": trial.seconds,
        }
    )
