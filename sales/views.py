"""Pages of the sales: receipt, list, one sale, void."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from sales import printing
from sales.dues import balance_of
from sales.forms import RefundForm, SalesFilter, VoidForm
from sales.models import DepositEntry, Printer, Sale, SaleQuerySet, Tender
from sales.return_forms import WalkInReturnForm
from sales.returns import return_of_walk_in
from sales.reversals import (
    UNDO_FOR,
    came_with,
    deposit_with,
    may_undo_at_once,
    refund,
    undo_at_once,
    void_sale,
)
from sales.slips import receipt_of
from sales.upi import claim_qr, open_claim
from watershop import phone_links
from watershop.approvals import is_in_reach
from watershop.audit import Actor
from watershop.models import AuditEntry, Right, Role, Shop
from watershop.roles import ShopRequest, has_role, require, shop_page

PAGE_SIZE = 50
# The forms of a sale's page have fields of the same name: each labels its own.
VOID, REFUND, RETURN = "void_%s", "refund_%s", "return_%s"


@shop_page()
def receipt(request: ShopRequest, pk: int) -> HttpResponse:
    """The slip for the buyer; `?done=1` is the moment after the sale, `?change=60` what goes back."""
    sale = _sale(request.shop, pk)
    claim, slip = open_claim(sale), receipt_of(sale)
    phone = sale.customer.phone if sale.customer else ""
    context = {
        "sale": sale,
        "slip": slip,
        "claim": claim,
        "qr": claim and claim_qr(claim, note=sale.code),
        "balance": balance_of(sale.customer) if sale.customer else None,
        "whatsapp": phone_links.whatsapp(phone, slip.text),
        "sms": phone_links.sms(phone, slip.text),
        "printers": Printer.objects.of(request.shop).active(),
        "printed": printing.last_receipt(sale),
        "is_done": "done" in request.GET,
        "amount": sale.total + deposit_with(sale),
        "undo_seconds": UNDO_FOR.seconds if may_undo_at_once(sale, Actor.of(request)) else None,
        "change": _change(request),
    }
    return render(request, "sales/receipt.html", context)


def _change(request: ShopRequest) -> Decimal | None:
    """What goes back to the buyer of the sale just made (`?change=60`); the till reckoned it."""
    try:
        change = Decimal(request.GET.get("change", ""))
    except InvalidOperation:
        return None
    return change if change.is_finite() and change > 0 else None


def _sale(shop: Shop, pk: int) -> Sale:
    sales = (
        Sale.objects.of(shop)
        .with_sums()
        .select_related("shop", "customer", "clerk", "void__by", "replaces", "replaced_by")
    )
    return get_object_or_404(sales, pk=pk)


@shop_page()
def sales(request: ShopRequest) -> HttpResponse:
    """The sales of some days, of one customer, or those that are unpaid; today's to begin with."""
    form = SalesFilter(request.shop, request.GET)
    rows = form.sales()
    not_void = Q(void__isnull=True)
    sums = rows.aggregate(count=Count("pk"), revenue=Sum("total", filter=not_void), unpaid=Sum("due"))
    pages = Paginator(_with_all_shown(rows), PAGE_SIZE)
    pages.count = sums["count"]  # what is unpaid is dear to find: counted with the sums, not once more
    context = {
        "form": form,
        "page": pages.get_page(request.GET.get("page")),
        "sums": sums if Right.SEE_TOTALS in request.rights else None,
    }
    return render(request, "sales/sales.html", context, status=200 if form.is_valid() else 422)


def _with_all_shown(rows: SaleQuerySet) -> SaleQuerySet:
    return rows.select_related("customer", "void").prefetch_related("lines__can_type")


@shop_page()
def sale(request: ShopRequest, pk: int) -> HttpResponse:
    """One sale: what, who, how paid, which cans, and what was done to it."""
    return _sale_page(request, _sale(request.shop, pk))


def _sale_page(
    request: ShopRequest,
    sale: Sale,
    *,
    void_form: VoidForm | None = None,
    refund_form: RefundForm | None = None,
    return_form: WalkInReturnForm | None = None,
    status: int = 200,
) -> HttpResponse:
    lines = list(sale.lines.select_related("can_type"))
    is_manager = has_role(request.membership, Role.MANAGER)
    trail = AuditEntry.objects.filter(shop=request.shop, subject_type="sales.sale", subject_id=sale.pk)
    context = {
        "sale": sale,
        "lines": lines,
        "settled": _settled(sale),
        "moves": sale.can_movements.select_related("can_type").order_by("id"),
        "trail": trail.select_related("user", "approved_by").order_by("id") if is_manager else [],
        "void_form": (void_form or VoidForm(auto_id=VOID)) if is_in_reach(request, Right.VOID) else None,
        "refund_form": (refund_form or RefundForm(lines, auto_id=REFUND))
        if is_in_reach(request, Right.REFUND)
        else None,
        "return_form": return_form or WalkInReturnForm(sale, auto_id=RETURN),
        "may_correct": is_in_reach(request, Right.VOID) and not hasattr(sale, "void"),
        "links_url_name": settings.SALE_LINKS_URL_NAME,
    }
    return render(request, "sales/sale.html", context, status=status)


def _settled(sale: Sale) -> Any:
    parts = sale.allocations.select_related("payment__reversed_by", "payment__upi_claim", "credit")
    return parts.order_by("id")


@shop_page(right=Right.VOID, posted_from="sale")
def sale_void(request: ShopRequest, pk: int) -> HttpResponse:
    """Undo a sale, with the reason; where money goes back to the buyer, that is a refund."""
    sale = _sale(request.shop, pk)
    if came_with(sale).exists():
        require(request.membership, request.rights, role=Role.STAFF, right=Right.REFUND)
    form = VoidForm(request.POST, auto_id=VOID)
    if form.is_valid():
        try:
            void_sale(sale, reason=form.cleaned_data["reason"], actor=Actor.of(request))
        except ValidationError as refusal:
            form.add_error(None, ValidationError(refusal.messages))
        else:
            messages.success(request, _("Sale %(code)s is void.") % {"code": sale.code})
            return redirect("sale", request.shop.slug, sale.pk)
    return _sale_page(request, sale, void_form=form, status=422)


@shop_page(right=Right.REFUND, posted_from="sale")
def sale_refund(request: ShopRequest, pk: int) -> HttpResponse:
    """Take back some cans of a sale for their money; the sale is entered again with what is left."""
    sale = _sale(request.shop, pk)
    form = RefundForm(list(sale.lines.select_related("can_type")), request.POST, auto_id=REFUND)
    if form.is_valid() and (location := form.once(request, lambda: _refund(request, sale, form))):
        messages.success(request, _("Refunded. This sale stands with what is left."))
        return redirect(location)
    return _sale_page(request, sale, refund_form=form, status=form.status)


def _refund(request: ShopRequest, sale: Sale, form: RefundForm) -> tuple[int, dict[str, Any]]:
    data = form.cleaned_data
    left = refund(
        sale,
        form.back(),
        reason=data["reason"],
        actor=Actor.of(request),
        client_ref=str(data["client_ref"]),
    )
    return 201, {"sale": left.pk, "location": reverse("sale", args=[request.shop.slug, left.pk])}


@shop_page(posted_from="sale")
def sale_return(request: ShopRequest, pk: int) -> HttpResponse:
    """Take back a walk-in's empties against their receipt, and give back the deposit."""
    sale = _sale(request.shop, pk)
    form = WalkInReturnForm(sale, request.POST, auto_id=RETURN)
    if form.is_valid() and (location := form.once(request, lambda: _return(request, sale, form))):
        messages.success(request, capfirst(DepositEntry.Kind.REFUNDED.label))
        return redirect(location)
    return _sale_page(request, sale, return_form=form, status=form.status)


def _return(request: ShopRequest, sale: Sale, form: WalkInReturnForm) -> tuple[int, dict[str, Any]]:
    data = form.cleaned_data
    return_of_walk_in(
        sale,
        form.back(),
        refund=Tender(data["refund"]),
        actor=Actor.of(request),
        client_ref=str(data["client_ref"]),
    )
    return 201, {"sale": sale.pk, "location": reverse("sale", args=[request.shop.slug, sale.pk])}


@shop_page(posted_from="sale")
def sale_undo(request: ShopRequest, pk: int) -> HttpResponse:
    """Take back the sale just made; the clerk's own, within seconds."""
    sale = _sale(request.shop, pk)
    try:
        undo_at_once(sale, actor=Actor.of(request))
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
        return redirect("sale", request.shop.slug, sale.pk)
    messages.success(request, _("Sale %(code)s is taken back.") % {"code": sale.code})
    return redirect("till", request.shop.slug)
