"""The page of opening and closing times, and its file."""

from django.http import HttpResponse
from django.shortcuts import render

from analytics import hours_figures, opening_times
from analytics.figures import address
from analytics.opening_times import TOLERANCE_MIN
from analytics.periods import choose
from analytics.rollup import look
from watershop.dates import last_days
from watershop.models import Right, Role
from watershop.roles import ShopRequest, require, shop_page

USUAL_DAYS = 30


@shop_page(right=Right.SEE_TOTALS)
def opening_times_page(request: ShopRequest) -> HttpResponse:
    """When the shop opened and closed, day by day, by three clocks, beside its posted hours."""
    shop, asked = request.shop, choose(request, last_days(request.shop, USUAL_DAYS))
    with look(shop) as seen:
        days = opening_times.opening_times(shop, asked.period)
    context = {
        "chosen": asked,
        "waiting": seen.waiting,
        "sentence": opening_times.in_words(days),
        "figure": hours_figures.open_from_to(days, shop),
        "days": days[::-1],
        "tolerance": TOLERANCE_MIN,
        "csv": address("opening_times_csv", shop.slug, period=asked.period),
    }
    return render(request, "analytics/opening_times.html", context, status=asked.status)


@shop_page(right=Right.SEE_TOTALS)
def opening_times_csv(request: ShopRequest) -> HttpResponse:
    """The same days as a file for a spreadsheet."""
    require(request.membership, request.rights, role=Role.STAFF, right=Right.EXPORT)
    asked = choose(request, last_days(request.shop, USUAL_DAYS))
    if asked.error:
        return HttpResponse(asked.error, status=422, content_type="text/plain; charset=utf-8")
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="opening-times-{asked.period.first}.csv"'
    answer.write("\ufeff")  # or Excel takes it for an older encoding
    days = opening_times.opening_times(request.shop, asked.period)
    opening_times.write_csv(days, request.shop, answer)
    return answer
