"""From which limit on each kind of alert rule tells something."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrPromise

from analytics.models import AlertRule
from watershop.templatetags.money import grouped, rupees

Kind = AlertRule.Kind


@dataclass(frozen=True)
class Limit:
    """The limit that a kind of rule has: its usual one, the rule in words, and whether it is rupees (else whole)."""

    usual: Decimal
    words: StrPromise
    is_money: bool = False


LIMITS: Mapping[str, Limit] = {
    Kind.UNPAID: Limit(Decimal(1000), gettext_lazy("A customer owes more than %(limit)s"), is_money=True),
    Kind.PEAK: Limit(Decimal(30), gettext_lazy("More than %(limit)s visits in half an hour")),
    Kind.CAMERA: Limit(Decimal(10), gettext_lazy("A camera is silent for %(limit)s minutes")),
    Kind.WORKER: Limit(Decimal(10), gettext_lazy("The background work stands still for %(limit)s minutes")),
    Kind.VARIANCE: Limit(
        Decimal(50), gettext_lazy("Cash counted differs by more than %(limit)s"), is_money=True
    ),
    Kind.OPENING: Limit(Decimal(30), gettext_lazy("Opened late or closed early by %(limit)s minutes")),
}
"""The other kinds have none: who is a debtor, and what is odd, is said elsewhere."""


def limit_for(kind: str, asked: Decimal | None) -> Decimal | None:
    """The limit of a rule of this kind: the one asked for, else the usual one. Raises ValidationError."""
    limit = LIMITS.get(kind)
    if limit is None:
        return None
    if asked is None:
        return limit.usual
    if asked <= 0:
        raise ValidationError(_("The limit must be more than zero."))
    if not limit.is_money and asked != asked.to_integral_value():
        raise ValidationError(_("This limit is a whole number."))
    return asked


def in_words(rule: AlertRule) -> str:
    """What a rule tells of, in one sentence."""
    limit = LIMITS.get(rule.kind)
    if limit is None or rule.limit is None:
        return str(rule.get_kind_display())
    number = rupees(rule.limit) if limit.is_money else grouped(int(rule.limit))
    return str(limit.words) % {"limit": number}
