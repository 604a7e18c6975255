"""What the child that watches a live camera tells its parent: a line of JSON each."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import numpy as np

from vision.in_sight import Follow
from vision.segments import Segment
from vision.tracking import Shot


@dataclass(frozen=True)
class FaceInSight:
    """A face that is followed. `shots` only where there is something new to tell by them."""

    track: str
    first_at: datetime
    last_at: datetime
    counter_since_at: datetime | None = None
    shots: tuple[Shot, ...] = ()


@dataclass(frozen=True)
class Sight:
    """All faces in sight at one moment."""

    at: datetime
    faces: tuple[FaceInSight, ...]


@dataclass(frozen=True)
class Pulse:
    """Pictures come."""


@dataclass(frozen=True)
class Trouble:
    """No pictures come: one of `sources.FAULTS`."""

    fault: str


@dataclass(frozen=True)
class Whole:
    """There is a whole segment in the spool."""


Message: TypeAlias = Sight | Pulse | Trouble | Whole


def sight_of(segment: Segment, at_s: float, follows: Sequence[Follow]) -> Sight:
    """Those in sight at a moment of a segment."""

    def moment(seconds: float) -> datetime:
        return segment.started_at + timedelta(seconds=seconds)

    faces = []
    for follow in follows:
        since_s = follow.counter_since_s
        faces.append(
            FaceInSight(
                track=f"{segment.name}-{follow.number}",
                first_at=moment(follow.first_s),
                last_at=moment(follow.last_s),
                counter_since_at=None if since_s is None else moment(since_s),
                shots=tuple(follow.shots) if follow.is_news else (),
            )
        )
    return Sight(moment(at_s), tuple(faces))


def to_line(message: Message) -> str:
    """As one line of text. Of a face's shots only the best keeps its picture."""
    match message:
        case Sight(at, faces):
            return json.dumps(
                {"is": "sight", "at": at.isoformat(), "faces": [_face_text(face) for face in faces]}
            )
        case Trouble(fault):
            return json.dumps({"is": "trouble", "fault": fault})
        case Pulse():
            return json.dumps({"is": "pulse"})
        case Whole():
            return json.dumps({"is": "whole"})


def from_line(line: str) -> Message:
    """What `to_line` wrote. Raises ValueError or KeyError on anything else."""
    fields = json.loads(line)
    match fields["is"]:
        case "sight":
            faces = tuple(_face_of(face) for face in fields["faces"])
            return Sight(datetime.fromisoformat(fields["at"]), faces)
        case "trouble":
            return Trouble(fields["fault"])
        case "pulse":
            return Pulse()
        case "whole":
            return Whole()
    raise ValueError(f"A message of an unknown kind: {fields['is']}")


def _face_text(face: FaceInSight) -> dict[str, Any]:
    best = max(face.shots, key=lambda shot: shot.quality, default=None)
    return {
        "track": face.track,
        "times": [time and time.isoformat() for time in (face.first_at, face.last_at, face.counter_since_at)],
        "shots": [_shot_text(shot, with_picture=shot is best) for shot in face.shots],
    }


def _shot_text(shot: Shot, *, with_picture: bool) -> list[Any]:
    vector = base64.b64encode(shot.vector.astype(np.float32).tobytes()).decode()
    picture = base64.b64encode(shot.jpeg).decode() if with_picture else ""
    return [shot.at, shot.box, shot.quality, vector, picture]


def _face_of(fields: dict[str, Any]) -> FaceInSight:
    first_at, last_at, since = (time and datetime.fromisoformat(time) for time in fields["times"])
    shots = tuple(_shot_of(*shot) for shot in fields["shots"])
    return FaceInSight(fields["track"], first_at, last_at, since, shots)


def _shot_of(at: float, box: list[float], quality: float, vector: str, picture: str) -> Shot:
    x1, y1, x2, y2 = box
    numbers = np.frombuffer(base64.b64decode(vector), np.float32)
    return Shot(at, (x1, y1, x2, y2), quality, numbers, base64.b64decode(picture))
