"""A report to look at and to print, and the page of those that go out by themselves."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from analytics import reports, rollup, schedules
from analytics.models import ReportSchedule
from analytics.periods import choose
from analytics.report_forms import ScheduleForm
from watershop.audit import Actor
from watershop.dates import yesterday
from watershop.models import Right, Role
from watershop.roles import ShopRequest, shop_page


@shop_page(right=Right.SEE_TOTALS)
def report(request: ShopRequest) -> HttpResponse:
    """The report of any days, of yesterday unless the address says otherwise."""
    shop = request.shop
    chosen = choose(request, yesterday(shop))
    with rollup.look(shop) as look:
        told = reports.report(shop, chosen.period)
    context = {"chosen": chosen, "report": told, "waiting": look.waiting}
    return render(request, "analytics/report.html", context, status=chosen.status)


@shop_page(role=Role.MANAGER, right=Right.SEE_TOTALS)
def report_schedules(request: ShopRequest) -> HttpResponse:
    """Every report that goes out by itself."""
    rows = ReportSchedule.objects.filter(shop=request.shop).order_by("-is_active", "id")
    context = {"schedules": rows, "has_email": settings.HAS_EMAIL}
    return render(request, "analytics/report_schedules.html", context)


@shop_page(role=Role.MANAGER, right=Right.SEE_TOTALS)
def report_schedule_add(request: ShopRequest) -> HttpResponse:
    """A new one; by default each day, to the shop's own address in its language."""
    shop = request.shop
    row = ReportSchedule(shop=shop, rhythm=ReportSchedule.Rhythm.DAILY, to=shop.email, language=shop.language)
    form = ScheduleForm(request.POST or None, instance=row, rights=request.rights)
    if form.is_valid():
        try:
            schedules.add(shop, form.cleaned_data, Actor.of(request))
        except ValidationError as refusal:
            form.add_error(None, ValidationError(refusal.messages))
        else:
            return redirect("report_schedules", shop.slug)
    return render(
        request, "analytics/report_schedule.html", {"form": form}, status=422 if form.is_bound else 200
    )


@shop_page(role=Role.MANAGER, right=Right.SEE_TOTALS)
def report_schedule(request: ShopRequest, pk: int) -> HttpResponse:
    """Change one, or pause it, resume it, remove it, or have one sent now (`do`)."""
    row = get_object_or_404(ReportSchedule.objects.select_related("shop"), shop=request.shop, pk=pk)
    actor, wish = Actor.of(request), request.POST.get("do")
    if wish:
        _deed(request, row, wish, actor)
        return redirect("report_schedules", request.shop.slug)
    form = ScheduleForm(request.POST or None, instance=row, rights=request.rights)
    if form.is_valid():
        try:
            schedules.change(row, form.cleaned_data, actor)
        except ValidationError as refusal:
            form.add_error(None, ValidationError(refusal.messages))
        else:
            messages.success(request, _("Saved."))
            return redirect("report_schedules", request.shop.slug)
    context = {"form": form, "schedule": ReportSchedule.objects.get(pk=pk)}
    return render(request, "analytics/report_schedule.html", context, status=422 if form.is_bound else 200)


def _deed(request: ShopRequest, row: ReportSchedule, wish: str, actor: Actor) -> None:
    match wish:
        case "pause" | "resume":
            schedules.change(row, {"is_active": wish == "resume"}, actor)
        case "send":
            schedules.ask(row, actor)
            messages.success(request, _("It is being made, and goes out by itself."))
        case "remove":
            schedules.remove(row, actor)
            messages.success(request, _("Removed."))
        case _:
            messages.error(request, _("This form is damaged. Open the page again."))
