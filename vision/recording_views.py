"""Pages of recordings: upload, progress, what came of them."""

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from vision import pipeline
from vision import recordings as files
from vision.forms import UploadForm, too_large
from vision.models import Camera, Recording, Visit
from watershop.audit import Actor
from watershop.models import Right, Role
from watershop.roles import ShopRequest, shop_page

PAGE_SIZE = 30
FORM_BYTES = 64 * 1024
"""What the other fields of the upload form may add to the file."""


# The check of the form's token reads the whole body. So it waits until the member and the size are known.
@csrf_exempt
@shop_page(right=Right.SEE_FACES)
def recordings(request: ShopRequest) -> HttpResponse:
    """All recordings, and the form that takes in another."""
    if request.method != "POST":
        return _page(request, UploadForm())
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.UPLOAD_MAX_BYTES + FORM_BYTES:
        messages.error(request, too_large())
        return _page(request, UploadForm(), status=413)
    request.upload_handlers = [TemporaryFileUploadHandler(request)]
    return _upload(request)


@csrf_protect
def _upload(request: ShopRequest) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    data, actor = form.cleaned_data, Actor.of(request)
    recording, is_new = files.receive(
        request.shop, data["file"], camera=data["camera"], start=data["start"], actor=actor
    )
    if not is_new:
        messages.info(request, _("This recording is here already: nothing was stored twice."))
    return redirect("recording", request.shop.slug, recording.pk)


def _page(request: ShopRequest, form: UploadForm, status: int = 200) -> HttpResponse:
    own = Recording.objects.filter(shop=request.shop).eventful()
    rows = own.select_related("camera").annotate(came=Count("visits"))
    # Counting groups the rows, and a grouped query forgets the model's order.
    page = Paginator(rows.order_by("-started_at", "-id"), PAGE_SIZE).get_page(request.GET.get("page"))
    cameras = Camera.objects.filter(shop=request.shop)
    context = {"page": page, "form": form, "cameras": cameras, "detector": pipeline.eye().detector}
    return render(request, "vision/recordings.html", context, status=status)


def _recording(request: ShopRequest, pk: int) -> Recording:
    """The recording as it stands now, also when its worker has just died for good."""
    own = Recording.objects.filter(shop=request.shop)
    files.settle(own.filter(pk=pk))
    return get_object_or_404(own.select_related("shop", "camera"), pk=pk)


@shop_page(right=Right.SEE_FACES)
def recording(request: ShopRequest, pk: int) -> HttpResponse:
    """One recording: its progress, then who came, or why it failed."""
    found = _recording(request, pk)
    context = {
        "recording": found,
        "progress": files.progress(found),
        "off_cameras": [] if found.camera.recognises else [found.camera],
        "reason": files.reason_of(found),
        "visits": Visit.objects.of(request.shop).shown_in(found).order_by("entry_at", "pk").for_cards(),
    }
    return render(request, "vision/recording.html", context)


@shop_page(right=Right.SEE_FACES)
def recording_progress(request: ShopRequest, pk: int) -> HttpResponse:
    """The progress bar, asked for each second; once it is done, htmx loads the page anew."""
    found = _recording(request, pk)
    if found.is_finished:
        return HttpResponse(headers={"HX-Refresh": "true"})
    context = {"recording": found, "progress": files.progress(found)}
    return render(request, "vision/_progress.html", context)


@shop_page(right=Right.SEE_FACES, posted_from="recording")
def recording_retry(request: ShopRequest, pk: int) -> HttpResponse:
    """Watch a failed recording once more."""
    files.try_again(_recording(request, pk), Actor.of(request))
    return redirect("recording", request.shop.slug, pk)


@shop_page(role=Role.MANAGER, right=Right.SEE_FACES, posted_from="recording")
def recording_keep(request: ShopRequest, pk: int) -> HttpResponse:
    """Keep a camera's film for good (`keep`), or no longer."""
    files.keep(_recording(request, pk), Actor.of(request), is_kept="keep" in request.POST)
    messages.success(request, _("Saved."))
    return redirect("recording", request.shop.slug, pk)


@shop_page(role=Role.MANAGER, right=Right.SEE_FACES, posted_from="recording")
def recording_remove(request: ShopRequest, pk: int) -> HttpResponse:
    """Take a recording away with all that was seen in it."""
    files.remove(_recording(request, pk), Actor.of(request))
    messages.success(request, _("The recording and the faces in it are gone."))
    return redirect("recordings", request.shop.slug)
