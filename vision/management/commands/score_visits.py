"""How right a table of visits is, beside the truth."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from vision.scoring import UnscorableFile, read_truth, read_visits, score


class Command(BaseCommand):
    help = "Compare the visits that process_video --out wrote with the true ones, and print figures as JSON."
    requires_system_checks = ()  # they would open a database, which comparing two tables does without

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--truth", type=Path, required=True, metavar="T.csv", help="person, entry_s, exit_s"
        )
        parser.add_argument("--visits", type=Path, required=True, metavar="visit_log.csv")
        parser.add_argument(
            "--bodies",
            action="store_true",
            help="also count people without a face (body-1 ...) as visits; they have no identity",
        )
        parser.add_argument(
            "--started-at",
            type=datetime.fromisoformat,
            metavar="ISO8601",
            help="when the recording starts: compare entry_time and exit_time instead of entry_s and exit_s",
        )

    def handle(self, *args: Any, truth: Path, visits: Path, **options: Any) -> None:
        try:
            found = read_visits(visits, counts_bodies=options["bodies"], started_at=options["started_at"])
            result = score(found, read_truth(truth))
        except UnscorableFile as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(asdict(result), indent=2))
