"""Who is late with paying, how late, and what to do next. The rule is said in words wherever its list is shown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers import book
from customers.models import Customer
from sales.dues import Due, debts
from sales.models import ZERO, SalesSettings
from watershop import audit
from watershop.audit import Actor
from watershop.dates import day_of
from watershop.models import Shop
from watershop.templatetags.money import rupees

# The last day of each age a due can have, and what the age is called.
AGES = (
    (7, gettext_lazy("0–7 days")),
    (30, gettext_lazy("8–30 days")),
    (90, gettext_lazy("31–90 days")),
    (None, gettext_lazy("over 90 days")),
)


class Step(models.TextChoices):
    """What to do next about a debt, the mildest first."""

    REMIND = "remind", gettext_lazy("Remind")
    CALL = "call", gettext_lazy("Call")
    STOP_CREDIT = "stop_credit", gettext_lazy("Stop credit")
    COLLECT_CANS = "collect_cans", gettext_lazy("Collect the cans")
    WRITE_OFF = "write_off", gettext_lazy("Write off")


@dataclass(frozen=True)
class Debtor:
    """Somebody who owes; `days` is the age of their oldest due on the shop's calendar.

    `parts` are their dues as (age in days, rupees), the oldest first.
    """

    customer: Customer
    balance: Decimal
    oldest_due_on: date
    parts: Sequence[tuple[int, Decimal]]

    @property
    def unpaid_count(self) -> int:
        return len(self.parts)

    @property
    def days(self) -> int:
        return self.parts[0][0]

    @property
    def is_repeat(self) -> bool:
        """Whether more than one sale is unpaid."""
        return self.unpaid_count > 1

    def step(self, rule: SalesSettings) -> Step:
        """What to do next, by the age of the oldest due and the shop's days."""
        begins = (rule.call_days, rule.stop_credit_days, rule.collect_cans_days, rule.write_off_days)
        return list(Step)[sum(self.days >= first for first in begins)]

    def falls_under(self, rule: SalesSettings) -> bool:
        old = sum((amount for days, amount in self.parts if days > rule.late_days), ZERO)
        return self.unpaid_count >= rule.late_sales or old > rule.late_amount


def age_of(days: int) -> int:
    """The place in AGES of a due that is so many days old."""
    return next(place for place, (last, _name) in enumerate(AGES) if last is None or days <= last)


def debtors(shop: Shop) -> list[Debtor]:
    """Everybody who owes, the oldest due first; four queries."""
    today = day_of(shop, timezone.now())

    def part(due: Due) -> tuple[int, Decimal]:
        return (today - day_of(shop, due.at)).days, due.due

    return [
        Debtor(
            debt.customer, debt.balance, day_of(shop, debt.oldest_due_at), [part(due) for due in debt.dues]
        )
        for debt in debts(shop)
    ]


def defaulters(shop: Shop) -> list[Debtor]:
    """The debtors to whom the shop's rule applies, the oldest due first; five queries."""
    rule = rule_of(shop)
    return [row for row in debtors(shop) if row.falls_under(rule)]


def ageing(rows: Iterable[Debtor]) -> list[tuple[Any, Decimal]]:
    """What is due in all, by age: its name and rupees."""
    sums = [ZERO] * len(AGES)
    for row in rows:
        for days, amount in row.parts:
            sums[age_of(days)] += amount
    return [(name, total) for (_last, name), total in zip(AGES, sums, strict=True)]


def rule_of(shop: Shop) -> SalesSettings:
    """The settings that hold the shop's rule; unsaved defaults where nobody changed any."""
    return SalesSettings.objects.filter(shop=shop).first() or SalesSettings(shop=shop)


def in_words(rule: SalesSettings) -> str:
    numbers = {"sales": rule.late_sales, "amount": rupees(rule.late_amount), "days": rule.late_days}
    if not rule.late_amount:
        return (
            _(
                "Owes money, and has %(sales)s or more unpaid sales or anything unpaid for more than %(days)s days."
            )
            % numbers
        )
    return (
        _(
            "Owes money, and has %(sales)s or more unpaid sales or over %(amount)s unpaid for more than %(days)s days."
        )
        % numbers
    )


@transaction.atomic
def change_rule(shop: Shop, *, actor: Actor, **fields: Any) -> SalesSettings:
    """Change who is late (`late_*`) or from which age on each step is due (`*_days`). Raises ValidationError."""
    settings, _is_new = SalesSettings.objects.get_or_create(shop=shop)
    return audit.change(settings, actor, "change_defaulter_rule", fields)


@transaction.atomic
def block_credit(customers: Iterable[Customer], *, is_blocked: bool, actor: Actor) -> None:
    """Stop credit for these customers, or allow it again; each change is recorded. Four queries."""
    book.set_credit_block([row.pk for row in customers], is_blocked=is_blocked, actor=actor)
