"""How right the links between sales and visits are, beside the truth."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from vision.joining.clock import estimate, to_apply
from vision.joining.events import Truth
from vision.joining.scores import LinkScore, nearest_in_time, score, truth_by_person
from vision.joining.tables import (
    UnreadableTable,
    read_links,
    read_named_sales,
    read_start,
    read_truth,
    read_visits,
)
from vision.scoring import UnscorableFile
from vision.scoring import read_truth as read_true_visits
from vision.till_file import read_sales


class Command(BaseCommand):
    help = (
        "Compare what link_files wrote with the truth, and print figures as JSON: precision, recall, the shares linked "
        "and abstained, and the Brier score of the confidence."
    )
    requires_system_checks = ()  # they would open a database, which comparing tables does without

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--truth",
            type=Path,
            required=True,
            metavar="T.csv",
            help="transaction_id, visit_id; with --visit-truth the sales with their column true_person",
        )
        parser.add_argument("--links", type=Path, required=True, metavar="links.csv")
        parser.add_argument("--visits", type=Path, metavar="visit_log.csv")
        parser.add_argument(
            "--visit-truth",
            type=Path,
            metavar="T.csv",
            help="person, entry_s, exit_s: score by person and time",
        )
        parser.add_argument(
            "--sales",
            type=Path,
            metavar="sales.csv",
            help="with --visits: also what the nearest visit in time would say",
        )

    def handle(self, *args: Any, links: Path, **options: Any) -> None:
        try:
            truth = self._truth(options)
            scores = {"links": score(read_links(links), truth), **self._naive(truth, options)}
        except (UnreadableTable, UnscorableFile) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps({name: asdict(one) for name, one in scores.items()}, indent=2))

    def _truth(self, options: dict[str, Any]) -> Truth:
        if options["visit_truth"] is None:
            return read_truth(options["truth"])
        if options["visits"] is None:
            raise CommandError("--visit-truth needs --visits, the log that the links name visits of.")
        zone = ZoneInfo(settings.TIME_ZONE)
        visits, started_at = read_visits(options["visits"], zone), read_start(options["visits"], zone)
        sales = read_named_sales(options["truth"], zone)
        return truth_by_person(sales, visits, read_true_visits(options["visit_truth"]), started_at)

    def _naive(self, truth: Truth, options: dict[str, Any]) -> dict[str, LinkScore]:
        if options["sales"] is None or options["visits"] is None:
            return {}
        zone = ZoneInfo(settings.TIME_ZONE)
        sales, visits = read_sales(options["sales"], zone), read_visits(options["visits"], zone)
        clock = to_apply(estimate(sales, visits))
        return {
            "nearest_in_time": score(nearest_in_time(sales, visits), truth),
            "nearest_in_time_by_the_clock": score(nearest_in_time(sales, visits, clock), truth),
        }
