"""Which sales have their visit, and why the others have none."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from vision import link_report, linking
from watershop.accounts import shop_named
from watershop.dates import Period, period_from, today

WORDS = {
    "no_camera": "no camera was watched then",
    "nobody_seen": "nobody was seen near",
    "several_alike": "several visits are as likely",
    "unsure": "no visit is likely enough",
    "clock_unsure": "the camera's clock is not known",
    "refused": "refused by hand",
    "not_yet": "not looked at yet: run with --link",
}


class Command(BaseCommand):
    help = "Say how many sales are linked to a visit, how many are up for review, and why the others are not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--shop", metavar="SLUG", help="may be left out when there is one shop")
        parser.add_argument("--from", dest="first", metavar="DAY", help="2026-11-01; today when left out")
        parser.add_argument("--to", dest="last", metavar="DAY", help="2026-11-30; today when left out")
        parser.add_argument("--link", action="store_true", help="link them first; else nothing is stored")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            shop = shop_named(options["shop"])
            period = period_from(shop, options["first"], options["last"], default=today(shop))
        except (LookupError, ValueError) as error:
            raise CommandError(str(error)) from error
        if options["link"]:
            linking.link_between(shop, period.start, period.end)
        self._show(period, link_report.report(shop, period))

    def _show(self, period: Period, found: link_report.LinkReport) -> None:
        self.stdout.write(f"{_day(period.first)} to {_day(period.last)}")
        rows = [("sales", found.sales), ("linked", found.linked), ("  of these by hand", found.confirmed)]
        rows += [("to review", found.review), ("unlinked", found.unlinked.total())]
        rows += [(f"  {WORDS[reason]}", found.unlinked[reason]) for reason in link_report.REASONS]
        for words, count in rows:
            self.stdout.write(f"{words:<40}{count:>7}")


def _day(day: date) -> str:
    return day.isoformat()
