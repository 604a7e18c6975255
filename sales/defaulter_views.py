"""The manager's pages of who is late: the list with its ages and steps, the call list, the rule."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from sales.collecting import breakers, last_promises
from sales.credit_forms import RuleForm
from sales.defaulters import Debtor, Step, ageing, change_rule, debtors, in_words, rule_of
from sales.models import ZERO, BulkDeed, SalesSettings
from watershop.audit import Actor
from watershop.models import Right, Role
from watershop.roles import ShopRequest, has_role, shop_page

PAGE_SIZE = 50
LAST = 3
SORTS = {
    "days": lambda row: -row.days,
    "balance": lambda row: -row.balance,
    "unpaid": lambda row: -row.unpaid_count,
    "name": lambda row: row.customer.name.casefold(),
}


@shop_page(role=Role.MANAGER)
def defaulters(request: ShopRequest) -> HttpResponse:
    """Who is late with paying; `?sort=` days, balance, unpaid or name, `?group=` repeat, broken or a step."""
    sort, group = request.GET.get("sort", "days"), request.GET.get("group", "")
    everybody, rule = debtors(request.shop), rule_of(request.shop)
    groups = _groups(everybody, rule, breakers(request.shop, everybody))
    late = sorted(groups.get(group, groups[""])[1], key=SORTS.get(sort, SORTS["days"]))
    may_total = Right.SEE_TOTALS in request.rights
    page = Paginator(late, PAGE_SIZE).get_page(request.GET.get("page"))
    promises = last_promises(request.shop, [row.customer for row in page])
    context = {
        "page": page,
        "rows": [(row, promises.get(row.customer.pk), row.step(rule)) for row in page],
        "groups": [(name, label, len(rows)) for name, (label, rows) in groups.items()],
        "rule": in_words(rule),
        "is_owner": has_role(request.membership, Role.OWNER),
        "kinds": _kinds(request),
        "deeds": BulkDeed.objects.of(request.shop).undoable()[:LAST],
        "total": sum((row.balance for row in late), ZERO) if may_total else None,
        "ageing": ageing(everybody) if may_total and everybody else None,
        "sort": sort,
        "group": group,
    }
    return render(request, "sales/defaulters.html", context)


def _groups(
    everybody: list[Debtor], rule: SalesSettings, broken: list[Debtor]
) -> dict[str, tuple[Any, list[Debtor]]]:
    """The choices above the list: their names, labels and debtors. All but broken promises are of who is late."""
    late = [row for row in everybody if row.falls_under(rule)]
    groups: dict[str, tuple[Any, list[Debtor]]] = {
        "": (_("All"), late),
        "repeat": (_("Repeat defaulters"), [row for row in late if row.is_repeat]),
        "broken": (_("Broken promises"), broken),
    }
    for step in Step:
        groups[step.value] = (step.label, [row for row in late if row.step(rule) == step])
    return {name: group for name, group in groups.items() if group[1] or not name}


def _kinds(request: ShopRequest) -> list[BulkDeed.Kind]:
    """What this member may do to the ticked: writing off is the owner's."""
    is_owner = has_role(request.membership, Role.OWNER)
    return [kind for kind in BulkDeed.Kind if is_owner or kind != BulkDeed.Kind.WRITE_OFF]


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
