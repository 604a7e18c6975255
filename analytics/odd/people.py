"""Each person against their own rhythm: somebody who comes far more often, or begins to leave sales unpaid."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, ClassVar

from django.db.models import Count, DateTimeField, Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import ExpressionWrapper
from django.db.models.functions import TruncDate, TruncHour
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.odd.base import Facts, Finding, Names, Rule, shown
from analytics.robust import bar, chance_of_count, chance_of_share, usual_count, usual_share, worth
from analytics.visitors import WHO
from sales.models import Allocation, Sale
from vision.models import Visit
from watershop.dates import Period
from watershop.models import Right, Shop

WEEK, BEFORE = timedelta(days=7), timedelta(days=56)
KNOWN = 4
"""Who came so few times before has no rhythm yet."""
WINDOWS_A_DAY = 1 / 3
"""A week that ends a day later is partly the same."""
MONTH, PAST = timedelta(days=30), timedelta(days=180)
PAID_WITHIN = timedelta(days=1)
FEWEST_UNPAID = 3
LISTED = 8


class ComesOften(Rule):
    """A visitor's hours with a visit in the last week, beside their eight weeks before; two queries."""

    name: ClassVar[str] = "comes_often"
    title = gettext_lazy("Comes more often")
    icon = "visits"
    unit = gettext_lazy("visits")
    needs = "visit"
    days = (WEEK + BEFORE).days

    def find(self, shop: Shop, day: date) -> Iterable[Finding]:
        week = Period(day - WEEK + timedelta(days=1), day, shop.tz)
        period = Period(week.first - BEFORE, day, shop.tz)
        visits = Visit.objects.of(shop).during(period).by_customers().order_by()
        is_new = Q(entry_at__gte=week.start)
        watched = visits.aggregate(**_split(TruncDate("entry_at", tzinfo=shop.tz), is_new))
        if not watched["new"] or not watched["old"]:
            return
        known: QuerySet[Any, Any] = visits.exclude(person=None).values_list(WHO)
        hour = TruncHour("entry_at", tzinfo=shop.tz)
        rows = list(known.annotate(**_split(hour, is_new)).filter(old__gte=KNOWN))
        times, most = watched["old"] / watched["new"], bar(self.a_year, len(rows) * WINDOWS_A_DAY)
        for who, new, old in rows:
            if (p := chance_of_count(new, old, times=times)) < most:
                facts = _who(who) | shown(new, usual_count(old, times=times))
                yield Finding(f"{who}:{day:%Y-%m}", day, worth(p), facts)

    def sentence(self, facts: Facts, names: Names) -> str:
        sentence = _("%(name)s came %(n)s times in seven days; usual is %(usual)s.")
        return sentence % {
            "name": called(facts, names),
            "n": round(facts["value"]),
            "usual": f"{facts['usual']:g}",
        }

    def rows(self, shop: Shop, facts: Facts) -> str:
        if facts.get("customer"):
            return reverse("customer", args=[shop.slug, facts["customer"]])
        return reverse("person", args=[shop.slug, facts["person"]])

    def right_for(self, facts: Facts) -> Right | None:
        return None if facts.get("customer") else Right.SEE_FACES


def _split(what: Any, is_new: Q) -> dict[str, Count]:
    return {
        "new": Count(what, filter=is_new, distinct=True),
        "old": Count(what, filter=~is_new, distinct=True),
    }


def _who(who: int) -> Facts:
    return {"customer": who} if who > 0 else {"person": -who}


def called(facts: Facts, names: Names) -> str:
    """What the visitor of a finding is called now."""
    if customer := facts.get("customer"):
        return names.customers[customer]
    return names.persons.get(facts["person"], _("Somebody"))


class LeavesUnpaid(Rule):
    """The share of a customer's sales that they did not pay within a day: of the last month, and of half a year before.

    Two queries; only those who left some unpaid lately are looked at.
    """

    name: ClassVar[str] = "leaves_unpaid"
    title = gettext_lazy("Leaves more unpaid")
    icon = "unpaid"
    unit = gettext_lazy("unpaid sales")
    days = 90

    def find(self, shop: Shop, day: date) -> Iterable[Finding]:
        month = Period(day - MONTH + timedelta(days=1), day, shop.tz)
        whole = Period(month.first - PAST, day, shop.tz)
        paid_by = ExpressionWrapper(OuterRef("sold_at") + PAID_WITHIN, output_field=DateTimeField())
        paid = Allocation.objects.filter(sale=OuterRef("pk"), amount__gt=0).filter(
            Q(payment__received_at__lt=paid_by)
        )
        sales = Sale.objects.of(shop).standing().filter(customer__isnull=False).order_by("-sold_at")
        lately = sales.during(month).filter(~Exists(paid)).values_list("customer", "pk")
        unpaid: dict[int, list[int]] = {}
        for customer, pk in lately:
            assert customer
            unpaid.setdefault(customer, []).append(pk)
        asked = [customer for customer, pks in unpaid.items() if len(pks) >= FEWEST_UNPAID]
        is_new = Q(sold_at__gte=month.start)
        rows: QuerySet[Any, Any] = (
            sales.during(whole).filter(customer__in=asked).order_by().values_list("customer")
        )
        counts = rows.annotate(
            new=Count("pk", filter=is_new),
            old=Count("pk", filter=~is_new),
            old_unpaid=Count("pk", filter=~is_new & Q(~Exists(paid))),
        )
        most = bar(self.a_year, len(unpaid) * WINDOWS_A_DAY)
        for customer, new, old, old_unpaid in counts:
            hits = len(unpaid[customer])
            if (p := chance_of_share(hits, new, old_unpaid, old)) < most:
                facts = {"customer": customer, "of": new, "sales": unpaid[customer][:LISTED]}
                facts |= shown(hits, usual_share(new, old_unpaid, old))
                yield Finding(f"{customer}:{day:%Y-%m}", day, worth(p), facts)

    def sentence(self, facts: Facts, names: Names) -> str:
        sentence = _("%(name)s left %(n)s of %(of)s sales of the last 30 days unpaid; usual is %(usual)s.")
        return sentence % {
            "name": called(facts, names),
            "n": round(facts["value"]),
            "of": facts["of"],
            "usual": f"{facts['usual']:g}",
        }

    def rows(self, shop: Shop, facts: Facts) -> str:
        return f"{reverse('sales', args=[shop.slug])}?customer={facts['customer']}"
