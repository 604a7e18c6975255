"""Whom a live camera sees now: which faces it follows, when to ask who they are, since when they are at the counter."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from vision.config import VisionConfig
from vision.doorway import LOOK_AWAY_S
from vision.faces import Face
from vision.frames import Frame
from vision.looking import Eye
from vision.scene import is_within
from vision.tracking import Shot, Tracklet

TELL_S = 1.0
"""Those in sight are told about this often; at once when there is something to ask about a face."""
ASK_S = 2.0
FEW = 3
"""Who it is, is asked with the first good shot, again with so many, then every two seconds while they get better."""


@dataclass
class Follow:
    """One face as long as it is followed. Times in seconds from the start of the segment."""

    number: int
    first_s: float
    last_s: float
    counter_since_s: float | None = None
    counter_last_s: float = float("-inf")
    """When it was there last: who leans back for a moment has not left."""
    shots: list[Shot] = field(default_factory=list)
    """Those of the last question."""
    asked_s: float = float("-inf")
    asked_count: int = 0
    """How many shots there were when it was asked last."""
    is_news: bool = False
    """Whether there is a question to ask with them now."""


class InSight:
    """What is remembered from picture to picture of one segment."""

    def __init__(self, config: VisionConfig) -> None:
        self._config = config
        self._follows: dict[int, Follow] = {}
        self._told_s = float("-inf")

    def take(self, frame: Frame, seen: Sequence[tuple[Tracklet, Face]], eye: Eye) -> list[Follow]:
        """Those in sight with their news, when it is time to tell; nobody when it is not."""
        for tracklet, face in seen:
            self._note(tracklet, face, frame)
        lost_s = frame.at - self._config.max_age_s
        self._follows = {number: one for number, one in self._follows.items() if one.last_s >= lost_s}
        for follow in self._follows.values():
            self._ask(follow, frame.at, eye)
        if not any(follow.is_news for follow in self._follows.values()) and frame.at - self._told_s < TELL_S:
            return []
        self._told_s = frame.at
        return list(self._follows.values())

    def _note(self, tracklet: Tracklet, face: Face, frame: Frame) -> None:
        follow = self._follows.setdefault(
            tracklet.number, Follow(tracklet.number, tracklet.started_s, frame.at)
        )
        follow.last_s = frame.at
        if self._is_at_counter(face, frame):
            follow.counter_last_s = frame.at
            if follow.counter_since_s is None:
                follow.counter_since_s = frame.at
        elif frame.at - follow.counter_last_s > LOOK_AWAY_S:
            follow.counter_since_s = None

    def _is_at_counter(self, face: Face, frame: Frame) -> bool:
        height, width = frame.upright_size
        x1, y1, x2, y2 = face.box
        counter = self._config.scene.counter
        return bool(counter) and is_within(((x1 + x2) / 2 / width, (y1 + y2) / 2 / height), counter)

    def _ask(self, follow: Follow, at: float, eye: Eye) -> None:
        """Take the face's best shots if there is a reason to ask (again) who it is."""
        follow.is_news = False
        count = eye.shot_count(follow.number)
        is_first = follow.asked_count < 1 <= count or follow.asked_count < FEW <= count
        if not is_first and (not count or at - follow.asked_s < ASK_S):
            return
        shots = eye.shots(follow.number)
        follow.is_news = [shot.at for shot in shots] != [shot.at for shot in follow.shots]
        follow.shots, follow.asked_s, follow.asked_count = shots, at, count
