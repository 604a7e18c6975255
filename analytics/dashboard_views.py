"""The dashboard: one sentence, the tiles, the charts; and the first two again while somebody looks."""

from collections.abc import Sequence
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from analytics import grains, queries, rollup
from analytics.comparing import needed
from analytics.figures import FIGURES, Figure, address, on_dashboard, rows_behind, shown, title_of
from analytics.glance import Glance, days_wanted, glance, mark, signs
from analytics.grains import choices_of_grain
from analytics.periods import choose
from vision.models import Card
from watershop.dates import Period, today
from watershop.models import Right, Role, Shop
from watershop.roles import ShopRequest, has_role, shop_page

NOTHING_NEW = 204


@shop_page(right=Right.SEE_TOTALS)
def dashboard(request: ShopRequest) -> HttpResponse:
    """How the shop stands in the days of the address, today unless it says otherwise; `grain` is that of its charts."""
    shop, now = request.shop, timezone.now()
    chosen = choose(request, today(shop), keeps=("grain",))
    period = chosen.period
    grain = grains.grain_of(request.GET.get("grain"), grains.natural(period))
    with rollup.look(shop) as look:
        rows = queries.totals(shop, days_wanted(period, grain))
        said = signs(shop, period, now)
        seen = glance(shop, period, rows, said, now)
        drawn = on_dashboard(shop, period, grain, seen.numbers, rows)
        figures = [figure for figure in drawn if not figure.chart.is_empty]
        context = _now(request, period, seen, mark(rows, period, said, look.waiting, now), now) | {
            "chosen": chosen,
            "waiting": look.waiting,
            "grains": choices_of_grain(request, period, grain),
            "rows": rows_behind(shop, period),
            "figures": [shown(figure, shop, request.rights) for figure in figures],
            "more": _others(shop, period, figures),
            "remembered_days": said.remembered_days,
            "cameras": said.cameras,
            "off_cameras": [camera for camera in said.cameras if camera.is_on and not camera.recognises],
        }
        return render(request, "analytics/dashboard.html", context, status=chosen.status)


@shop_page(right=Right.SEE_TOTALS)
def dashboard_now(request: ShopRequest) -> HttpResponse:
    """The sentence and the tiles of these days; empty while they are what `seen` says the reader has before them."""
    shop, now = request.shop, timezone.now()
    period = choose(request, today(shop)).period
    with rollup.look(shop) as look:
        said = signs(shop, period, now)
        if request.GET.get("seen") == mark(queries.totals(shop, period), period, said, look.waiting, now):
            return HttpResponse(status=NOTHING_NEW)
        rows = queries.totals(shop, needed(period))
        seen = glance(shop, period, rows, said, now)
        context = _now(request, period, seen, mark(rows, period, said, look.waiting, now), now)
        context["waiting"] = look.waiting
        return render(request, "analytics/_glance.html", context)


def _now(request: ShopRequest, period: Period, seen: Glance, mark: str, now: datetime) -> dict[str, object]:
    """What `_glance.html` reads. Days that are over are not asked for again."""
    shop, pages = request.shop, _pages(request, period)
    is_live = period.start <= now < period.end
    return {
        "glance": seen,
        "clauses": [(clause, pages.get(clause.about)) for clause in seen.headline.clauses],
        "tiles": [(tile, pages.get(tile.name)) for tile in seen.tiles],
        "now_url": address("dashboard_now", shop.slug, period=period) if is_live else "",
        "seen": mark,
    }


def _pages(request: ShopRequest, period: Period) -> dict[str, str]:
    """Where the rows behind each number are, as far as this reader may see them."""
    shop, pages = request.shop, rows_behind(request.shop, period)
    if Right.SEE_FACES not in request.rights:
        return pages | {"visits": pages["visitors"]}
    if has_role(request.membership, Role.MANAGER):
        pages["debtors"] = reverse("queue", args=[shop.slug, Card.Kind.DEBTOR])
        pages["cameras"] = reverse("cameras", args=[shop.slug])
    return pages


def _others(shop: Shop, period: Period, figures: Sequence[Figure]) -> list[dict[str, str]]:
    """Titles and pages of the charts that do not stand on the dashboard."""
    here = {figure.chart.key for figure in figures}
    return [
        {"title": title_of(name), "url": address("chart", shop.slug, name, period=period)}
        for name in FIGURES
        if name not in here
    ]
