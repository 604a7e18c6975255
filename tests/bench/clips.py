"""Films for the bench: made once, kept beside the shop's data, made long by joining packets without encoding again."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import av
import cv2
import numpy as np

from vision.footage import FPS, GROUP, HEIGHT, WIDTH, make_footage
from vision.frames import frames, probe
from vision.picture import Image


def busy_film(folder: Path, minutes: float, models_dir: Path) -> Path:
    """Drawn people come and go."""
    film = folder / f"busy-{minutes:g}.mp4"
    if not film.exists():
        folder.mkdir(parents=True, exist_ok=True)
        people = max(1, round(minutes * 2))
        make_footage(film, minutes=minutes, visits=people, persons=people, seed=1, models_dir=models_dir)
    return film


def idle_film(folder: Path, seconds: float) -> Path:
    """An empty room, as a grainy camera sees it. Without the first group, which is larger: it has been on long."""
    film = folder / f"idle-{seconds:g}.mp4"
    if not film.exists():
        begun = film.with_suffix(".begun")
        _encode(begun, _empty_room(round(seconds * FPS) + GROUP))
        part = film.with_suffix(".part")
        _copy_from(begun, part, GROUP / FPS)
        begun.unlink()
        part.replace(film)
    return film


def _copy_from(source: Path, film: Path, start: float) -> None:
    """The packets from a keyframe on."""
    with av.open(str(source)) as old, av.open(str(film), "w", format="mp4") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.dts is not None and packet.pts is not None and packet.time_base is not None:
                shift = round(start / packet.time_base)
                if packet.dts >= shift:
                    packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, stream
                    new.mux(packet)


def large_film(folder: Path, source: Path) -> Path:
    """The same film with 1080 lines."""
    film = folder / f"large-{source.stem}.mp4"
    if not film.exists():
        large = (cv2.resize(frame.image, (1920, 1080)) for frame in frames(source, every=1 / FPS / 2))
        _encode(film, (np.asarray(image, np.uint8) for image in large))
    return film


def _empty_room(count: int) -> Iterator[Image]:
    chance = np.random.default_rng(0)
    room = cv2.resize(chance.integers(60, 190, (9, 16, 3), dtype=np.uint8), (WIDTH, HEIGHT))
    grain = chance.normal(0, 2, (HEIGHT, 2 * WIDTH, 1))
    for _ in range(count):
        left = int(chance.integers(WIDTH))
        yield np.clip(room + grain[:, left : left + WIDTH], 0, 255).astype(np.uint8)


def _encode(film: Path, pictures: Iterable[Image]) -> None:
    film.parent.mkdir(parents=True, exist_ok=True)
    part = film.with_suffix(".part")
    with av.open(str(part), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.pix_fmt = "yuv420p"
        keyframes = f"scenecut=0:keyint={GROUP}:min-keyint={GROUP}"
        stream.options = {"preset": "ultrafast", "crf": "27", "x264-params": keyframes}
        for index, picture in enumerate(pictures):
            if not index:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    part.replace(film)


def joined(film: Path, parts: Iterable[Path]) -> Path:
    """The parts one after the other, their packets as they are. A ts file: each part brings its own headers."""
    if film.exists():
        return film
    unfinished = film.with_suffix(".part")
    with av.open(str(unfinished), "w", format="mpegts") as target:
        stream, begins = None, 0.0
        for part in parts:
            with av.open(str(part)) as source:
                stream = stream or target.add_stream_from_template(source.streams.video[0])
                for packet in source.demux(video=0):
                    if packet.dts is None or packet.pts is None or packet.time_base is None:
                        continue
                    shift = round(begins / packet.time_base)
                    packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                    target.mux(packet)
            begins += probe(part).duration_s
    unfinished.replace(film)
    return film
