"""How a sale was probably paid, told from the customer's own history and from hands over the UPI stand and the drawer.

A naive Bayes rule that learns from the shop's own sales before this one, so that what was keyed for it says nothing.
The hint never changes a sale: where it disagrees surely with what was keyed, a card asks (`queues.tender`).
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, F, OuterRef

from sales.models import Sale, SaleQuerySet, Tender
from vision.models import Card, SaleLink, TenderHint, Visit
from watershop.models import Shop

MEMORY = timedelta(days=90)
OWN_SALES = 20
"""So many of a customer's last sales tell how they pay."""
OWN_WEIGHT = 4.0
"""How many sales of its own a customer's history must have before it counts as much as the shop's habit."""
MOVED_S = 0.6
"""Something moved in a place when it did for so long: less is a shadow."""
Moved = tuple[bool | None, bool | None]
"""Whether something moved over the UPI stand, and over the drawer; None where that is not drawn."""


@dataclass(frozen=True)
class Habits:
    """What a shop's sales before a moment say: how often each tender, and what moved then."""

    tenders: Counter[str]
    moved: Counter[tuple[str, int, bool]]
    """(tender, place, whether it moved) -> sales; places as in `Moved`."""

    def prior(self, tender: str, own: Counter[str]) -> float:
        """Log of how often a customer pays so: their own sales, and the shop's as long as those are few."""
        everybody = (self.tenders[tender] + 1) / (self.tenders.total() + len(Tender.values))
        return math.log((own[tender] + OWN_WEIGHT * everybody) / (own.total() + OWN_WEIGHT))

    def says(self, tender: str, place: int, moved: bool | None) -> float:
        """Log of how often that place moves, or does not, when somebody pays so; 0 where nobody looked."""
        if moved is None:
            return 0.0
        seen = self.moved[tender, place, moved]
        both = seen + self.moved[tender, place, not moved]
        return math.log((seen + 1) / (both + 2))


@dataclass(frozen=True)
class HitRate:
    """How often the hints of a time agreed with what was keyed, beside always saying the most usual tender."""

    hints: int
    right: int
    usual: int

    @property
    def share(self) -> float:
        return self.right / self.hints if self.hints else 0.0

    @property
    def usual_share(self) -> float:
        return self.usual / self.hints if self.hints else 0.0


def hint_new_sales(shop: Shop, since: datetime) -> int:
    """Write a hint for each sale since then whose visit is sure and that has none yet; how many."""
    fresh = Sale.objects.of(shop).standing().filter(sold_at__gte=since, tender_hint=None)
    sales = list(fresh.filter(links__state__in=SaleLink.SURE).order_by("sold_at"))
    if not sales:
        return 0
    habits = habits_of(shop, sales[0].sold_at)
    own, moved = _own_tenders(shop, sales), _moved_in(sales)
    hints = [
        hint(sale, habits, own.get(sale.customer_id or 0, Counter()), moved.get(sale.pk)) for sale in sales
    ]
    return len(TenderHint.objects.bulk_create(hints, ignore_conflicts=True))


def forget(sales: Iterable[int]) -> None:
    """The hints of these sales (ids) rested on a visit that is not theirs: they are told anew, where nobody decided."""
    decided = Card.objects.filter(kind=Card.Kind.TENDER, sale=OuterRef("sale")).exclude(outcome="")
    TenderHint.objects.filter(~Exists(decided), sale__in=list(sales)).delete()


def hint(sale: Sale, habits: Habits, own: Counter[str], moved: Moved | None) -> TenderHint:
    """The tender that is likeliest, unsaved, with what spoke for it in nats."""
    places = moved or (None, None)
    parts = {
        tender: {
            "history": habits.prior(tender, own),
            "upi_s": habits.says(tender, 0, places[0]),
            "cash_s": habits.says(tender, 1, places[1]),
        }
        for tender in Tender.values
    }
    sums = {tender: sum(part.values()) for tender, part in parts.items()}
    best = max(sums, key=sums.__getitem__)
    among = sum(math.exp(value - sums[best]) for value in sums.values())
    because = {
        tender: {name: round(value, 2) for name, value in part.items()} for tender, part in parts.items()
    }
    return TenderHint(shop_id=sale.shop_id, sale=sale, tender=best, probability=1 / among, because=because)


def habits_of(shop: Shop, before: datetime) -> Habits:
    """What the sales of the last 90 days before a moment say."""
    earlier = _earlier(shop, before)
    tenders = Counter(dict(earlier.order_by().values_list("stated_tender").annotate(n=Count("pk"))))
    moved: Counter[tuple[str, int, bool]] = Counter()
    rows = SaleLink.objects.filter(sale__in=earlier, state__in=SaleLink.SURE)
    for tender, upi_s, cash_s in rows.values_list("sale__stated_tender", "visit__upi_s", "visit__cash_s"):
        for place, seconds in enumerate((upi_s, cash_s)):
            if seconds is not None:
                moved[tender, place, seconds >= MOVED_S] += 1
    return Habits(tenders, moved)


def _earlier(shop: Shop, before: datetime) -> SaleQuerySet:
    return Sale.objects.of(shop).standing().filter(sold_at__lt=before, sold_at__gte=before - MEMORY)


def _own_tenders(shop: Shop, sales: Sequence[Sale]) -> dict[int, Counter[str]]:
    """How the customers of these sales paid before the first of them: each one's last few sales."""
    customers = {sale.customer_id for sale in sales if sale.customer_id}
    rows = _earlier(shop, sales[0].sold_at).filter(customer__in=customers).order_by("-sold_at", "-pk")
    own: dict[int, Counter[str]] = {}
    for customer, tender in rows.values_list("customer", "stated_tender").iterator():
        counted = own.setdefault(customer, Counter())
        if counted.total() < OWN_SALES:
            counted[tender] += 1
    return own


def _moved_in(sales: Iterable[Sale]) -> dict[int, Moved]:
    rows = SaleLink.objects.filter(
        sale__in=[sale.pk for sale in sales], state__in=SaleLink.SURE
    ).select_related("visit")
    return {link.sale_id: moved_in(link.visit) for link in rows}


def moved_in(visit: Visit) -> Moved:
    """What moved while somebody was at the counter."""
    upi, cash = (None if seconds is None else seconds >= MOVED_S for seconds in (visit.upi_s, visit.cash_s))
    return upi, cash


def hit_rate(shop: Shop, since: datetime) -> HitRate:
    """How often the hints for the sales since then were what was keyed."""
    hints = TenderHint.objects.filter(shop=shop, sale__sold_at__gte=since, sale__void=None)
    keyed = Counter(dict(hints.order_by().values_list("sale__stated_tender").annotate(n=Count("pk"))))
    right = hints.filter(tender=F("sale__stated_tender")).count()
    return HitRate(keyed.total(), right, max(keyed.values(), default=0))
