"""The page of a customer's own data: handed to them as a file, or erased."""

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics import one_person, own_data
from customers.models import Customer
from sales.dues import account_of
from vision.models import Erasure, FaceView
from vision.privacy import access
from watershop.audit import Actor
from watershop.models import Right, Role
from watershop.roles import ShopRequest, shop_page


class EraseForm(forms.Form):
    """The code, typed to say that it is meant."""

    code = forms.CharField(label=gettext_lazy("Type the code"), max_length=40)


def _customer(request: ShopRequest, pk: int) -> Customer:
    return get_object_or_404(Customer.objects.of(request.shop).select_related("shop"), pk=pk)


@shop_page(role=Role.MANAGER)
def customer_data(request: ShopRequest, pk: int) -> HttpResponse:
    """All that is kept about a customer: hand it out, or erase it by typing their code."""
    customer = _customer(request, pk)
    form = EraseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            one_person.erase(customer, form.cleaned_data["code"], Actor.of(request))
        except ValidationError as refusal:
            form.add_error("code", refusal.messages)
        else:
            messages.success(request, _("Erased. The account stays under its code."))
            return redirect("customer", request.shop.slug, pk)
    context = {
        "customer": customer,
        "account": account_of(customer),
        "form": form,
        "erased": Erasure.objects.filter(shop=request.shop, customer_id=pk).select_related("by").first(),
    }
    return render(request, "analytics/customer_data.html", context, status=422 if form.is_bound else 200)


@shop_page(role=Role.MANAGER, right=Right.SEE_FACES, posted_from="customer_data")
def customer_export(request: ShopRequest, pk: int) -> HttpResponse:
    """The file with all of it; that it was taken is written down."""
    customer = _customer(request, pk)
    for person in own_data.people_of(customer):
        access.note(request, FaceView.What.EXPORT, person.pk, person.pk)
    file = own_data.hand_out(customer, Actor.of(request))
    answer = HttpResponse(file, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{customer.code}.zip"'
    answer["Cache-Control"] = "no-store"
    return answer
