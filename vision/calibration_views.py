"""The page that shows how near is near enough at a camera: both kinds of pairs as hills, and the bars between them."""

import math
from collections import Counter
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from vision import calibration
from vision.calibration import Band
from vision.models import Camera
from vision.pairs import STEP
from vision.pipeline import eye_of
from watershop.models import Right, Role
from watershop.roles import ShopRequest, shop_page

WIDTH, FLOOR, TOP = 360, 150, 14
"""The drawing in px: how wide, and where its hills stand and end."""
FARTHEST = 1.0
"""The distance at its right edge; farther pairs are not drawn."""


@dataclass(frozen=True)
class Drawn:
    """A band with its drawing: hills as points of a polygon, bars as places from the left."""

    band: Band
    impostor: str
    genuine: str
    accept_x: float
    review_x: float

    @property
    def rates(self) -> list[tuple[str, float]]:
        """How often a pair is wrong at the bar: (which error, per cent); none before it is fitted."""
        fitted = self.band.fitted
        return [("fmr", 100 * fitted.fmr), ("fnmr", 100 * fitted.fnmr)] if fitted else []

    @property
    def has_end(self) -> bool:
        return math.isfinite(self.band.up_to_px)


@shop_page(role=Role.MANAGER, right=Right.SEE_FACES)
def camera_calibration(request: ShopRequest, pk: int) -> HttpResponse:
    """What a camera's own recordings say about how near is near enough, for each band of face width."""
    camera = get_object_or_404(Camera.objects.select_related("shop"), shop=request.shop, pk=pk)
    eye = eye_of(camera)
    drawn = []
    for band in calibration.bands(camera, eye.model_id):
        bar = eye.bar(band.up_to_px)
        impostor, genuine = _hill(band.pairs.impostor), _hill(band.pairs.genuine)
        drawn.append(Drawn(band, impostor, genuine, _x(bar.accept_at), _x(bar.review_at)))
    return render(request, "vision/camera_calibration.html", {"camera": camera, "bands": drawn})


def _hill(side: Counter[int]) -> str:
    """The counted pairs as a polygon, as high as the drawing however many there are."""
    if not side:
        return ""
    highest, steps = max(side.values()), range(round(FARTHEST / STEP))
    tops = (f"{_x((n + 0.5) * STEP)},{FLOOR - side[n] / highest * (FLOOR - TOP):.1f}" for n in steps)
    return " ".join((f"0,{FLOOR}", *tops, f"{WIDTH},{FLOOR}"))


def _x(distance: float) -> float:
    return round(min(distance / FARTHEST, 1) * WIDTH, 1)
