"""Pages of the shop's cans: how many there are, a refill from the plant, a count."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from sales import stock as verbs
from sales.forms import OnceForm
from sales.models import StockMove
from sales.stock_forms import DeliveryForm, StockCountForm
from watershop.audit import Actor
from watershop.roles import ShopRequest, shop_page

SHOWN = 20


@shop_page()
def stock(request: ShopRequest) -> HttpResponse:
    """The shop's cans as a picture, and the last things done to them by hand."""
    return _stock_page(request)


def _stock_page(
    request: ShopRequest, *, delivery: OnceForm | None = None, count: OnceForm | None = None
) -> HttpResponse:
    stands, refused = verbs.stands(request.shop), delivery or count
    by_hand = StockMove.objects.of(request.shop).filter(kind__in=verbs.BY_HAND)
    context = {
        "stands": stands,
        "longest": max((stand.here for stand in stands), default=0) or 1,
        "delivery": delivery or DeliveryForm(stands, auto_id="delivery_%s"),
        "count": count or StockCountForm(stands, auto_id="count_%s"),
        "refused": refused,
        "moves": by_hand.select_related("can_type", "clerk")[:SHOWN],
    }
    return render(request, "sales/stock.html", context, status=refused.status if refused else 200)


@shop_page(posted_from="stock")
def stock_deliver(request: ShopRequest) -> HttpResponse:
    """Full cans came from the plant, empties went there."""
    form = DeliveryForm(verbs.stands(request.shop), request.POST, auto_id="delivery_%s")
    if form.is_valid() and (location := form.once(request, lambda: _deliver(request, form))):
        messages.success(request, _("Saved."))
        return redirect(location)
    return _stock_page(request, delivery=form)


def _deliver(request: ShopRequest, form: DeliveryForm) -> tuple[int, dict[str, Any]]:
    moves = verbs.deliver(
        request.shop,
        full=form.cans("came"),
        sent=form.cans("sent"),
        note=form.cleaned_data["note"],
        actor=Actor.of(request),
        client_ref=str(form.cleaned_data["client_ref"]),
    )
    return 201, {"moves": [move.pk for move in moves], "location": reverse("stock", args=[request.shop.slug])}


@shop_page(posted_from="stock")
def stock_count(request: ShopRequest) -> HttpResponse:
    """Somebody counted; what differs from the books is booked with the reason."""
    form = StockCountForm(verbs.stands(request.shop), request.POST, auto_id="count_%s")
    if form.is_valid() and (location := form.once(request, lambda: _count(request, form))):
        messages.success(request, _("The count is in the books."))
        return redirect(location)
    return _stock_page(request, count=form)


def _count(request: ShopRequest, form: StockCountForm) -> tuple[int, dict[str, Any]]:
    data = form.cleaned_data
    moves = verbs.count(
        request.shop,
        counted=form.counted(),
        reason=data["reason"],
        actor=Actor.of(request),
        client_ref=str(data["client_ref"]),
    )
    location = reverse(data["back_to"], args=[request.shop.slug])
    return 201, {"moves": [move.pk for move in moves], "location": location}
