"""The tiles of the dashboard: each a number, what is behind it, and whether that is more than usual."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.comparing import Compared
from analytics.queries import Summary
from watershop.templatetags.dates import shop_day
from watershop.templatetags.money import grouped, rupees

UNKNOWN = "–"


@dataclass(frozen=True)
class Change:
    """By how many per cent a number differs from the earlier one. `is_good` is None where neither way is better."""

    percent: int
    is_good: bool | None

    @property
    def tone(self) -> str:
        return {True: "good", False: "bad", None: ""}[self.is_good]

    @property
    def arrow(self) -> str:
        return "▲" if self.percent > 0 else "▼" if self.percent < 0 else "="

    @property
    def text(self) -> str:
        return f"{grouped(abs(self.percent))}\N{NO-BREAK SPACE}%"


@dataclass(frozen=True)
class Tile:
    """`name` says which rows are behind it, for `is_warning` somebody should look at them."""

    name: str
    label: str
    icon: str
    value: str
    notes: Sequence[str]
    change: Change | None
    is_warning: bool = False


def tiles(numbers: Summary, compared: Compared) -> list[Tile]:
    """Seven tiles. More is good, but for what is unpaid; more cans out are neither good nor bad: they come back."""
    here = compared.here
    sold, settled, came = numbers.sold, numbers.settled, numbers.visitors
    sales, visits = _sales(sold.sales), _visits(came.visits)
    seen = [_sales(here.seen_sales), visits] if came.visits else [_("no visits are known")]
    takings = [f"{row.tender.label} {rupees(row.amount)}" for row in numbers.takings]
    conversion = UNKNOWN if here.conversion is None else grouped(round(100 * here.conversion))
    per_visit = UNKNOWN if here.per_visit is None else rupees(round(here.per_visit, 2))
    new = {"new": grouped(came.new), "returning": grouped(came.returning)}
    known, unpaid = [_("%(new)s new, %(returning)s returning") % new], [_unpaid(settled.unpaid_sales)]

    def by(name: str, *, is_more_good: bool | None = True) -> Change | None:
        return _change(compared.change(name), is_more_good)

    by_due, by_out = by("due", is_more_good=False), by("cans_out", is_more_good=None)
    return [
        Tile("sales", _("Sold"), "receipt", rupees(sold.revenue), [sales, _cans(sold.cans)], by("revenue")),
        Tile("takings", _("Takings"), "cash", rupees(numbers.taken), takings, by("taken")),
        Tile("unpaid", _("Unpaid"), "unpaid", rupees(settled.due), unpaid, by_due, settled.unpaid_sales > 0),
        Tile("visits", _("Visits"), "eye", grouped(came.visits), known, by("visits")),
        Tile("", _("Sales per 100 visits"), "check", conversion, seen, by("conversion")),
        Tile("", _("Sales per visitor"), "people", per_visit, seen, by("per_visit")),
        Tile("cans", _("Cans out"), "can", grouped(numbers.cans_out), [_("with customers")], by_out),
    ]


def against(compared: Compared) -> str:
    """What the arrows compare with; empty where there is nothing to compare with."""
    if not compared.has_earlier:
        return ""
    before, until = compared.earlier, compared.until.astimezone(compared.period.zone)
    words = {
        "first": shop_day(before.first),
        "last": shop_day(before.last),
        "time": date_format(until, "H:i"),
    }
    if before.first == before.last:
        text = (
            _("Compared with %(first)s until %(time)s.") if compared.is_cut else _("Compared with %(first)s.")
        )
    elif compared.is_cut:
        text = _("Compared with %(first)s to %(last)s until %(time)s.")
    else:
        text = _("Compared with %(first)s to %(last)s.")
    return text % words


def _change(by: int | None, is_more_good: bool | None) -> Change | None:
    if by is None:
        return None
    return Change(by, None if is_more_good is None or not by else (by > 0) == is_more_good)


def _sales(count: int) -> str:
    return ngettext("%(count)s sale", "%(count)s sales", count) % {"count": grouped(count)}


def _cans(count: int) -> str:
    return ngettext("%(count)s can", "%(count)s cans", count) % {"count": grouped(count)}


def _unpaid(count: int) -> str:
    return ngettext("%(count)s unpaid sale", "%(count)s unpaid sales", count) % {"count": grouped(count)}


def _visits(count: int) -> str:
    return ngettext("%(count)s visit", "%(count)s visits", count) % {"count": grouped(count)}
