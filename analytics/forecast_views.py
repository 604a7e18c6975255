"""The page of the forecast: what is to be expected, what to order, and how sure that is."""

from collections.abc import Sequence
from datetime import date

from django.http import HttpResponse
from django.shortcuts import render

from analytics import outlook_charts as shown
from analytics import rollup
from analytics.outlook import outlook, profile
from analytics.refill import advice
from watershop.models import Right
from watershop.roles import ShopRequest, shop_page


@shop_page(right=Right.SEE_TOTALS)
def forecast_page(request: ShopRequest) -> HttpResponse:
    """The next two weeks; the hours are those of `day`."""
    with rollup.look(request.shop) as look:
        found, hours = outlook(request.shop), profile(request.shop)
    day = _asked(request.GET.get("day", ""), found.days)
    context = {
        "waiting": look.waiting,
        "told": shown.told(found),
        "rows": shown.table(found),
        "advice": advice(request.shop, found, hours),
        "day": day,
        "hours": shown.by_hour(found, hours, day),
    }
    return render(request, "analytics/forecast.html", context)


def _asked(text: str, days: Sequence[date]) -> date:
    """That day of the outlook, or tomorrow."""
    return next((day for day in days if day.isoformat() == text), days[1])
