"""manage.py import_transactions: the shop's transactions file into its books."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from sales.importing import Report, import_transactions
from sales.transactions_csv import COLUMNS, UnreadableFileError
from watershop.accounts import shop_named
from watershop.audit import Actor


class Command(BaseCommand):
    help = f"Import sales from a CSV file with the columns {', '.join(COLUMNS)}. Times are the shop's."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--shop", metavar="SLUG", help="may be left out when there is one shop")
        parser.add_argument("--dry-run", action="store_true", help="print the same report, store nothing")
        parser.add_argument(
            "--skip-bad", action="store_true", help="leave bad rows out and import the others"
        )

    def handle(self, *, file: Path, shop: str | None, dry_run: bool, skip_bad: bool, **options: Any) -> None:
        actor = Actor.command("import_transactions")
        try:
            report = import_transactions(shop_named(shop), actor, file, dry_run=dry_run, skip_bad=skip_bad)
        except (LookupError, UnreadableFileError) as error:
            raise CommandError(str(error)) from error
        self._print(report)
        if report.bad and not skip_bad:
            raise CommandError(_("Nothing was stored. Mend the bad rows, or leave them out with --skip-bad."))
        if not report.is_stored:
            self.stdout.write(_("Dry run: nothing was stored."))

    def _print(self, report: Report) -> None:
        for warning in report.warnings:
            self.stdout.write(_("line %(line)s: %(text)s") % {"line": warning.line, "text": warning.text})
        if rest := report.warned - len(report.warnings):
            self.stdout.write(_("... and %(count)s more warnings") % {"count": rest})
        for row in report.bad_rows:
            self.stderr.write(_("line %(line)s: %(text)s") % {"line": row.line, "text": row.reason})
        if rest := report.bad - len(report.bad_rows):
            self.stderr.write(_("... and %(count)s more bad rows") % {"count": rest})
        self.stdout.write(
            _(
                "%(sales)s new sales worth ₹%(total)s (₹%(unpaid)s of it unpaid), "
                "%(there)s already there, %(bad)s bad rows, %(warned)s warnings."
            )
            % {
                "sales": report.new_sales,
                "total": report.total,
                "unpaid": report.unpaid,
                "there": report.already_there,
                "bad": report.bad,
                "warned": report.warned,
            }
        )
        self.stdout.write(
            _("New customers: %(customers)s. New can sizes: %(sizes)s.")
            % {"customers": report.new_customers, "sizes": ", ".join(report.new_sizes) or "–"}
        )
