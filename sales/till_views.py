"""The till: one screen for a sale, from the search for a customer to the receipt."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from customers.models import Customer
from sales import cards, drawer, printing
from sales.cans import more_than_known
from sales.deposit_forms import deposit_rows
from sales.dues import account_of, with_balance
from sales.ledger import record_sale
from sales.models import Sale
from sales.offline import clerk_stamp
from sales.till_forms import TillForm
from watershop.audit import Actor
from watershop.models import Shop
from watershop.roles import ShopRequest, shop_page

FOUND_AT_ONCE = 8
RECENT = 5


@shop_page()
def till(request: ShopRequest) -> HttpResponse:
    """Sell. `?customer=7` puts a customer on the bill, `?sold_3=2` cans, `?q=1234` searches for customers."""
    wished = {k: v for k, v in request.GET.items() if k == "customer" or k.startswith("sold_")}
    form = TillForm(request.shop, request.rights, request.POST or None, initial=wished)
    if form.is_valid() and (location := form.once(request, lambda: _sell(request, form))):
        for warning in more_than_known(form.cleaned_data["customer"], form.brought()):
            messages.warning(request, warning)
        return redirect(f"{location}?done=1")
    query = request.GET.get("q", "").strip()
    buyer = _buyer(request.shop, form["customer"].value())
    context = {
        "form": form,
        "query": query,
        "found": _found(request.shop, query),
        "account": account_of(buyer) if buyer else None,
        "deposit_rows": list(deposit_rows(form, form.can_types, buyer)),
        "counter_url_name": settings.TILL_COUNTER_URL_NAME,
        "clerk_stamp": clerk_stamp(request.shop, request.user),
        "is_drawer_missing": drawer.is_missing(request.shop),
        "recent": _recent(request.shop),
    }
    return render(request, "sales/till.html", context, status=form.status if form.is_bound else 200)


def _sell(request: ShopRequest, form: TillForm) -> tuple[int, dict[str, Any]]:
    sale = record_sale(request.shop, Actor.of(request), form.new_sale())
    printing.sale_was_made(sale, actor=Actor.of(request))
    return 201, {"sale": sale.pk, "location": reverse("receipt", args=[request.shop.slug, sale.pk])}


def _buyer(shop: Shop, pk: Any) -> Customer | None:
    customers = Customer.objects.of(shop).active().select_related("shop")
    return customers.filter(pk=pk).first() if str(pk or "").isdecimal() else None


@shop_page()
def till_find(request: ShopRequest) -> HttpResponse:
    """The customers that the search finds while somebody types; without JavaScript the till itself shows them."""
    query = request.GET.get("q", "").strip()
    context = {"query": query, "found": _found(request.shop, query)}
    return render(request, "sales/_found.html", context)


def _found(shop: Shop, query: str) -> list[Any]:
    """The likeliest customers, or whose card was scanned, each with `balance`."""
    holder = cards.customer_of(shop, query)
    found = [holder] if holder else Customer.objects.of(shop).active().find(query, most=FOUND_AT_ONCE)
    rows = with_balance(Customer.objects.of(shop)).in_bulk([customer.pk for customer in found])
    return [rows[customer.pk] for customer in found]


def _recent(shop: Shop) -> Iterable[Sale]:
    """The last receipts of the shop, the newest first."""
    return Sale.objects.of(shop).with_sums().select_related("customer", "void").order_by("-id")[:RECENT]
