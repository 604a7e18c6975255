"""How much a customer may owe. Asked by `ledger.py` while it holds the customer's account, so that it stays true."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db.models import Sum
from django.utils.translation import gettext as _

from customers.models import Customer
from sales.models import ZERO, LedgerEntry
from watershop.templatetags.money import rupees


def limit_of(customer: Customer) -> Decimal | None:
    """What the customer may owe at most, in rupees; None when nobody set a limit. Blocked: nothing."""
    return ZERO if customer.is_credit_blocked else customer.credit_limit


def left_of(customer: Customer, balance: Decimal) -> Decimal | None:
    """What more the customer may owe; what they paid ahead counts with it. None: no limit."""
    limit = limit_of(customer)
    return None if limit is None else max(limit - balance, ZERO)


def check(accounts: Iterable[Customer], asked: Mapping[int, Decimal]) -> None:
    """Raise ValidationError when one of these accounts would owe more than it may by what is asked for."""
    for refusal in refusals(accounts, asked):
        raise ValidationError(refusal, code="over_limit")


def refusals(accounts: Iterable[Customer], asked: Mapping[int, Decimal]) -> list[str]:
    """Whose account would owe more than it may by what is asked for, in words.

    The accounts are rows that the caller's transaction holds; `asked` is new debt in rupees by customer. One query,
    and none when nobody has a limit.
    """
    limited = [row for row in accounts if row.pk in asked and limit_of(row) is not None]
    if not limited:
        return []
    entries = LedgerEntry.objects.filter(customer__in=limited).order_by().values_list("customer")
    balances = dict(entries.annotate(balance=Sum("amount")))
    lefts = [(customer, left_of(customer, balances.get(customer.pk, ZERO))) for customer in limited]
    return [
        _refusal(customer, left) for customer, left in lefts if left is not None and asked[customer.pk] > left
    ]


def _refusal(customer: Customer, left: Decimal) -> str:
    names = {"name": customer.name, "left": rupees(left), "limit": rupees(limit_of(customer))}
    if customer.is_credit_blocked:
        return (
            _("%(name)s gets nothing on credit now (%(left)s left). Take the money, or ask a manager.")
            % names
        )
    return _("%(name)s may owe %(limit)s at most: %(left)s left. Take the money, or ask a manager.") % names
