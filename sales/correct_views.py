"""The page that corrects a sale: it is voided and entered again in one go."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from sales.correct_forms import CorrectForm
from sales.models import Sale
from sales.reversals import came_with, correct_sale
from watershop.audit import Actor
from watershop.models import Right, Role
from watershop.roles import ShopRequest, require, shop_page


@shop_page()
def sale_correct(request: ShopRequest, pk: int) -> HttpResponse:
    """Enter a sale again as it should have been: customer (`who` proposes one), sizes, numbers, prices, payment."""
    sales = Sale.objects.of(request.shop).standing().select_related("shop", "customer")
    sale = get_object_or_404(sales, pk=pk)
    form = CorrectForm(sale, request.rights, request.POST or None)
    form.initial["who"] = request.GET.get("who") or form.initial["who"]
    if form.is_valid():
        _require_rights(request, form)
        if location := form.once(request, lambda: _correct(request, form)):
            return redirect(location)
    context = {"sale": sale, "form": form}
    return render(request, "sales/correct.html", context, status=form.status if form.is_bound else 200)


def _require_rights(request: ShopRequest, form: CorrectForm) -> None:
    """It voids, may hand money back and may charge less: whoever corrects must be allowed each of these."""
    asked = {
        Right.VOID: True,
        Right.REFUND: came_with(form.sale).exists(),
        Right.DISCOUNT: form.gives_discount(),
        Right.OVER_LIMIT: form.cleaned_data["may_pass_limit"],
    }
    for right, is_asked in asked.items():
        if is_asked:
            require(request.membership, request.rights, role=Role.STAFF, right=right)


def _correct(request: ShopRequest, form: CorrectForm) -> tuple[int, dict[str, Any]]:
    reason = form.cleaned_data["reason"]
    sale = correct_sale(form.sale, form.new_sale(), reason=reason, actor=Actor.of(request))
    return 201, {"sale": sale.pk, "location": reverse("sale", args=[request.shop.slug, sale.pk])}
