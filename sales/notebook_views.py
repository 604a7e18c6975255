"""Pages that take the shop's notebook in: choose or paste a sheet, look at it, have it stored, have it undone."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.models import Customer
from sales import notebook_tasks
from sales.forms import OnceForm
from sales.models import CanType, NotebookImport, NotebookTask, NotebookUndo
from sales.notebook import Reading, read
from sales.notebook_sheet import HEADERS, Table, UnreadableSheetError, as_text, read_file, read_text, template
from sales.uploads import LARGEST_MB
from watershop import jobs
from watershop.audit import Actor
from watershop.models import Job, Role, Shop
from watershop.roles import ShopRequest, shop_page

ASKED_AT_ONCE = 200  # rows whose customer may be known; the others go by their phone number
LAST_BATCHES = 20


class SheetForm(forms.Form):
    """A sheet of customers: a file, or cells copied from a spreadsheet."""

    file = forms.FileField(label=gettext_lazy("File (XLSX or CSV)"), required=False)
    sheet = forms.CharField(
        label=gettext_lazy("Or paste the cells here"),
        widget=forms.Textarea({"rows": 6, "spellcheck": "false"}),
        required=False,
        strip=False,
    )

    def table(self) -> Table:
        """The rows that were sent. Raises UnreadableSheetError."""
        file = self.cleaned_data["file"]
        if not file:
            return read_text(self.cleaned_data["sheet"])
        if file.size > LARGEST_MB * 1024 * 1024:
            message = _("The file is larger than %(limit)s MB. Cut it into parts.")
            raise UnreadableSheetError(message % {"limit": LARGEST_MB})
        return read_file(file.name, file.read())


class StoreForm(OnceForm):
    """The sheet as it was looked at and mended; `row_<line>` says whose row it is."""

    sheet = forms.CharField(widget=forms.Textarea({"rows": 12, "spellcheck": "false"}), strip=False)
    skip_bad = forms.BooleanField(
        label=gettext_lazy("Leave the bad rows out and store the others"), required=False
    )

    def choices(self) -> dict[int, str]:
        rows = {name.removeprefix("row_"): self.data[name] for name in self.data if name.startswith("row_")}
        return {int(line): chosen for line, chosen in rows.items() if line.isdecimal()}


@shop_page(role=Role.MANAGER)
def notebook(request: ShopRequest) -> HttpResponse:
    """Choose or paste a sheet; sent, it is looked at and shown, and nothing is stored yet."""
    form = SheetForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        try:
            table = form.table()
            reading = read(request.shop, table, {})
        except UnreadableSheetError as error:
            form.add_error(None, str(error))
        else:
            return _preview(request, StoreForm(initial={"sheet": as_text(table)}), reading)
    batches = NotebookImport.objects.filter(shop=request.shop).select_related("by", "undo")
    context = {
        "form": form,
        "languages": settings.LANGUAGES,
        "batches": batches.annotate(count=Count("rows"))[:LAST_BATCHES],
        "unfinished": NotebookTask.objects.filter(shop=request.shop, done_at=None),
    }
    return render(request, "sales/notebook.html", context, status=422 if form.is_bound else 200)


@shop_page(role=Role.MANAGER, posted_from="notebook")
def notebook_store_sheet(request: ShopRequest) -> HttpResponse:
    """Have the sheet stored that was shown, or (`do=look`) look at it again as it was mended."""
    form = StoreForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("This form is damaged. Open the page again."))
        return redirect("notebook", request.shop.slug)
    try:
        table = read_text(form.cleaned_data["sheet"])
        reading = read(request.shop, table, form.choices())
    except UnreadableSheetError as error:
        form.add_error(None, str(error))
        return _preview(request, form, Reading(), status=422)
    is_asked = request.POST.get("do") == "store" and reading.entries
    is_good = is_asked and (form.cleaned_data["skip_bad"] or not reading.bad)
    if is_good and (location := form.once(request, lambda: _store(request, form, reading))):
        return redirect(location)
    return _preview(request, form, reading, status=422 if is_asked else 200)


def _preview(request: ShopRequest, form: StoreForm, reading: Reading, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "reading": reading,
        "alike": reading.alike[:ASKED_AT_ONCE],
        "lists": [(_("Bad rows"), reading.bad, True), (_("Look at these"), reading.warnings, False)],
    }
    return render(request, "sales/notebook_preview.html", context, status=status)


def _store(request: ShopRequest, form: StoreForm, reading: Reading) -> tuple[int, dict[str, Any]]:
    task = notebook_tasks.ask_to_store(
        request.shop,
        form.cleaned_data["sheet"],
        form.choices(),
        rows=len(reading.entries),
        actor=Actor.of(request),
    )
    return 202, {"task": task.pk, "location": reverse("sheet", args=[request.shop.slug, task.pk])}


@shop_page(role=Role.MANAGER, posted_from="notebook")
def notebook_undo(request: ShopRequest, pk: int) -> HttpResponse:
    """Have a stored sheet taken back."""
    batch = get_object_or_404(NotebookImport, shop=request.shop, pk=pk)
    if NotebookUndo.objects.filter(batch=batch).exists():
        messages.error(request, _("This import is undone already."))
        return redirect("notebook", request.shop.slug)
    task = notebook_tasks.ask_to_undo(batch, actor=Actor.of(request))
    return redirect("sheet", request.shop.slug, task.pk)


@shop_page(role=Role.MANAGER)
def sheet(request: ShopRequest, pk: int) -> HttpResponse:
    """How far a sheet is, then what came of it, or why it failed and the way back to it."""
    task, job = _task(request, pk)
    context: dict[str, Any] = {"task": task, "job": job}
    if task.done_at and task.batch:
        undo = NotebookUndo.objects.filter(batch=task.batch).first()
        kept = Customer.objects.of(request.shop).filter(pk__in=undo.kept if undo else [])
        rows = task.batch.rows.aggregate(count=Count("pk"), new=Count("pk", filter=Q(is_new=True)))
        context |= {"undo": undo, "kept": kept, "rows": rows}
    elif job and job.state == Job.State.FAILED:
        context["form"] = StoreForm(initial={"sheet": task.sheet})
    return render(request, "sales/sheet.html", context)


@shop_page(role=Role.MANAGER)
def sheet_progress(request: ShopRequest, pk: int) -> HttpResponse:
    """The progress bar, asked for each second; once it is over, htmx loads the page anew."""
    task, job = _task(request, pk)
    if task.done_at or (job and job.state == Job.State.FAILED):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "sales/_sheet_progress.html", {"task": task, "job": job})


def _task(request: ShopRequest, pk: int) -> tuple[NotebookTask, Job | None]:
    tasks = NotebookTask.objects.select_related("batch")
    return get_object_or_404(tasks, shop=request.shop, pk=pk), jobs.latest(notebook_tasks.DO, pk)


@shop_page(role=Role.MANAGER)
def notebook_template(request: ShopRequest, language: str) -> HttpResponse:
    """An empty sheet with the first row in this language and a column per can size."""
    if language not in HEADERS:
        raise Http404
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    answer = HttpResponse(template(language, _sizes(request.shop)), content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="customers-{language}.xlsx"'
    return answer


def _sizes(shop: Shop) -> list[str]:
    return list(CanType.objects.of(shop).on_sale().values_list("code", flat=True))
