"""The till: one screen for a sale, from the search for a customer to the receipt."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from customers.models import FEWEST_CHARACTERS, Customer
from sales import cards, counter_clock, drawer, parking, printing, tags
from sales.cans import more_than_known
from sales.deposit_forms import deposit_rows
from sales.dues import account_of, with_balance
from sales.ledger import record_sale
from sales.models import ParkedSale, Sale
from sales.offline import clerk_stamp
from sales.reversals import brought_by
from sales.till_forms import DROP_REASONS, DropForm, TillForm, is_part_of_a_sale, ref_of
from sales.usual import usual_of
from watershop.audit import Actor
from watershop.models import Right, Role, Shop
from watershop.roles import ShopRequest, require, shop_page

FOUND_AT_ONCE = 8
RECENT = 5
OF_A_SLIP = ("is_paper", "sold_at")
NOTES = (50, 100, 200, 500)  # rupees: what people hand over


@shop_page()
def till(request: ShopRequest) -> HttpResponse:
    """Sell. `?customer=7` puts a customer on the bill, `?sold_3=2` cans, `?q=1234` searches for customers.

    `?is_paper=1` enters slips, one after the other, with their own times; `sold_at`, a signed `client_ref` fill one in.
    """
    form = _form(request)
    if form.is_valid():
        _require_rights(request, form)
        if location := form.once(request, lambda: _sell(request, form)):
            return _sold(request, form, location)
    return _till_page(request, form)


def _form(request: ShopRequest) -> TillForm:
    wished = {
        name: value for name, value in request.GET.items() if is_part_of_a_sale(name) or name in OF_A_SLIP
    }
    if reference := ref_of(request.GET.get("client_ref", "")):
        wished["client_ref"] = reference
    buyer = _buyer(request.shop, (request.POST or wished).get("customer"))
    return TillForm(request.shop, request.rights, buyer, request.POST or None, initial=wished)


def _require_rights(request: ShopRequest, form: TillForm) -> None:
    """Refuse what this clerk may not do alone; a manager may allow it there and then."""
    if form.gives_discount():
        require(request.membership, request.rights, role=Role.STAFF, right=Right.DISCOUNT)
    if form.cleaned_data["may_pass_limit"]:
        require(request.membership, request.rights, role=Role.STAFF, right=Right.OVER_LIMIT)


def _sell(request: ShopRequest, form: TillForm) -> tuple[int, dict[str, Any]]:
    sale = record_sale(request.shop, Actor.of(request), form.new_sale())
    printing.sale_was_made(sale, actor=Actor.of(request))
    location = reverse("receipt", args=[request.shop.slug, sale.pk])
    if handed := form.cleaned_data["handed"]:
        location += f"?change={handed - brought_by(sale)}"
    return 201, {"sale": sale.pk, "location": location}


def _sold(request: ShopRequest, form: TillForm, location: str) -> HttpResponse:
    for warning in more_than_known(form.cleaned_data["customer"], form.brought()):
        messages.warning(request, warning)
    if form.cleaned_data.get("is_paper"):
        messages.success(request, _("Entered. The next slip?"))
        return redirect(reverse("till", args=[request.shop.slug]) + "?is_paper=1&sold=1")
    return redirect(f"{location}{'&' if '?' in location else '?'}done=1")


def _till_page(request: ShopRequest, form: TillForm) -> HttpResponse:
    account = account_of(form.buyer) if form.buyer else None
    context = {
        "form": form,
        **_search(request),
        "account": account,
        "usual": usual_of(account, form.can_types) if account else None,
        "usual_ref": uuid4(),
        "deposit_rows": list(deposit_rows(form, form.can_types, form.buyer)),
        "parked": ParkedSale.objects.of(request.shop).waiting().select_related("customer", "parked_by"),
        "drop_reasons": DROP_REASONS,
        "recent": _recent(request.shop),
        "notes": NOTES,
        "last_entry_at": counter_clock.last_entry_at(request.shop),
        "counter_url_name": settings.TILL_COUNTER_URL_NAME if Right.SEE_FACES in request.rights else None,
        "clerk_stamp": clerk_stamp(request.shop, request.user),
        "is_drawer_missing": drawer.is_missing(request.shop),
    }
    return render(request, "sales/till.html", context, status=form.status if form.is_bound else 200)


def _buyer(shop: Shop, pk: Any) -> Customer | None:
    customers = Customer.objects.of(shop).active().select_related("shop")
    return customers.filter(pk=pk).first() if str(pk or "").isdecimal() else None


@shop_page()
def till_find(request: ShopRequest) -> HttpResponse:
    """The customers that the search finds while somebody types; without JavaScript the till itself shows them."""
    return render(request, "sales/_found.html", _search(request))


def _search(request: ShopRequest) -> dict[str, Any]:
    query = request.GET.get("q", "").strip()
    is_number = not any(map(str.isalpha, query))
    return {"query": query, "found": _found(request.shop, query), "is_number": is_number}


def _found(shop: Shop, query: str) -> list[Any]:
    """The likeliest customers, or whose card or can was scanned, each with `balance`."""
    if len(query) < FEWEST_CHARACTERS:
        return []
    holder = cards.customer_of(shop, query) or tags.holder_of(shop, query)
    found = [holder] if holder else Customer.objects.of(shop).active().find(query, most=FOUND_AT_ONCE)
    rows = with_balance(Customer.objects.of(shop)).in_bulk([customer.pk for customer in found])
    return [rows[customer.pk] for customer in found]


def _recent(shop: Shop) -> Iterable[Sale]:
    """The last receipts of the shop, the newest first."""
    return Sale.objects.of(shop).with_sums().select_related("customer", "void").order_by("-id")[:RECENT]


@shop_page(posted_from="till")
def till_park(request: ShopRequest) -> HttpResponse:
    """Put the sale on the screen aside, for the next buyer."""
    form = _form(request)
    if form.is_valid() and (location := form.once(request, lambda: _park(request, form))):
        return redirect(f"{location}?sold=1")
    return _till_page(request, form)


def _park(request: ShopRequest, form: TillForm) -> tuple[int, dict[str, Any]]:
    fields, cans = form.parked()
    customer = form.cleaned_data["customer"]
    parked = parking.park(request.shop, Actor.of(request), customer=customer, fields=fields, cans=cans)
    return 201, {"parked": parked.pk, "location": reverse("till", args=[request.shop.slug])}


@shop_page(posted_from="till")
def till_resume(request: ShopRequest, pk: int) -> HttpResponse:
    """Take a parked sale up again: the till is filled as it was."""
    parked = get_object_or_404(ParkedSale.objects.of(request.shop), pk=pk)
    till = reverse("till", args=[request.shop.slug])
    if not _closed(request, parked, ParkedSale.Closed.RESUMED):
        return redirect(till)
    return redirect(f"{till}?{urlencode(parked.fields)}")


@shop_page(posted_from="till")
def till_drop(request: ShopRequest, pk: int) -> HttpResponse:
    """A parked sale comes to nothing, with the reason."""
    parked = get_object_or_404(ParkedSale.objects.of(request.shop), pk=pk)
    form = DropForm(request.POST)
    if form.is_valid():
        _closed(request, parked, ParkedSale.Closed(form.cleaned_data["why"]))
    else:
        messages.error(request, _("Say why it comes to nothing."))
    return redirect("till", request.shop.slug)


def _closed(request: ShopRequest, parked: ParkedSale, how: ParkedSale.Closed) -> bool:
    """Whether it was still waiting; if not, the clerk is told."""
    try:
        parking.close(parked, how, actor=Actor.of(request))
    except ValidationError as refusal:
        messages.error(request, refusal.messages[0])
        return False
    return True
