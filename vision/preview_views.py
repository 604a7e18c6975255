"""The preview of a recording: its video or its pictures, with the faces, who they are, and a timeline to jump on."""

from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from vision import preview
from vision.models import FaceView, Recording
from vision.privacy import access
from vision.showing import private, private_part
from watershop import audit
from watershop.audit import Actor
from watershop.models import Right
from watershop.roles import ShopRequest, shop_page


def _recording(request: ShopRequest, pk: int) -> Recording:
    """A recording of this shop whose file is still there."""
    own = Recording.objects.filter(shop=request.shop).exclude(file="")
    return get_object_or_404(own.select_related("shop", "camera"), pk=pk)


def _seconds(text: str | None) -> float:
    """A moment of a recording, as the address says it; its start when it says nothing sensible."""
    try:
        seconds = float(text or 0)
    except ValueError:
        return 0.0
    return seconds if 0 <= seconds < 10_000_000 else 0.0


@shop_page(right=Right.SEE_FACES)
def recording_preview(request: ShopRequest, pk: int) -> HttpResponse:
    """Look at a recording, from `at` (seconds) on. Who looked is recorded: these are faces."""
    found = _recording(request, pk)
    audit.record(request.shop, Actor.of(request), "watch_recording", found)
    context = {
        "recording": found,
        "plays": bool(preview.type_of(found)),
        "lanes": preview.lanes(found),
        "at": _seconds(request.GET.get("at")),
    }
    return private(render(request, "vision/preview.html", context))


@shop_page(right=Right.SEE_FACES)
def recording_tracks(request: ShopRequest, pk: int) -> JsonResponse:
    """Where each face was when, for the boxes over the picture."""
    return private(JsonResponse({"tracks": preview.tracks(_recording(request, pk))}))


@shop_page(right=Right.SEE_FACES)
def recording_video(request: ShopRequest, pk: int) -> HttpResponseBase:
    """The recording itself, or the part of it that the browser asks for."""
    found = _recording(request, pk)
    access.note(request, FaceView.What.FILM, pk)
    content_type = preview.type_of(found) or "application/octet-stream"
    return private_part(found.file, content_type, request.headers.get("Range", ""))


@shop_page(right=Right.SEE_FACES)
def recording_frame(request: ShopRequest, pk: int) -> HttpResponse:
    """The picture at `at` (seconds), for recordings that the browser cannot play."""
    jpeg = preview.picture_at(_recording(request, pk), _seconds(request.GET.get("at")))
    if not jpeg:
        raise Http404(_("There is no picture at this moment."))
    access.note(request, FaceView.What.FRAME, pk)
    return private(HttpResponse(jpeg, content_type="image/jpeg"))
