"""The page of peak hours and clerks, and its settings."""

from collections.abc import Sequence

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics import hours_figures, peaks
from analytics.models import NumbersSettings
from analytics.peak_words import peak_and_idle, worth_of_clerks
from analytics.peaks import HalfHour, Week
from analytics.periods import Choice
from analytics.rollup import look
from analytics.staffing_forms import StaffingForm
from watershop.audit import Actor
from watershop.models import Right, Role
from watershop.roles import ShopRequest, shop_page

WEEKS = (4, 8, 13, 26)
USUAL_WEEKS = 8


@shop_page(right=Right.SEE_TOTALS)
def staffing(request: ShopRequest) -> HttpResponse:
    """When people come in the usual week (`weeks`), and how many clerks one weekday (`weekday`) takes."""
    weeks = _number(request, "weeks", WEEKS, USUAL_WEEKS)
    period = peaks.last_weeks(request.shop, weeks)
    with look(request.shop) as seen:
        week = peaks.week(request.shop, period)
    shown = _number(request, "weekday", tuple(week.weekdays), _busiest_weekday(week))
    context = {
        "period": period,
        "waiting": seen.waiting,
        "week": week,
        "choices": [_choice(request, _weeks(count), count, shown, count == weeks) for count in WEEKS],
        "weekdays": [_choice(request, str(WEEKDAYS[day]), weeks, day, day == shown) for day in week.weekdays],
        "sentence": peak_and_idle(week),
        "heat": hours_figures.arrivals(week),
        "day": _day(week.weekdays[shown]) if week.weekdays else None,
    }
    return render(request, "analytics/staffing.html", context)


@shop_page(role=Role.MANAGER, right=Right.SEE_TOTALS)
def staffing_settings(request: ShopRequest) -> HttpResponse:
    """How many clerks there are, what they cost, and how long customers wait."""
    form = StaffingForm(request.POST or None, instance=NumbersSettings.of(request.shop))
    if request.method == "POST" and form.is_valid():
        try:
            peaks.change_settings(request.shop, actor=Actor.of(request), **form.cleaned_data)
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("staffing", request.shop.slug)
    status = 422 if form.is_bound else 200
    return render(request, "analytics/staffing_settings.html", {"form": form}, status=status)


def _day(row: Sequence[HalfHour]) -> dict[str, object]:
    """What the page says of one weekday; every row of it rests on the same days."""
    chart = hours_figures.clerks(row)
    return {
        "name": WEEKDAYS[row[0].weekday],
        "first": row[0],
        "rows": list(zip(chart.labels, row, strict=True)),
        "worth": worth_of_clerks(row),
        "clerks": chart,
    }


def _number(request: ShopRequest, name: str, allowed: tuple[int, ...], default: int) -> int:
    """A number of the address, if it is one of those."""
    return {str(number): number for number in allowed}.get(request.GET.get(name, ""), default)


def _busiest_weekday(week: Week) -> int:
    """Where planning begins."""
    return week.busiest.weekday if week.busiest else 0


def _choice(request: ShopRequest, label: str, weeks: int, weekday: int, is_current: bool) -> Choice:
    return Choice(label, f"{request.path}?weeks={weeks}&weekday={weekday}", is_current)


def _weeks(count: int) -> str:
    return ngettext("%(count)s week", "%(count)s weeks", count) % {"count": count}
