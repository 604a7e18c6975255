"""A page for each chart, and the page of those who came."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from analytics import visitors
from analytics.figures import FIGURES, OVER_TIME, address, figure, rows_behind, shown, visitors_figure
from analytics.grains import choices_of_grain, grain_of, natural
from analytics.periods import choose
from analytics.rollup import look
from vision.models import Person, VisionSettings
from watershop.dates import last_days
from watershop.models import Right, Role
from watershop.roles import ShopRequest, require, shop_page

REGULARS = 48


@shop_page(right=Right.SEE_TOTALS)
def chart(request: ShopRequest, name: str) -> HttpResponse:
    """One chart, large, with its table open."""
    if name not in FIGURES:
        raise Http404(_("There is no such chart."))
    shop, chosen = request.shop, choose(request, last_days(request.shop, 30), keeps=("grain",))
    grain = grain_of(request.GET.get("grain"), natural(chosen.period))
    with look(shop) as seen:
        drawn = figure(name, shop, chosen.period, grain)
    context = {
        "chosen": chosen,
        "waiting": seen.waiting,
        "grains": choices_of_grain(request, chosen.period, grain) if name in OVER_TIME else [],
        "figure": shown(drawn, shop, request.rights),
        "back": address("dashboard", shop.slug, period=chosen.period),
    }
    return render(request, "analytics/chart.html", context, status=chosen.status)


@shop_page(right=Right.SEE_TOTALS)
def visitors_page(request: ShopRequest) -> HttpResponse:
    """Who came: new, returning or not recognised, day by day, and who came most often."""
    shop, chosen = request.shop, choose(request, last_days(request.shop, 30))
    period = chosen.period
    regulars = visitors.regulars(shop, period, REGULARS)
    with look(shop) as seen:
        days = visitors.visitors_by_day(shop, period)
        counts = {
            "waiting": seen.waiting,
            "total": visitors.visitors(shop, period),
            "repeat": visitors.repeat_visitors(shop, period),
        }
    context = counts | {
        "chosen": chosen,
        "figure": shown(visitors_figure(days, shop, period), shop, request.rights),
        "regulars": [(row, face) for row, face in zip(regulars, _faces(request, regulars), strict=True)],
        "remembered_days": VisionSettings.of(shop).unnamed_days,
        "rows": rows_behind(shop, period),
        "csv": address("visitors_csv", shop.slug, period=period),
    }
    return render(request, "analytics/visitors.html", context, status=chosen.status)


def _faces(request: ShopRequest, regulars: Sequence[visitors.Regular]) -> list[int | None]:
    """A tracklet that shows each of them, for those who may see faces."""
    if Right.SEE_FACES not in request.rights:
        return [None] * len(regulars)
    shown = Person.objects.of(request.shop).filter(
        Q(pk__in=[row.person_id for row in regulars if row.person_id])
        | Q(customer__in=[row.customer_id for row in regulars if row.customer_id])
    )
    rows: QuerySet[Any, Any] = shown.with_face()
    faces = {
        customer or -pk: face for pk, customer, face in rows.values_list("pk", "customer", "face") if face
    }
    return [faces.get(row.customer_id or -(row.person_id or 0)) for row in regulars]


@shop_page(right=Right.SEE_TOTALS)
def visitors_csv(request: ShopRequest) -> HttpResponse:
    """Everybody who came in the period, as a file for a spreadsheet."""
    require(request.membership, request.rights, role=Role.STAFF, right=Right.EXPORT)
    chosen = choose(request, last_days(request.shop, 30))
    if chosen.error:
        return HttpResponse(chosen.error, status=422, content_type="text/plain; charset=utf-8")
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="visitors-{chosen.period.first}.csv"'
    answer.write("\ufeff")  # or Excel takes it for an older encoding
    visitors.write_csv(visitors.regulars(request.shop, chosen.period), request.shop, answer)
    return answer
