"""The manager's page of one customer's promises and reminders."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from customers.models import Customer
from sales import collecting
from sales.credit_forms import PromiseForm
from sales.dues import balance_of
from sales.models import Reminder
from watershop.audit import Actor
from watershop.models import Role
from watershop.roles import ShopRequest, shop_page

LAST = 10


@shop_page(role=Role.MANAGER)
def customer_collect(request: ShopRequest, pk: int) -> HttpResponse:
    """Remind a customer (`do=` a channel), or note what they promised (`do=promise`)."""
    customer = get_object_or_404(Customer.objects.of(request.shop).select_related("shop"), pk=pk)
    wish = request.POST.get("do")
    form = PromiseForm(request.POST if wish == "promise" else None, initial={"amount": balance_of(customer)})
    reminder, status = None, 200
    try:
        if wish in Reminder.Channel.values:
            channel = Reminder.Channel(wish)
            reminder = collecting.remind(customer=customer, channel=channel, actor=Actor.of(request))
        elif form.is_valid():
            collecting.promise(customer=customer, actor=Actor.of(request), **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("customer_collect", request.shop.slug, customer.pk)
        elif request.method == "POST":
            status = 422
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
        status = 422
    context = _context(customer) | {"form": form, "link": collecting.link(reminder) if reminder else ""}
    return render(request, "sales/collect.html", context, status=status)


def _context(customer: Customer) -> dict[str, Any]:
    return {
        "customer": customer,
        "balance": balance_of(customer),
        "text": collecting.text_for(customer),
        "channels": Reminder.Channel.choices,
        "promises": collecting.with_standing(customer.shop, customer.promises.all())[:LAST],
        "reminders": customer.reminders.select_related("by")[:LAST],
    }
