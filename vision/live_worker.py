"""The child process that watches one live camera: `python -m vision.live_worker`, its job on standard input.

A camera may crash or hang a decoder, and its address holds a password: so it is watched here, under limits, and
the address comes in by a pipe. What is seen goes to standard output, a line each (`messages`). The next
line and any further one says whether to record (`keep`, `drop`); when the input ends, so does this, after the segment
is made whole.
"""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from threading import Event, Thread

from vision.chunk_worker import limit_this_process
from vision.config import VisionConfig
from vision.live import watch
from vision.messages import Message, Whole, to_line
from vision.segments import salvage
from vision.sources import Source
from vision.stream import Feed, Wishes

KEEP, DROP = "keep", "drop"
A_YEAR_S = 366 * 24 * 3600.0
"""Of processor time: it is no endless loop that goes on for days here."""


def job_text(feed: Feed, config: VisionConfig) -> str:
    """The job as the child reads it: one line."""
    job = {
        "source": asdict(feed.source),
        "spool": str(feed.spool.resolve()),
        "segment_s": feed.segment_s,
        "is_trial": feed.is_trial,
        "config": config.to_json(),
    }
    return json.dumps(job) + "\n"


def main() -> int:
    """Watch until the input ends; the exit status."""
    job = json.loads(sys.stdin.readline())
    limit_this_process(A_YEAR_S)
    config = VisionConfig.from_json(job["config"])
    spool = Path(job["spool"])
    spool.mkdir(parents=True, exist_ok=True, mode=0o700)
    salvage(spool)
    _say(Whole())
    feed = Feed(Source(**job["source"]), spool, job["segment_s"], job["is_trial"])
    wishes = Wishes(records=Event(), is_over=Event())
    _obey(sys.stdin.readline(), wishes)
    Thread(target=_listen, args=(sys.stdin, wishes), daemon=True).start()
    watch(feed, config, wishes, _say)
    return 0


def _listen(lines: Iterable[str], wishes: Wishes) -> None:
    for line in lines:
        _obey(line, wishes)
    wishes.is_over.set()


def _obey(line: str, wishes: Wishes) -> None:
    if line.strip() == KEEP:
        wishes.records.set()
    else:
        wishes.records.clear()


def _say(message: Message) -> None:
    sys.stdout.write(to_line(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
