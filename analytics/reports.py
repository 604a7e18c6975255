"""The report of a day, a week or a month, by the functions of the dashboard: to look at, to print, and for mail.

What goes by mail names no customer: a mailbox is outside of the shop, and nobody can erase what lies in it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from types import ModuleType
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from analytics import grains, pictures, queries, workbooks
from analytics.charts import described
from analytics.figures import Figure, address, on_dashboard
from analytics.glance import Glance, days_wanted, glance, signs
from analytics.models import ReportSchedule
from analytics.tiles import Tile
from sales.statement_pdf import engine
from watershop.dates import Period
from watershop.models import Attachment, Message, Shop
from watershop.templatetags.dates import shop_day

TOPIC = "report"
NAMES_CUSTOMERS = frozenset({"customers"})
"""Charts (keys) that stay in the shop."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
STYLE = settings.BASE_DIR / "watershop" / "static" / "css" / "report_pdf.css"


@dataclass(frozen=True)
class Report:
    """How a period went: the sentence and the tiles of the dashboard, the charts of what happened at all."""

    shop: Shop
    period: Period
    glance: Glance
    figures: Sequence[Figure]

    @property
    def title(self) -> str:
        """Which days it is about."""
        first, last = shop_day(self.period.first), shop_day(self.period.last)
        return first if first == last else f"{first} – {last}"


def report(shop: Shop, period: Period) -> Report:
    """The report, by the functions of the dashboard, in the language of the moment."""
    now, grain = timezone.now(), grains.natural(period)
    rows = queries.totals(shop, days_wanted(period, grain))
    seen = glance(shop, period, rows, signs(shop, period, now), now)
    drawn = on_dashboard(shop, period, grain, seen.numbers, rows)
    return Report(shop, period, seen, [figure for figure in drawn if not figure.chart.is_empty])


def mail_of(schedule: ReportSchedule, period: Period) -> tuple[Message, list[Attachment]]:
    """The report of a schedule with its files, not stored yet: text, page with pictures, workbook, PDF."""
    shop = schedule.shop
    with translation.override(schedule.language):
        told = report(shop, period)
        shown = [row for row in told.figures if row.chart.key not in NAMES_CUSTOMERS]
        drawn = {f"{row.chart.key}@watershop": pictures.png(row.chart, compact=True) for row in shown}
        page = _page(told, [(cid, described(row.chart)) for cid, row in zip(drawn, shown, strict=True)])
        message = Message(
            shop=shop,
            topic=TOPIC,
            about_id=schedule.pk,
            channel=Message.Channel.EMAIL,
            language=schedule.language,
            to=schedule.to,
            subject=_("%(shop)s, report: %(days)s") % {"shop": shop.name, "days": told.title},
            text=_text(told),
            html=page,
            by=schedule.by,
        )
    files = [_picture(message, cid, data) for cid, data in drawn.items()]
    return message, files + list(_files(schedule, period, message, drawn))


def _page(told: Report, charts: Sequence[tuple[str, str]]) -> str:
    """The report as a document for mail programs; each chart is the picture of a Content-ID, and said in words."""
    context = {"report": told, "charts": charts, "link": link_to(told), "language": get_language()}
    return render_to_string("analytics/report_mail.html", context)


def _text(told: Report) -> str:
    """The same without pictures."""
    rows = "\n".join(_line(tile) for tile in told.glance.tiles)
    head = f"{told.shop.name}\n{told.title}"
    parts = [head, told.glance.headline.text, rows, told.glance.against, link_to(told)]
    return "\n\n".join(part for part in parts if part)


def _line(tile: Tile) -> str:
    """Sold: ₹260, ▲ 12 % (6 sales · 13 cans)."""
    change = f", {tile.change.arrow} {tile.change.text}" if tile.change else ""
    return f"{tile.label}: {tile.value}{change} ({' · '.join(tile.notes)})"


def link_to(told: Report) -> str:
    """Where the report can be looked at; empty where nobody said under which address the shop is found."""
    path = address("report", told.shop.slug, period=told.period)
    return f"{settings.SITE_ADDRESS}{path}" if settings.SITE_ADDRESS else ""


def _picture(message: Message, cid: str, data: bytes) -> Attachment:
    kind = {"content_type": "image/png", "content_id": cid}
    return Attachment(
        shop=message.shop, message=message, name=f"{cid.partition('@')[0]}.png", data=data, **kind
    )


def _files(
    schedule: ReportSchedule, period: Period, message: Message, drawn: dict[str, bytes]
) -> Iterator[Attachment]:
    name = f"{schedule.shop.slug}-{period.first}"
    name += f"-{period.last}" if period.last != period.first else ""
    if schedule.has_workbook:
        file = BytesIO()
        workbooks.activity_report(schedule.shop, period, file, has_names=False)
        yield Attachment(
            shop=message.shop,
            message=message,
            name=f"{name}.xlsx",
            content_type=XLSX,
            data=file.getvalue(),
        )
    if schedule.has_pdf and (weasyprint := engine()):
        data = pdf_of(message.html, drawn, weasyprint)
        kind = {"name": f"{name}.pdf", "content_type": "application/pdf"}
        yield Attachment(shop=message.shop, message=message, data=data, **kind)


def pdf_of(page: str, drawn: dict[str, bytes], weasyprint: ModuleType) -> bytes:
    """The page on A4. Its pictures are those given; nothing else is fetched, from nowhere."""

    def fetch(url: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        scheme, _colon, cid = url.partition(":")
        if scheme != "cid" or cid not in drawn:
            raise ValueError(f"A report fetches nothing, not even {url}.")
        return {"string": drawn[cid], "mime_type": "image/png"}

    pdf: bytes = weasyprint.HTML(string=page, url_fetcher=fetch).write_pdf(stylesheets=[str(STYLE)])
    return pdf
