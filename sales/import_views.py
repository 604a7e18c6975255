"""The page that takes a transactions file in: choose it, look at what it holds, then store it."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sales.importing import Report, import_transactions
from sales.transactions_csv import COLUMNS, UnreadableFileError
from watershop.audit import Actor
from watershop.models import Right, Shop
from watershop.roles import ShopRequest, shop_page

LARGEST_MB = 2
"""About 30,000 sales, half a minute of work. Larger files go in by command."""
KEPT = timedelta(hours=1)
SALT = "sales.import"


class ImportForm(forms.Form):
    file = forms.FileField(label=gettext_lazy("Transactions file (CSV)"), allow_empty_file=True)

    def clean_file(self) -> "UploadedFile[bytes]":
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > LARGEST_MB * 1024 * 1024:
            raise ValidationError(
                _(
                    "The file is larger than %(limit)s MB. Cut it into parts, or use the command on the server."
                )
                % {"limit": LARGEST_MB}
            )
        return file


@shop_page(right=Right.EXPORT)
def sales_import(request: ShopRequest) -> HttpResponse:
    """Choose a file; sent, it is looked at and shown, and nothing is stored yet."""
    form = ImportForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        path = _keep(form.cleaned_data["file"])
        try:
            report = import_transactions(request.shop, Actor.of(request), path, dry_run=True)
        except UnreadableFileError as error:
            path.unlink()
            form.add_error("file", str(error))
        else:
            return _preview(request, report, path, form.cleaned_data["file"].name)
    context = {"form": form, "columns": COLUMNS}
    return render(request, "sales/import.html", context, status=422 if form.is_bound else 200)


def _preview(request: ShopRequest, report: Report, path: Path, name: str, status: int = 200) -> HttpResponse:
    token = signing.dumps([request.shop.pk, path.name, name], salt=SALT)
    context = {"report": report, "name": name, "token": token}
    return render(request, "sales/import_preview.html", context, status=status)


@shop_page(right=Right.EXPORT, posted_from="sales_import")
def sales_import_store(request: ShopRequest) -> HttpResponse:
    """Store the sales of the file that was shown; with bad rows only when they are to be left out."""
    found = _kept(request.shop, request.POST.get("token", ""))
    if found is None:
        messages.error(request, _("This preview is too old or was stored already. Choose the file again."))
        return redirect("sales_import", request.shop.slug)
    path, name = found
    skip_bad = "skip_bad" in request.POST
    report = import_transactions(request.shop, Actor.of(request), path, skip_bad=skip_bad)
    if not report.is_stored:
        return _preview(request, report, path, name, status=422)
    path.unlink()
    return render(request, "sales/import_stored.html", {"report": report, "name": name})


def _folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "imports"


def _keep(file: "UploadedFile[bytes]") -> Path:
    """Keep an uploaded file under a name of our own until it is stored; forgotten ones go."""
    _folder().mkdir(parents=True, exist_ok=True)
    oldest = (timezone.now() - KEPT).timestamp()
    for old in _folder().glob("*.csv"):
        if old.stat().st_mtime < oldest:
            old.unlink(missing_ok=True)
    path = _folder() / f"{uuid4().hex}.csv"
    with path.open("wb") as kept:
        kept.writelines(file.chunks())
    return path


def _kept(shop: Shop, token: str) -> tuple[Path, str] | None:
    """The file of a preview of this shop and what its owner calls it, while it is there."""
    try:
        of_shop, file, name = signing.loads(token, salt=SALT, max_age=KEPT)
    except signing.BadSignature:
        return None
    path = _folder() / file
    return (path, name) if of_shop == shop.pk and path.exists() else None
