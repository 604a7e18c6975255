"""Pages of the sales: receipt, list, one sale, void."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from sales import printing
from sales.dues import balance_of
from sales.forms import SalesFilter, VoidForm
from sales.models import Printer, Sale, SaleQuerySet
from sales.reversals import came_with, void_sale
from sales.slips import receipt_of
from sales.upi import claim_qr, open_claim
from watershop import phone_links
from watershop.approvals import is_in_reach
from watershop.audit import Actor
from watershop.models import AuditEntry, Right, Role, Shop
from watershop.roles import ShopRequest, has_role, require, shop_page

PAGE_SIZE = 50
FOUND_AT_ONCE = 8


@shop_page()
def receipt(request: ShopRequest, pk: int) -> HttpResponse:
    """The slip for the buyer; `?done=1` is the moment after the sale."""
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
    }
    return render(request, "sales/receipt.html", context)


def _sale(shop: Shop, pk: int) -> Sale:
    sales = Sale.objects.of(shop).with_sums().select_related("shop", "customer", "clerk", "void__by")
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
    return _sale_page(request, _sale(request.shop, pk), VoidForm())


def _sale_page(request: ShopRequest, sale: Sale, form: VoidForm, *, status: int = 200) -> HttpResponse:
    is_manager = has_role(request.membership, Role.MANAGER)
    trail = AuditEntry.objects.filter(shop=request.shop, subject_type="sales.sale", subject_id=sale.pk)
    context = {
        "sale": sale,
        "lines": sale.lines.select_related("can_type"),
        "settled": _settled(sale),
        "moves": sale.can_movements.select_related("can_type").order_by("id"),
        "trail": trail.select_related("user", "approved_by").order_by("id") if is_manager else [],
        "void_form": form if is_in_reach(request, Right.VOID) else None,
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
    form = VoidForm(request.POST)
    if form.is_valid():
        try:
            void_sale(sale, reason=form.cleaned_data["reason"], actor=Actor.of(request))
        except ValidationError as refusal:
            form.add_error(None, ValidationError(refusal.messages))
        else:
            messages.success(request, _("Sale %(code)s is void.") % {"code": sale.code})
            return redirect("sale", request.shop.slug, sale.pk)
    return _sale_page(request, sale, form, status=422)
