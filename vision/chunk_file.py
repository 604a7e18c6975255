"""What a child found out as a file: a chunk's result, or what a recording is. The parent that asked reads it.

Plain arrays only, never pickles: the child has decoded a file that a stranger may have made.
"""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import numpy as np

from vision.bodies import Body
from vision.chunks import ChunkResult
from vision.frames import VideoInfo
from vision.tracking import Shot, Tracklet


def write_result(result: ChunkResult, path: Path) -> None:
    """Write the result as .npz."""
    tracklets = result.tracklets
    shots = [shot for tracklet in tracklets for shot in tracklet.shots]
    numbers = {
        "seconds": result.seconds,
        "frames_decoded": result.frames_decoded,
        "frames_analysed": result.frames_analysed,
        "faces": result.faces,
        "refused": result.refused,
        "size": result.size,
        "hands": result.hands,
    }
    arrays: dict[str, Any] = {
        "numbers": np.array(json.dumps(numbers)),
        "tracklets": np.array([(t.number, len(t.times), len(t.shots)) for t in tracklets], int).reshape(
            -1, 3
        ),
        "times": np.array([time for tracklet in tracklets for time in tracklet.times]),
        "boxes": np.array([box for tracklet in tracklets for box in tracklet.boxes]).reshape(-1, 4),
        "scores": np.array([score for tracklet in tracklets for score in tracklet.scores]),
        "shot_at": np.array([shot.at for shot in shots]),
        "shot_box": np.array([shot.box for shot in shots]).reshape(-1, 4),
        "shot_quality": np.array([shot.quality for shot in shots]),
        "shot_vector": np.array([shot.vector for shot in shots], np.float32),
        "shot_jpeg_size": np.array([len(shot.jpeg) for shot in shots], int),
        "jpegs": np.frombuffer(b"".join(shot.jpeg for shot in shots), np.uint8),
    }
    with path.open("wb") as file:
        np.savez(file, **arrays, **_bodies_as_arrays(result.bodies))


def _bodies_as_arrays(bodies: list[Body]) -> dict[str, Any]:
    rows = [(body.number, len(body.times), body.proofs, len(body.jpeg)) for body in bodies]
    return {
        "bodies": np.array(rows, int).reshape(-1, 4),
        "body_times": np.array([time for body in bodies for time in body.times]),
        "body_boxes": np.array([box for body in bodies for box in body.boxes]).reshape(-1, 4),
        "body_jpegs": np.frombuffer(b"".join(body.jpeg for body in bodies), np.uint8),
    }


def read_result(path: Path | IO[bytes]) -> ChunkResult:
    """Read what `write_result` wrote. Raises ValueError, OSError or KeyError on anything else."""
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    shots = iter(_shots(arrays))
    seen = zip(arrays["times"].tolist(), arrays["boxes"].tolist(), arrays["scores"].tolist(), strict=True)
    tracklets = []
    for number, length, shot_count in arrays["tracklets"].tolist():
        rows = [next(seen) for _ in range(length)]
        tracklets.append(
            Tracklet(
                number=number,
                times=[time for time, _, _ in rows],
                boxes=[tuple(box) for _, box, _ in rows],
                scores=[score for _, _, score in rows],
                shots=[next(shots) for _ in range(shot_count)],
            )
        )
    numbers = json.loads(str(arrays["numbers"]))
    height, width = numbers.pop("size")
    return ChunkResult(tracklets=tracklets, size=(height, width), bodies=_bodies(arrays), **numbers)


def _bodies(arrays: dict[str, Any]) -> list[Body]:
    times, boxes = iter(arrays["body_times"].tolist()), iter(arrays["body_boxes"].tolist())
    jpegs, begun, bodies = arrays["body_jpegs"].tobytes(), 0, []
    for number, length, proofs, size in arrays["bodies"].tolist():
        body = Body(number, proofs=proofs, jpeg=jpegs[begun : begun + size])
        body.times = [next(times) for _ in range(length)]
        body.boxes = [tuple(next(boxes)) for _ in range(length)]
        body.scores = [1.0] * length
        bodies.append(body)
        begun += size
    return bodies


def _shots(arrays: dict[str, Any]) -> list[Shot]:
    ends = np.cumsum(arrays["shot_jpeg_size"]).tolist()
    jpegs = arrays["jpegs"].tobytes()
    rows = zip(
        arrays["shot_at"].tolist(),
        arrays["shot_box"].tolist(),
        arrays["shot_quality"].tolist(),
        arrays["shot_vector"],
        [jpegs[start:end] for start, end in zip([0, *ends], ends, strict=False)],
        strict=True,
    )
    return [
        Shot(at, (x1, y1, x2, y2), rating, vector, jpeg)
        for at, (x1, y1, x2, y2), rating, vector, jpeg in rows
    ]


def info_text(info: VideoInfo) -> str:
    """What is known of a recording, as JSON."""
    return json.dumps(asdict(info), default=str)


def info_of(text: str) -> VideoInfo:
    """The value that `info_text` wrote."""
    fields = json.loads(text)
    created_at = fields.pop("created_at")
    return VideoInfo(
        path=Path(fields.pop("path")),
        keyframes=tuple(fields.pop("keyframes")),
        created_at=datetime.fromisoformat(created_at) if created_at else None,
        **fields,
    )
