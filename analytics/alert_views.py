"""The page of alerts: what was told, seen or not, and the rules behind it."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from analytics import alert_words, alerts
from analytics.alert_forms import NewRuleForm, RuleForm
from analytics.models import Alert, AlertRule
from watershop import jobs
from watershop.audit import Actor
from watershop.models import Right, Role
from watershop.roles import ShopRequest, shop_page

PAGE_SIZE = 50


@shop_page(role=Role.MANAGER, right=Right.SEE_TOTALS)
def alerts_page(request: ShopRequest) -> HttpResponse:
    """What was told, the newest first, and the rules. A standstill of the checks themselves is told here alone."""
    shop = request.shop
    rows = Alert.objects.filter(shop=shop).select_related("rule", "seen_by")
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "alerts": alert_words.for_page(shop, list(page), request.rights),
        "unseen": alerts.unseen(shop),
        "rules": alert_words.rules(AlertRule.objects.filter(shop=shop)),
        "is_frozen": jobs.is_frozen("default"),
        "has_email": settings.HAS_EMAIL,
    }
    return render(request, "analytics/alerts.html", context)


@shop_page(role=Role.MANAGER, right=Right.SEE_TOTALS, posted_from="alerts")
def alerts_seen(request: ShopRequest) -> HttpResponse:
    """One alert was seen (`alert`), or all of them."""
    one = request.POST.get("alert", "")
    alerts.see(request.shop, [int(one)] if one.isdecimal() else None, Actor.of(request))
    return redirect("alerts", request.shop.slug)


@shop_page(role=Role.MANAGER, right=Right.SEE_TOTALS)
def alert_rule_add(request: ShopRequest) -> HttpResponse:
    """A new rule; by default it writes to the shop's own address in its language."""
    shop = request.shop
    form = NewRuleForm(
        request.POST or None, instance=AlertRule(shop=shop, to=shop.email, language=shop.language)
    )
    if form.is_valid():
        try:
            alerts.add(shop, form.cleaned_data, Actor.of(request))
        except ValidationError as refusal:
            form.add_error(None, ValidationError(refusal.messages))
        else:
            return redirect("alerts", shop.slug)
    return render(request, "analytics/alert_rule.html", {"form": form}, status=422 if form.is_bound else 200)


@shop_page(role=Role.MANAGER, right=Right.SEE_TOTALS)
def alert_rule(request: ShopRequest, pk: int) -> HttpResponse:
    """Change a rule, or pause it, resume it or remove it (`do`)."""
    row = get_object_or_404(AlertRule.objects.select_related("shop"), shop=request.shop, pk=pk)
    actor, wish = Actor.of(request), request.POST.get("do")
    if wish:
        _deed(request, row, wish, actor)
        return redirect("alerts", request.shop.slug)
    form = RuleForm(request.POST or None, instance=row)
    if form.is_valid():
        try:
            alerts.change(row, form.cleaned_data, actor)
        except ValidationError as refusal:
            form.add_error(None, ValidationError(refusal.messages))
        else:
            messages.success(request, _("Saved."))
            return redirect("alerts", request.shop.slug)
    (shown,) = alert_words.rules([AlertRule.objects.get(pk=pk)])
    context = {"form": form, "shown": shown}
    return render(request, "analytics/alert_rule.html", context, status=422 if form.is_bound else 200)


def _deed(request: ShopRequest, row: AlertRule, wish: str, actor: Actor) -> None:
    match wish:
        case "pause" | "resume":
            alerts.change(row, {"is_active": wish == "resume"}, actor)
        case "remove":
            alerts.remove(row, actor)
            messages.success(request, _("Removed."))
        case _:
            messages.error(request, _("This form is damaged. Open the page again."))
