"""One live camera, watched: a thread reads the stream, another looks; what is seen is told as it is seen.

The eye looks at the newest picture; one that it had no time for is passed over. What it saw of a segment is written
beside the film when the segment ends (`segments`); who is in sight now is said at once (`messages`).
"""

from collections import deque
from collections.abc import Callable, Iterator
from threading import Condition, Thread

import cv2

from vision.chunks import ChunkResult
from vision.config import VisionConfig
from vision.frames import Frame
from vision.in_sight import InSight
from vision.looking import Clock, Eye
from vision.messages import Message, Pulse, Trouble, Whole, sight_of
from vision.segments import Segment
from vision.stream import Begun, Ended, Feed, Lost, Moment, Wishes, moments

PULSE_S = 5.0
"""How often it is said that pictures come."""
_WAITING = 2


class Mailbox:
    """Moments on their way from the stream to the eye; at most two pictures wait."""

    def __init__(self, *, drops: bool) -> None:
        self._items: deque[Moment | None] = deque()
        self._news = Condition()
        self._drops = drops
        self.dropped = 0

    def put(self, item: Moment | None) -> None:
        """Add the next moment, None after the last. A picture takes the place of one that still waits, or waits."""
        with self._news:
            if not self._drops:
                self._news.wait_for(lambda: len(self._items) < _WAITING)
            elif isinstance(item, Frame) and self._items and isinstance(self._items[-1], Frame):
                self._items.pop()
                self.dropped += 1
            self._items.append(item)
            self._news.notify_all()

    def __iter__(self) -> Iterator[Moment]:
        while (item := self._next()) is not None:
            yield item

    def _next(self) -> Moment | None:
        with self._news:
            self._news.wait_for(lambda: self._items)
            self._news.notify_all()
            return self._items.popleft()


def watch(feed: Feed, config: VisionConfig, wishes: Wishes, say: Callable[[Message], None]) -> None:
    """Watch a camera until it is over. Runs in the thread that looks; a second one reads the stream."""
    cv2.setNumThreads(1)
    mailbox = Mailbox(drops=not feed.is_trial)
    reader = Thread(target=_read, args=(feed, config, wishes, mailbox), daemon=True)
    reader.start()
    watcher = _Watcher(config, say)
    for moment in mailbox:
        watcher.take(moment)
    reader.join()


def _read(feed: Feed, config: VisionConfig, wishes: Wishes, mailbox: Mailbox) -> None:
    try:
        for moment in moments(feed, config, wishes):
            mailbox.put(moment)
    finally:
        mailbox.put(None)


class _Watcher:
    """What looks: an eye for each segment."""

    def __init__(self, config: VisionConfig, say: Callable[[Message], None]) -> None:
        self._config, self._say = config, say
        self._pulse_s = float("-inf")

    def take(self, moment: Moment) -> None:
        match moment:
            case Frame():
                self._look(moment)
            case Begun(segment):
                self._begin(segment)
            case Ended(segment, info):
                segment.finish(info, self._result())
                self._say(Whole())
            case Lost(fault):
                self._say(Trouble(fault))

    def _begin(self, segment: Segment) -> None:
        self._segment, self._clock = segment, Clock()
        self._eye, self._in_sight = Eye(self._config), InSight(self._config)
        self._looked = self._faces = 0
        self._pulse_s = float("-inf")

    def _look(self, frame: Frame) -> None:
        seen = self._eye.look(frame, self._clock)
        self._looked, self._faces = self._looked + 1, self._faces + len(seen)
        if follows := self._in_sight.take(frame, seen, self._eye):
            self._say(sight_of(self._segment, frame.at, follows))
        if frame.at - self._pulse_s >= PULSE_S:
            self._pulse_s = frame.at
            self._say(Pulse())

    def _result(self) -> ChunkResult:
        tracklets = self._eye.tracklets(self._clock)
        return ChunkResult(
            tracklets,
            self._clock.seconds,
            frames_decoded=self._looked,
            frames_analysed=self._looked,
            faces=self._faces,
            refused=dict(self._eye.refused),
            size=self._eye.size,
            bodies=self._eye.bodies(),
            hands=self._eye.hands.moved,
        )
