"""Where live pictures come from: a camera in the network or one plugged in, opened safely, its fault named.

What the library says when it fails repeats the address with its password, so it never leaves this module.
"""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

import av
from av.container import InputContainer
from av.error import ExitError, FFmpegError, HTTPForbiddenError, HTTPUnauthorizedError
from av.video.stream import VideoStream

from vision.frames import CODECS, MAX_HEIGHT, MAX_WIDTH

PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
UNREACHABLE, PASSWORD, CODEC, SILENT = FAULTS = ("unreachable", "password", "codec", "silent")
_DEVICE = re.compile(r"/dev/video[0-9]{1,2}")
_RTSP = {
    "rtsp_transport": "tcp",
    "allowed_media_types": "video",
    "protocol_whitelist": "rtsp,rtsps,rtp,tcp,tls,crypto",
}
_HTTP = {
    "protocol_whitelist": "http,https,tcp,tls,crypto",
    "format_whitelist": "mpjpeg,mjpeg,mpegts,mov,mp4,matroska,webm,flv,h264,hevc",
    "max_redirects": "0",
}


class AddressRefused(ValueError):  # noqa: N818 (it says what happened)
    """An address that is never opened; the code says why: `kind`, `host` or `private` (this machine itself)."""


class SourceFault(Exception):  # noqa: N818 (it says what is wrong, not that something is)
    """No pictures can be had; the text is one of FAULTS."""


@dataclass(frozen=True)
class Source:
    """A place to open: an address with its login, or a device such as /dev/video0."""

    url: str
    is_device: bool = False
    is_test: bool = False
    """Whether this machine itself may be asked, as in tests."""


def check_address(source: Source) -> None:
    """Raise AddressRefused for what is no camera's address.

    Cameras stand in private networks, so those are open; this machine itself, the link-local addresses (where
    clouds keep their secrets) and those of no single machine are not.
    """
    if source.is_device:
        if not _DEVICE.fullmatch(source.url):
            raise AddressRefused("kind")
        return
    parts = _parts(source.url)
    if not source.is_test and not all(map(_is_open, _numbers(parts))):
        raise AddressRefused("private")


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise AddressRefused("host") from error
    if parts.scheme not in PORTS:
        raise AddressRefused("kind")
    if not host:
        raise AddressRefused("host")
    return parts


def _numbers(parts: SplitResult) -> list[str]:
    """The numeric addresses of a host; none when nobody knows the name."""
    try:
        found = socket.getaddrinfo(parts.hostname, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(entry[4][0]) for entry in found]


def _is_open(number: str) -> bool:
    address = ip_address(number.partition("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    return not (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address.is_reserved
    )


@contextmanager
def opened(source: Source, timeout_s: float = 10.0) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The container of a source and its picture stream. Raises AddressRefused or SourceFault, inside the block, too.

    A source that stays silent for `timeout_s` is given up.
    """
    check_address(source)
    try:
        if not source.is_device:
            _knock(_parts(source.url), timeout_s)
        with av.open(source.url, mode="r", timeout=timeout_s, **_how(source)) as container:
            yield container, _pictures(container, source)
    except FFmpegError as error:
        raise SourceFault(_fault(error)) from None


def _knock(parts: SplitResult, timeout_s: float) -> None:
    """Tell a camera that is not there from one that does not answer."""
    try:
        socket.create_connection((parts.hostname, parts.port or PORTS[parts.scheme]), timeout_s).close()
    except OSError:
        raise SourceFault(UNREACHABLE) from None


def _how(source: Source) -> dict[str, Any]:
    if source.is_device:
        return {"format": "v4l2"}
    if source.url.startswith("rtsp"):
        return {"format": "rtsp", "options": _RTSP}
    return {"options": _HTTP}


def _pictures(container: InputContainer, source: Source) -> VideoStream:
    if not container.streams.video:
        raise SourceFault(CODEC)
    stream = container.streams.video[0]
    context = stream.codec_context
    if not source.is_device and context.name not in CODECS:
        raise SourceFault(CODEC)
    if context.width > MAX_WIDTH or context.height > MAX_HEIGHT:
        raise SourceFault(CODEC)
    context.thread_count = 1
    return stream


def _fault(error: FFmpegError) -> str:
    if isinstance(error, HTTPUnauthorizedError | HTTPForbiddenError):
        return PASSWORD
    if isinstance(error, ExitError | av.error.EOFError | av.error.TimeoutError):
        return SILENT
    if isinstance(error, ValueError | av.error.LookupError):
        return CODEC
    return UNREACHABLE
