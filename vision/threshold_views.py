"""The page that says what other bars would have meant for the visits of the last month, and sets one."""

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from vision import thresholds
from vision.thresholds import Bar, Point, WhatIf
from watershop.audit import Actor
from watershop.models import Right, Role
from watershop.roles import ShopRequest, shop_page

WIDTH, FLOOR, TOP = 360, 150, 26
"""The drawing in px: how wide, where its hills stand, and how high they may be."""
MISTAKES_TOP = 90
"""Mistakes are drawn lower: theirs is another scale."""


class BarForm(forms.Form):
    """Which bar, and where; empty where it is left to the network."""

    bar = forms.ChoiceField(choices=Bar.choices)
    at = forms.FloatField(required=False, min_value=0.05, max_value=1.5)


@dataclass(frozen=True)
class Drawn:
    """Visits and known mistakes over the distance, as two hills; the bar as it is, and the one asked about."""

    visits: str
    mistakes: str
    now_x: float
    at_x: float


@shop_page(role=Role.MANAGER, right=Right.SEE_FACES)
def thresholds_page(request: ShopRequest) -> HttpResponse:
    """One bar (`bar`), and what it would do at another distance (`at`)."""
    form = BarForm(request.GET)
    bar = Bar(form.cleaned_data["bar"]) if form.is_valid() else Bar.ACCEPT
    found = thresholds.what_if(request.shop, bar)
    asked = form.cleaned_data.get("at")
    point = found.at(found.now.at if asked is None else asked)
    context = {
        "found": found,
        "point": point,
        "more": point.visits - found.now.visits,
        "fewer": found.now.visits - point.visits,
        "drawn": _drawn(found, point),
        "bars": Bar,
        "days": thresholds.RECENT.days,
    }
    return render(request, "vision/thresholds.html", context)


@shop_page(role=Role.MANAGER, right=Right.SEE_FACES, posted_from="thresholds")
def threshold_set(request: ShopRequest) -> HttpResponse:
    """From now on a bar is where it was asked about, or again where the network has it (without `at`)."""
    form = BarForm(request.POST)
    if form.is_valid():
        bar, at = Bar(form.cleaned_data["bar"]), form.cleaned_data["at"]
        thresholds.set_bar(request.shop, bar, at, Actor.of(request))
        messages.success(request, _("Saved."))
        return redirect(f"{reverse('thresholds', args=[request.shop.slug])}?bar={bar.value}")
    messages.error(request, _("Choose a distance on the page."))
    return redirect("thresholds", request.shop.slug)


def _drawn(found: WhatIf, point: Point) -> Drawn:
    most = max((each.visits for each in found.points), default=0)
    worst = max((each.mistakes for each in found.points), default=0)
    return Drawn(
        _hill(found, [each.visits / max(most, 1) * (FLOOR - TOP) for each in found.points]),
        _hill(found, [each.mistakes / worst * (FLOOR - MISTAKES_TOP) for each in found.points])
        if worst
        else "",
        _x(found, found.now.at),
        _x(found, point.at),
    )


def _hill(found: WhatIf, heights: list[float]) -> str:
    """A polygon on the floor of the drawing."""
    tops = zip(found.points, heights, strict=True)
    line = (f"{_x(found, point.at)},{FLOOR - height:.1f}" for point, height in tops)
    return " ".join((f"0,{FLOOR}", *line, f"{WIDTH},{FLOOR}"))


def _x(found: WhatIf, at: float) -> float:
    first, last = found.points[0].at, found.points[-1].at
    return round(min(max((at - first) / (last - first), 0), 1) * WIDTH, 1)
