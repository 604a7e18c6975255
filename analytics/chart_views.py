"""A chart as a file: its numbers for a spreadsheet, its picture for a letter or a wall."""

from collections.abc import Callable
from io import StringIO

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _

from analytics.charts import Chart, write_csv
from analytics.figures import FIGURES, figure
from analytics.grains import grain_of, natural
from analytics.periods import choose
from analytics.pictures import png, svg_file
from watershop.dates import last_days
from watershop.models import Right, Role
from watershop.roles import ShopRequest, require, shop_page


def _csv(chart: Chart) -> str:
    file = StringIO()
    file.write("\ufeff")  # or Excel takes it for an older encoding
    write_csv(chart, file)
    return file.getvalue()


FILES: dict[str, tuple[str, Callable[[Chart], str | bytes]]] = {
    "csv": ("text/csv; charset=utf-8", _csv),
    "svg": ("image/svg+xml", svg_file),
    "png": ("image/png", lambda chart: png(chart, width=1440)),
}
"""What a chart can be had as: its type, and what makes it."""


@shop_page(right=Right.SEE_TOTALS)
def chart_file(request: ShopRequest, name: str, kind: str) -> HttpResponse:
    """A chart of the days in the address, as one of FILES: the map of the site says which."""
    require(request.membership, request.rights, role=Role.STAFF, right=Right.EXPORT)
    if name not in FIGURES:
        raise Http404(_("There is no such chart."))
    chosen = choose(request, last_days(request.shop, 30))
    if chosen.error:
        return HttpResponse(chosen.error, status=422, content_type="text/plain; charset=utf-8")
    content_type, made = FILES[kind]
    period = chosen.period
    grain = grain_of(request.GET.get("grain"), natural(period))
    drawn = figure(name, request.shop, period, grain).chart
    answer = HttpResponse(made(drawn), content_type=content_type)
    days = f"{period.first}" if period.first == period.last else f"{period.first}-{period.last}"
    answer["Content-Disposition"] = f'attachment; filename="{name}-{days}.{kind}"'
    return answer
