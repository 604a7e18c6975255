"""The page of what the shop charges for cans that come back damaged, or not at all."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from sales.models import CanType
from sales.return_forms import ChargesForm
from sales.returns import charges_of, set_charges
from watershop.audit import Actor
from watershop.models import Role
from watershop.roles import ShopRequest, shop_page


@shop_page(role=Role.MANAGER)
def can_charges(request: ShopRequest) -> HttpResponse:
    """Rupees per can, by size and condition."""
    sizes = list(CanType.objects.of(request.shop).on_sale())
    form = ChargesForm(sizes, charges_of(request.shop), request.POST or None)
    if request.method == "POST" and form.is_valid():
        set_charges(request.shop, form.charges(), actor=Actor.of(request))
        messages.success(request, _("Saved."))
        return redirect("can_types", request.shop.slug)
    return render(request, "sales/can_charges.html", {"form": form}, status=422 if form.is_bound else 200)
