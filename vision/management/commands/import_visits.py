"""manage.py import_visits: the visits and recognitions of the shop's first scripts."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from vision.old_files import KINDS, Report, UnreadableOldFile, import_file
from watershop.accounts import shop_named
from watershop.audit import Actor


class Command(BaseCommand):
    help = "Take in old files: " + "; ".join(f"{kind.name} ({','.join(kind.columns)})" for kind in KINDS)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
        parser.add_argument("--shop", metavar="SLUG", help="may be left out when there is one shop")
        parser.add_argument("--dry-run", action="store_true", help="print the same report, store nothing")

    def handle(self, *, files: list[Path], shop: str | None, dry_run: bool, **options: Any) -> None:
        try:
            chosen = shop_named(shop)
            for file in files:
                report = import_file(chosen, Actor.command("import_visits"), file, dry_run=dry_run)
                self._print(file, report)
        except (LookupError, UnreadableOldFile) as error:
            raise CommandError(str(error)) from error
        if dry_run:
            self.stdout.write(_("Dry run: nothing was stored."))

    def _print(self, file: Path, report: Report) -> None:
        for bad in report.bad_lines:
            self.stderr.write(_("line %(line)s: %(text)s") % {"line": bad.line, "text": bad.reason})
        if rest := report.bad - len(report.bad_lines):
            self.stderr.write(_("... and %(count)s more bad rows") % {"count": rest})
        self.stdout.write(
            _("%(file)s as %(kind)s: %(new)s new, %(there)s already there, %(bad)s bad rows.")
            % {
                "file": file.name,
                "kind": report.kind,
                "new": report.new,
                "there": report.already_there,
                "bad": report.bad,
            }
        )
