"""Pages of what a customer may owe."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from customers import book
from customers.models import Customer
from sales.credit_forms import CreditForm
from watershop.audit import Actor
from watershop.models import Role
from watershop.roles import ShopRequest, shop_page


@shop_page(role=Role.MANAGER)
def customer_credit(request: ShopRequest, pk: int) -> HttpResponse:
    """Set what a customer may owe, or that nothing goes on credit."""
    customer = get_object_or_404(Customer.objects.of(request.shop), pk=pk)
    form = CreditForm(request.POST or None, instance=customer)
    if request.method == "POST" and form.is_valid():
        try:
            book.change_customer(customer, form.cleaned_data, actor=Actor.of(request))
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("customer", request.shop.slug, customer.pk)
    status = 422 if form.is_bound else 200
    return render(request, "sales/customer_credit.html", {"form": form, "customer": customer}, status=status)
