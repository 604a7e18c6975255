"""A live camera as one endless run of pictures: connected again when it breaks off, cut into segments as it goes.

Every packet is decoded, for the next one needs it, and written as it came; five pictures a second go on to the eye.
"""

import contextlib
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import TypeAlias

from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vision.config import VisionConfig
from vision.frames import CODECS, Frame, VideoInfo
from vision.segments import Segment, SegmentWriter
from vision.sources import SILENT, UNREACHABLE, AddressRefused, Source, SourceFault, opened

SEGMENT_S = 300.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
STEADY_S = 60.0
"""A connection that lasted this long is a good one: the next pause is short again."""
LATE_S = 1.5
"""Who is this far behind the camera leaves pictures out up to a keyframe."""
DRIFT = 0.0002
JUMP_S = 10.0
"""A stream whose time jumps farther, or back, has begun anew."""

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""When a trial begins."""


@dataclass(frozen=True)
class Begun:
    """The pictures from here on are this segment's; their times count from its start."""

    segment: Segment


@dataclass(frozen=True)
class Ended:
    """The segment has its last picture."""

    segment: Segment
    info: VideoInfo


@dataclass(frozen=True)
class Lost:
    """No pictures come, and why; it is tried again."""

    fault: str
    """One of `sources.FAULTS`."""


Moment: TypeAlias = Frame | Begun | Ended | Lost


@dataclass
class Wishes:
    """What the parent wants; it may change its mind while the stream runs."""

    records: Event
    is_over: Event


@dataclass(frozen=True)
class Feed:
    """Where the pictures come from, and the spool that they go into."""

    source: Source
    spool: Path
    segment_s: float = SEGMENT_S
    is_trial: bool = False
    """A recording sent as if by a camera: once, as fast as it is taken, no picture left out, on its own clock."""


def moments(feed: Feed, config: VisionConfig, wishes: Wishes) -> Iterator[Moment]:
    """What happens at the camera until it is over. Each Begun has its Ended."""
    pause = FIRST_PAUSE_S
    while not wishes.is_over.is_set():
        begun = time.monotonic()
        try:
            with opened(feed.source) as (container, stream):
                yield from _Connection(feed, config, wishes, stream).moments(_packets(container, stream))
        except AddressRefused:
            yield Lost(UNREACHABLE)
        except SourceFault as error:
            yield Lost(str(error))
        if feed.is_trial:
            return
        pause = FIRST_PAUSE_S if time.monotonic() - begun > STEADY_S else min(2 * pause, LONGEST_PAUSE_S)
        wishes.is_over.wait(pause * random.uniform(0.5, 1.0))


def _packets(container: InputContainer, stream: VideoStream) -> "Iterator[Packet[VideoStream]]":
    """Its packets, each with a time of decoding and of showing. Raises SourceFault when no more come."""
    last = -1
    with contextlib.suppress(FFmpegError):
        for packet in container.demux(stream):
            if not packet.size:
                continue
            stamp = packet.dts if packet.dts is not None else packet.pts
            packet.dts = last = last + 1 if stamp is None else stamp
            packet.pts = last if packet.pts is None else packet.pts
            yield packet
    raise SourceFault(SILENT)


class _Connection:
    """One connection to the camera, until it breaks."""

    def __init__(self, feed: Feed, config: VisionConfig, wishes: Wishes, stream: VideoStream) -> None:
        self._feed, self._config, self._wishes, self._stream = feed, config, wishes, stream
        self._film: _Film | None = None
        self._lag = _Lag()
        self._is_skipping = False
        self._last_s = 0.0

    def moments(self, source: "Iterator[Packet[VideoStream]]") -> Iterator[Moment]:
        """Raises SourceFault when the stream breaks; a segment that has begun is ended first."""
        broken = None
        try:
            for packet in source:
                if self._wishes.is_over.is_set():
                    break
                yield from self._taken(packet)
        except SourceFault as error:
            broken = error
        if self._film:
            yield self._film.end()
        if broken:
            raise broken

    def _taken(self, packet: "Packet[VideoStream]") -> Iterator[Moment]:
        at = _seconds(packet)
        if self._film and not -1e-6 <= at - self._last_s < JUMP_S:
            raise SourceFault(SILENT)
        self._last_s = at
        if packet.is_keyframe and (not self._film or at - self._film.first_s >= self._feed.segment_s):
            if self._film:
                yield self._film.end()
            self._film = _Film(self._feed, self._stream, at)
            yield Begun(self._film.segment)
        if self._film:
            for picture in self._decoded(packet, at):
                if frame := self._film.frame(picture, self._config):
                    yield frame
            self._film.write(packet, at, is_recorded=self._wishes.records.is_set())

    def _decoded(self, packet: "Packet[VideoStream]", at: float) -> list[VideoFrame]:
        """Its pictures; none while this machine is behind the camera, up to the next keyframe in time."""
        is_late = not self._feed.is_trial and self._lag.of(at) > LATE_S
        self._is_skipping = is_late or (self._is_skipping and not packet.is_keyframe)
        if self._is_skipping:
            return []
        try:
            return packet.decode()
        except FFmpegError:  # a damaged picture; the next ones may be whole
            return []


class _Film:
    """The segment that is being filmed."""

    def __init__(self, feed: Feed, stream: VideoStream, first_s: float) -> None:
        start = _EPOCH + timedelta(seconds=first_s) if feed.is_trial else datetime.now(UTC)
        self.segment, self.first_s = Segment(feed.spool, start), first_s
        self._stream = stream
        self._writer: SegmentWriter | None = None
        self._packets, self._last_s, self._slot = 0, first_s, -1

    def frame(self, picture: VideoFrame, config: VisionConfig) -> Frame | None:
        """The picture for the eye, if it is the first of its fifth of a second."""
        at = (picture.time or 0.0) - self.first_s
        slot = int((at + 1e-4) / config.every_s)
        if at < 0 or slot <= self._slot:
            return None
        self._slot = slot
        return Frame(round(at, 4), picture, config.scene.rotation)

    def write(self, packet: "Packet[VideoStream]", at: float, *, is_recorded: bool) -> None:
        """Count the packet and add it to the file, from the first one on or not at all."""
        self._packets, self._last_s = self._packets + 1, at
        if is_recorded and self._packets == 1 and self._stream.codec_context.name in CODECS:
            with contextlib.suppress(FFmpegError):
                self._writer = SegmentWriter(self.segment.part, self._stream)
        try:
            if self._writer and is_recorded:
                self._writer.write(packet)
                return
        except FFmpegError:  # the disk is full, say: the till matters more than the rest of this segment
            pass
        self._close()

    def _close(self) -> None:
        if self._writer:
            self._writer.close()
            self._writer = None

    def end(self) -> Ended:
        """Close the file."""
        self._close()
        length = self._last_s - self.first_s
        length += length / (self._packets - 1) if self._packets > 1 else 0.0
        return Ended(self.segment, self.segment.info(self._stream, self._packets, length))


class _Lag:
    """How far this machine is behind the camera: against the best it has been, for nobody knows the camera's clock."""

    def __init__(self) -> None:
        self._best = self._at = float("inf")

    def of(self, at: float) -> float:
        """Seconds for a packet that has just come; the camera's clock may run wrong by a fifth of a per mille."""
        behind = time.monotonic() - at
        self._best = min(self._best + DRIFT * max(0.0, at - self._at), behind)
        self._at = at
        return behind - self._best


def _seconds(packet: "Packet[VideoStream]") -> float:
    return float((packet.dts or 0) * packet.time_base)
