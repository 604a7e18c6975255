"""The list of what was received and given back."""

from django.core.paginator import Paginator
from django.db.models import Sum
from django.http import HttpResponse
from django.shortcuts import render

from sales.forms import PaymentsFilter
from sales.models import ZERO
from watershop.models import Right
from watershop.roles import ShopRequest, shop_page

PAGE_SIZE = 50


@shop_page(right=Right.SEE_TOTALS)
def payments(request: ShopRequest) -> HttpResponse:
    """The payments of some days, of one tender or all; today's to begin with. Their sum is that day's takings."""
    form = PaymentsFilter(request.shop, request.GET)
    rows = form.payments()
    shown = rows.select_related("customer", "clerk").prefetch_related("allocations__sale")
    context = {
        "form": form,
        "page": Paginator(shown, PAGE_SIZE).get_page(request.GET.get("page")),
        "taken": rows.aggregate(sum=Sum("amount"))["sum"] or ZERO,
    }
    return render(request, "sales/payments.html", context, status=200 if form.is_valid() else 422)
