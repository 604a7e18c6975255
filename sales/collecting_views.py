"""The manager's page of one customer's promises and reminders."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from customers.models import Customer
from sales import collecting, reminders
from sales.credit_forms import PromiseForm
from sales.dues import balance_of
from sales.models import ZERO
from sales.reminders import Topic
from watershop import outbox
from watershop.audit import Actor
from watershop.models import Message, Role
from watershop.roles import ShopRequest, shop_page

LAST = 10


@shop_page(role=Role.MANAGER)
def customer_collect(request: ShopRequest, pk: int) -> HttpResponse:
    """Remind a customer (`do=` a channel), or note what they promised (`do=promise`)."""
    customer = get_object_or_404(Customer.objects.of(request.shop).select_related("shop"), pk=pk)
    wish = request.POST.get("do")
    form = PromiseForm(request.POST if wish == "promise" else None, initial={"amount": balance_of(customer)})
    link, status = "", 200
    try:
        if wish in Message.Channel.values:
            channel = Message.Channel(wish)
            link = reminders.remind(customer=customer, channel=channel, actor=Actor.of(request))
            if not link:
                return _saved(request, customer, _("It is in the outbox and goes out by itself."))
        elif form.is_valid():
            collecting.promise(customer=customer, actor=Actor.of(request), **form.cleaned_data)
            return _saved(request, customer, _("Saved."))
        elif request.method == "POST":
            status = 422
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
        status = 422
    context = _context(customer) | {"form": form, "link": link}
    return render(request, "sales/collect.html", context, status=status)


def _saved(request: ShopRequest, customer: Customer, sentence: str) -> HttpResponse:
    messages.success(request, sentence)
    return redirect("customer_collect", request.shop.slug, customer.pk)


def _context(customer: Customer) -> dict[str, Any]:
    balance = balance_of(customer)
    return {
        "customer": customer,
        "balance": balance,
        "text": reminders.text_for(Topic.DUES, customer, max(balance, ZERO)),
        "channels": [row for row in outbox.channels() if row[0] != "email" or customer.email],
        "promises": collecting.with_standing(customer.shop, customer.promises.standing())[:LAST],
        "reminders": reminders.about(customer.shop, [customer]).select_related("by")[:LAST],
    }
