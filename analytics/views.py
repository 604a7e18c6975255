"""The dashboard, and a page for each chart."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics import queries
from analytics.figures import FIGURES, Figure, address, on_dashboard, title_of
from analytics.headline import headline
from watershop.dates import Period, last_days, period_from, this_month, today
from watershop.models import Right, Shop
from watershop.roles import ShopRequest, shop_page


@dataclass(frozen=True)
class Choice:
    """A period that one press chooses."""

    label: str
    url: str
    is_current: bool


@dataclass(frozen=True)
class Chosen:
    """The period that a page shows, and what was wrong with the one asked for."""

    period: Period
    error: str

    @property
    def status(self) -> int:
        return 400 if self.error else 200


def _chosen(request: ShopRequest, default: Period) -> Chosen:
    asked = request.GET.get("from"), request.GET.get("to")
    try:
        return Chosen(period_from(request.shop, *asked, default=default), "")
    except ValueError as error:
        return Chosen(default, str(error))


def _choices(shop: Shop, period: Period, path: str) -> list[Choice]:
    presets = (
        (_("Today"), today(shop)),
        (_("7 days"), last_days(shop, 7)),
        (_("30 days"), last_days(shop, 30)),
        (_("This month"), this_month(shop)),
    )
    return [
        Choice(label, f"{path}?from={preset.first}&to={preset.last}", preset == period)
        for label, preset in presets
    ]


@shop_page(right=Right.SEE_TOTALS)
def dashboard(request: ShopRequest) -> HttpResponse:
    """How the shop stands: one sentence, the numbers, the charts."""
    shop, chosen = request.shop, _chosen(request, today(request.shop))
    period = chosen.period
    numbers = queries.summary(shop, period)
    figures = on_dashboard(shop, period, numbers)
    context = {
        "chosen": chosen,
        "choices": _choices(shop, period, request.path),
        "headline": headline(shop, period, numbers.sold, timezone.now()),
        "numbers": numbers,
        "rows": _rows(shop, period),
        "figures": [_shown(figure, request) for figure in figures if not figure.chart.is_empty],
        "more": _others(shop, period, figures),
    }
    return render(request, "analytics/dashboard.html", context, status=chosen.status)


def _rows(shop: Shop, period: Period) -> dict[str, str]:
    """Where the rows behind each number are."""
    return {
        "sales": address("sales", shop.slug, period=period),
        "unpaid": address("sales", shop.slug, period=period, unpaid="1"),
        "takings": address("chart", shop.slug, "takings", period=period),
        "visits": address("visits", shop.slug, period=period),
        "cans": reverse("customers", args=[shop.slug]),
    }


def _shown(figure: Figure, request: ShopRequest) -> dict[str, object]:
    """A figure as the templates take it."""
    return {
        "chart": figure.chart,
        "url": address("chart", request.shop.slug, figure.chart.key, period=figure.period),
        "links": figure.links_seen_with(request.rights),
    }


def _others(shop: Shop, period: Period, figures: Sequence[Figure]) -> list[dict[str, str]]:
    """Titles and pages of the charts that the dashboard has no room for."""
    here = {figure.chart.key for figure in figures}
    return [
        {"title": title_of(name), "url": address("chart", shop.slug, name, period=period)}
        for name in FIGURES
        if name not in here
    ]


@shop_page(right=Right.SEE_TOTALS)
def chart(request: ShopRequest, name: str) -> HttpResponse:
    """One chart, large, with its table open."""
    if name not in FIGURES:
        raise Http404(_("There is no such chart."))
    shop, chosen = request.shop, _chosen(request, last_days(request.shop, 30))
    figure = FIGURES[name](shop, chosen.period)
    context = {
        "chosen": chosen,
        "choices": _choices(shop, chosen.period, request.path),
        "figure": _shown(figure, request),
        "back": address("dashboard", shop.slug, period=chosen.period),
    }
    return render(request, "analytics/chart.html", context, status=chosen.status)
