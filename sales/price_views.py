"""Pages of the price list: the sizes, one size with its prices over time, and a customer's own prices."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer
from sales import pricelist
from sales.models import CanType
from sales.price_forms import CanTypeEditForm, CanTypeForm, OwnPricesForm
from sales.pricelist import PRICED, priced
from watershop.audit import Actor
from watershop.models import Role
from watershop.roles import ShopRequest, shop_page

PRICES_SHOWN = 20


@shop_page(role=Role.MANAGER)
def can_types(request: ShopRequest) -> HttpResponse:
    """The price list: what is on sale, what was, and which prices are to come."""
    rows = priced(CanType.objects.of(request.shop)).order_by("retired_at", "-litres", "code")
    context = {"can_types": rows, "to_come": pricelist.to_come(request.shop)}
    return render(request, "sales/can_types.html", context)


@shop_page(role=Role.MANAGER)
def can_type_add(request: ShopRequest) -> HttpResponse:
    """A new size."""
    form = CanTypeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            pricelist.add_can_type(shop=request.shop, actor=Actor.of(request), **form.cleaned_data)
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("can_types", request.shop.slug)
    context = {"form": form}
    return render(request, "sales/can_type.html", context, status=422 if form.is_bound else 200)


@shop_page(role=Role.MANAGER)
def can_type(request: ShopRequest, pk: int) -> HttpResponse:
    """Rename a size, price it, retire it (`do=retire`) or bring it back (`do=bring_back`)."""
    row = get_object_or_404(priced(CanType.objects.of(request.shop)), pk=pk)
    actor = Actor.of(request)
    standing = {name: getattr(row, name) for name in PRICED}
    data = request.POST if "name" in request.POST else None
    form = CanTypeEditForm(data, instance=row, initial=standing)
    match request.POST.get("do"):
        case "retire":
            pricelist.retire(row, actor=actor)
        case "bring_back":
            pricelist.bring_back(row, actor=actor)
        case _ if not (form.is_valid() and _changed(row, form, actor)):
            prices = row.prices.select_related("by").order_by("-since", "-id")[:PRICES_SHOWN]
            saved = CanType.objects.get(pk=pk)
            context = {"form": form, "can_type": saved, "prices": prices, "now": timezone.now()}
            return render(request, "sales/can_type.html", context, status=422 if form.is_bound else 200)
    messages.success(request, _("Saved."))
    return redirect("can_types", request.shop.slug)


def _changed(row: CanType, form: CanTypeEditForm, actor: Actor) -> bool:
    """Whether the size is now what the form says; why not is among its errors."""
    try:
        pricelist.change_can_type(row, form.cleaned_data, actor=actor)
    except ValidationError as refusal:
        form.add_error(None, refusal)
    return form.is_valid()


@shop_page(role=Role.MANAGER)
def customer_prices(request: ShopRequest, pk: int) -> HttpResponse:
    """What this customer pays per can, where it isn't the shop's price."""
    customer = get_object_or_404(Customer.objects.of(request.shop).select_related("shop"), pk=pk)
    sizes = list(priced(CanType.objects.of(request.shop).on_sale()))
    own = {f"price_{size}": price for size, price in pricelist.own_prices(customer).items()}
    form = OwnPricesForm(sizes, request.POST or None, initial=own)
    if request.method == "POST" and form.is_valid():
        pricelist.set_own_prices(customer, form.prices(), actor=Actor.of(request))
        messages.success(request, _("Saved."))
        return redirect("customer", request.shop.slug, customer.pk)
    context = {"customer": customer, "form": form}
    return render(request, "sales/customer_prices.html", context, status=422 if form.is_bound else 200)
