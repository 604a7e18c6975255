"""Watch a video file: who came, when, and was it somebody known."""

import contextlib
import os
import time
from argparse import ArgumentTypeError
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from vision import outputs, pipeline, recordings
from vision.children import ChunkFailed
from vision.chunks import Pictures
from vision.config import VisionConfig
from vision.frames import UnreadableVideo
from vision.management.progress import ProgressLine
from vision.models import Recording
from vision.networks import EngineUnavailable
from vision.pipeline import Look
from vision.seen import Seen
from watershop.accounts import shop_named

RECOGNITION_OFF = (
    'Nobody was recognised: recognition is off for the camera "{camera}", so visits alone are kept, no picture. '
    "A manager turns it on under Cameras > {camera} > Recognise faces."
)


class Command(BaseCommand):
    help = "Watch a video file and store its visits; --dry-run only shows them."
    requires_system_checks = ()  # they would open a database, which a dry run does without

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="an mp4, avi, mkv, mov or ts file")
        parser.add_argument("--shop", help="the shop's address; may be left out when there is one shop")
        parser.add_argument(
            "--camera", type=_name, default="camera", help="the camera's name (default: camera)"
        )
        parser.add_argument(
            "--started-at",
            type=datetime.fromisoformat,
            metavar="ISO8601",
            help="when the recording starts, in shop time unless it says otherwise",
        )
        parser.add_argument(
            "--out", type=Path, metavar="DIR", help="write tables and pictures into this folder"
        )
        parser.add_argument(
            "--frames-every",
            type=_seconds,
            metavar="S",
            help="also write a plain frame every S seconds to --out",
        )
        parser.add_argument(
            "--workers",
            type=_count,
            default=os.cpu_count() or 1,
            help="child processes (default: one per core)",
        )
        parser.add_argument(
            "--bodies", action="store_true", help="also count people who never show their face; slower"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="no database: an empty gallery, nothing stored"
        )

    def handle(self, *args: Any, file: Path, out: Path | None, **options: Any) -> None:
        if not file.is_file():
            raise CommandError(f"There is no file {file}. Check the path.")
        if options["frames_every"] and out is None:
            raise CommandError("--frames-every needs --out DIR to write the frames to.")
        pictures = Pictures(out, options["frames_every"]) if out else None
        look = Look(options["workers"], pictures, ProgressLine(self.stdout))
        begun = time.perf_counter()
        try:
            seen, zone = (self._rehearse if options["dry_run"] else self._process)(file, look, options)
        except (UnreadableVideo, ChunkFailed, EngineUnavailable) as error:
            raise CommandError(str(error)) from error
        if seen is None:
            return
        summary = {
            "file": file.name,
            "camera": seen.camera,
            "started_at": seen.started_at.astimezone(zone).isoformat(),
            "wall_s": round(time.perf_counter() - begun, 2),
            **seen.summary(),
        }
        if out:
            outputs.write(out, seen, zone, summary)
        self._report(summary, out)

    def _rehearse(self, file: Path, look: Look, options: dict[str, Any]) -> tuple[Seen, ZoneInfo]:
        zone = ZoneInfo(settings.TIME_ZONE)
        started_at, _source = self._start(file, options["started_at"], zone)
        config = _with_bodies(pipeline.eye(), options["bodies"])
        seen = pipeline.rehearse(file, config, camera=options["camera"], started_at=started_at, look=look)
        return seen, zone

    def _process(self, file: Path, look: Look, options: dict[str, Any]) -> tuple[Seen | None, ZoneInfo]:
        """Watch and store; None when it is stored already and nobody wants the files again."""
        try:
            shop = shop_named(options["shop"])
        except LookupError as error:
            raise CommandError(str(error)) from error
        start = self._start(file, options["started_at"], shop.tz)
        recording, _is_new = recordings.register(
            shop, file, camera=options["camera"], start=start, name=file.name
        )
        if recording.state == Recording.State.DONE:
            self.stdout.write("This recording is stored already: its visits stay as they are.")
            if look.pictures is None:
                return None, shop.tz
        try:
            config = _with_bodies(pipeline.eye_of(recording.camera), options["bodies"])
            look = look if recording.camera.recognises else replace(look, pictures=None)
            return pipeline.process(recording, file, config, look), shop.tz
        except (ChunkFailed, EngineUnavailable, KeyboardInterrupt) as error:
            recordings.fail(recording, str(error) or "Stopped by hand.")
            raise

    def _start(
        self, file: Path, given: datetime | None, zone: ZoneInfo
    ) -> tuple[datetime, Recording.StartSource]:
        """When the recording starts, told together with where that is from."""
        if given is not None and given.tzinfo is None:
            given = given.replace(tzinfo=zone)
        started_at, source = recordings.start_of(file, given)
        local = started_at.astimezone(zone)
        self.stdout.write(f"Starts at {local:%Y-%m-%d %H:%M:%S %Z}, {source.label}.")
        return started_at, source

    def _report(self, summary: dict[str, Any], out: Path | None) -> None:
        text = (
            "{visits} visits of {persons} persons in {duration_s:.0f} s of video, watched in {wall_s:.1f} s."
        )
        self.stdout.write(self.style.SUCCESS(text.format(**summary)))
        if not summary["recognised"]:
            self.stdout.write(self.style.WARNING(RECOGNITION_OFF.format(**summary)))
        if out:
            self.stdout.write(f"Written to {out}.")


def _with_bodies(config: VisionConfig, is_asked: bool) -> VisionConfig:
    """The eye as it is set, which may be asked to count figures, too."""
    return config.with_changes(finds_bodies=True) if is_asked else config


def _name(text: str) -> str:
    if 0 < len(text.strip()) <= 60:
        return text.strip()
    raise ArgumentTypeError("give a name of at most 60 letters")


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < (value := float(text)) < float("inf"):
            return value
    raise ArgumentTypeError("give seconds above zero")


def _count(text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= 64:
        return int(text)
    raise ArgumentTypeError("give a number from 1 to 64")
