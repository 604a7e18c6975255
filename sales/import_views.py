"""The page that takes a transactions file in: choose it, look at what it holds, then store it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from sales.importing import Report, import_transactions
from sales.transactions_csv import COLUMNS, UnreadableFileError
from sales.uploads import Upload, UploadForm, keep, upload_of
from watershop.audit import Actor
from watershop.models import Right, Role
from watershop.roles import ShopRequest, require, shop_page


@shop_page(right=Right.EXPORT)
def sales_import(request: ShopRequest) -> HttpResponse:
    """Choose a file; sent, it is looked at and shown, and nothing is stored yet."""
    _require_back_date(request)
    form = UploadForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        upload = keep(form.cleaned_data["file"])
        try:
            report = import_transactions(request.shop, Actor.of(request), upload.path, dry_run=True)
        except UnreadableFileError as error:
            upload.forget()
            form.add_error("file", str(error))
        else:
            return _preview(request, report, upload)
    context = {"form": form, "columns": COLUMNS}
    return render(request, "sales/import.html", context, status=422 if form.is_bound else 200)


@shop_page(right=Right.EXPORT, posted_from="sales_import")
def sales_import_store(request: ShopRequest) -> HttpResponse:
    """Store the sales of the file that was shown; with bad rows only when they are to be left out."""
    _require_back_date(request)
    if not (upload := upload_of(request.shop, request.POST.get("token", ""))):
        return _choose_again(request)
    skip_bad = "skip_bad" in request.POST
    try:
        report = import_transactions(request.shop, Actor.of(request), upload.path, skip_bad=skip_bad)
    except UnreadableFileError:  # it could be read when it was shown, so it is gone
        return _choose_again(request)
    if not report.is_stored:
        return _preview(request, report, upload, status=422)
    upload.forget()
    return render(request, "sales/import_stored.html", {"report": report, "name": upload.name})


def _require_back_date(request: ShopRequest) -> None:
    """A file enters sales of earlier days; who may not do so at the till may not do so here."""
    require(request.membership, request.rights, role=Role.STAFF, right=Right.BACK_DATE)


def _preview(request: ShopRequest, report: Report, upload: Upload, status: int = 200) -> HttpResponse:
    context = {"report": report, "name": upload.name, "token": upload.token(request.shop)}
    return render(request, "sales/import_preview.html", context, status=status)


def _choose_again(request: ShopRequest) -> HttpResponse:
    messages.error(request, _("This preview is too old or was stored already. Choose the file again."))
    return redirect("sales_import", request.shop.slug)
