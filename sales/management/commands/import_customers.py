"""manage.py import_customers: the shop's notebook, as a sheet, into its books."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from sales.notebook import read
from sales.notebook_sheet import UnreadableSheetError, read_file
from sales.notebook_store import store
from watershop.accounts import shop_named
from watershop.audit import Actor


class Command(BaseCommand):
    help = "Import customers with dues, cans and prices from an XLSX or CSV file; Manage > Notebook has the template."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--shop", metavar="SLUG", help="may be left out when there is one shop")
        parser.add_argument("--dry-run", action="store_true", help="print the same report, store nothing")
        parser.add_argument(
            "--skip-bad", action="store_true", help="leave bad rows out and import the others"
        )

    def handle(self, *, file: Path, shop: str | None, dry_run: bool, skip_bad: bool, **options: Any) -> None:
        try:
            books = shop_named(shop)
            reading = read(books, read_file(file.name, file.read_bytes()), {})
        except (LookupError, OSError, UnreadableSheetError) as error:
            raise CommandError(str(error)) from error
        for row in reading.bad:
            self.stderr.write(_("line %(line)s: %(text)s") % {"line": row.line, "text": row.reason})
        for row in reading.warnings:
            self.stdout.write(_("line %(line)s: %(text)s") % {"line": row.line, "text": row.reason})
        numbers = {
            "rows": len(reading.entries),
            "new": reading.new,
            "bad": len(reading.bad),
            "due": reading.due,
        }
        self.stdout.write(_("%(rows)s customers (%(new)s new) who owe ₹%(due)s, %(bad)s bad rows.") % numbers)
        if reading.bad and not skip_bad:
            raise CommandError(_("Nothing was stored. Mend the bad rows, or leave them out with --skip-bad."))
        if dry_run:
            self.stdout.write(_("Dry run: nothing was stored."))
        else:
            store(books, reading.entries, actor=Actor.command("import_customers"))
