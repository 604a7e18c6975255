"""Pages of cameras: the list, one camera with its picture and what is drawn on it, and what the eye asks of a face."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Max
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from vision import cameras as deeds
from vision import clocks, pipeline
from vision.camera_forms import CameraForm, EyeForm, PlacesForm
from vision.camera_words import ADVICE, FAULTS, REFUSALS
from vision.faces import REFUSALS as REASONS
from vision.models import Camera, FaceView, Recording, VisionSettings
from vision.privacy import access
from vision.scene import PLACES
from vision.showing import private_file
from watershop import jobs
from watershop.audit import Actor
from watershop.models import Job, Right, Role, Shop
from watershop.roles import ShopRequest, shop_page

KINDS = {
    Camera.Kind.STREAM: "video",
    Camera.Kind.DEVICE: "device",
    Camera.Kind.FOLDER: "file",
    Camera.Kind.FILES: "upload",
}
RECENT = 30
"""So many of the newest recordings say how many faces each gate has refused."""


@dataclass(frozen=True)
class Bar:
    """A share of something (0 to 1) under its name."""

    label: str
    share: float

    @property
    def percent(self) -> int:
        return round(100 * self.share)


@shop_page(role=Role.MANAGER, right=Right.SEE_FACES)
def cameras(request: ShopRequest) -> HttpResponse:
    """Every camera with its newest picture and what is wrong with it, the worst first; the kinds that can be added."""
    rows = Camera.objects.filter(shop=request.shop).annotate(recorded_at=Max("recordings__started_at"))
    kinds = [{"code": kind.value, "label": kind.label, "icon": icon} for kind, icon in KINDS.items()]
    found = [(row, FAULTS.get(row.fault)) for row in rows.order_by("-is_on", "name")]
    found.sort(key=lambda camera: not (camera[0].is_on and camera[1]))
    context = {"cameras": found, "kinds": kinds, "detector": pipeline.eye().detector}
    return render(request, "vision/cameras.html", context)


@shop_page(role=Role.MANAGER, right=Right.SEE_FACES)
def camera_add(request: ShopRequest, kind: str) -> HttpResponse:
    """A new camera of one kind; one that is live is asked for a picture at once."""
    if kind not in Camera.Kind.values:
        raise Http404(_("There is no such kind of camera."))
    blank = Camera(shop=request.shop, kind=kind)
    form = CameraForm(request.POST or None, instance=blank, shop=request.shop, kind=kind)
    if form.is_valid():
        fields = {"kind": kind, **form.of_camera}
        row = deeds.add(request.shop, fields, form.login, Actor.of(request))
        if row.is_live:
            _say(request, deeds.take_still(row))
        return redirect("camera", request.shop.slug, row.pk)
    context = {"form": form, "kind": Camera.Kind(kind).label}
    return render(request, "vision/camera_add.html", context, status=422 if form.is_bound else 200)


@shop_page(role=Role.MANAGER, right=Right.SEE_FACES)
def camera(request: ShopRequest, pk: int) -> HttpResponse:
    """One camera: its picture with what is drawn on it, how well it hangs, and its settings to change."""
    row = _camera(request, pk)
    form = CameraForm(request.POST or None, instance=row, shop=request.shop, kind=row.kind)
    if form.is_valid():
        deeds.change(row, form.of_camera, form.login, Actor.of(request))
        messages.success(request, _("Saved."))
        return redirect("camera", request.shop.slug, pk)
    return _page(request, _camera(request, pk), form=form, status=422 if form.is_bound else 200)


def _camera(request: ShopRequest, pk: int) -> Camera:
    return get_object_or_404(Camera.objects.filter(shop=request.shop).select_related("shop"), pk=pk)


def _page(request: ShopRequest, row: Camera, **parts: Any) -> HttpResponse:
    status = parts.pop("status", 200)
    context = {
        "camera": row,
        "fault": FAULTS.get(row.fault),
        "clocks": clocks.shown([row]),
        "form": CameraForm(instance=_camera(request, row.pk), shop=request.shop, kind=row.kind),
        "places": PlacesForm(initial={name: getattr(row, name) for name in PLACES}),
        **_placement(row),
        **parts,
    }
    return render(request, "vision/camera.html", context, status=status)


@shop_page(role=Role.MANAGER, right=Right.SEE_FACES, posted_from="camera")
def camera_test(request: ShopRequest, pk: int) -> HttpResponse:
    """Ask the camera for a picture now; what is wrong is said with what to do."""
    _say(request, deeds.take_still(_camera(request, pk)))
    return redirect("camera", request.shop.slug, pk)


def _say(request: ShopRequest, fault: str) -> None:
    if not fault:
        messages.success(request, _("The camera sends pictures."))
        return
    words = FAULTS.get(fault, FAULTS["unreadable"])
    messages.error(request, f"{words.what} {words.do}")


@shop_page(role=Role.MANAGER, right=Right.SEE_FACES, posted_from="camera")
def camera_draw(request: ShopRequest, pk: int) -> HttpResponse:
    """Keep what was drawn on the camera's picture."""
    row, form = _camera(request, pk), PlacesForm(request.POST)
    if not form.is_valid():
        return _page(request, row, places=form, status=422)
    deeds.draw(row, form.places(), Actor.of(request))
    messages.success(request, _("Saved."))
    return redirect("camera", request.shop.slug, pk)


@shop_page(role=Role.MANAGER, right=Right.SEE_FACES, posted_from="camera")
def camera_check(request: ShopRequest, pk: int) -> HttpResponse:
    """Have a worker look through the camera for a minute."""
    deeds.ask_placement(_camera(request, pk), Actor.of(request))
    return redirect("camera", request.shop.slug, pk)


@shop_page(role=Role.MANAGER, right=Right.SEE_FACES)
def camera_progress(request: ShopRequest, pk: int) -> HttpResponse:
    """How far the minute is, asked for each second; once it is over, htmx loads the page anew."""
    row = _camera(request, pk)
    job = _checking(row)
    if job is None:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "vision/_camera_checking.html", {"camera": row, "checking": job})


def _checking(row: Camera) -> Job | None:
    """The job that looks through the camera now, or waits to."""
    job = jobs.latest(deeds.CHECK, row.pk)
    return job if job and job.state in (Job.State.QUEUED, Job.State.RUNNING) else None


def _placement(row: Camera) -> dict[str, Any]:
    """What the last check found, as bars and sentences."""
    found = row.placement or {}
    at = parse_datetime(found.get("at", ""))
    parts: dict[str, Any] = {"checking": _checking(row), "checked_at": at}
    if found.get("fault"):
        return parts | {"check_fault": FAULTS.get(found["fault"], FAULTS["unreadable"])}
    if at is None:
        return parts
    faces = found["faces"]
    bars = [Bar(_("Faces that can be compared"), found["usable"] / faces if faces else 0.0)]
    bars += [Bar(str(REFUSALS[reason]), share) for reason, share in found["refused"].items()]
    light = found["light"]
    shades = [
        Bar(_("Light on the faces"), light["face_luma"] / 255),
        Bar(_("Light around them"), light["around"] / 255),
    ]
    return parts | {
        "found": found,
        "bars": bars,
        "shades": shades if faces else [Bar(_("Light"), light["luma"] / 255)],
        "advice": [(code, ADVICE[code] % {"px": found["width_px"]}) for code in found["advice"]],
        "boxes": [_as_percent(*box) for box in found["boxes"]] if found["still"] == row.still.name else [],
    }


def _as_percent(x1: float, y1: float, x2: float, y2: float, refusal: str) -> dict[str, Any]:
    """A box of the still as an SVG rectangle of a picture that is 100 wide and 100 high."""
    sides = {"x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1}
    return {name: f"{100 * side:.2f}" for name, side in sides.items()} | {"is_usable": not refusal}


@shop_page(role=Role.MANAGER, right=Right.SEE_FACES)
def camera_still(request: ShopRequest, pk: int) -> FileResponse:
    """The camera's newest picture. There may be faces in it: no cache keeps it."""
    still = private_file(_camera(request, pk).still, "image/jpeg")
    access.note(request, FaceView.What.STILL, pk)
    return still


@shop_page(role=Role.MANAGER, right=Right.SEE_FACES)
def camera_settings(request: ShopRequest) -> HttpResponse:
    """What a face must be like to be compared, and how many were refused for each reason lately."""
    row = VisionSettings.of(request.shop)
    form = EyeForm(request.POST or None, instance=row)
    if form.is_valid():
        deeds.change_settings(request.shop, form.cleaned_data, Actor.of(request))
        messages.success(request, _("Saved."))
        return redirect("camera_settings", request.shop.slug)
    context = {"form": form, "bars": _refused_lately(request.shop)}
    return render(request, "vision/camera_settings.html", context, status=422 if form.is_bound else 200)


def _refused_lately(shop: Shop) -> list[Bar]:
    """The share of faces that each gate has refused in the newest recordings; none when no face was seen."""
    done = Recording.objects.filter(shop=shop, state=Recording.State.DONE)
    summaries: list[dict[str, Any]] = [row.summary for row in done.only("summary")[:RECENT] if row.summary]
    faces = sum(summary.get("faces", 0) for summary in summaries)
    if not faces:
        return []
    return [
        Bar(
            str(REFUSALS[reason]),
            sum(summary.get("refused", {}).get(reason, 0) for summary in summaries) / faces,
        )
        for reason in REASONS
    ]
