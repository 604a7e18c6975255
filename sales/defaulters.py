"""Who is late with paying. The rule is said in words wherever its list is shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer
from sales.dues import owing
from watershop.dates import day_of, last_days
from watershop.models import Shop

UNPAID_SALES = 2
DAYS = 15


def rule() -> str:
    return _(
        "Owes money, and has %(sales)s or more unpaid sales or anything unpaid for more than %(days)s days."
    ) % {"sales": UNPAID_SALES, "days": DAYS}


@dataclass(frozen=True)
class Defaulter:
    """A customer to whom the rule applies; `days` is the age of their oldest due on the shop's calendar."""

    customer: Customer
    balance: Decimal
    unpaid_count: int
    oldest_due_on: date
    days: int


def in_default(shops: Iterable[Shop], customers: QuerySet[Customer]) -> QuerySet[Any]:
    """Those of the customers to whom the rule applies, with the sums of `dues.owing`; 15 days by each shop's clock."""
    late = [Q(shop=shop, oldest_due_at__lt=last_days(shop, DAYS + 1).start) for shop in shops]
    return owing(customers).filter(reduce(or_, late, Q(unpaid_count__gte=UNPAID_SALES)))


def defaulters(shop: Shop) -> list[Defaulter]:
    """The defaulters of a shop with one query, the oldest due first."""
    today = day_of(shop, timezone.now())
    rows = in_default([shop], Customer.objects.of(shop)).order_by("oldest_due_at", "pk")
    return [
        Defaulter(
            customer=row,
            balance=row.balance,
            unpaid_count=row.unpaid_count,
            oldest_due_on=(oldest := day_of(shop, row.oldest_due_at)),
            days=(today - oldest).days,
        )
        for row in rows
    ]
