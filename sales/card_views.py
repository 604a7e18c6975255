"""Pages of customers' cards: one customer's, and a sheet of many to print."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from customers.models import Customer
from sales import cards
from sales.models import CustomerCard
from sales.qr_codes import Qr, qr_of
from watershop.audit import Actor
from watershop.models import Role
from watershop.roles import ShopRequest, shop_page

PAGE_SIZE = 100
MOST_AT_ONCE = 500


@shop_page()
def customer_card(request: ShopRequest, pk: int) -> HttpResponse:
    """A customer's card: make it, print it, or replace a lost one (`do=reissue`)."""
    customer = get_object_or_404(Customer.objects.of(request.shop).active().select_related("shop"), pk=pk)
    if request.method == "POST":
        actor = Actor.of(request)
        if request.POST.get("do") == "reissue":
            cards.reissue(customer, actor=actor)
            messages.success(request, _("The old card opens nothing any more."))
        else:
            cards.issue(request.shop, [customer], actor=actor)
        return redirect("customer_card", request.shop.slug, customer.pk)
    card = cards.card_of(customer)
    context = {"customer": customer, "cards": _with_codes([card] if card else [])}
    return render(request, "sales/card.html", context)


@shop_page(role=Role.MANAGER)
def cards_sheet(request: ShopRequest) -> HttpResponse:
    """Tick customers, or take all that the search finds (`do=all`), and get their cards on sheets of ten."""
    query = request.GET.get("q", "").strip()
    customers = Customer.objects.of(request.shop).active().search(query).order_by("name", "id")
    if request.method == "POST":
        ticked = [pk for pk in request.POST.getlist("customer") if pk.isdecimal()]
        wanted = customers if request.POST.get("do") == "all" else customers.filter(pk__in=ticked)
        if chosen := list(wanted[:MOST_AT_ONCE]):
            issued = cards.issue(request.shop, chosen, actor=Actor.of(request))
            is_cut = len(chosen) == MOST_AT_ONCE
            context = {"cards": _with_codes(issued), "most": MOST_AT_ONCE if is_cut else None}
            return render(request, "sales/cards_sheet.html", context)
        messages.error(request, _("Nobody was ticked."))
    page = Paginator(customers, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "sales/cards.html", {"page": page, "query": query})


def _with_codes(rows: list[CustomerCard]) -> list[tuple[CustomerCard, Qr]]:
    return [(card, qr_of(card.token)) for card in rows]
