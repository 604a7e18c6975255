"""Undoing what the ledger took in, always by further rows: void, correct, refund, a UPI payment that never came."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from sales import cans, deposits, drawer, upi
from sales.deposits import Deposit
from sales.ledger import receive_payment, record_sale
from sales.merging import hold_with_heirs, leads_to, pass_on
from sales.models import (
    ZERO,
    Allocation,
    CanMovement,
    CanType,
    LedgerEntry,
    Payment,
    Sale,
    SaleLine,
    SaleVoid,
    Tender,
    UpiClaim,
)
from sales.new_sale import Line, NewSale
from sales.settling import release, settle_oldest_first
from watershop import audit
from watershop.audit import Actor

UNDO_FOR = timedelta(seconds=10)
ANSWER_TAKES = timedelta(seconds=5)  # the ten seconds begin when the receipt is seen


@transaction.atomic
def void_sale(sale: Sale, *, reason: str, actor: Actor) -> SaleVoid:
    """Undo a sale by further rows: its debt is reversed, its cans come back.

    Money that came with the sale is given back; other money stays on the customer's account and settles what else is
    due.
    """
    line = hold_with_heirs(sale.customer_id)
    rows = Sale.objects.select_for_update(of=["self"], no_key=True).select_related("shop", "customer")
    sale = rows.get(pk=sale.pk)
    if SaleVoid.objects.filter(sale=sale).exists():
        raise ValidationError(_("This sale is already void."))
    if not reason.strip():
        raise ValidationError(_("Say why the sale is void."))
    if _is_written_off(sale):
        raise ValidationError(
            _("This sale was written off. Undo the write-off first, on the customer's credit page.")
        )
    void = SaleVoid.objects.create(shop=sale.shop, sale=sale, by=actor.user, reason=reason.strip())
    _reverse(LedgerEntry.objects.filter(sale=sale, kind=LedgerEntry.Kind.SALE), void.at)
    release(sale.shop, Allocation.objects.filter(sale=sale))
    for payment in came_with(sale):
        _give_back(payment, void.at, actor)
    deposits.reverse_sale(sale, line, at=void.at, actor=actor)
    cans.reverse_sale(sale, at=void.at, actor=actor)
    settle_oldest_first(sale.shop, line)
    pass_on(line, due_at=sale.sold_at, actor=actor)
    audit.record(sale.shop, actor, "void_sale", sale, after={"reason": void.reason})
    return void


@transaction.atomic
def undo_at_once(sale: Sale, *, actor: Actor) -> SaleVoid:
    """The clerk takes back the sale just made, by a void. Raises ValidationError when it is another's, or too late."""
    if not may_undo_at_once(sale, actor):
        raise ValidationError(
            _("That was too long ago to take back. Ask a manager to void or correct the sale.")
        )
    return void_sale(sale, reason=_("Taken back at once."), actor=actor)


def may_undo_at_once(sale: Sale, actor: Actor) -> bool:
    """Whether the sale is this clerk's own, and but a moment old."""
    is_own = actor.user is not None and sale.clerk_id == actor.user.pk
    return is_own and timezone.now() - sale.recorded_at <= UNDO_FOR + ANSWER_TAKES


@transaction.atomic
def correct_sale(sale: Sale, new: NewSale, *, reason: str, actor: Actor) -> Sale:
    """Void a sale and enter it again as it should have been, in one go; the new one says which it replaces.

    It keeps the time of the first entry. What was paid goes back and what is paid comes in now, so that the drawer
    changes by the difference, and the figures of a day that is over stay.
    """
    came = list(came_with(sale).select_related("upi_claim"))
    sessions = [payment.drawer_session_id for payment in came]
    sessions += [deposit.drawer_session_id for deposit in deposits.came_with(sale)]
    void_sale(sale, reason=reason, actor=actor)
    again = _in_place_of(sale, new, goes_into_drawer=not sessions or any(sessions))
    corrected = record_sale(sale.shop, actor, again)
    upi.carry_over(came, list(came_with(corrected)), actor=actor)
    return corrected


def _in_place_of(sale: Sale, new: NewSale, *, goes_into_drawer: bool) -> NewSale:
    """The new sale at the time and from the door of the one that it replaces."""
    return replace(
        new,
        sold_at=sale.sold_at,
        source=Sale.Source(sale.source),
        slip=sale.slip,
        device_at=sale.device_at,
        replaces=sale,
        goes_into_drawer=goes_into_drawer,
    )


@transaction.atomic
def refund(
    sale: Sale, back: Mapping[CanType, int], *, reason: str, actor: Actor, client_ref: str | None
) -> Sale:
    """Take back some cans of a sale at the price they were sold for; the sale is entered again with what is left.

    What is still due is lowered first; the rest goes back in the tenders it came in, or stays on the account where it
    was paid later. With nothing left the sale is void. Returns the sale that stands, or the void one. Raises
    ValidationError.
    """
    lines = list(sale.lines.select_related("can_type"))
    bought = {line.can_type: line.quantity for line in lines}
    if not back or any(not 0 < count <= bought.get(size, 0) for size, count in back.items()):
        raise ValidationError(_("Say which of the cans on this sale come back, at least one."))
    left = [_less(line, back.get(line.can_type, 0)) for line in lines]
    kept = [line for line in left if line.quantity]
    if not kept:
        void_sale(sale, reason=reason, actor=actor)
        return sale
    new = NewSale(
        lines=kept,
        tender=Tender(sale.stated_tender),
        customer=sale.customer and leads_to(sale.customer),
        split=_still_paid(sale, sum((line.charged for line in kept), ZERO)),
        empties=_empties_of(sale),
        deposits=_deposits_less(sale, back),
        moves_cans=sale.can_movements.exists() or sale.stock_moves.exists(),
        may_pass_limit=True,  # they come to owe less, not more
        client_ref=client_ref,
    )
    return correct_sale(sale, new, reason=reason, actor=actor)


def _less(line: SaleLine, count: int) -> Line:
    """The line without so many of its cans, each at what was charged for it."""
    quantity = line.quantity - count
    return Line(line.can_type, quantity, (line.amount * quantity / line.quantity).quantize(ZERO))


def _still_paid(sale: Sale, total: Decimal) -> dict[Tender, Decimal]:
    """What of the money that came with the sale it keeps, now that it costs `total`: the first tender first."""
    parts: dict[Tender, Decimal] = {}
    for payment in came_with(sale).order_by("id"):
        part = min(payment.amount, total - sum(parts.values(), ZERO))
        if part:
            parts[Tender(payment.tender)] = part
    return parts


def _empties_of(sale: Sale) -> list[tuple[CanType, int]]:
    moves = sale.can_movements.filter(kind=CanMovement.Kind.RETURN).select_related("can_type")
    return [(move.can_type, -move.quantity) for move in moves]


def _deposits_less(sale: Sale, back: Mapping[CanType, int]) -> list[Deposit]:
    """The deposits of the sale that still stand, without those for the cans that come back."""
    standing = sale.deposits.filter(reverses=None, reversed_by=None).held()
    sizes = CanType.objects.in_bulk(standing)
    shares = [
        (sizes[pk], row, row.cans - min(back.get(sizes[pk], 0), max(row.cans, 0)))
        for pk, row in standing.items()
    ]
    return [
        Deposit(size, cans, (row.amount * cans / row.cans).quantize(ZERO))
        for size, row, cans in shares
        if cans
    ]


@transaction.atomic
def payment_did_not_arrive(claim: UpiClaim, *, actor: Actor) -> None:
    """Take a claimed UPI payment off the books: what it settled is due again, and a walk-in's sale is void.

    Raises ValidationError when somebody decided on the claim before.
    """
    payment = claim.payment
    line = hold_with_heirs(payment.customer_id)
    upi.decide(claim, UpiClaim.State.FAILED, actor=actor)
    if not line:  # nobody to owe it
        sale = Sale.objects.get(shop=claim.shop, allocations__payment=payment)
        void_sale(sale, reason=_("The UPI payment did not arrive."), actor=actor)
        return
    release(claim.shop, Allocation.objects.filter(payment=payment))
    now = timezone.now()
    _give_back(payment, now, actor)
    if claim.deposit:
        sale = Sale.objects.distinct().get(
            deposits__recorded_at=payment.recorded_at, allocations__payment=payment
        )
        deposits.reverse_sale(sale, line, at=now, actor=actor, only=Tender.UPI)
    settle_oldest_first(claim.shop, line)
    pass_on(line, due_at=payment.received_at, actor=actor)


@transaction.atomic
def payment_arrived_after_all(claim: UpiClaim, *, actor: Actor) -> None:
    """Take `payment_did_not_arrive` back: the money comes in now, and a walk-in's sale is entered again.

    Raises ValidationError where it never failed, a deposit came with it, or the sale was entered again already.
    """
    payment = claim.payment
    if claim.state != UpiClaim.State.FAILED:
        raise ValidationError(_("This payment did not fail."))
    if payment.customer is None:
        reinstate(Sale.objects.distinct().get(shop=claim.shop, allocations__payment=payment), actor=actor)
        return
    if claim.deposit:
        raise ValidationError(_("A deposit came with this payment. Enter both again by hand."))
    customer = leads_to(payment.customer)
    receive_payment(customer=customer, amount=payment.amount, tender=Tender.UPI, actor=actor)


@transaction.atomic
def reinstate(sale: Sale, *, actor: Actor) -> Sale:
    """Enter a void sale again as it was; the new one says which it replaces, and its money comes in now.

    Raises ValidationError when it is not void, or was entered again already.
    """
    if not SaleVoid.objects.filter(sale=sale).exists() or Sale.objects.filter(replaces=sale).exists():
        raise ValidationError(_("This sale stands, or it was entered again already."))
    came = Payment.objects.filter(shop=sale.shop, allocations__sale=sale, recorded_at=sale.recorded_at)
    paid = list(came.distinct())
    rows = sale.deposits.filter(recorded_at=sale.recorded_at, reverses=None).select_related("can_type")
    as_it_was = NewSale(
        lines=[_less(line, 0) for line in sale.lines.select_related("can_type")],
        tender=Tender(sale.stated_tender),
        customer=sale.customer and leads_to(sale.customer),
        split={Tender(payment.tender): payment.amount for payment in paid},
        empties=_empties_of(sale),
        deposits=[Deposit(row.can_type, row.cans, row.amount) for row in rows],
        moves_cans=sale.can_movements.exists() or sale.stock_moves.exists(),
        may_pass_limit=True,  # it stood before
    )
    into_drawer = any(payment.drawer_session_id for payment in paid)
    return record_sale(sale.shop, actor, _in_place_of(sale, as_it_was, goes_into_drawer=into_drawer))


@transaction.atomic
def take_back_payment(payment: Payment, *, actor: Actor) -> None:
    """Undo a payment on an account that came with no sale: what it settled is due again, its money is given back.

    Raises ValidationError when that was done before, or somebody has seen it at the bank.
    """
    if claim := UpiClaim.objects.filter(payment=payment).select_related("payment", "shop").first():
        payment_did_not_arrive(claim, actor=actor)
        return
    line = hold_with_heirs(payment.customer_id)
    if Payment.objects.filter(reverses=payment).exists():
        raise ValidationError(_("This was taken back already."))
    release(payment.shop, Allocation.objects.filter(payment=payment))
    _give_back(payment, timezone.now(), actor)
    settle_oldest_first(payment.shop, line)
    pass_on(line, due_at=payment.received_at, actor=actor)
    audit.record(payment.shop, actor, "take_back_payment", payment)


def _is_written_off(sale: Sale) -> bool:
    parts = Allocation.objects.filter(sale=sale, credit__kind=LedgerEntry.Kind.WRITE_OFF)
    return bool(parts.aggregate(sum=Sum("amount"))["sum"])


def came_with(sale: Sale) -> QuerySet[Payment]:
    """The money taken in the moment of the sale: what a void gives back."""
    return Payment.objects.filter(
        shop=sale.shop, allocations__sale=sale, recorded_at=sale.recorded_at, reversed_by=None
    ).distinct()


def brought_by(sale: Sale) -> Decimal:
    """The rupees that changed hands with the sale, deposits among them."""
    paid = came_with(sale).aggregate(sum=Sum("amount"))["sum"] or ZERO
    return paid + deposit_with(sale)


def deposit_with(sale: Sale) -> Decimal:
    """The rupees of deposit taken in the moment of the sale, less those given back in it."""
    rows = sale.deposits.filter(recorded_at=sale.recorded_at, reverses=None)
    return rows.aggregate(sum=Sum("amount"))["sum"] or ZERO


def _give_back(payment: Payment, at: datetime, actor: Actor) -> None:
    """Undo a payment: its money leaves the drawer that is open now, unless it never went into one."""
    tenders = {Tender(payment.tender)} if payment.drawer_session_id else set()
    Payment.objects.create(
        shop=payment.shop,
        customer=payment.customer,
        received_at=at,
        tender=payment.tender,
        amount=-payment.amount,
        clerk=actor.user,
        reverses=payment,
        drawer_session=drawer.session_for(payment.shop, tenders),
    )
    _reverse(LedgerEntry.objects.filter(payment=payment, kind=LedgerEntry.Kind.PAYMENT), at)


def _reverse(entries: Iterable[LedgerEntry], at: datetime) -> None:
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            shop=entry.shop,
            customer=entry.customer,
            kind=LedgerEntry.Kind.REVERSAL,
            amount=-entry.amount,
            at=at,
            sale=entry.sale,
            payment=entry.payment,
            reverses=entry,
        )
        for entry in entries
    )
