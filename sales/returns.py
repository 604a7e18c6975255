"""Cans that come back without a sale, in whatever condition, or never: what is charged for that, and the deposit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer
from sales import corrections, deposits, stock
from sales.models import ZERO, CanMovement, CanType, Condition, ConditionCharge, Sale, StockMove, Tender
from sales.settling import hold
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop

Charges = dict[tuple[CanType, Condition], Decimal]


@dataclass(frozen=True)
class Returned:
    """So many cans of a size, found like this."""

    can_type: CanType
    cans: int
    condition: Condition = Condition.GOOD

    @property
    def is_gone(self) -> bool:
        """Whether the customer does not hold them any more."""
        return self.condition != Condition.REFUSED


@transaction.atomic
def return_cans(
    *,
    customer: Customer,
    returned: Sequence[Returned],
    actor: Actor,
    refund: Tender | None = None,
    brought_by: str = "",
    at: datetime | None = None,
    client_ref: str | None = None,
    has_happened: bool = False,
) -> list[CanMovement]:
    """Book what a customer's cans came back like, whoever brought them.

    What the shop charges is kept from the deposit first; the rest is a due on the account. With `refund` what is left
    of their deposit is given back by that tender: out of the open drawer, or what `has_happened` at that time, while
    nobody could refuse it, out of the one that was open. Raises ValidationError.
    """
    if not returned or any(row.cans < 1 for row in returned):
        raise ValidationError(_("Say how many cans came back, at least one."))
    hold({customer.pk})
    at = at or timezone.now()
    movements = CanMovement.objects.bulk_create(
        CanMovement(
            shop=customer.shop,
            customer=customer,
            can_type=row.can_type,
            kind=_kind(row.condition),
            condition=row.condition,
            quantity=-row.cans if row.is_gone else 0,
            refused=0 if row.is_gone else row.cans,
            brought_by=brought_by.strip(),
            at=at,
            clerk=actor.user,
            client_ref=client_ref,
        )
        for row in returned
    )
    came = [move for move in movements if move.kind == CanMovement.Kind.RETURN]
    StockMove.objects.bulk_create(stock.mirror(came))
    gone = [row for row in returned if row.is_gone]
    _settle(customer, gone, refund, at, actor, client_ref, has_happened)
    after = {f"{row.can_type.code} {row.condition}": row.cans for row in returned}
    audit.record(customer.shop, actor, "return_cans", customer, after=after)
    return movements


@transaction.atomic
def return_of_walk_in(
    sale: Sale, cans: Mapping[CanType, int], *, refund: Tender, actor: Actor, client_ref: str | None = None
) -> None:
    """Take back a walk-in's empties against their receipt, and give back what they left for them.

    The sale's row is locked, so that two clerks never give back the same deposit. Raises ValidationError.
    """
    if not cans or any(count < 1 for count in cans.values()):
        raise ValidationError(_("Say how many cans came back, at least one."))
    rows = Sale.objects.select_for_update(of=["self"], no_key=True).select_related("shop")
    sale, at = rows.get(pk=sale.pk, customer=None), timezone.now()
    deposits.give_back_on(sale, cans, tender=refund, at=at, actor=actor, client_ref=client_ref)
    StockMove.objects.bulk_create(stock.brought_by_walk_in(sale, cans, at=at, actor=actor))
    after = {can_type.code: count for can_type, count in cans.items()}
    audit.record(sale.shop, actor, "return_cans", sale, after=after)


def _kind(condition: Condition) -> CanMovement.Kind:
    kinds = {Condition.LOST: CanMovement.Kind.LOST, Condition.REFUSED: CanMovement.Kind.REFUSED}
    return kinds.get(condition, CanMovement.Kind.RETURN)


def _settle(
    customer: Customer,
    gone: Sequence[Returned],
    refund: Tender | None,
    at: datetime,
    actor: Actor,
    client_ref: str | None,
    has_happened: bool,
) -> None:
    """Charge what the shop asks for: from the deposit as far as it goes, the rest as a due."""
    charges = charges_of(customer.shop) if any(row.condition != Condition.GOOD for row in gone) else {}
    cans: dict[CanType, int] = {}
    asked: dict[CanType, Decimal] = {}
    for row in gone:
        cans[row.can_type] = cans.get(row.can_type, 0) + row.cans
        charge = charges.get((row.can_type, row.condition), ZERO) * row.cans
        asked[row.can_type] = asked.get(row.can_type, ZERO) + charge
    kept = deposits.give_back(
        customer,
        cans,
        asked,
        tender=refund,
        at=at,
        actor=actor,
        client_ref=client_ref,
        has_happened=has_happened,
    )
    for can_type, amount in asked.items():
        if due := amount - kept.get(can_type, ZERO):
            corrections.charge(
                customer=customer, amount=due, reason=_in_words(gone, can_type), at=at, actor=actor
            )


def _in_words(gone: Iterable[Returned], can_type: CanType) -> str:
    """2 × 20L damaged, 1 × 20L lost."""
    return ", ".join(
        f"{row.cans} × {can_type.code} {row.condition.label}"
        for row in gone
        if row.can_type == can_type and row.condition != Condition.GOOD
    )


def charges_of(shop: Shop) -> Charges:
    """What the shop charges per can, by size and condition."""
    rows = ConditionCharge.objects.filter(shop=shop).select_related("can_type")
    return {(row.can_type, Condition(row.condition)): row.amount for row in rows}


@transaction.atomic
def set_charges(shop: Shop, charges: Mapping[tuple[CanType, Condition], Decimal], *, actor: Actor) -> None:
    """Charge this much per can from now on."""
    before = charges_of(shop)
    for (can_type, condition), amount in charges.items():
        if before.get((can_type, condition), ZERO) == amount:
            continue
        row, _is_new = ConditionCharge.objects.get_or_create(
            shop=shop, can_type=can_type, condition=condition
        )
        audit.change(row, actor, "change_charge", {"amount": amount})
