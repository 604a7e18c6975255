"""Bring the face detector that is faster and sees smaller faces than the one that comes with the packages."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from vision.fetching import YUNET, FetchFailed, fetch, take
from vision.management.progress import ProgressLine


class Command(BaseCommand):
    help = f"Download {YUNET.name} (Apache-2.0), 0.3 MB, into the models folder; it is known by its SHA-256."
    requires_system_checks = ()  # they would open a database, which a download does without

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--from", type=Path, metavar="FILE", dest="source", help="take a file that is here"
        )
        parser.add_argument("--url", default=YUNET.url, help="a mirror (default: %(default)s)")

    def handle(self, *args: Any, source: Path | None, url: str, **options: Any) -> None:
        folder = Path(settings.VISION_MODEL_DIR)
        place = folder / YUNET.name
        if YUNET.is_at(place):
            self.stdout.write(f"{place} is here already.")
            return
        try:
            if source:
                take(YUNET, source, folder)
            else:
                fetch(YUNET, folder, url=url, on_progress=ProgressLine(self.stdout))
        except FetchFailed as error:
            raise CommandError(
                f"{error}\nWithout this network: download {YUNET.url} elsewhere, bring the file here and run "
                "`manage.py fetch_models --from FILE`. Until then dlib's HOG looks for faces: everything works, "
                "but slower, and faces narrower than about 50 pixels are missed."
            ) from error
        self.stdout.write(self.style.SUCCESS(f"{place} is here; recordings are watched with it from now on."))
