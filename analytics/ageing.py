"""What is open in all, by age: unpaid sales from the roll-up, and dues that are no sale, such as opening balances.

The page of those who are late counts the same dues of the debtors alone: here stand also those of somebody whose
credit outweighs them, which is not yet settled against them.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F
from django.db.models.functions import TruncDate
from django.utils import timezone

from analytics import rollup
from analytics.models import DailyTotals
from sales.defaulters import AGES, age_of
from sales.models import ZERO, LedgerEntry
from watershop.dates import day_of
from watershop.models import Shop


@dataclass(frozen=True)
class AgeDue:
    """Rupees that have been open for so long; `name` says how long."""

    name: Any
    due: Decimal


@rollup.reads
def ageing(shop: Shop) -> list[AgeDue]:
    """One row for each age, the youngest first; one query."""
    unpaid = DailyTotals.objects.filter(shop=shop, revenue__gt=F("paid"))
    others = LedgerEntry.objects.of(shop).open().annotate(day=TruncDate("at", tzinfo=shop.tz))
    sums = [ZERO] * len(AGES)
    of_sales = unpaid.annotate(due=F("revenue") - F("paid")).values_list("day", "due")
    for day, due in of_sales.union(others.order_by().values_list("day", "due"), all=True):
        sums[age_of(max(0, (day_of(shop, timezone.now()) - day).days))] += due
    return [AgeDue(name, due) for (_last, name), due in zip(AGES, sums, strict=True)]
