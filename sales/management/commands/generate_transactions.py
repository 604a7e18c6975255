"""manage.py generate_transactions: a believable transactions file, to try things out with."""

from argparse import ArgumentParser
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from sales.generating import believable_sales
from sales.transactions_csv import COLUMNS, write
from watershop.dates import YEARS

SALES_OF_A_REGULAR = 25
LONGEST = 3660  # days


class Command(BaseCommand):
    help = f"Write made-up sales to a CSV file with the columns {', '.join(COLUMNS)}."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("out", type=Path, metavar="OUT.csv")
        parser.add_argument("--count", type=int, required=True, help="how many sales")
        parser.add_argument(
            "--seed", type=int, required=True, help="the same seed and start give the same file"
        )
        parser.add_argument("--days", type=int, default=60)
        parser.add_argument(
            "--start",
            type=date.fromisoformat,
            help="the first day, YYYY-MM-DD; else the last day is yesterday",
        )

    def handle(
        self, *, out: Path, count: int, seed: int, days: int, start: date | None, **options: Any
    ) -> None:
        if count < 1 or not 1 <= days <= LONGEST:
            raise CommandError(
                _("--count must be at least 1, --days from 1 to %(longest)s.") % {"longest": LONGEST}
            )
        first = start or timezone.localdate() - timedelta(days=days)
        if first.year not in YEARS:
            years = {"first": YEARS[0], "last": YEARS[-1]}
            raise CommandError(_("--start must lie between the years %(first)s and %(last)s.") % years)
        rows = believable_sales(
            count=count,
            customers=-(-count // SALES_OF_A_REGULAR),
            first=first,
            days=days,
            zone=timezone.get_default_timezone(),
            seed=seed,
        )
        try:
            write(out, rows)
        except OSError as error:
            raise CommandError(
                _("%(file)s can't be written: %(reason)s.") % {"file": out, "reason": error.strerror}
            ) from error
        self.stdout.write(
            _("%(count)s sales from %(first)s to %(last)s written to %(file)s.")
            % {"count": count, "first": first, "last": first + timedelta(days=days - 1), "file": out}
        )
