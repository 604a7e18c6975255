"""Doors of the file for a dispute: make it, look at it while it lasts. Who looked is written down."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from sales.models import Sale
from vision import disputes
from vision.models import DisputeFile, FaceView
from vision.privacy import access
from vision.showing import private_file
from watershop import audit
from watershop.audit import Actor
from watershop.models import Right, Role
from watershop.roles import ShopRequest, shop_page

HOLDS_ALL = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox allow-modals; frame-ancestors 'none'"
"""The file brings its style and its pictures along, and may do nothing but be printed."""


@shop_page(role=Role.MANAGER, right=Right.SEE_FACES, posted_from="sale")
def sale_dispute(request: ShopRequest, pk: int) -> HttpResponse:
    """Make the file of an unpaid sale, and show it."""
    sale = get_object_or_404(Sale.objects.of(request.shop), pk=pk)
    try:
        made = disputes.make(sale, Actor.of(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("sale", request.shop.slug, pk)
    return redirect("dispute_file", request.shop.slug, made.pk)


@shop_page(role=Role.MANAGER, right=Right.SEE_FACES)
def dispute_file(request: ShopRequest, pk: int) -> HttpResponseBase:
    """The file, to read, print or keep as PDF; gone once it has expired."""
    own = DisputeFile.objects.filter(shop=request.shop).select_related("sale")
    found = get_object_or_404(own, pk=pk)
    if not disputes.files_of(found.sale).filter(pk=pk).exists():
        messages.info(request, _("This file has expired. Make a new one if the sale is still open."))
        return redirect("sale", request.shop.slug, found.sale_id)
    audit.record(request.shop, Actor.of(request), "read_dispute_file", found)
    visit = disputes.visit_of(found.sale)
    access.note(request, FaceView.What.DISPUTE, pk, visit.person_id if visit else None)
    response = private_file(found.file, "text/html; charset=utf-8")
    response["Content-Security-Policy"] = HOLDS_ALL
    return response
