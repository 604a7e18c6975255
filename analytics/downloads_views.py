"""The page of all files to take away, one file, and all of them in a ZIP."""

from itertools import groupby
from typing import IO

from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from analytics import exporting
from analytics.classic_charts import CHARTS
from analytics.exporting import FILES, Group, ReportFile
from analytics.periods import Chosen, choose, query_of
from analytics.rollup import look
from watershop.audit import Actor
from watershop.dates import last_days
from watershop.models import Right, Role
from watershop.roles import ShopRequest, require, shop_page


def _days(request: ShopRequest) -> Chosen:
    return choose(request, last_days(request.shop, 30))


def _mine(request: ShopRequest) -> list[ReportFile]:
    """The files that this reader may have."""
    return [report for report in FILES.values() if report.rights <= request.rights]


@shop_page(right=Right.EXPORT)
def downloads(request: ShopRequest) -> HttpResponse:
    """Every file of the numbers, by what it is about; the charts as they look."""
    chosen, mine = _days(request), _mine(request)
    groups = groupby(mine, key=lambda report: report.group)
    with look(request.shop) as seen:
        charts = [
            (draw(request.shop, chosen.period), (("SVG", f"{name}.svg"), ("PNG", f"{name}.png")))
            for name, draw in CHARTS.items()
            if FILES[f"{name}.svg"] in mine
        ]
    context = {
        "chosen": chosen,
        "waiting": seen.waiting,
        "query": query_of(chosen.period),
        "groups": [(group, list(reports)) for group, reports in groups if group != Group.CHARTS],
        "charts": charts,
    }
    return render(request, "analytics/downloads.html", context, status=chosen.status)


@shop_page(right=Right.EXPORT)
def download(request: ShopRequest, name: str) -> HttpResponse | FileResponse:
    """One file of the chosen days."""
    if (report := FILES.get(name)) is None:
        raise Http404(_("There is no such file."))
    for right in report.rights:
        require(request.membership, request.rights, role=Role.STAFF, right=right)
    if (chosen := _days(request)).error:
        return _refused(chosen)
    file = exporting.download(report, request.shop, chosen.period, Actor.of(request))
    return _sent(file, f"{chosen.period.first}-{chosen.period.last}-{name}")


@shop_page(right=Right.EXPORT)
def download_all(request: ShopRequest) -> HttpResponse | FileResponse:
    """All files that the reader may have, of the chosen days."""
    if (chosen := _days(request)).error:
        return _refused(chosen)
    shop, period = request.shop, chosen.period
    file = exporting.download_all(_mine(request), shop, period, Actor.of(request))
    return _sent(file, f"{shop.slug}-{period.first}-{period.last}.zip")


def _refused(chosen: Chosen) -> HttpResponse:
    return HttpResponse(chosen.error, status=422, content_type="text/plain; charset=utf-8")


def _sent(file: IO[bytes], name: str) -> FileResponse:
    """Sent piece by piece, under a name that says which days it holds."""
    answer = FileResponse(file, as_attachment=True, filename=name)
    answer["Cache-Control"] = "no-store"
    return answer
