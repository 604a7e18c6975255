"""`make soaklive`: an hour of film as if from a camera, as fast as the eye takes it; the memory each minute of film.

Then half a minute at the camera's own pace: how long after a picture was taken the child says who it may show.
`python -m tests.vision.soak_live MINUTES` soaks for another length.
"""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import psutil

from vision.children import PROJECT, environment
from vision.config import VisionConfig
from vision.footage import make_footage
from vision.live_worker import job_text
from vision.messages import Message, Sight, Whole, from_line
from vision.segments import in_spool
from vision.sources import Source
from vision.stream import Feed

MB = 1 << 20
CLIP_MINUTES = 2.0
PACED_S = 30.0


@dataclass
class Sender:
    """A camera that sends: where, and since when."""

    url: str
    begun_at: datetime | None = None


@contextmanager
def endless_camera(clip: Path, *, is_paced: bool) -> Iterator[Sender]:
    """A camera that sends a clip again and again, its clock going on; at its own pace or as fast as it is taken."""

    class Camera(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sender.begun_at = datetime.now(UTC)
            self.send_response(200)
            self.send_header("Content-Type", "video/mp2t")
            self.end_headers()
            try:
                send(clip, self.wfile, is_paced=is_paced)
            except (OSError, av.FFmpegError):
                return  # whoever watched has gone

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the library's name)
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Camera)
    server.daemon_threads = True
    sender = Sender(f"http://127.0.0.1:{server.server_port}/live")
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield sender
    finally:
        server.shutdown()
        server.server_close()


def send(clip: Path, to: object, *, is_paced: bool) -> None:
    begun, passed = time.monotonic(), 0.0
    with (
        av.open(str(clip)) as first,
        av.open(to, "w", format="mpegts", options={"flush_packets": "1"}) as stream,
    ):
        copy = stream.add_stream_from_template(first.streams.video[0])
        while True:
            with av.open(str(clip)) as source:
                pictures = source.streams.video[0]
                assert pictures.time_base
                offset = round(passed / pictures.time_base)
                for packet in source.demux(pictures):
                    if packet.dts is None or packet.pts is None:
                        continue
                    at = passed + float(packet.dts * pictures.time_base)
                    if is_paced:
                        time.sleep(max(0.0, begun + at - time.monotonic()))
                    packet.dts, packet.pts, packet.stream = packet.dts + offset, packet.pts + offset, copy
                    stream.mux(packet)
                passed += CLIP_MINUTES * 60


@contextmanager
def watched(feed: Feed, config: VisionConfig) -> Iterator[tuple[psutil.Process, Iterator[Message]]]:
    """The child that watches, and what it says."""
    child = subprocess.Popen(
        [sys.executable, "-m", "vision.live_worker"],
        cwd=PROJECT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdin and child.stdout
        child.stdin.write(f"{job_text(feed, config)}keep\n")
        child.stdin.flush()
        yield psutil.Process(child.pid), map(from_line, child.stdout)
        child.kill()


def soak(url: str, spool: Path, config: VisionConfig, minutes: float) -> None:
    """Memory after each minute of film."""
    feed = Feed(Source(url, is_test=True), spool, is_trial=True)
    begun, minute, sizes = time.monotonic(), 0, []
    with watched(feed, config) as (process, messages):
        for message in messages:
            if isinstance(message, Whole):
                for file in spool.glob("*.*"):  # as the parent does
                    if file.suffix != ".part":
                        file.unlink()
            if not isinstance(message, Sight):
                continue
            passed = (message.at - datetime(2000, 1, 1, tzinfo=UTC)).total_seconds() / 60
            if passed >= minute + 1:
                minute = int(passed)
                sizes.append(process.memory_info().rss / MB)
                say(f"minute {minute:3}: {sizes[-1]:6.0f} MB, {time.monotonic() - begun:6.0f} s on the clock")
            if passed >= minutes:
                break
    third = max(1, len(sizes) // 3)
    say(f"first third {max(sizes[:third]):.0f} MB at most, last third {max(sizes[-third:]):.0f} MB at most")


def delays(sender: Sender, spool: Path, config: VisionConfig) -> list[float]:
    """Seconds from the moment when a picture was sent to the question whom it shows, vectors and all.

    The child takes its first picture for taken when it came, after the library has looked into the stream; the sender
    knows better.
    """
    until, found = time.monotonic() + PACED_S, []
    with watched(Feed(Source(sender.url, is_test=True), spool), config) as (_process, messages):
        for message in messages:
            if isinstance(message, Sight) and any(face.shots for face in message.faces):
                (segment,) = in_spool(spool, ".part")
                assert sender.begun_at
                sent_at = sender.begun_at + (message.at - segment.started_at)
                found.append((datetime.now(UTC) - sent_at).total_seconds())
            if time.monotonic() > until:
                break
    return found


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def main(minutes: float = 60.0) -> None:
    """Film, soak, measure."""
    with tempfile.TemporaryDirectory(prefix="watershop-soak-") as name:
        folder = Path(name)
        yunet = PROJECT.parent / "shared" / "models" / "yunet_n_dynamic.onnx"
        config = VisionConfig(models_dir=folder / "models", yunet_model=yunet)
        clip = folder / "clip.mp4"
        make_footage(clip, minutes=CLIP_MINUTES, visits=5, persons=5, seed=4, models_dir=config.models_dir)
        say(f"{(config.yunet and 'YuNet') or 'HOG'}, 1280x720, 15 pictures a second")
        with endless_camera(clip, is_paced=False) as sender:
            soak(sender.url, folder / "soak", config, minutes)
        with endless_camera(clip, is_paced=True) as sender:
            found = sorted(delays(sender, folder / "paced", config))
        say(
            f"{len(found)} questions; after {found[len(found) // 2]:.2f} s in the middle, {found[-1]:.2f} s at most"
        )


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
