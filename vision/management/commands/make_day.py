"""A believable day of a shop as files, without video: visits, sales, and which belong together."""

from argparse import ArgumentTypeError
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from vision.joining.days import Habits, make_day
from vision.made_sales import write_day

OPENS = datetime(2025, 12, 14, 9, 0)  # noqa: DTZ001 (the shop's clock, whose zone is a setting)


class Command(BaseCommand):
    help = (
        "Write a made-up day into DIR: visit_log.csv as process_video writes it, sales.csv in the shop's CSV, and "
        "truth.csv (transaction_id, visit_id; empty = the camera missed the buyer)."
    )
    requires_system_checks = ()  # they would open a database, which a made-up day does without

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="is made where it is missing")
        parser.add_argument("--visits-per-hour", type=_between(1, 1000), default=30.0, metavar="N")
        parser.add_argument("--hours", type=_between(0.1, 24), default=10.0, metavar="H")
        parser.add_argument(
            "--offset",
            type=_between(-90_000, 90_000),
            default=0.0,
            metavar="S",
            help="seconds that the till's clock is ahead of the camera's",
        )
        parser.add_argument(
            "--drift", type=_between(-600, 600), default=0.0, metavar="D", help="and gains in a day"
        )
        parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same day")
        for habit in fields(Habits):
            name, usual = f"--{habit.name.replace('_', '-')}", habit.default
            most = 600 if habit.name.endswith("_s") else 1
            parser.add_argument(name, type=_between(0, most), default=usual, help=f"(default: {usual})")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        zone = ZoneInfo(settings.TIME_ZONE)
        day = make_day(
            per_hour=options["visits_per_hour"],
            hours=options["hours"],
            offset_s=options["offset"],
            drift=options["drift"],
            seed=options["seed"],
            opens=OPENS.replace(tzinfo=zone).timestamp(),
            habits=Habits(**{habit.name: options[habit.name] for habit in fields(Habits)}),
        )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_day(folder, day, zone, options["seed"])
        except OSError as error:
            raise CommandError(f"{folder} can't be written: {error.strerror}.") from error
        seen = sum(map(bool, day.truth.values()))
        self.stdout.write(
            f"{folder}: {len(day.visits)} visits, {len(day.sales)} sales, of {seen} of which the buyer was seen."
        )


def _between(least: float, most: float) -> Callable[[str], float]:
    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            raise ArgumentTypeError(f"give a number from {least:g} to {most:g}")
        return value

    return number
