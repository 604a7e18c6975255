"""How the shop stands in one line: what was sold, whether that is more than usual, and what asks for somebody."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count
from django.db.models.functions import Coalesce
from django.utils.dateformat import format as date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.comparing import Compared, one_of
from vision.models import Camera, Card
from watershop.dates import Period
from watershop.models import Shop
from watershop.templatetags.money import grouped

NOTABLE = 5  # per cent of change that colours the line


@dataclass(frozen=True)
class Clause:
    """A part of the line; `about` is "debtors" or "cameras" where a page tells more."""

    text: str
    about: str = ""


@dataclass(frozen=True)
class Headline:
    """The line, and its tone: "good", "warn" or empty."""

    clauses: Sequence[Clause]
    tone: str

    @property
    def text(self) -> str:
        return "; ".join(clause.text for clause in self.clauses) + "."


def headline(compared: Compared, debtors: int, offline: Sequence[Camera]) -> Headline:
    """`debtors` visited on this day, and these cameras are `offline` now."""
    change = compared.change("cans")
    clauses = [Clause(_sold(compared, change))]
    if debtors:
        clauses.append(Clause(_came(debtors), "debtors"))
    if offline:
        clauses.append(Clause(_offline(offline), "cameras"))
    is_less = change is not None and change <= -NOTABLE
    is_more = change is not None and change >= NOTABLE
    return Headline(clauses, "warn" if offline or is_less else "good" if is_more else "")


def debtors_seen(shop: Shop, period: Period) -> Coalesce:
    """How many of those who fall under the shop's rule for defaulters came; a part of another query.

    The queue "debtor arrived" knows it: a face that is near enough, of somebody who agreed to be known. What is
    nobody's question any more after a day is forgotten, so ask for today alone.
    """
    cards = Card.objects.of(shop).filter(kind=Card.Kind.DEBTOR, at__gte=period.start, at__lt=period.end)
    return one_of(cards.exclude(outcome="not_him"), Count("customer", distinct=True), 0)


def _sold(compared: Compared, change: int | None) -> str:
    """The first clause, as a sentence of its own in each case: a language may order its words otherwise."""
    period, cans = compared.period, compared.here.cans
    words = {
        "cans": ngettext("%(count)s can", "%(count)s cans", cans) % {"count": grouped(cans)},
        "change": signed(change or 0),
        "weekday": date_format(period.first, "l"),
        "first": date_format(period.first, "j M Y"),
        "last": date_format(period.last, "j M Y"),
        "weeks": ngettext("a week", "%(count)s weeks", compared.weeks) % {"count": compared.weeks},
    }
    if compared.is_today:
        text = _today(compared, change)
    elif period.first == period.last:
        text = _day(change)
    else:
        text = _days(change)
    return capfirst(text % words)


def _today(compared: Compared, change: int | None) -> str:
    if not compared.here.sales:
        return _("%(weekday)s so far: nothing sold yet")
    if change is None:
        return _("%(weekday)s so far: %(cans)s")
    if not change:
        return _("%(weekday)s so far: %(cans)s, as many as last %(weekday)s")
    return _("%(weekday)s so far: %(cans)s, %(change)s on last %(weekday)s")


def _day(change: int | None) -> str:
    if change is None:
        return _("%(first)s: %(cans)s")
    if not change:
        return _("%(first)s: %(cans)s, as many as on the %(weekday)s before")
    return _("%(first)s: %(cans)s, %(change)s on the %(weekday)s before")


def _days(change: int | None) -> str:
    if change is None:
        return _("%(first)s to %(last)s: %(cans)s")
    if not change:
        return _("%(first)s to %(last)s: %(cans)s, as many as on the same weekdays %(weeks)s earlier")
    return _("%(first)s to %(last)s: %(cans)s, %(change)s on the same weekdays %(weeks)s earlier")


def signed(change: int) -> str:
    """+12 %, −3 %."""
    return f"{'+' if change > 0 else '−' if change < 0 else ''}{grouped(abs(change))}\N{NO-BREAK SPACE}%"


def _came(debtors: int) -> str:
    return ngettext("%(count)s debtor visited", "%(count)s debtors visited", debtors) % {"count": debtors}


def _offline(cameras: Sequence[Camera]) -> str:
    if len(cameras) == 1:
        return _("camera “%(camera)s” is offline") % {"camera": cameras[0]}
    return ngettext("%(count)s camera is offline", "%(count)s cameras are offline", len(cameras)) % {
        "count": len(cameras)
    }
