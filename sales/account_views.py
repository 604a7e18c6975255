"""Pages of customers' accounts: one customer with balance, dues and cans; payments; returns."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from customers.models import Customer
from sales.cans import more_than_known
from sales.deposits import held_of
from sales.drawer import is_missing
from sales.dues import account_of, history
from sales.forms import OnceForm, PaymentForm
from sales.ledger import receive_payment
from sales.models import ZERO, CanMovement, Tender
from sales.qr_codes import Qr
from sales.return_forms import ReturnForm
from sales.returns import return_cans
from sales.upi import qr_code, reference
from watershop.audit import Actor
from watershop.models import Role
from watershop.roles import ShopRequest, has_role, shop_page

PAGE_SIZE = 50


def _customer(request: ShopRequest, pk: int) -> Customer:
    return get_object_or_404(Customer.objects.of(request.shop).select_related("shop", "merged_into"), pk=pk)


@shop_page()
def customer(request: ShopRequest, pk: int) -> HttpResponse:
    """What a customer owes and holds, and how it came about."""
    return _customer_page(request, _customer(request, pk))


def _customer_page(
    request: ShopRequest, customer: Customer, *, pay: OnceForm | None = None, back: OnceForm | None = None
) -> HttpResponse:
    account = account_of(customer)
    pay = pay or PaymentForm(initial={"amount": max(account.balance, ZERO) or None})
    context = {
        "customer": customer,
        "account": account,
        "is_manager": has_role(request.membership, Role.MANAGER),
        "page": Paginator(history(customer), PAGE_SIZE).get_page(request.GET.get("page")),
        "pay": pay,
        "qr": _qr_of(customer, account.balance, pay),
        "deposit": sum((held.amount for held in held_of(customer).values()), ZERO),
        "back": back or ReturnForm(request.shop, account.cans),
        "is_drawer_missing": is_missing(request.shop),
        "face_url_name": settings.CUSTOMER_FACE_URL_NAME,
        "data_url_name": settings.CUSTOMER_DATA_URL_NAME,
    }
    refused = next((form for form in (pay, back) if form and form.is_bound), None)
    return render(request, "sales/customer.html", context, status=refused.status if refused else 200)


def _qr_of(customer: Customer, balance: Decimal, pay: OnceForm) -> Qr | None:
    """The code to pay all that is owed; the payment that this form enters is then known by its reference."""
    tr = reference(customer.shop, str(pay["client_ref"].value()))
    return qr_code(customer.shop, reference=tr, note=customer.code, amount=balance)


@shop_page(posted_from="customer")
def customer_pay(request: ShopRequest, pk: int) -> HttpResponse:
    """Take money from a customer; it settles the ticked dues, then the oldest first."""
    customer, form = _customer(request, pk), PaymentForm(request.POST)
    if form.is_valid() and (location := form.once(request, lambda: _pay(request, customer, form))):
        messages.success(request, _("The payment is on the account."))
        return redirect(location)
    return _customer_page(request, customer, pay=form)


def _pay(request: ShopRequest, customer: Customer, form: PaymentForm) -> tuple[int, dict[str, Any]]:
    data = form.cleaned_data
    payment = receive_payment(
        customer=customer,
        amount=data["amount"],
        tender=Tender(data["tender"]),
        actor=Actor.of(request),
        client_ref=str(data["client_ref"]),
        dues=form.dues(),
    )
    return 201, {"payment": payment.pk, "location": _page_of(customer)}


def _page_of(customer: Customer) -> str:
    return reverse("customer", args=[customer.shop.slug, customer.pk])


@shop_page(posted_from="customer")
def customer_return_cans(request: ShopRequest, pk: int) -> HttpResponse:
    """Book empties that a customer brings back without buying."""
    customer = _customer(request, pk)
    held = CanMovement.objects.of(request.shop).filter(customer=customer).held()
    form = ReturnForm(request.shop, held, request.POST)
    if form.is_valid() and (location := form.once(request, lambda: _return(request, customer, form))):
        messages.success(request, _("The cans are back."))
        for warning in more_than_known(customer, {row.can_type for row in form.returned()}):
            messages.warning(request, warning)
        return redirect(location)
    return _customer_page(request, customer, back=form)


def _return(request: ShopRequest, customer: Customer, form: ReturnForm) -> tuple[int, dict[str, Any]]:
    ref = str(form.cleaned_data["client_ref"])
    moves = return_cans(
        customer=customer,
        returned=form.returned(),
        refund=form.refund_by(),
        brought_by=form.cleaned_data["brought_by"],
        actor=Actor.of(request),
        client_ref=ref,
    )
    return 201, {"movements": [move.pk for move in moves], "location": _page_of(customer)}
