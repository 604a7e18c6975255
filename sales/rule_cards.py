"""Which rules a deed broke that happened without the server, and a manager's decision on each."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer
from sales.credit import limit_of
from sales.dues import balance_of
from sales.models import (
    IN_HAND,
    ZERO,
    CanType,
    DepositEntry,
    DrawerSession,
    Held,
    Payment,
    Replay,
    RuleCard,
    Sale,
    SaleLine,
)
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop

Kind = RuleCard.Kind
Rules = dict[RuleCard.Kind, dict[str, Any]]
COMES_LATE_AFTER = timedelta(days=3)


def broken_rules(row: Replay, *, happened_at: datetime, is_clock_right: bool, why: str) -> Rules:
    """The rules that this deed broke, each with its numbers. `why` says what could not be read of it."""
    rules: Rules = {}
    if why:
        rules[Kind.UNREADABLE] = {"why": why}
    if row.clerk is None:
        rules[Kind.CLERK] = {}
    if not is_clock_right:
        off = round((row.received_at - row.sent_at).total_seconds() / 60)
        rules[Kind.CLOCK] = {"minutes": abs(off), "is_behind": off > 0}
    if row.received_at - happened_at > COMES_LATE_AFTER:
        rules[Kind.OLD] = {"days": (row.received_at - happened_at).days}
    if not why:
        rules |= _of_customer(row) | _of_goods(row, happened_at) | _of_drawer(row) | _of_deposits(row)
    return rules


def _of_customer(row: Replay) -> Rules:
    customer, rules = row.customer, Rules()
    if customer is None:
        return rules
    if not customer.is_active:
        rules[Kind.INACTIVE] = {}
    limit = limit_of(customer)
    if limit is None or row.sale is None or not Sale.objects.open().filter(pk=row.sale.pk).exists():
        return rules
    if (balance := balance_of(customer)) > limit:
        kind = Kind.BLOCKED if customer.is_credit_blocked else Kind.LIMIT
        rules[kind] = {"balance": str(balance), "limit": str(limit)}
    return rules


def _of_goods(row: Replay, happened_at: datetime) -> Rules:
    lines = list(SaleLine.objects.filter(sale=row.sale).select_related("can_type")) if row.sale else []
    other = [line for line in lines if line.list_amount is not None and line.amount != line.list_amount]
    retired = [line.can_type for line in lines if line.can_type.retired_at]
    rules: Rules = {}
    if other:
        rules[Kind.PRICE] = {
            "lines": [
                {"size": line.can_type.code, "charged": str(line.amount), "listed": str(line.list_amount)}
                for line in other
            ]
        }
    if gone := [size.code for size in retired if size.retired_at and size.retired_at <= happened_at]:
        rules[Kind.RETIRED] = {"sizes": gone}
    return rules


def _of_drawer(row: Replay) -> Rules:
    """Money in hand that found no drawer open, in a shop that keeps one."""
    money = Payment.objects.filter(shop=row.shop, tender__in=IN_HAND, drawer_session=None, reverses=None)
    if row.sale:
        money = money.filter(allocations__sale=row.sale, recorded_at=row.sale.recorded_at)
    else:
        money = money.filter(client_ref=row.client_ref)
    given = DepositEntry.objects.filter(shop=row.shop, tender__in=IN_HAND, drawer_session=None, reverses=None)
    given = given.filter(sale=row.sale) if row.sale else given.filter(client_ref=row.client_ref)
    if not (money.exists() or given.exists()) or not DrawerSession.objects.of(row.shop).exists():
        return {}
    sums = [rows.aggregate(sum=Sum("amount", default=ZERO))["sum"] for rows in (money, given)]
    return {Kind.DRAWER: {"amount": str(sum(sums, ZERO))}}


def _of_deposits(row: Replay) -> Rules:
    """Deposit that the clerk gave back beyond what the customer had left."""
    given = {
        int(name.removeprefix("deposit_")): Decimal(text)
        for name, text in row.fields.items()
        if name.startswith("deposit_") and text.strip().startswith("-")
    }
    if not given:
        return {}
    booked = DepositEntry.objects.filter(sale=row.sale).held()
    beyond = sum((booked.get(size, Held()).amount - amount for size, amount in given.items()), ZERO)
    return {Kind.DEPOSIT: {"amount": str(beyond)}} if beyond else {}


def told(shop: Shop, cards: Iterable[RuleCard]) -> None:
    """Gives each card `told`: what the form of an unreadable deed held, as (what, value), for a person to enter.

    Two queries, and none where all could be read.
    """
    lost = [card for card in cards if card.kind == Kind.UNREADABLE]
    asked = {card.replay.fields.get("customer", "") for card in lost}
    customers = (
        Customer.objects.of(shop).filter(pk__in=[pk for pk in asked if pk.isdecimal()]) if lost else ()
    )
    codes = {str(customer.pk): customer.code for customer in customers}
    sizes = {str(size.pk): size.code for size in CanType.objects.of(shop)} if lost else {}
    for card in cards:
        fields = card.replay.fields if card in lost else {}
        card.told = [_told(name, value, sizes, codes) for name, value in fields.items()]


def _told(name: str, value: str, sizes: Mapping[str, str], codes: Mapping[str, str]) -> tuple[str, str]:
    what, _underscore, pk = name.partition("_")
    labels = {
        "sold": _("sold"),
        "back": _("brought back"),
        "price": _("price"),
        "part": _("paid"),
        "deposit": _("deposit"),
    }
    if what in labels:
        return f"{labels[what]} {sizes.get(pk, pk)}", value
    fields = {
        "customer": _("customer"),
        "tender": _("paid by"),
        "amount": _("amount"),
        "is_unpaid": _("unpaid"),
    }
    return fields.get(name, name), codes.get(value, value) if name == "customer" else value


@transaction.atomic
def decide(card: RuleCard, *, note: str, actor: Actor) -> None:
    """A manager has looked at it. What cannot be read needs a note of what was done about it.

    Raises ValidationError for a second decision.
    """
    if card.kind == Kind.UNREADABLE and not note.strip():
        raise ValidationError(_("Say what you did about it: what is not in the books can't be accepted."))
    decision = {"decided_at": timezone.now(), "decided_by": actor.user, "note": note.strip()}
    if not RuleCard.objects.of(card.shop).open().filter(pk=card.pk).update(**decision):
        raise ValidationError(_("Somebody has decided this already."))
    audit.record(card.shop, actor, "decide_card", card, after={"kind": card.kind, "note": note.strip()})
