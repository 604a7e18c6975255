"""The drawer: one count that is far off, and counts of one clerk that are off to the same side again and again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import ClassVar

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.odd.base import Facts, Finding, Names, Rule, shown
from analytics.robust import bar, chance_of_drift, judge, usual_middle, worth
from sales.models import DrawerCount, Tender
from watershop.dates import Period, day_of
from watershop.models import Shop
from watershop.templatetags.money import rupees

PAST = timedelta(days=180)
FEWEST = 14
FLOOR = 10.0  # rupees: what nobody wonders about
LAST = 20
"""So many last counts of a clerk are looked at for a drift."""
SMALLEST_DRIFT = 5.0  # rupees a count
LISTED = 8


@dataclass(frozen=True)
class _Count:
    """The cash of one close: whose count, which day, and rupees more than expected."""

    session: int
    clerk: int | None
    day: date
    variance: float


def _counts(shop: Shop, day: date) -> list[_Count]:
    """The counts of half a year up to a day, in order; one query."""
    whole = Period(day - PAST, day, shop.tz)
    rows = DrawerCount.objects.filter(
        shop=shop,
        tender=Tender.CASH,
        counted__isnull=False,
        drawer_session__closed_at__gte=whole.start,
        drawer_session__closed_at__lt=whole.end,
    ).select_related("drawer_session")
    return [
        _Count(
            row.drawer_session_id, session.closed_by_id, day_of(shop, session.closed_at), float(row.variance)
        )
        for row in rows.order_by("drawer_session__closed_at", "pk")
        if (session := row.drawer_session).closed_at and row.variance is not None
    ]


def _amount(value: float) -> str:
    return rupees(Decimal(str(abs(value))))


class Variance(Rule):
    """A count that is off by far more than the counts of half a year."""

    name: ClassVar[str] = "variance"
    title = gettext_lazy("Cash count far off")
    icon = "cash"
    unit = "₹"
    needs = "close"
    days = 14
    is_about_clerks = True

    def find(self, shop: Shop, day: date) -> Iterable[Finding]:
        counts = _counts(shop, day)
        before = [count.variance for count in counts if count.day < day]
        new = [count for count in counts if count.day == day]
        if len(before) < FEWEST:
            return
        for count in new:
            judged = judge(count.variance, before, floor=FLOOR)
            if judged.p < bar(self.a_year, len(new)):
                facts = {"session": count.session} | shown(count.variance, judged.usual)
                yield Finding(str(count.session), day, abs(judged.z), facts)

    def sentence(self, facts: Facts, names: Names) -> str:
        if facts["value"] < 0:
            return _("%(amount)s were missing at a count. Who knows why?") % {
                "amount": _amount(facts["value"])
            }
        return _("%(amount)s too much were counted. Who knows why?") % {"amount": _amount(facts["value"])}

    def rows(self, shop: Shop, facts: Facts) -> str:
        return reverse("drawer_session", args=[shop.slug, facts["session"]])


class Drift(Rule):
    """The last counts of one clerk lie on one side of what was expected, as chance hardly has it."""

    name: ClassVar[str] = "drift"
    title = gettext_lazy("Drawer drifts with a clerk")
    icon = "coin"
    unit = "₹"
    needs = "close"
    days = 14
    is_about_clerks = True

    def find(self, shop: Shop, day: date) -> Iterable[Finding]:
        counts = _counts(shop, day)
        clerks = {count.clerk for count in counts if count.day == day and count.clerk}
        for clerk in clerks:
            own = [count for count in counts if count.clerk == clerk][-LAST:]
            others = [count.variance for count in counts if count.clerk != clerk]
            if finding := self._drift(clerk, own, others, day, bar(self.a_year, len(clerks) / 7)):
                yield finding

    def _drift(
        self, clerk: int, own: Sequence[_Count], others: Sequence[float], day: date, most: float
    ) -> Finding | None:
        values = [count.variance for count in own]
        middle = median(values)
        if abs(middle) < SMALLEST_DRIFT:
            return None
        p = chance_of_drift([round(100 * value) for value in values])
        if p >= most:
            return None
        facts: Facts = {"clerk": clerk, "counts": len(own), "sum": round(sum(values), 2)}
        facts |= shown(middle, usual_middle(others or [0.0], of=len(own), floor=FLOOR))
        facts["sessions"] = [count.session for count in own[::-1][:LISTED]]
        return Finding(f"{clerk}:{day:%Y-%m}", day, worth(p), facts)

    def sentence(self, facts: Facts, names: Names) -> str:
        numbers = {
            "clerk": names.clerks[facts["clerk"]],
            "n": facts["counts"],
            "amount": _amount(facts["sum"]),
        }
        if facts["sum"] < 0:
            return _("In the last %(n)s counts of %(clerk)s %(amount)s were missing together. Why?") % numbers
        return _("In the last %(n)s counts of %(clerk)s %(amount)s were too much together. Why?") % numbers

    def rows(self, shop: Shop, facts: Facts) -> str:
        return reverse("drawer_session", args=[shop.slug, facts["sessions"][0]])
