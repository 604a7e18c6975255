"""Film a made-up water shop: nobody real is in it, and the truth is written beside."""

import time
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from vision.footage import ImpossibleFootage, make_footage
from vision.made_sales import write_sales_of_film
from vision.networks import EngineUnavailable

STARTED_AT = datetime(2025, 12, 14, 9, 0)  # noqa: DTZ001 (the shop's clock, whose zone is a setting)


class Command(BaseCommand):
    help = (
        "Make a CCTV clip of drawn people (mp4), OUT.truth.csv, and OUT.sales.csv with what they bought (the shop's "
        "CSV, true_person in its last column), for practice, tests and measurements."
    )
    requires_system_checks = ()  # they would open a database, which filming does without

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("out", type=Path, metavar="OUT.mp4")
        parser.add_argument("--minutes", type=float, default=1.0, help="length (default: 1)")
        parser.add_argument("--visits", type=int, default=3, help="how many visits (default: 3)")
        parser.add_argument("--persons", type=int, default=3, help="of how many people (default: 3)")
        parser.add_argument(
            "--faceless",
            type=int,
            default=0,
            help="how many more turn their backs, a visit each (default: 0)",
        )
        parser.add_argument(
            "--started-at",
            type=datetime.fromisoformat,
            default=STARTED_AT,
            metavar="ISO8601",
            help=f"when film and sales say that it starts, in shop time (default: {STARTED_AT.isoformat()})",
        )
        parser.add_argument(
            "--seed", type=int, default=1, help="the same seed gives the same people and visits"
        )

    def handle(self, *args: Any, out: Path, **options: Any) -> None:
        if out.suffix != ".mp4" or not out.parent.is_dir():
            raise CommandError(f"{out}: name an .mp4 file in a folder that exists.")
        wish = {name: options[name] for name in ("minutes", "visits", "persons", "seed", "faceless")}
        started_at = options["started_at"]
        if started_at.tzinfo is None:
            started_at = started_at.replace(tzinfo=ZoneInfo(settings.TIME_ZONE))
        begun = time.perf_counter()
        try:
            models_dir = Path(settings.VISION_MODEL_DIR)
            truth = make_footage(out, models_dir=models_dir, started_at=started_at, **wish)
        except (ImpossibleFootage, EngineUnavailable) as error:
            raise CommandError(str(error)) from error
        spent = time.perf_counter() - begun
        sales = write_sales_of_film(out.with_suffix(".sales.csv"), truth, started_at, options["seed"])
        self.stdout.write(
            f"{out}: {len(truth)} visits, made in {spent:.1f} s; the truth and {sales} sales are beside it."
        )
