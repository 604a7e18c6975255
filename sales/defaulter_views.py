"""The manager's pages of who is late: the list with its ages, credit stopped in bulk, the call list, the rule."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.models import Customer
from sales.collecting import breakers, last_promises
from sales.credit_forms import RuleForm
from sales.defaulters import ageing, block_credit, change_rule, debtors, in_words, rule_of
from sales.models import ZERO
from watershop.audit import Actor
from watershop.models import Right, Role
from watershop.roles import ShopRequest, has_role, shop_page

PAGE_SIZE = 50
SORTS = {
    "days": lambda row: -row.days,
    "balance": lambda row: -row.balance,
    "unpaid": lambda row: -row.unpaid_count,
    "name": lambda row: row.customer.name.casefold(),
}


@shop_page(role=Role.MANAGER)
def defaulters(request: ShopRequest) -> HttpResponse:
    """Who is late with paying; `?sort=` days, balance, unpaid or name; `?only=broken`: who broke a promise."""
    sort, only = request.GET.get("sort", "days"), request.GET.get("only", "")
    everybody, rule = debtors(request.shop), rule_of(request.shop)
    late = breakers(request.shop) if only == "broken" else [row for row in everybody if row.falls_under(rule)]
    late.sort(key=SORTS.get(sort, SORTS["days"]))
    may_total = Right.SEE_TOTALS in request.rights
    page = Paginator(late, PAGE_SIZE).get_page(request.GET.get("page"))
    promises = last_promises(request.shop, [row.customer for row in page])
    context = {
        "page": page,
        "rows": [(row, promises.get(row.customer.pk)) for row in page],
        "rule": in_words(rule),
        "is_owner": has_role(request.membership, Role.OWNER),
        "total": sum((row.balance for row in late), ZERO) if may_total else None,
        "ageing": ageing(everybody) if may_total and everybody else None,
        "sort": sort,
        "only": only,
    }
    return render(request, "sales/defaulters.html", context)


@shop_page(role=Role.MANAGER, posted_from="defaulters")
def defaulters_credit(request: ShopRequest) -> HttpResponse:
    """Stop credit for the ticked customers (`do=block`) or allow it again (`do=unblock`)."""
    ticked = [int(pk) for pk in request.POST.getlist("customer") if pk.isdecimal() and len(pk) < 19]
    customers = list(Customer.objects.of(request.shop).filter(pk__in=ticked))
    is_blocked = request.POST.get("do") != "unblock"
    block_credit(customers, is_blocked=is_blocked, actor=Actor.of(request))
    messages.success(request, _said(len(customers), is_blocked=is_blocked))
    return redirect("defaulters", request.shop.slug)


def _said(count: int, *, is_blocked: bool) -> str:
    if not count:
        return _("Nobody was ticked, so nothing changed.")
    if is_blocked:
        return ngettext(
            "%(n)s customer gets nothing on credit now.", "%(n)s customers get nothing on credit now.", count
        ) % {"n": count}
    return ngettext(
        "%(n)s customer may buy on credit again.", "%(n)s customers may buy on credit again.", count
    ) % {"n": count}


@shop_page(role=Role.MANAGER)
def call_list(request: ShopRequest) -> HttpResponse:
    """Everybody who is late on one sheet to print, whoever owes longest first."""
    rule = rule_of(request.shop)
    rows: list[Any] = [row for row in debtors(request.shop) if row.falls_under(rule)]
    return render(request, "sales/call_list.html", {"rows": rows, "rule": in_words(rule)})


@shop_page(role=Role.OWNER)
def defaulter_rule(request: ShopRequest) -> HttpResponse:
    """Who counts as late in this shop."""
    form = RuleForm(request.POST or None, instance=rule_of(request.shop))
    if request.method == "POST" and form.is_valid():
        try:
            change_rule(request.shop, actor=Actor.of(request), **form.cleaned_data)
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("defaulters", request.shop.slug)
    return render(request, "sales/defaulter_rule.html", {"form": form}, status=422 if form.is_bound else 200)
