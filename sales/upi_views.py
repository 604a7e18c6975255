"""Pages of UPI payments that wait for confirmation: the list, one decision, the bank's statement."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from sales.bank_statement import StatementReport, read_statement
from sales.models import UpiClaim
from sales.reversals import payment_did_not_arrive
from sales.upi import confirm
from sales.uploads import StatementForm
from watershop.audit import Actor
from watershop.models import Right, Role
from watershop.roles import ShopRequest, require, shop_page

PAGE_SIZE = 50


@shop_page()
def upi_claims(request: ShopRequest) -> HttpResponse:
    """UPI payments that nobody has seen at the bank yet, the newest first."""
    return _list(request, StatementForm())


def _list(
    request: ShopRequest, form: StatementForm, *, report: StatementReport | None = None, status: int = 200
) -> HttpResponse:
    rows = UpiClaim.objects.of(request.shop).open().order_by("-id")
    rows = rows.select_related("payment__customer").prefetch_related("payment__allocations__sale")
    context = {
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "form": form if Right.EXPORT in request.rights else None,
        "report": report,
    }
    return render(request, "sales/upi_claims.html", context, status=status)


@shop_page(posted_from="upi_claims")
def upi_decide(request: ShopRequest, pk: int) -> HttpResponse:
    """The money is there (`do=confirm`), or will not come (`do=fail`, which takes it off the books)."""
    claims = UpiClaim.objects.of(request.shop).select_related("shop", "payment__customer", "payment__shop")
    claim, actor = get_object_or_404(claims, pk=pk), Actor.of(request)
    try:
        if request.POST.get("do") == "fail":
            require(request.membership, request.rights, role=Role.STAFF, right=Right.VOID)
            payment_did_not_arrive(claim, actor=actor)
            messages.success(request, _("The payment is off the books. What it had paid for is due again."))
        else:
            confirm(claim, actor=actor)
            messages.success(request, _("The payment is confirmed."))
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure())
    return redirect(back) if is_ours else redirect("upi_claims", request.shop.slug)


@shop_page(right=Right.EXPORT, posted_from="upi_claims")
def upi_statement(request: ShopRequest) -> HttpResponse:
    """Take the bank's statement in and say what it confirmed."""
    form = StatementForm(request.POST, request.FILES)
    if form.is_valid():
        content = form.cleaned_data["file"].read()
        try:
            report = read_statement(request.shop, content, actor=Actor.of(request))
        except ValidationError as refusal:
            form.add_error("file", refusal)
        else:
            return _list(request, StatementForm(), report=report)
    return _list(request, form, status=422)
