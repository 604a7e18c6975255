"""The page of a camera's clock beside the till's: how sales and visits fit at each difference, and what was found."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from vision import clocks
from vision.joining.clock import SURE_RATIO, SURE_Z
from vision.models import Camera, ClockEstimate
from vision.showing import back_to
from watershop.audit import Actor
from watershop.models import Right, Role
from watershop.roles import ShopRequest, shop_page

HISTORY = 30
WIDTH, FLOOR, TOP = 360, 150, 14
"""The drawing in px: how wide, and where its line stands and ends."""


@dataclass(frozen=True)
class Drawn:
    """The curve of an estimate as points of a line, with the place of what was found, of zero, and minutes below."""

    points: str
    found_x: float
    zero_x: float | None
    ticks: list[tuple[float, int]]


@shop_page(role=Role.MANAGER, right=Right.SEE_FACES)
def camera_clock(request: ShopRequest, pk: int) -> HttpResponse:
    """How far a camera's clock is from the till's, how sure that is, and every estimate so far."""
    camera = get_object_or_404(Camera.objects.filter(shop=request.shop), pk=pk)
    newest = camera.clock_estimates.first()
    context = {
        "camera": camera,
        "clocks": clocks.shown([camera]),
        "newest": newest,
        "drawn": _drawn(newest) if newest and len(newest.curve) > 1 else None,
        "sure_z": SURE_Z,
        "sure_ratio": SURE_RATIO,
        "estimates": camera.clock_estimates.select_related("decided_by").defer("curve")[:HISTORY],
    }
    return render(request, "vision/camera_clock.html", context)


def _drawn(row: ClockEstimate) -> Drawn:
    first, last = row.curve[0][0], row.curve[-1][0]

    def x(seconds: float) -> float:
        return float(round((seconds - first) / (last - first) * WIDTH, 1))

    highest = max(*(height for _lag, height in row.curve), 1e-9)
    points = (f"{x(lag)},{FLOOR - height / highest * (FLOOR - TOP):.1f}" for lag, height in row.curve)
    minutes = range(-(-int(first) // 600) * 10 + 10, int(last) // 60, 20)
    return Drawn(
        " ".join(points),
        x(min(max(row.offset_s, first), last)),
        x(0) if first <= 0 <= last else None,
        [(x(60 * minute), minute) for minute in minutes],
    )


@shop_page(role=Role.MANAGER, right=Right.SEE_FACES, posted_from="cameras")
def clock_decide(request: ShopRequest, pk: int) -> HttpResponse:
    """Say that an applied estimate is not so (`do=refuse`), or take that back; then to the page that asked."""
    rows = ClockEstimate.objects.filter(shop=request.shop).select_related("shop", "camera")
    row, actor = get_object_or_404(rows, pk=pk), Actor.of(request)
    is_refusal = request.POST.get("do") == "refuse"
    try:
        (clocks.refuse if is_refusal else clocks.take_back)(row, actor)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        said = _("Links no longer take it into account.") if is_refusal else _("Taken back.")
        messages.success(request, said)
    return redirect(back_to(request) or reverse("camera_clock", args=[request.shop.slug, row.camera_id]))
