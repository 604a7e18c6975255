"""Which days a page of numbers shows: those in its address, and those that one press chooses instead."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

from watershop.dates import (
    Period,
    last_days,
    last_month,
    period_from,
    this_month,
    this_year,
    today,
    yesterday,
)
from watershop.models import Shop
from watershop.roles import ShopRequest

PRESETS: tuple[tuple[Any, Callable[[Shop], Period]], ...] = (
    (_("Today"), today),
    (_("Yesterday"), yesterday),
    (_("7 days"), lambda shop: last_days(shop, 7)),
    (_("30 days"), lambda shop: last_days(shop, 30)),
    (_("This month"), this_month),
    (_("Last month"), last_month),
    (_("This year"), this_year),
)


@dataclass(frozen=True)
class Choice:
    """What one press chooses."""

    label: str
    url: str
    is_current: bool


@dataclass(frozen=True)
class Chosen:
    """The period that a page shows, what was wrong with the one asked for, and what could be chosen instead.

    `kept` is the rest of the address: another period keeps it.
    """

    period: Period
    error: str
    choices: list[Choice]
    kept: Mapping[str, str]

    @property
    def status(self) -> int:
        return 400 if self.error else 200

    @property
    def is_preset(self) -> bool:
        return any(choice.is_current for choice in self.choices)


def choose(request: ShopRequest, default: Period, *, keeps: tuple[str, ...] = ()) -> Chosen:
    """The days in the address (`from`, `to`), else the default. `keeps` are parameters that outlive another choice."""
    kept = {name: request.GET[name] for name in keeps if name in request.GET}
    asked, error, period = (request.GET.get("from"), request.GET.get("to")), "", default
    try:
        period = period_from(request.shop, *asked, default=default)
    except ValueError as wrong:
        error = str(wrong)
    return Chosen(period, error, _choices(request, period, kept), kept)


def _choices(request: ShopRequest, period: Period, kept: Mapping[str, str]) -> list[Choice]:
    presets = [(str(label), preset(request.shop)) for label, preset in PRESETS]
    return [
        Choice(label, f"{request.path}?{query_of(preset, **kept)}", preset == period)
        for label, preset in presets
    ]


def query_of(period: Period, **more: str) -> str:
    """The part of an address after the question mark, as `period_from` reads it."""
    return urlencode({"from": period.first.isoformat(), "to": period.last.isoformat()} | more)
