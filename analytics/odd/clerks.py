"""What clerks undo: how many of their sales, beside the other clerks and beside their own weeks before.

An undone sale is counted of whoever keyed it. These rules ask; the manager who knows the clerk answers.
"""

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, ClassVar

from django.db.models import Count, F, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.figures import address
from analytics.odd.base import Facts, Finding, Names, Rule, shown
from analytics.robust import Usual, bar, chance_of_share, usual_share, worth
from sales.models import Sale, SaleQuerySet, Tender
from watershop.dates import Period
from watershop.models import Shop

WEEKS = timedelta(weeks=4)
PAST = timedelta(weeks=12)
FEWEST = 3
"""So few may be anything."""
WINDOWS_A_DAY = 1 / 7
"""Four weeks that end a day later are hardly others: they are new about once a week."""
LATE, AT_ONCE = timedelta(minutes=30), timedelta(minutes=5)
KEYED = (Sale.Source.TILL, Sale.Source.API, Sale.Source.OFFLINE)
"""Where a clerk keys a sale as it happens."""
LISTED = 8


class ClerkRate(Rule):
    """A share of a clerk's sales of four weeks, by an exact test for small counts."""

    unit = "%"
    needs = "clerk"
    icon = "back"
    is_about_clerks = True

    @abstractmethod
    def hits(self, sales: SaleQuerySet) -> Iterable[Sale]:
        """Those of the sales that this rule counts."""

    def find(self, shop: Shop, day: date) -> Iterable[Finding]:
        """Two queries."""
        recent = Period(day - WEEKS + timedelta(days=1), day, shop.tz)
        whole = Period(recent.first - PAST, day, shop.tz)
        keyed = Sale.objects.of(shop).filter(source__in=KEYED, replaces=None, clerk__isnull=False)
        sales = keyed.during(whole)
        tally = _Tally(_by_clerk(sales, recent))
        for sale in self.hits(sales):
            tally.add(sale, is_new=sale.sold_at >= recent.start)
        most = bar(self.a_year, 2 * len(tally.listed) * WINDOWS_A_DAY)
        for clerk, listed in tally.listed.items():
            hits, of = len(listed), tally.counted[clerk][0]
            both = {True: tally.own_past(clerk), False: tally.others(clerk)}
            p, is_own = min((chance_of_share(hits, of, *numbers), is_own) for is_own, numbers in both.items())
            if hits >= FEWEST and p < most:
                facts: Facts = {"clerk": clerk, "hits": hits, "of": of, "is_by_own_past": is_own}
                facts |= shown(100 * hits / of, _as_share(usual_share(of, *both[is_own]), of))
                facts |= {"first": recent.first.isoformat(), "sales": listed[:LISTED]}
                yield Finding(f"{clerk}:{day:%Y-%m}", day, worth(p), facts)

    def rows(self, shop: Shop, facts: Facts) -> str:
        first = date.fromisoformat(facts["first"])
        return address("sales", shop.slug, period=Period(first, first + WEEKS - timedelta(days=1), shop.tz))


def _by_clerk(sales: SaleQuerySet, recent: Period) -> dict[int, tuple[int, int]]:
    """How many sales each clerk keyed in the recent weeks, and before; one query."""
    is_new = Q(sold_at__gte=recent.start)
    rows: QuerySet[Any, Any] = sales.order_by().values_list("clerk")
    counts = rows.annotate(new=Count("pk", filter=is_new), old=Count("pk", filter=~is_new))
    return {clerk: (new, old) for clerk, new, old in counts}


class _Tally:
    """Hits and sales of each clerk, of the recent weeks and of those before; the recent hits (ids) are `listed`."""

    def __init__(self, counted: dict[int, tuple[int, int]]) -> None:
        self.counted = counted
        self.listed: dict[int, list[int]] = {}
        self._old = Counter[int]()

    def add(self, sale: Sale, *, is_new: bool) -> None:
        assert sale.clerk_id
        if is_new:
            self.listed.setdefault(sale.clerk_id, []).append(sale.pk)
        else:
            self._old[sale.clerk_id] += 1

    def own_past(self, clerk: int) -> tuple[int, int]:
        """The clerk's hits before, and of how many sales."""
        return self._old[clerk], self.counted[clerk][1]

    def others(self, clerk: int) -> tuple[int, int]:
        """The other clerks' recent hits, and of how many sales."""
        hits = sum(len(pks) for other, pks in self.listed.items() if other != clerk)
        return hits, sum(new for other, (new, _old) in self.counted.items() if other != clerk)


def _as_share(usual: Usual, of: int) -> Usual:
    return Usual(100 * usual.middle / of, 100 * usual.low / of, 100 * usual.high / of)


def _numbers(facts: Facts, names: Names) -> dict[str, object]:
    return {"clerk": names.clerks[facts["clerk"]], "n": facts["hits"], "of": facts["of"]}


class Voids(ClerkRate):
    """Sales that were undone for good; one that was keyed again as it should have been is no void."""

    name: ClassVar[str] = "voids"
    title = gettext_lazy("Voids by clerk")

    def hits(self, sales: SaleQuerySet) -> Iterable[Sale]:
        return _voided(sales)

    def sentence(self, facts: Facts, names: Names) -> str:
        sentence = _(
            "%(n)s of %(of)s sales of %(clerk)s were undone in four weeks, more than usual. What happened?"
        )
        return sentence % _numbers(facts, names)


class LateVoids(ClerkRate):
    """Voids long after the sale, when its buyer has gone."""

    name: ClassVar[str] = "late_voids"
    title = gettext_lazy("Late voids by clerk")
    icon = "clock"

    def hits(self, sales: SaleQuerySet) -> Iterable[Sale]:
        return _voided(sales).filter(void__at__gt=F("recorded_at") + LATE)

    def sentence(self, facts: Facts, names: Names) -> str:
        sentence = _(
            "%(n)s of %(of)s sales of %(clerk)s were undone half an hour later or more. Did the buyers come back?"
        )
        return sentence % _numbers(facts, names)


class CashVoids(ClerkRate):
    """Voids just after a cash sale: the buyer has paid and sees no screen."""

    name: ClassVar[str] = "cash_voids"
    title = gettext_lazy("Cash sales undone at once")
    icon = "cash"

    def hits(self, sales: SaleQuerySet) -> Iterable[Sale]:
        at_once = Q(void__at__lte=F("recorded_at") + AT_ONCE)
        return _voided(sales).filter(at_once, stated_tender=Tender.CASH)

    def sentence(self, facts: Facts, names: Names) -> str:
        sentence = _(
            "%(n)s of %(of)s sales of %(clerk)s were cash and undone within five minutes. Were they keyed by mistake?"
        )
        return sentence % _numbers(facts, names)


class Refunds(ClerkRate):
    """Sales that were keyed again for less: refunds, and corrections downward."""

    name: ClassVar[str] = "refunds"
    title = gettext_lazy("Refunds by clerk")
    icon = "receipt"

    def hits(self, sales: SaleQuerySet) -> Iterable[Sale]:
        again = list(
            sales.filter(replaced_by__isnull=False).select_related("replaced_by").order_by("-sold_at")
        )
        pks = {pk for sale in again for pk in (sale.pk, sale.replaced_by.pk)}
        totals = {sale.pk: sale.total for sale in Sale.objects.with_sums().filter(pk__in=pks)}
        return [sale for sale in again if totals[sale.replaced_by.pk] < totals[sale.pk]]

    def sentence(self, facts: Facts, names: Names) -> str:
        sentence = _("%(n)s of %(of)s sales of %(clerk)s were made smaller afterwards. Was it given back?")
        return sentence % _numbers(facts, names)


def _voided(sales: SaleQuerySet) -> SaleQuerySet:
    return sales.filter(void__isnull=False, replaced_by=None).order_by("-sold_at")
