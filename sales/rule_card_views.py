"""The manager's page of rules that were broken while the server was gone."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from sales.models import RuleCard
from sales.rule_cards import decide, told
from watershop.audit import Actor
from watershop.models import Role
from watershop.roles import ShopRequest, shop_page

PAGE_SIZE = 20


@shop_page(role=Role.MANAGER)
def rule_cards(request: ShopRequest) -> HttpResponse:
    """What happened against a rule and waits for a decision, the oldest first; `?all=1`: all, the newest first."""
    is_all = "all" in request.GET
    rows = RuleCard.objects.of(request.shop).with_all_shown()
    rows = rows.order_by("-id") if is_all else rows.open().order_by("id")
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    told(request.shop, list(page.object_list))
    return render(request, "sales/rule_cards.html", {"page": page, "is_all": is_all})


@shop_page(role=Role.MANAGER, posted_from="rule_cards")
def rule_card_decide(request: ShopRequest, pk: int) -> HttpResponse:
    """The manager has seen it; `note` says what was done about it."""
    card = get_object_or_404(RuleCard.objects.of(request.shop).select_related("shop"), pk=pk)
    try:
        decide(card, note=request.POST.get("note", ""), actor=Actor.of(request))
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, _("Saved."))
    return redirect("rule_cards", request.shop.slug)
