"""Pages of printers: the list with what stands on each receipt, one printer, and printing a receipt."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from sales import printing, slips
from sales.models import Printer, Printout, Sale
from sales.printer_forms import PrinterForm, ReceiptForm
from watershop.audit import Actor
from watershop.models import Role
from watershop.roles import ShopRequest, shop_page


@shop_page(role=Role.MANAGER)
def printers(request: ShopRequest) -> HttpResponse:
    """Every printer and how its last printout went; below, what stands on each receipt."""
    form = ReceiptForm(request.POST or None, instance=slips.settings_of(request.shop))
    if form.is_valid():
        slips.change_settings(request.shop, actor=Actor.of(request), **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("printers", request.shop.slug)
    last = printing.last_attempts(request.shop)
    rows = Printer.objects.of(request.shop).order_by("-is_active", "name")
    context = {"form": form, "printers": [(printer, last.get(printer.pk)) for printer in rows]}
    return render(request, "sales/printers.html", context, status=422 if form.is_bound else 200)


@shop_page(role=Role.MANAGER)
def printer_add(request: ShopRequest) -> HttpResponse:
    """A new printer; its page then offers a test print."""
    form = PrinterForm(request.POST or None)
    if form.is_valid():
        try:
            row = printing.add_printer(request.shop, actor=Actor.of(request), **form.cleaned_data)
        except ValidationError as refusal:
            form.add_error(None, ValidationError(refusal.messages))
        else:
            return redirect("printer", request.shop.slug, row.pk)
    return render(request, "sales/printer.html", {"form": form}, status=422 if form.is_bound else 200)


@shop_page(role=Role.MANAGER)
def printer(request: ShopRequest, pk: int) -> HttpResponse:
    """Change a printer, put it away (`do=put_away`) or bring it back (`do=bring_back`)."""
    row, actor = get_object_or_404(Printer.objects.of(request.shop), pk=pk), Actor.of(request)
    form = PrinterForm(request.POST if "name" in request.POST else None, instance=row)
    wish = request.POST.get("do")
    try:
        if wish in ("put_away", "bring_back"):
            printing.change_printer(row, {"is_active": wish == "bring_back"}, actor=actor)
            return redirect("printers", request.shop.slug)
        if form.is_valid():
            printing.change_printer(row, form.cleaned_data, actor=actor)
            messages.success(request, _("Saved."))
            return redirect("printer", request.shop.slug, row.pk)
    except ValidationError as refusal:
        form.add_error(None, ValidationError(refusal.messages))
    context = {
        "form": form,
        "printer": Printer.objects.get(pk=pk),
        "attempt": printing.last_attempts(request.shop).get(pk),
    }
    return render(request, "sales/printer.html", context, status=422 if form.is_bound else 200)


@shop_page(role=Role.MANAGER, posted_from="printer")
def printer_ask(request: ShopRequest, pk: int) -> HttpResponse:
    """A test print, or the drawer opened (`do=drawer`)."""
    row = get_object_or_404(Printer.objects.of(request.shop).active().select_related("shop"), pk=pk)
    kind = Printout.Kind.DRAWER if request.POST.get("do") == "drawer" else Printout.Kind.TEST
    printing.ask(row, kind, actor=Actor.of(request))
    return redirect("printer", request.shop.slug, row.pk)


@shop_page(posted_from="receipt")
def receipt_print(request: ShopRequest, pk: int) -> HttpResponse:
    """Print the receipt of a sale on the printer of that number."""
    sale = get_object_or_404(Sale.objects.of(request.shop), pk=pk)
    printers = Printer.objects.of(request.shop).active().select_related("shop")
    number = request.POST.get("printer", "")
    row = get_object_or_404(printers, pk=number if number.isdecimal() else 0)
    printing.ask(row, Printout.Kind.RECEIPT, actor=Actor.of(request), sale=sale)
    return redirect("receipt", request.shop.slug, sale.pk)


@shop_page()
def printout(request: ShopRequest, pk: int) -> HttpResponse:
    """How it stands with a printout, asked for each second while it waits."""
    row = get_object_or_404(Printout, shop=request.shop, pk=pk)
    return render(request, "sales/_printed.html", {"attempt": printing.attempt_of(row)})
