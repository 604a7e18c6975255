"""What moves money on an account without a sale or a payment: opening balance, write-off, and undoing either."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer
from sales.dues import balance_of
from sales.merging import hold_with_heirs, pass_on
from sales.models import ZERO, LedgerEntry
from sales.settling import hold, settle_oldest_first, take_back
from watershop import audit
from watershop.audit import Actor
from watershop.models import AuditEntry, Shop
from watershop.templatetags.money import rupees

UNDONE_ALONE = (LedgerEntry.Kind.OPENING, LedgerEntry.Kind.WRITE_OFF, LedgerEntry.Kind.CHARGE)


@dataclass(frozen=True)
class Opening:
    """What stood in the notebook for a customer: positive rupees are a due of that time, negative ones credit."""

    customer: Customer
    amount: Decimal
    at: datetime


def open_balance(*, customer: Customer, amount: Decimal, at: datetime, actor: Actor) -> LedgerEntry:
    """Carry over one opening balance. Raises ValidationError."""
    return open_balances(customer.shop, [Opening(customer, amount, at)], actor=actor)[0]


@transaction.atomic
def open_balances(shop: Shop, openings: Sequence[Opening], *, actor: Actor) -> list[LedgerEntry]:
    """Carry over what stood in the notebook, for many customers with few queries.

    Raises ValidationError when a customer has an opening balance already.
    """
    accounts = hold({opening.customer.pk for opening in openings})
    standing = LedgerEntry.objects.of(shop).filter(kind=LedgerEntry.Kind.OPENING, reversed_by=None)
    if standing.filter(customer__in=accounts).exists():
        raise ValidationError(_("This customer has an opening balance already. Undo that one first."))
    if not all(opening.amount for opening in openings):
        raise ValidationError(_("The amount can't be zero. Leave out an opening balance of nothing."))
    entries = LedgerEntry.objects.bulk_create(
        LedgerEntry(
            shop=shop,
            customer=opening.customer,
            kind=LedgerEntry.Kind.OPENING,
            amount=opening.amount.quantize(ZERO),
            at=opening.at,
        )
        for opening in openings
    )
    settle_oldest_first(shop, accounts)
    AuditEntry.objects.bulk_create(
        audit.entry(
            shop, actor, "opening", row, after={"customer": row.customer_id, "amount": str(row.amount)}
        )
        for row in entries
    )
    return entries


@transaction.atomic
def write_off(*, customer: Customer, amount: Decimal, reason: str, actor: Actor) -> LedgerEntry:
    """Give up `amount` rupees of what the customer owes, the oldest dues first. Raises ValidationError."""
    hold({customer.pk})
    owed = balance_of(customer)
    if not reason.strip():
        raise ValidationError(_("Say why this is written off."))
    if not 0 < amount <= owed:
        message = _("Only what is owed can be written off: %(owed)s at most.")
        raise ValidationError(message % {"owed": rupees(max(owed, ZERO))})
    kind, at = LedgerEntry.Kind.WRITE_OFF, timezone.now()
    return _book(customer, kind, -amount, at, actor, reason=reason.strip())


def charge(*, customer: Customer, amount: Decimal, reason: str, at: datetime, actor: Actor) -> LedgerEntry:
    """Put on the account what a lost or damaged can costs: a due of its own. The caller holds the account."""
    return _book(customer, LedgerEntry.Kind.CHARGE, amount, at, actor, reason=reason)


def _book(
    customer: Customer,
    kind: LedgerEntry.Kind,
    amount: Decimal,
    at: datetime,
    actor: Actor,
    *,
    reason: str,
) -> LedgerEntry:
    entry = LedgerEntry.objects.create(
        shop=customer.shop, customer=customer, kind=kind, amount=amount.quantize(ZERO), at=at, reason=reason
    )
    settle_oldest_first(customer.shop, [customer])
    after = {"customer": customer.pk, "amount": str(entry.amount), "reason": reason}
    audit.record(customer.shop, actor, str(kind), entry, after=after)
    return entry


@transaction.atomic
def undo(entry: LedgerEntry, *, actor: Actor) -> LedgerEntry:
    """Reverse an opening balance, a write-off or a charge; money that settled it stays on the account.

    Raises ValidationError when it is another kind of entry, or reversed already.
    """
    line = hold_with_heirs(entry.customer_id)
    if entry.kind not in UNDONE_ALONE or LedgerEntry.objects.filter(reverses=entry).exists():
        raise ValidationError(_("This can't be undone, or it is undone already."))
    (reversal,) = take_back(entry.shop, [entry], at=timezone.now())
    settle_oldest_first(entry.shop, line)
    pass_on(line, due_at=entry.at, actor=actor)
    audit.record(entry.shop, actor, "undo_entry", entry, after={"reversal": reversal.pk})
    return reversal
