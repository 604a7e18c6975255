"""A live stream on the disk: pieces of some minutes, cut at keyframes, as the camera sent them (no re-encoding).

A segment is three files with one stem in the camera's spool: STEM.mp4 (missing where nothing is recorded), STEM.npz
(what the eye saw meanwhile; missing when it was killed) and STEM.json (its facts), written last: a segment is whole
when that is there. While it is written it is STEM.part, a fragmented mp4, of which a killed process loses little.
Sound is left out.
"""

import contextlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import av
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from vision.chunk_file import info_text, write_result
from vision.chunks import ChunkResult
from vision.frames import VideoInfo

_STEM = "%Y%m%dT%H%M%S.%fZ"
_FRAGMENTED = {
    "movflags": "frag_keyframe+empty_moov+default_base_moof",
    "min_frag_duration": "1000000",
    "frag_size": "8000000",
    "flush_packets": "1",
}


class Segment:
    """One piece in a spool, named by the moment (UTC) of its first picture."""

    def __init__(self, spool: Path, started_at: datetime) -> None:
        self.started_at = started_at
        self._stem = spool / started_at.astimezone(UTC).strftime(_STEM)

    @property
    def name(self) -> str:
        return self._stem.name

    @property
    def part(self) -> Path:
        """The film while it is written."""
        return self._file(".part")

    @property
    def film(self) -> Path:
        return self._file(".mp4")

    @property
    def seen(self) -> Path:
        """What the eye saw (`chunk_file`)."""
        return self._file(".npz")

    @property
    def facts(self) -> Path:
        return self._file(".json")

    def _file(self, suffix: str) -> Path:
        return self._stem.with_name(self._stem.name + suffix)

    def finish(self, info: VideoInfo, result: ChunkResult | None) -> None:
        """Make it whole: the film under its name, what was seen, the facts last."""
        with contextlib.suppress(FileNotFoundError):
            self.part.rename(self.film)
        if result is not None:
            write_result(result, self.seen)
        draft = self._file(".draft")
        draft.write_text(info_text(info))
        draft.rename(self.facts)

    def info(self, source: VideoStream, packets: int, duration_s: float) -> VideoInfo:
        """What is known of it, in the form of any recording's."""
        context = source.codec_context
        return VideoInfo(
            path=self.film,
            container="mov",
            codec=context.name,
            width=context.width,
            height=context.height,
            fps=packets / duration_s if duration_s else 0.0,
            duration_s=duration_s,
            packets=packets,
            keyframes=(0.0,),
            created_at=self.started_at,
        )

    def remove(self) -> None:
        """Out of the spool; the facts go last, so that a removal cut short is gone on with."""
        for file in (self.part, self.film, self.seen, self.facts):
            file.unlink(missing_ok=True)


def in_spool(spool: Path, suffix: str = ".json") -> Iterator[Segment]:
    """The whole segments of a spool, oldest first; with ".part" those that a killed process left behind."""
    for path in sorted(spool.glob(f"*{suffix}")):
        with contextlib.suppress(ValueError):
            yield Segment(spool, datetime.strptime(path.name.removesuffix(suffix), _STEM).replace(tzinfo=UTC))


class SegmentWriter:
    """Writes the packets of one stream into one file, from a keyframe on; their times then begin at 0."""

    def __init__(self, path: Path, source: VideoStream) -> None:
        self._file = av.open(str(path), "w", format="mp4", options=_FRAGMENTED)
        self._stream = self._file.add_stream_from_template(source)
        self._first: int | None = None
        self._last = -1

    def write(self, packet: "Packet[VideoStream]") -> None:
        """Add a packet, which is of no more use to others then. Raises FFmpegError when the disk is full."""
        assert packet.dts is not None and packet.pts is not None
        if self._first is None:
            self._first = packet.dts
        # Cameras repeat a time now and then, which the file format does not allow.
        packet.dts = self._last = max(packet.dts - self._first, self._last + 1)
        packet.pts = max(packet.pts - self._first, packet.dts)
        packet.stream = self._stream
        self._file.mux(packet)

    def close(self) -> None:
        """Write the end; on a full disk the file ends earlier."""
        with contextlib.suppress(FFmpegError):
            self._file.close()


def salvage(spool: Path) -> None:
    """Make whole what a killed process left half written, but for its last seconds; nobody has watched it."""
    for segment in in_spool(spool, ".part"):
        info = None
        with contextlib.suppress(FFmpegError):
            info = _rescued(segment)
        segment.part.unlink()
        if info is not None:
            segment.finish(info, None)


def _rescued(segment: Segment) -> VideoInfo | None:
    """Copy the groups of pictures that another follows: the last may be cut short. None where there is none."""
    count, last_s = 0, 0.0
    with av.open(f"file:{segment.part}", format="mov", options={"protocol_whitelist": "file"}) as source:
        stream = source.streams.video[0]
        writer = SegmentWriter(segment.film, stream)
        with contextlib.suppress(FFmpegError):  # here it was cut off
            for group in _groups(source.demux(stream)):
                for packet in group:
                    count, last_s = count + 1, float((packet.pts or 0) * packet.time_base)
                    writer.write(packet)
        writer.close()
        info = segment.info(stream, count, last_s)
    if not count:
        segment.film.unlink()
    return info if count else None


def _groups(packets: "Iterable[Packet[VideoStream]]") -> "Iterator[list[Packet[VideoStream]]]":
    """The packets from each keyframe to the next; the last group has no next."""
    group: list[Packet[VideoStream]] = []
    for packet in packets:
        if packet.is_keyframe and group:
            yield group
            group = []
        group.append(packet)
