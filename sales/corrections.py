"""What moves money on an account without a sale or a payment: opening balance, write-off, and undoing either."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer
from sales.dues import balance_of
from sales.models import ZERO, Allocation, LedgerEntry
from sales.settling import hold, release, settle_oldest_first
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop
from watershop.templatetags.money import rupees


@transaction.atomic
def open_balance(*, customer: Customer, amount: Decimal, at: datetime, actor: Actor) -> LedgerEntry:
    """Carry over what stood in the notebook: positive rupees are a due of that time, negative ones credit.

    Raises ValidationError when the customer has an opening balance already.
    """
    hold({customer.pk})
    standing = customer.ledger.filter(kind=LedgerEntry.Kind.OPENING, reversed_by=None)
    if standing.exists():
        raise ValidationError(_("This customer has an opening balance already. Undo that one first."))
    if not amount:
        raise ValidationError(_("The amount can't be zero. Leave out an opening balance of nothing."))
    return _book(customer, LedgerEntry.Kind.OPENING, amount, at, actor)


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


def _book(
    customer: Customer,
    kind: LedgerEntry.Kind,
    amount: Decimal,
    at: datetime,
    actor: Actor,
    *,
    reason: str = "",
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
    """Reverse an opening balance or a write-off; money that settled it stays on the account.

    Raises ValidationError when it is another kind of entry, or reversed already.
    """
    hold({entry.customer_id})
    is_correction = entry.kind in (LedgerEntry.Kind.OPENING, LedgerEntry.Kind.WRITE_OFF)
    if not is_correction or LedgerEntry.objects.filter(reverses=entry).exists():
        raise ValidationError(_("This can't be undone, or it is undone already."))
    (reversal,) = take_back(entry.shop, [entry], at=timezone.now())
    settle_oldest_first(entry.shop, [entry.customer])
    audit.record(entry.shop, actor, "undo_entry", entry, after={"reversal": reversal.pk})
    return reversal


def take_back(shop: Shop, entries: Collection[LedgerEntry], *, at: datetime) -> list[LedgerEntry]:
    """Reverse entries that are neither sale nor payment: what they settled is due again, what settled them is free.

    The caller holds the accounts and settles them afterwards.
    """
    release(shop, Allocation.objects.filter(Q(credit__in=entries) | Q(opening__in=entries)))
    return LedgerEntry.objects.bulk_create(
        LedgerEntry(
            shop=shop,
            customer_id=entry.customer_id,
            kind=LedgerEntry.Kind.REVERSAL,
            amount=-entry.amount,
            at=at,
            reverses=entry,
        )
        for entry in entries
    )
