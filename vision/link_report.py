"""How many sales have their visit, and why the others have none."""

from collections import Counter
from dataclasses import dataclass

from sales.models import Sale
from vision.joining.matching import Link
from vision.linking import Joined, joined, pieces
from vision.models import SaleLink
from watershop.dates import Period
from watershop.models import Shop

State = SaleLink.State
REASONS = ("no_camera", "nobody_seen", "several_alike", "unsure", "clock_unsure", "refused", "not_yet")


@dataclass(frozen=True)
class LinkReport:
    """Counts of the standing sales of a period; `unlinked` by reason (one of `REASONS`)."""

    sales: int
    linked: int
    confirmed: int
    """Of the linked ones, by hand."""
    review: int
    unlinked: Counter[str]


def report(shop: Shop, period: Period) -> LinkReport:
    """What became of the sales of a period. Reads only: what is not written down yet counts as not yet."""
    sales = Sale.objects.of(shop).standing().during(period)
    links = SaleLink.objects.filter(shop=shop, sale__in=sales)
    states = Counter(links.exclude(state=State.REFUSED).values_list("state", flat=True))
    has_visit = set(links.exclude(state=State.REFUSED).values_list("sale", flat=True))
    refused = set(links.filter(state=State.REFUSED).values_list("sale", flat=True))
    unlinked: Counter[str] = Counter()
    for start, end in pieces(period.start, period.end):
        found = joined(shop, start, end)
        left = (one for one in found.links if one.sale not in has_visit)
        unlinked.update(_reason(found, one, is_refused=one.sale in refused) for one in left)
    return LinkReport(
        sales=sales.count(),
        linked=states[State.LINKED] + states[State.CONFIRMED],
        confirmed=states[State.CONFIRMED],
        review=states[State.SUGGESTED],
        unlinked=unlinked,
    )


def _reason(found: Joined, one: Link, *, is_refused: bool) -> str:
    if one.visit is not None:
        return "not_yet"
    if is_refused:
        return "refused"
    return "clock_unsure" if found.unsure_clock(one) else str(one.reason)
