"""manage.py export_reports: every file of a shop's numbers into a folder."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.exporting import FILES, all_days, export_to
from watershop.accounts import shop_named
from watershop.audit import Actor
from watershop.dates import Period, period_from
from watershop.models import Shop


class Command(BaseCommand):
    help = (
        f"Write the shop's {len(FILES)} files (CSV, XLSX, SVG, PNG) into a folder; of several shops, "
        "each into a folder of its own. Both days are included, on the shop's clock."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--out", type=Path, required=True, metavar="DIR")
        parser.add_argument(
            "--shop", action="append", default=[], metavar="SLUG", help="again for more (default: all)"
        )
        parser.add_argument("--from", dest="first", metavar="D", help="the first day, 2026-11-01")
        parser.add_argument("--to", dest="last", metavar="D", help="the last day")

    def handle(
        self, *, out: Path, shop: list[str], first: str | None, last: str | None, **options: Any
    ) -> None:
        try:
            shops = [shop_named(slug) for slug in dict.fromkeys(shop)] or list(Shop.objects.order_by("slug"))
            shops = shops or [shop_named(None)]  # which says how to open one
            periods = [self._period(one, first, last) for one in shops]
        except (LookupError, ValueError) as error:
            raise CommandError(str(error)) from error
        for one, period in zip(shops, periods, strict=True):
            self._export(out if len(shops) == 1 else out / one.slug, one, period)

    def _period(self, shop: Shop, first: str | None, last: str | None) -> Period:
        return period_from(shop, first, last, default=all_days(shop), longest_days=None)

    def _export(self, folder: Path, shop: Shop, period: Period) -> None:
        days = {"shop": shop.slug, "first": period.first, "last": period.last}
        self.stdout.write(_("%(shop)s, %(first)s to %(last)s:") % days)
        begun, files = time.perf_counter(), export_to(folder, shop, period, Actor.command("export_reports"))
        try:
            with timezone.override(shop.tz):
                for number, path in enumerate(files, 1):
                    seconds = time.perf_counter() - begun
                    self.stdout.write(f"[{number}/{len(FILES)}] {path} {seconds:.1f} s")
        except OSError as error:
            what = {"folder": folder, "reason": error.strerror or error}
            raise CommandError(_("Nothing can be written into %(folder)s: %(reason)s.") % what) from error
