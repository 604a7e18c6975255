"""Who is late with paying. The rule is said in words wherever its list is shown."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer
from sales.dues import Debt, debts
from watershop.dates import day_of
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


def defaulters(shop: Shop) -> list[Defaulter]:
    """The defaulters of a shop with four queries, the oldest due first."""
    today = day_of(shop, timezone.now())
    rows = [_aged(debt, day_of(shop, debt.oldest_due_at), today) for debt in debts(shop)]
    return [row for row in rows if row.unpaid_count >= UNPAID_SALES or row.days > DAYS]


def _aged(debt: Debt, oldest: date, today: date) -> Defaulter:
    return Defaulter(debt.customer, debt.balance, debt.unpaid_count, oldest, (today - oldest).days)
