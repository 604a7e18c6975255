"""The child process that takes a picture or looks for a minute: `python -m vision.trial_worker FOLDER < JOB`.

A stranger's camera or file may crash or hang a decoder, so it is decoded here, under limits. The job comes by
standard input, because it has a password in it and command lines are no secret. Leaves still.jpg in FOLDER and
writes its findings as the last line of standard output; before it, a line per second that it has looked.
"""

import json
import sys
import time
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
from av.error import FFmpegError

from vision.chunk_worker import limit_this_process
from vision.config import VisionConfig
from vision.engines import make_detector
from vision.faces import WHOLE
from vision.frames import UnreadableVideo, frames
from vision.picture import Frame, as_jpeg
from vision.placement import PictureSeen, measured, report
from vision.sources import SILENT, AddressRefused, Source, SourceFault, opened

EVERY_S = 0.5
WARM_UP_S = 0.5
"""The first pictures of a camera that has just been opened are dark."""
CPU_S = 120


def main(folder: str) -> int:
    """Do the job on standard input; the exit status."""
    job = json.load(sys.stdin)
    config = VisionConfig.from_json(job["config"])
    limit_this_process(CPU_S)
    cv2.setNumThreads(1)
    still = Path(folder) / "still.jpg"
    try:
        with closing(_pictures(job, config)) as pictures:
            found = _look(pictures, still, job, config) if job["seconds"] else _snap(pictures, still, job)
    except SourceFault as fault:
        found = {"fault": str(fault)}
    except AddressRefused:
        found = {"fault": "refused"}
    except UnreadableVideo as error:
        found = {"fault": error.code}
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


def _pictures(job: dict[str, Any], config: VisionConfig) -> Generator[Frame]:
    """Pictures and their times: of a live source from now on, or of a file from a moment on."""
    seconds, rotation = job["seconds"], config.scene.rotation
    if job["source"]:
        yield from _live(Source(**job["source"]), seconds or WARM_UP_S, rotation)
    else:
        end = job["at"] + max(seconds, 1.0)
        yield from frames(Path(job["path"]), job["at"], end, EVERY_S, rotation=rotation)


def _live(source: Source, seconds: float, rotation: int) -> Iterator[Frame]:
    """Pictures of a live source, the first of each EVERY_S, from its first keyframe on."""
    begun, first, slot = time.monotonic(), None, -1
    with opened(source) as (container, stream):
        for packet in container.demux(stream):
            if first is None and not packet.is_keyframe:
                continue
            try:
                pictures = packet.decode()
            except FFmpegError:
                continue
            for picture in pictures:
                stamp = time.monotonic() - begun if picture.time is None else picture.time
                first = stamp if first is None else first
                at = stamp - first
                if int(at / EVERY_S) > slot:
                    slot = int(at / EVERY_S)
                    yield Frame(at, picture, rotation)
                if max(at, time.monotonic() - begun) >= seconds:
                    return


def _snap(pictures: Iterator[Frame], still: Path, job: dict[str, Any]) -> dict[str, Any]:
    """One picture: of a file the one that was asked for, of a camera the last while it warms up."""
    frame = next(pictures, None) if job["path"] else next(iter(deque(pictures, maxlen=1)), None)
    if frame is None:
        raise SourceFault(SILENT)
    still.write_bytes(as_jpeg(frame.image))
    return {}


def _look(
    pictures: Iterator[Frame], still: Path, job: dict[str, Any], config: VisionConfig
) -> dict[str, Any]:
    """Measure all pictures; the still is the one with the most usable faces, and its boxes come along."""
    detector = make_detector(config)
    seen: list[PictureSeen] = []
    best: tuple[int, int] = (-1, -1)
    boxes: list[tuple[float, float, float, float, str]] = []
    for frame in pictures:
        image = frame.image
        looked_at = frame.evened if config.scene.evens_light else image
        faces = [face for face in detector.detect(looked_at, [WHOLE]) if face.score >= config.track_score]
        seen.append(measured(image, faces, config))
        rank = (sum(not face.refusal for face in seen[-1].faces), len(faces))
        if rank > best:
            best, boxes = rank, [(*face.box, face.refusal) for face in seen[-1].faces]
            still.write_bytes(as_jpeg(image))
        sys.stdout.write(f"{frame.at - job['at']:.1f}\n")
        sys.stdout.flush()
    if not seen:
        raise SourceFault(SILENT)
    return {"report": report(seen, config), "boxes": boxes}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
