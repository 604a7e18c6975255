"""Pages of a customer's credit: limit, opening balance, write-off, undoing these, and the statement."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from customers import book
from customers.models import Customer
from sales import corrections, statement_pdf
from sales.account_statement import Statement, statement_of, write_csv
from sales.credit_forms import CreditForm, OpeningForm, WriteOffForm
from sales.dues import balance_of
from sales.forms import OnceForm
from sales.models import LedgerEntry
from watershop.audit import Actor
from watershop.dates import period_from, this_month
from watershop.models import Right, Role
from watershop.roles import ShopRequest, has_role, require, shop_page


def _customer(request: ShopRequest, pk: int) -> Customer:
    return get_object_or_404(Customer.objects.of(request.shop).select_related("shop"), pk=pk)


@shop_page(role=Role.MANAGER)
def customer_credit(request: ShopRequest, pk: int) -> HttpResponse:
    """Set what a customer may owe, or that nothing goes on credit; the other forms of the page post elsewhere."""
    customer = _customer(request, pk)
    form = CreditForm(request.POST or None, instance=customer)
    if request.method == "POST" and form.is_valid():
        try:
            book.change_customer(customer, form.cleaned_data, actor=Actor.of(request))
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("customer", request.shop.slug, customer.pk)
    return _credit_page(request, customer, form=form, status=422 if form.is_bound else 200)


def _credit_page(
    request: ShopRequest,
    customer: Customer,
    *,
    form: CreditForm | None = None,
    opening: OpeningForm | None = None,
    write_off: WriteOffForm | None = None,
    status: int = 200,
) -> HttpResponse:
    balance = balance_of(customer)
    standing = customer.ledger.filter(kind__in=corrections.UNDONE_ALONE, reversed_by=None)
    context = {
        "customer": customer,
        "balance": balance,
        "is_owner": has_role(request.membership, Role.OWNER),
        "standing": standing,
        "has_opening": any(entry.kind == LedgerEntry.Kind.OPENING for entry in standing),
        "form": form or CreditForm(instance=customer),
        "opening": opening or OpeningForm(request.shop),
        "write_off": write_off or WriteOffForm(initial={"amount": balance}),
    }
    return render(request, "sales/customer_credit.html", context, status=status)


@shop_page(role=Role.MANAGER, posted_from="customer_credit")
def customer_open(request: ShopRequest, pk: int) -> HttpResponse:
    """Carry an opening balance over from the notebook."""
    customer, form = _customer(request, pk), OpeningForm(request.shop, request.POST)

    def deed() -> tuple[int, dict[str, Any]]:
        amount, actor = form.cleaned_data["amount"], Actor.of(request)
        entry = corrections.open_balance(customer=customer, amount=amount, at=form.at(), actor=actor)
        return 201, _answer(customer, entry)

    if location := _done(request, form, deed):
        return redirect(location)
    return _credit_page(request, customer, opening=form, status=form.status)


@shop_page(role=Role.OWNER, posted_from="customer_credit")
def customer_write_off(request: ShopRequest, pk: int) -> HttpResponse:
    """Give up what a customer will not pay."""
    customer, form = _customer(request, pk), WriteOffForm(request.POST)

    def deed() -> tuple[int, dict[str, Any]]:
        amount, reason = form.cleaned_data["amount"], form.cleaned_data["reason"]
        entry = corrections.write_off(
            customer=customer, amount=amount, reason=reason, actor=Actor.of(request)
        )
        return 201, _answer(customer, entry)

    if location := _done(request, form, deed):
        return redirect(location)
    return _credit_page(request, customer, write_off=form, status=form.status)


def _answer(customer: Customer, entry: LedgerEntry) -> dict[str, Any]:
    page = reverse("customer_credit", args=[customer.shop.slug, customer.pk])
    return {"entry": entry.pk, "location": page}


def _done(request: ShopRequest, form: OnceForm, deed: Any) -> str:
    """Where to go on, or "" when the form says why not."""
    location = form.once(request, deed) if form.is_valid() else ""
    if location:
        messages.success(request, _("Saved."))
    return location


@shop_page(role=Role.MANAGER, posted_from="customers")
def entry_undo(request: ShopRequest, pk: int) -> HttpResponse:
    """Undo an opening balance or a charge; a write-off only by the owner, who made it."""
    entries = LedgerEntry.objects.of(request.shop).select_related("customer__shop", "shop")
    entry = get_object_or_404(entries, pk=pk)
    if entry.kind == LedgerEntry.Kind.WRITE_OFF:
        require(request.membership, request.rights, role=Role.OWNER, right=None)
    try:
        corrections.undo(entry, actor=Actor.of(request))
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, _("It is undone."))
    return redirect("customer_credit", request.shop.slug, entry.customer_id)


@shop_page()
def customer_statement(request: ShopRequest, pk: int) -> HttpResponse:
    """What happened on the account in `?from=` and `?to=`, this month to begin with; to print."""
    customer, status = _customer(request, pk), 200
    try:
        statement = _statement(request, customer)
    except ValueError as error:
        messages.error(request, str(error))
        statement, status = statement_of(customer, this_month(request.shop)), 422
    context = {
        "customer": customer,
        "statement": statement,
        "may_export": Right.EXPORT in request.rights,
        "has_pdf": statement_pdf.engine() is not None,
    }
    return render(request, "sales/statement.html", context, status=status)


def _statement(request: ShopRequest, customer: Customer) -> Statement:
    """The statement of the asked days. Raises ValueError."""
    days = request.GET.get("from"), request.GET.get("to")
    return statement_of(customer, period_from(request.shop, *days, default=this_month(request.shop)))


@shop_page(right=Right.EXPORT)
def customer_statement_csv(request: ShopRequest, pk: int) -> HttpResponse:
    """The same as a file for a spreadsheet."""
    customer = _customer(request, pk)
    try:
        statement = _statement(request, customer)
    except ValueError as error:
        return HttpResponse(str(error), status=422, content_type="text/plain; charset=utf-8")
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="statement-{customer.pk}.csv"'
    answer.write("\ufeff")  # or Excel takes it for an older encoding
    write_csv(statement, answer)
    return answer


@shop_page()
def customer_statement_pdf(request: ShopRequest, pk: int) -> HttpResponse:
    """The same on A4 pages, where WeasyPrint is installed; elsewhere the page that can be printed."""
    customer, engine = _customer(request, pk), statement_pdf.engine()
    if engine is None:
        text = _("A PDF needs WeasyPrint on the server. Print the page instead, and save that as PDF.")
        messages.info(request, text)
        return redirect("customer_statement", request.shop.slug, pk)
    try:
        statement = _statement(request, customer)
    except ValueError as error:
        return HttpResponse(str(error), status=422, content_type="text/plain; charset=utf-8")
    return HttpResponse(statement_pdf.pdf_of(statement, engine), content_type="application/pdf")
