"""Pages that make two accounts of one customer into one: likely doubles, both side by side, and the undoing."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.models import Customer
from sales import merging
from sales.dues import account_of, with_balance
from sales.forms import OnceForm
from watershop.audit import Actor
from watershop.models import Role, Shop
from watershop.roles import ShopRequest, shop_page

GROUPS_PER_PAGE = 25
FOUND_AT_ONCE = 8


class MergeForm(OnceForm):
    """The account that stays, and why both are one customer."""

    into = forms.ModelChoiceField(Customer.objects.none(), widget=forms.HiddenInput)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)

    def __init__(self, shop: Shop, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["into"].queryset = Customer.objects.of(shop)  # type: ignore[attr-defined]


@shop_page(role=Role.MANAGER)
def doubles(request: ShopRequest) -> HttpResponse:
    """Customers who may be one, to compare and merge."""
    page = Paginator(merging.likely_doubles(request.shop), GROUPS_PER_PAGE).get_page(request.GET.get("page"))
    wanted = with_balance(
        Customer.objects.of(request.shop).filter(pk__in={pk for group in page for pk in group})
    )
    rows = {customer.pk: customer for customer in wanted}
    groups = [[rows[pk] for pk in group] for group in page]
    return render(request, "sales/doubles.html", {"groups": groups, "page": page})


@shop_page(role=Role.MANAGER)
def customer_merge(request: ShopRequest, pk: int) -> HttpResponse:
    """Choose the account that stays (`?into=7`, or search `?q=`), look at both, then merge this one into it."""
    old = _customer(request.shop, pk)
    form = MergeForm(request.shop, request.POST or None, initial={"into": request.GET.get("into")})
    if form.is_valid() and (location := form.once(request, lambda: _merge(request, old, form))):
        messages.success(request, _("Both are one account now."))
        return redirect(location)
    into = _chosen(request.shop, form["into"].value())
    query = request.GET.get("q", "").strip()
    context = {
        "form": form,
        "old": account_of(old),
        "into": account_of(into) if into else None,
        "query": query,
        "found": _found(request.shop, query, old),
    }
    return render(request, "sales/customer_merge.html", context, status=form.status if form.is_bound else 200)


def _customer(shop: Shop, pk: int) -> Customer:
    return get_object_or_404(Customer.objects.of(shop).select_related("shop"), pk=pk)


def _chosen(shop: Shop, pk: Any) -> Customer | None:
    rows = Customer.objects.of(shop).select_related("shop")
    return rows.filter(pk=pk).first() if str(pk or "").isdecimal() else None


def _found(shop: Shop, query: str, old: Customer) -> list[Any]:
    found = Customer.objects.of(shop).active().exclude(pk=old.pk).find(query, most=FOUND_AT_ONCE)
    rows = with_balance(Customer.objects.of(shop)).in_bulk([customer.pk for customer in found])
    return [rows[customer.pk] for customer in found]


def _merge(request: ShopRequest, old: Customer, form: MergeForm) -> tuple[int, dict[str, Any]]:
    into, reason = form.cleaned_data["into"], form.cleaned_data["reason"]
    merge = merging.merge(old=old, into=into, reason=reason, actor=Actor.of(request))
    return 201, {"merge": merge.pk, "location": reverse("customer", args=[request.shop.slug, into.pk])}


@shop_page(role=Role.MANAGER, posted_from="customer")
def customer_unmerge(request: ShopRequest, pk: int) -> HttpResponse:
    """Make this merged account stand by itself again."""
    old = _customer(request.shop, pk)
    try:
        merging.unmerge(old, actor=Actor.of(request))
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, _("The accounts are apart again."))
    return redirect("customer", request.shop.slug, old.pk)
