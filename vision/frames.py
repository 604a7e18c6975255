"""A recording as pictures with their times: open it safely, know it, decode it by presentation time."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, TypeAlias

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vision.picture import Frame as Frame
from vision.picture import Image as Image

MAX_WIDTH, MAX_HEIGHT = 4096, 2304
CODECS = frozenset({"h264", "hevc", "mjpeg", "mpeg4"})
_TS_PACKET = 188


class UnreadableVideo(Exception):  # noqa: N818 (it says what is wrong, not that something is)
    """The file cannot be used as a recording. `code` is for translation, the text is for a person."""

    code: ClassVar[str] = "unreadable"


class MissingVideo(UnreadableVideo):
    """There is no such file, or it may not be read."""

    code = "missing"


class EmptyVideo(UnreadableVideo):
    """The file has no bytes, or not one picture."""

    code = "empty"


class NotAVideo(UnreadableVideo):
    """The bytes are no mp4, mov, mkv, avi or ts, whatever the name says."""

    code = "not_a_video"


class NoPicture(UnreadableVideo):
    """The file has sound only."""

    code = "no_picture"


class TruncatedVideo(UnreadableVideo):
    """The file ends before the recording does."""

    code = "truncated"


class DamagedVideo(UnreadableVideo):
    """Too much of the recording cannot be decoded."""

    code = "damaged"


class UnsupportedVideo(UnreadableVideo):
    """A codec or picture size that is refused."""

    code = "unsupported"


@dataclass(frozen=True)
class VideoInfo:
    """What is known of a recording before it is decoded. Times in seconds from its first picture."""

    path: Path
    container: str
    codec: str
    width: int
    height: int
    fps: float
    duration_s: float
    packets: int
    keyframes: tuple[float, ...]
    created_at: datetime | None


def container_of(path: Path) -> str:
    """The demuxer for a file by its first bytes alone. Raises MissingVideo, EmptyVideo or NotAVideo.

    A playlist or a script under a video's name would make a demuxer that guesses open other files, so only
    these four are ever opened, each by name.
    """
    try:
        with path.open("rb") as file:
            head = file.read(3 * _TS_PACKET)
    except OSError as error:
        raise MissingVideo(f"{path.name}: cannot be read ({error.strerror}). Check the path.") from error
    if not head:
        raise EmptyVideo(f"{path.name}: the file is empty. Copy it from the camera again.")
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "mov"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    if head.startswith(b"RIFF") and head[8:11] == b"AVI":
        return "avi"
    if len(head) > 2 * _TS_PACKET and {head[0], head[_TS_PACKET], head[2 * _TS_PACKET]} == {0x47}:
        return "mpegts"
    raise NotAVideo(f"{path.name}: not an mp4, mov, mkv, avi or ts file. Export it from the camera as mp4.")


@contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The container and its picture stream, one decoding thread; library errors come out as ours."""
    name = container_of(path)
    try:
        container = av.open(
            f"file:{path.resolve()}",
            format=name,
            options={"protocol_whitelist": "file"},
            metadata_errors="replace",
        )
    except FFmpegError as error:
        if name == "mov":  # the index is written last: a recording that was cut off has none
            raise TruncatedVideo(f"{path.name}: the end of the file is missing. Copy it again.") from error
        raise NotAVideo(
            f"{path.name}: the file cannot be opened. Export it from the camera again."
        ) from error
    with container:
        if not container.streams.video:
            raise NoPicture(f"{path.name}: the file has no pictures, only sound. Choose the video file.")
        stream = container.streams.video[0]
        _check_allowed(path, stream)
        stream.codec_context.thread_count = 1
        yield container, stream


def _check_allowed(path: Path, stream: VideoStream) -> None:
    context = stream.codec_context
    if context.name not in CODECS:
        raise UnsupportedVideo(f"{path.name}: codec {context.name} is not supported. Use H.264 or H.265.")
    if context.width > MAX_WIDTH or context.height > MAX_HEIGHT:
        size = f"{context.width}x{context.height}"
        raise UnsupportedVideo(
            f"{path.name}: {size} is larger than {MAX_WIDTH}x{MAX_HEIGHT}. Make it smaller."
        )


def probe(path: Path) -> VideoInfo:
    """Read the whole file without decoding it. Raises an UnreadableVideo that says what is wrong.

    Some 0.06 ms per frame: it is the only way to know the keyframes of every container and that the file
    goes on to the end that its header promises.
    """
    with _opened(path) as (container, stream):
        times, keyframes, damaged = _scan(container, stream)
        if not times:
            raise EmptyVideo(f"{path.name}: there is not one picture in the file. Copy it again.")
        first, last = min(times), max(times)
        step = (last - first) / (len(times) - 1) if len(times) > 1 else float(1 / (stream.average_rate or 25))
        info = VideoInfo(
            path=path,
            container=container.format.name,
            codec=stream.codec_context.name,
            width=stream.codec_context.width,
            height=stream.codec_context.height,
            fps=1 / step if step > 0 else float(stream.average_rate or 25),
            duration_s=last - first + step,
            packets=len(times),
            keyframes=tuple(time - first for time in keyframes) or (0.0,),
            created_at=_created_at(container, stream),
        )
        promised = _promised_s(container, stream)
    if damaged or info.duration_s < promised - max(1.0, 0.02 * promised) or _has_ragged_end(path, info):
        raise TruncatedVideo(
            f"{path.name}: the file breaks off after {info.duration_s:.0f} s. Copy it again."
        )
    return info


def _scan(container: InputContainer, stream: VideoStream) -> tuple[list[float], list[float], bool]:
    """Times of all pictures, of the keyframes, and whether the file broke while it was read."""
    times: list[float] = []
    keyframes: list[float] = []
    unit_s = _seconds(1, stream)
    try:
        for packet in container.demux(stream):
            stamp = _stamp(container, packet)
            if stamp is None or not packet.size:
                continue
            times.append(stamp * unit_s)
            if packet.is_keyframe:
                keyframes.append(times[-1])
    except FFmpegError:
        return times, keyframes, True
    return times, keyframes, False


def _seconds(stamp: int, stream: VideoStream) -> float:
    """A time stamp in seconds; a stream without a time base counts in the library's microseconds."""
    return stamp * float(stream.time_base) if stream.time_base else stamp / av.time_base


def _stamp(container: InputContainer, item: "Packet[VideoStream] | VideoFrame") -> int | None:
    """When a packet or picture is shown. avi stores the order only: there the library guesses `pts` badly."""
    if container.format.name == "avi" or item.pts is None:
        return item.dts
    return item.pts


def _promised_s(container: InputContainer, stream: VideoStream) -> float:
    """The length that the header states, 0 when it states none (ts states none; the library then guesses)."""
    if container.format.name == "mpegts":
        return 0.0
    if stream.duration:
        return _seconds(stream.duration, stream)
    return (container.duration or 0) / av.time_base


def _has_ragged_end(path: Path, info: VideoInfo) -> bool:
    """Truncation that no duration tells: avi states its bytes, ts must be decoded to its last picture."""
    size = path.stat().st_size
    if info.container == "avi":
        with path.open("rb") as file:
            return int.from_bytes(file.read(8)[4:], "little") + 8 > size
    if info.container == "mpegts":
        return size % _TS_PACKET != 0 or _breaks_in_last_group(path, info)
    return False


def _breaks_in_last_group(path: Path, info: VideoInfo) -> bool:
    with _opened(path) as (container, stream):
        stream.codec_context.options = {"err_detect": "explode"}
        _seek(container, stream, _first_s(container, stream) + info.keyframes[-1])
        broken = False
        for packet in container.demux(stream):
            try:
                packet.decode()
            except FFmpegError:
                broken = packet.size > 0
            else:
                broken = broken and not packet.size
        return broken


def created_at(path: Path) -> datetime | None:
    """The time that the camera wrote into the file, read from its header alone. Raises UnreadableVideo."""
    with _opened(path) as (container, stream):
        return _created_at(container, stream)


def _created_at(container: InputContainer, stream: VideoStream) -> datetime | None:
    """The camera's time, if it is one (some write 1904 or 1970)."""
    text = container.metadata.get("creation_time") or stream.metadata.get("creation_time")
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    if moment is None or moment.year < 2000:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Choice: TypeAlias = Callable[[float, bool], bool]
"""Is the picture at this time, a keyframe or not, worth decoding? Asked once for each, in the order of the file."""


@dataclass
class Decoded:
    """How much a run of `frames` decoded: counted as it goes on."""

    pictures: int = 0
    damaged: int = 0


def packets(path: Path, start: float, end: float) -> Iterator[tuple[float, int, bool]]:
    """(time, bytes, is it a keyframe) of each picture with start <= time < end, in the order of the file."""
    with _opened(path) as (container, stream):
        first, unit_s = _first_s(container, stream), _seconds(1, stream)
        if start > 0:
            _seek(container, stream, first + start)
        try:
            for packet in container.demux(stream):
                stamp = _stamp(container, packet)
                at = end if stamp is None else round(stamp * unit_s - first, 4)
                if packet.is_keyframe and at >= end:
                    return
                if start - 1e-4 < at < end:
                    yield at, packet.size, packet.is_keyframe
        except FFmpegError as error:
            raise TruncatedVideo(f"{path.name}: the file breaks off. Copy it again.") from error


def frames(
    path: Path,
    start: float = 0.0,
    end: float = float("inf"),
    every: float = 0.2,
    count: Decoded | None = None,
    rotation: int = 0,
    choose: Choice = lambda at, is_keyframe: True,
) -> Iterator[Frame]:
    """Pictures with start <= at < end, the first of each `every` seconds counted from the start of the file.

    Times come from the stream (PTS), never from an index and a frame rate, which cameras do not keep to.
    `rotation` turns them upright, clockwise in degrees, where the file does not say how.
    Pictures that are not chosen are not decoded, and neither is what builds on them.
    Raises UnreadableVideo. A packet in fifty that cannot be decoded is passed over, more is DamagedVideo.
    """
    count = count if count is not None else Decoded()
    with _opened(path) as (container, stream):
        first = _first_s(container, stream)
        if start > 0:
            _seek(container, stream, first + start)
        slot = -1
        packets = _chosen(container, stream, first, end, choose)
        for picture in _decode(path, packets, count):
            stamp = _stamp(container, picture)
            if stamp is None or picture.time_base is None:
                continue
            at = float(stamp * picture.time_base) - first
            if at >= end:
                return
            here = int((at + 1e-4) / every)
            if at > start - 1e-4 and here > slot:
                slot = here
                yield Frame(round(max(at, 0.0), 4), picture, rotation)


def _first_s(container: InputContainer, stream: VideoStream) -> float:
    """The time of the first picture: what the header says, else what the first packet says."""
    if stream.start_time is not None:
        return _seconds(stream.start_time, stream)
    for packet in container.demux(stream):
        stamp = _stamp(container, packet)
        if stamp is not None:
            container.seek(0)
            return _seconds(stamp, stream)
    return 0.0


def _seek(container: InputContainer, stream: VideoStream, to: float) -> None:
    """To the keyframe at or before a time. Some demuxers land late, so aim a little early."""
    container.seek(int((to - 0.5) / _seconds(1, stream)), stream=stream, backward=True)


def _chosen(
    container: InputContainer, stream: VideoStream, first: float, end: float, choose: Choice
) -> Iterator["Packet[VideoStream]"]:
    """Packets worth decoding: after one that was passed over none is, up to the next keyframe.

    Pictures shown before a keyframe but sent after it build on what was passed over, too. From the end on all are
    decoded: only then do the last ones come out.
    """
    is_whole, is_fresh, keyframe_at, unit_s = False, True, 0.0, _seconds(1, stream)
    for packet in container.demux(stream):
        stamp = _stamp(container, packet)
        at = end if stamp is None else round(stamp * unit_s - first, 4)
        if packet.is_keyframe:
            is_fresh, keyframe_at = not is_whole, at
            is_whole = at >= end or choose(at, True)
        elif is_fresh and at < keyframe_at:
            continue
        elif is_whole:
            is_whole = at >= end or choose(at, False)
        if is_whole or stamp is None:
            yield packet


def _decode(path: Path, packets: Iterable["Packet[VideoStream]"], count: Decoded) -> Iterator[VideoFrame]:
    tried = 0
    try:
        for packet in packets:
            tried += 1
            try:
                pictures = packet.decode()
            except FFmpegError:
                count.damaged += 1
                if count.damaged > 3 + tried // 50:
                    raise DamagedVideo(f"{path.name}: too much cannot be decoded. Copy it again.") from None
                continue
            for picture in pictures:
                count.pictures += 1
                yield picture
    except FFmpegError as error:
        raise TruncatedVideo(f"{path.name}: the file breaks off. Copy it again.") from error
    if not count.pictures:
        raise EmptyVideo(f"{path.name}: not one picture can be decoded. Copy it again.")
