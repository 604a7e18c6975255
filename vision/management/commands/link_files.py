"""Which visit made which sale, told from two files; nothing is stored."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from vision.joining.clock import Clock, estimate, to_apply
from vision.joining.matching import Link, link
from vision.joining.tables import UnreadableTable, read_visits, write_links
from vision.till_file import read_sales


class Command(BaseCommand):
    help = "Find the visit of each sale in two files, and how far the till's clock is from the camera's."
    requires_system_checks = ()  # they would open a database, which two files do without

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--visits",
            type=Path,
            required=True,
            metavar="visit_log.csv",
            help="as process_video --out wrote it",
        )
        parser.add_argument(
            "--sales", type=Path, required=True, metavar="sales.csv", help="the shop's transactions file"
        )
        parser.add_argument(
            "--out",
            type=Path,
            required=True,
            metavar="links.csv",
            help="transaction_id, visit_id, confidence, decision (linked, review or none)",
        )

    def handle(self, *args: Any, visits: Path, sales: Path, out: Path, **options: Any) -> None:
        zone = ZoneInfo(settings.TIME_ZONE)
        try:
            stays, sold = read_visits(visits, zone), read_sales(sales, zone)
        except UnreadableTable as error:
            raise CommandError(str(error)) from error
        clock = estimate(sold, stays)
        self._tell_clock(clock)
        links = link(sold, stays, to_apply(clock))
        try:
            write_links(out, links)
        except OSError as error:
            raise CommandError(f"{out} can't be written: {error.strerror}.") from error
        self._tell_links(links, out)

    def _tell_clock(self, clock: Clock | None) -> None:
        if clock is None:
            self.stdout.write("Clock: too few sales or visits to compare; the times are taken as they are.")
            return
        self.stdout.write(f"offset: {clock.offset_s:+.1f} s (till ahead of the camera)")
        self.stdout.write(f"drift: {clock.drift:+.2f} s a day")
        verdict = (
            "sure: applied" if clock.is_sure else "not sure: not applied, the times are taken as they are"
        )
        self.stdout.write(
            f"confidence: z {clock.z:.1f}, peak {clock.peak_ratio:.2f} times the next; {verdict}"
        )

    def _tell_links(self, links: Sequence[Link], out: Path) -> None:
        decisions, reasons = (Counter(getattr(one, name) for one in links) for name in ("decision", "reason"))
        why = ", ".join(f"{reason} {count}" for reason, count in sorted(reasons.items()) if reason)
        self.stdout.write(
            f"{len(links)} sales: {decisions['linked']} linked, {decisions['review']} to review, "
            f"{decisions['none']} left alone{f' ({why})' if why else ''}. Written to {out}."
        )
