"""Every file that the shop can take away: what it is called, who may have it, and how it comes about.

A file is written whole or not at all: aside first, then given its name.
"""

import os
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import IO, Any

from django.db import models
from django.db.models import Min
from django.utils.translation import gettext_lazy as _

from analytics import pictures, workbooks
from analytics.classic import TABLES
from analytics.classic_charts import CHARTS
from sales.models import Payment, Sale
from vision.models import Visit
from watershop import audit
from watershop.audit import Actor
from watershop.dates import Period, day_of, today
from watershop.models import Right, Shop

Write = Callable[[Shop, Period, IO[bytes]], None]


class Group(models.TextChoices):
    """What the files are about."""

    SALES = "sales", _("Sales and money")
    CUSTOMERS = "customers", _("Customers")
    VISITS = "visits", _("Visits")
    WORKBOOKS = "workbooks", _("Workbooks")
    CHARTS = "charts", _("Charts")


@dataclass(frozen=True)
class ReportFile:
    """One file. `rights` beside that to download at all."""

    name: str
    title: Any
    group: Group
    write: Write
    rights: frozenset[Right] = frozenset({Right.SEE_TOTALS})


FACES = frozenset({Right.SEE_TOTALS, Right.SEE_FACES})
TITLES: dict[Group, dict[str, Any]] = {
    Group.SALES: {
        "transactions": _("All sales"),
        "unpaid": _("Unpaid sales"),
        "paid_unpaid": _("Paid and unpaid"),
        "payment_summary": _("How buyers pay"),
        "takings_by_tender": _("Money received"),
        "daily_revenue": _("Revenue by day"),
        "monthly_revenue": _("Revenue by month"),
        "cans_per_day": _("Cans by day"),
        "traffic_per_hour": _("Sales by hour"),
        "first_last_customers": _("First and last sale of each day"),
    },
    Group.CUSTOMERS: {
        "total_spent": _("Spent by customer"),
        "cans_per_customer": _("Cans by customer"),
        "repeat_defaulters": _("More than one unpaid sale"),
        "customer_visit_counts": _("Visits by customer"),
        "visit_counts": _("Visits by customer, as in the first files"),
        "repeat_visitors": _("Came more than once"),
        "repeat_visits": _("Repeat visits"),
        "new_customers": _("Customers who came on one day"),
        "returning_customers": _("Customers who came on several days"),
        "unique_customers": _("Everybody who came"),
    },
    Group.VISITS: {
        "daily_visits": _("Visits by day"),
        "monthly_visits": _("Visits by month"),
        "quarterly_visits": _("Visits by quarter"),
        "visits_per_hour": _("Visits by hour"),
        "visit_log": _("All visits"),
        "recognition_results": _("All recognitions"),
    },
}
CHART_TITLES: dict[str, Any] = {
    "line_daily_visits": _("Visits by day"),
    "bar_visits_per_hour": _("Visits by hour"),
    "bar_top_customers": _("Who came most often"),
    "pie_new_vs_returning": _("Customers who came once, or again"),
    "pie_payment_modes": _("How buyers pay"),
    "total_spend_per_customer": _("Spent by customer"),
    "line_cans_per_day": _("Cans by day"),
}
RIGHTS = {
    "transactions": frozenset[Right](),
    "unpaid": frozenset[Right](),
    "unique_customers": FACES,
    "visit_log": FACES,
    "recognition_results": FACES,
}


def _write_table(name: str, shop: Shop, period: Period, file: IO[bytes]) -> None:
    TABLES[name](shop, period).write_csv(file)


def _write_svg(name: str, shop: Shop, period: Period, file: IO[bytes]) -> None:
    file.write(pictures.svg_file(CHARTS[name](shop, period)).encode())


def _write_png(name: str, shop: Shop, period: Period, file: IO[bytes]) -> None:
    file.write(pictures.png(CHARTS[name](shop, period)))


def _files() -> Iterator[ReportFile]:
    for group, titles in TITLES.items():
        for name, title in titles.items():
            rights = RIGHTS.get(name, ReportFile.rights)
            yield ReportFile(f"{name}.csv", title, group, partial(_write_table, name), rights)
    yield ReportFile(
        "analytics_report.xlsx", _("Spending, cans, tenders"), Group.WORKBOOKS, workbooks.activity_report
    )
    yield ReportFile(
        "shop_activity_insights.xlsx", _("Days and hours"), Group.WORKBOOKS, workbooks.activity_insights
    )
    for name, title in CHART_TITLES.items():
        yield ReportFile(f"{name}.svg", title, Group.CHARTS, partial(_write_svg, name))
        yield ReportFile(f"{name}.png", title, Group.CHARTS, partial(_write_png, name))


FILES = {file.name: file for file in _files()}


def all_days(shop: Shop) -> Period:
    """From the first day on which anything was sold, paid or seen until today."""
    firsts = (
        Sale.objects.of(shop).aggregate(at=Min("sold_at")),
        Payment.objects.filter(shop=shop).aggregate(at=Min("received_at")),
        Visit.objects.of(shop).aggregate(at=Min("entry_at")),
    )
    now = today(shop)
    days = [day_of(shop, first["at"]) for first in firsts if first["at"]]
    return Period(min([*days, now.last]), now.last, now.zone)


def export_to(folder: Path, shop: Shop, period: Period, actor: Actor) -> Iterator[Path]:
    """Write every file into a folder, and name each as it is there. Raises OSError where nothing can be written."""
    folder.mkdir(parents=True, exist_ok=True)
    _note(shop, period, actor, FILES)
    for report in FILES.values():
        yield _write_whole(folder / report.name, partial(report.write, shop, period))


def _write_whole(path: Path, write: Callable[[IO[bytes]], None]) -> Path:
    """Write a file beside its place and move it there once it is whole, over one of an earlier time."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("wb") as file:
            write(file)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    return path


def download(report: ReportFile, shop: Shop, period: Period, actor: Actor) -> IO[bytes]:
    """The file, ready to be read from its start; it is on the disk, and gone once it is closed."""
    _note(shop, period, actor, [report.name])
    file = tempfile.TemporaryFile()  # noqa: SIM115 whoever sends it closes it
    if report.name.endswith(".csv"):
        file.write(b"\xef\xbb\xbf")  # or Excel takes it for an older encoding
    report.write(shop, period, file)
    file.seek(0)
    return file


def download_all(reports: Iterable[ReportFile], shop: Shop, period: Period, actor: Actor) -> IO[bytes]:
    """These files in one ZIP, ready to be read as above."""
    reports = list(reports)
    _note(shop, period, actor, [report.name for report in reports])
    file = tempfile.TemporaryFile()  # noqa: SIM115 whoever sends it closes it
    with zipfile.ZipFile(file, "w") as folder:
        for report in reports:
            entry = zipfile.ZipInfo(report.name, time.localtime()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            with folder.open(entry, "w", force_zip64=True) as inside:
                report.write(shop, period, inside)
    file.seek(0)
    return file


def _note(shop: Shop, period: Period, actor: Actor, names: Iterable[str]) -> None:
    """Write down who took which files of which days."""
    days: dict[str, date] = {"from": period.first, "to": period.last}
    after = {name: day.isoformat() for name, day in days.items()} | {"files": sorted(names)}
    audit.record(shop, actor, "export_files", shop, after=after)
