"""The roll-up: what was counted of each day, kept so that a page costs the same however long the past is.

The database marks each day that a transaction changes (`DirtyDay`). Whoever reads numbers takes the marks away and
counts those days anew, in one transaction: a mark is seen only once what it tells of is committed, so no change is
missed, however late it comes. Pages look (`look`): they wait a moment for days to be counted, read them once, and say
how many still wait; everybody else gets numbers that are right.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import DateField
from django.db.models.functions import Cast, TruncMonth

from analytics import counting
from analytics.models import DailyTotals, RollUp
from watershop.models import DirtyDay, Shop

P = ParamSpec("P")
T = TypeVar("T")
Query = Callable[Concatenate[Shop, P], T]
PATIENCE_S = 1.0
"""So long a page counts days before it is shown; a month of a busy shop takes longer than a page may."""

MANY_MONTHS = 3
"""So many wait after an import; days that are corrected by hand lie in fewer."""


@dataclass
class Look:
    """One page's look at one shop: the numbers that it has read, and the days that it did not wait for."""

    shop: Shop
    waiting: int = 0
    read: dict[object, Any] = field(default_factory=dict)
    days: dict[date, DailyTotals] = field(default_factory=dict)


_look: ContextVar[Look | None] = ContextVar("look", default=None)


def refresh(shop: Shop, *, patience_s: float = math.inf, tell: Callable[[float], None] | None = None) -> bool:
    """Count anew, newest first, the days that changed. False when the patience was over before all were counted.

    One query when nothing changed. Months are transactions of their own; `tell` hears what share of them is done.
    """
    began, months = time.monotonic(), _months_waiting(shop)
    if len(months) >= MANY_MONTHS:
        counting.look_over()
    for done, month in enumerate(months):
        if time.monotonic() - began >= patience_s:
            return False
        _count(shop, month)
        if tell:
            tell((done + 1) / len(months))
    return True


def waiting(shop: Shop) -> int:
    """How many days changed since they were counted."""
    return DirtyDay.objects.filter(shop=shop).values("day").distinct().count()


def forget(shop: Shop) -> None:
    """As if nothing had been counted yet: the next refresh counts every day of the shop's past."""
    RollUp.objects.filter(shop=shop).update(zone="")


def _months_waiting(shop: Shop) -> list[date]:
    """The first days of the months in which days wait, the newest first."""
    marks = DirtyDay.objects.filter(shop=shop).values(month=Cast(TruncMonth("day"), DateField()))
    counted = RollUp.objects.filter(shop=shop, zone=shop.zone)
    newest_first = ArraySubquery(marks.distinct().order_by("-month"))
    months: list[date] | None = counted.values_list(newest_first, flat=True).first()
    if months is None:
        _begin_anew(shop)
        return _months_waiting(shop)
    return months


@transaction.atomic
def _begin_anew(shop: Shop) -> None:
    """All days wait, on the clock that the shop has now; unless somebody else has just said so."""
    RollUp.objects.bulk_create([RollUp(shop=shop)], ignore_conflicts=True)
    if RollUp.objects.filter(shop=shop).exclude(zone=shop.zone).update(zone=shop.zone):
        counting.mark_all(shop)


@transaction.atomic
def _count(shop: Shop, month: date) -> None:
    """The days of that month that wait; whoever else would count them waits, and finds them counted."""
    if days := counting.take_marks(shop, month):
        counting.count(shop, days)


@contextmanager
def look(shop: Shop) -> Iterator[Look]:
    """For one page: days are counted at its beginning, not for long, and each number is read once."""
    is_fresh = refresh(shop, patience_s=PATIENCE_S)
    with _looking(Look(shop, 0 if is_fresh else waiting(shop))) as look:
        yield look


@contextmanager
def _looking(look: Look) -> Iterator[Look]:
    token = _look.set(look)
    try:
        yield look
    finally:
        _look.reset(token)


def days_read() -> dict[date, DailyTotals]:
    """The days that the page, or the query, which looks now has read. Raises LookupError where nobody looks."""
    if (look := _look.get()) is None:
        raise LookupError("days are read within a look")
    return look.days


def reads(query: Query[P, T]) -> Query[P, T]:
    """A query of the roll-up: all days are counted first, unless a page looks, or a query that made this one."""

    @wraps(query)
    def read(shop: Shop, *args: P.args, **more: P.kwargs) -> T:
        look = _look.get()
        if look is None or look.shop != shop:
            refresh(shop)
            with _looking(Look(shop)):
                return query(shop, *args, **more)
        key = (query, args, tuple(more.items()))
        if key not in look.read:
            look.read[key] = query(shop, *args, **more)
        known: T = look.read[key]
        return known

    return cast(Query[P, T], read)
