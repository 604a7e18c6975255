"""Deposits for cans: every function that takes one or gives it back. They are no part of anybody's balance."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial

from django.core.exceptions import ValidationError
from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from customers.models import Customer
from sales import drawer
from sales.models import ZERO, AccountMerge, CanType, DepositEntry, DrawerSession, Held, Sale, Tender
from watershop.audit import Actor
from watershop.templatetags.money import rupees


@dataclass(frozen=True)
class Deposit:
    """Rupees for so many cans of a size: both positive when taken, both negative when given back."""

    can_type: CanType
    cans: int
    amount: Decimal


@dataclass(frozen=True)
class SaleDeposits:
    """The deposits that come and go with a sale, by one tender, into the drawer session if any."""

    sale: Sale
    deposits: Sequence[Deposit]
    tender: Tender
    session: DrawerSession | None


def check(deposits: Sequence[Deposit], customer: Customer | None) -> None:
    """Raise ValidationError with a sentence for the clerk."""
    for deposit in deposits:
        if not deposit.cans * deposit.amount > 0:
            raise ValidationError(
                _("A deposit is taken for cans that go out, and given back for cans that come in.")
            )
        if deposit.cans < 0 and customer is None:
            raise ValidationError(_("Choose the customer who gets the deposit back."))
    sizes = [deposit.can_type.pk for deposit in deposits]
    if len(sizes) != len(set(sizes)):
        raise ValidationError(_("Put each can size on one line."))


def held_of(customer: Customer) -> dict[int, Held]:
    """What the shop holds of the customer's money, per can type's id."""
    return DepositEntry.objects.filter(shop=customer.shop_id, customer=customer).held()


def share(held: Held, cans: int) -> Decimal:
    """What was left for so many of the cans, in rupees to the paisa; for the last ones all that is there."""
    if cans >= held.cans:
        return held.amount
    return (held.amount * cans / held.cans).quantize(ZERO)


def suggested(customer: Customer | None, moved: Mapping[CanType, int]) -> list[Deposit]:
    """The deposit that the price list asks for cans going out, and what was left for those coming back.

    `moved` is full cans out minus empties in. A walk-in swaps can for can, and some customers keep cans without a
    deposit: for them nothing is added by itself, but what was left is given back.
    """
    if customer is None:
        return []
    held = held_of(customer) if any(cans < 0 for cans in moved.values()) else {}
    deposits = [
        Deposit(can_type, cans, _usual(can_type, cans, held.get(can_type.pk, Held())))
        for can_type, cans in moved.items()
        if cans < 0 or (cans and not customer.keeps_cans_free)
    ]
    return [deposit for deposit in deposits if deposit.amount]


def _usual(can_type: CanType, cans: int, held: Held) -> Decimal:
    return can_type.deposit * cans if cans > 0 else -share(held, -cans)


def book_with_sales(rows: Iterable[SaleDeposits], actor: Actor) -> None:
    """Book what came and went with these sales, with at most two queries.

    The caller holds the accounts of those who get some back. Raises ValidationError when that is more than is there.
    """
    some = [(row, deposit) for row in rows for deposit in row.deposits]
    held = _held({row.sale.customer_id for row, deposit in some if deposit.cans < 0})
    DepositEntry.objects.bulk_create(
        DepositEntry(
            shop=row.sale.shop,
            customer=row.sale.customer,
            sale=row.sale,
            can_type=deposit.can_type,
            kind=DepositEntry.Kind.TAKEN if deposit.cans > 0 else DepositEntry.Kind.REFUNDED,
            cans=deposit.cans if deposit.cans > 0 else -_take(held, row.sale.customer_id, deposit),
            amount=deposit.amount,
            tender=row.tender,
            drawer_session=row.session,
            at=row.sale.moved_at,
            recorded_at=row.sale.recorded_at,
            clerk=actor.user,
        )
        for row, deposit in some
    )


HeldBy = dict[tuple[int | None, int], Held]


def _held(customers: Collection[int | None]) -> HeldBy:
    """What is held, by the ids of customer and can type."""
    if not customers:
        return {}
    rows = DepositEntry.objects.filter(customer__in=customers).order_by().values_list("customer", "can_type")
    return {(who, size): Held(*sums) for who, size, *sums in rows.annotate(Sum("cans"), Sum("amount"))}


def _take(held: HeldBy, customer: int | None, deposit: Deposit) -> int:
    """Take from what is held, and say for how many cans that was."""
    size = deposit.can_type
    there = held.get((customer, size.pk), Held())
    if -deposit.amount > there.amount:
        message = _("Only %(held)s of deposit is held for %(size)s.")
        raise ValidationError(message % {"held": rupees(there.amount), "size": size.code})
    cans = min(-deposit.cans, there.cans)
    held[customer, size.pk] = Held(there.cans - cans, there.amount + deposit.amount)
    return cans


def give_back(
    customer: Customer,
    cans: Mapping[CanType, int],
    charges: Mapping[CanType, Decimal],
    *,
    tender: Tender | None,
    at: datetime,
    actor: Actor,
    client_ref: str | None,
    has_happened: bool = False,
) -> dict[CanType, Decimal]:
    """Give back by `tender` what was left for cans that came back or are lost; without one it stays for the next.

    What the shop charges is kept first. What `has_happened` needs no open drawer. Returns the rupees that were kept.
    The caller holds the account.
    """
    held = held_of(customer)
    parts = {size: share(held.get(size.pk, Held()), count) for size, count in cans.items()}
    kept = {size: min(part, charges.get(size, ZERO)) for size, part in parts.items()}
    refunds = {size: part - kept[size] if tender else ZERO for size, part in parts.items()}
    tenders = {tender} if tender and any(refunds.values()) else set()
    if has_happened:
        session = drawer.session_since(customer.shop, at) if tenders else None
    else:
        session = drawer.session_for(customer.shop, tenders)
    entry = partial(
        DepositEntry, shop=customer.shop, customer=customer, at=at, clerk=actor.user, client_ref=client_ref
    )
    entries = []
    for size, count in cans.items():
        count = min(count, held.get(size.pk, Held()).cans)
        if kept[size]:  # the cans leave the deposit with the last of its money
            gone = 0 if refunds[size] or kept[size] < parts[size] else -count
            entries.append(entry(can_type=size, kind=DepositEntry.Kind.KEPT, cans=gone, amount=-kept[size]))
        if refunds[size]:
            entries.append(
                entry(
                    can_type=size,
                    kind=DepositEntry.Kind.REFUNDED,
                    cans=-count,
                    amount=-refunds[size],
                    tender=tender,
                    drawer_session=session,
                )
            )
    DepositEntry.objects.bulk_create(entries)
    return kept


def give_back_on(
    sale: Sale,
    cans: Mapping[CanType, int],
    *,
    tender: Tender,
    at: datetime,
    actor: Actor,
    client_ref: str | None,
) -> None:
    """Give back what a walk-in left with this sale for so many of its cans. The caller holds the sale."""
    held, session = sale.deposits.all().held(), drawer.session_for(sale.shop, {tender})
    for size, count in cans.items():
        there = held.get(size.pk, Held())
        if count > there.cans:
            message = _("Only %(held)s of deposit is held for %(size)s.")
            raise ValidationError(message % {"held": rupees(there.amount), "size": size.code})
        DepositEntry.objects.create(
            shop=sale.shop,
            sale=sale,
            can_type=size,
            kind=DepositEntry.Kind.REFUNDED,
            cans=-count,
            amount=-share(there, count),
            tender=tender,
            drawer_session=session,
            at=at,
            clerk=actor.user,
            client_ref=client_ref,
        )


def came_with(sale: Sale) -> QuerySet[DepositEntry]:
    """What was taken or given back in the moment of the sale, and not undone since."""
    rows = sale.deposits.filter(recorded_at=sale.recorded_at, reverses=None, reversed_by=None)
    return rows.select_related("can_type")


def reverse_sale(
    sale: Sale, holders: Sequence[Customer], *, at: datetime, actor: Actor, only: Tender | None = None
) -> None:
    """Undo the deposits of a sale, or those of one tender. What was given back meanwhile is not given back again.

    `holders` are the buyer and those into whose accounts theirs went, who may hold the deposits by now.
    """
    rows = [row for row in came_with(sale) if only in (None, row.tender)]
    tenders = {Tender(row.tender) for row in rows if row.tender and row.drawer_session_id}
    session = drawer.session_for(sale.shop, tenders)
    theirs = DepositEntry.objects.filter(customer__in=holders) if holders else sale.deposits.all()
    held = theirs.held()
    for row in rows:
        there = held.get(row.can_type_id, Held())
        DepositEntry.objects.create(
            shop=sale.shop,
            customer=sale.customer,
            sale=sale,
            can_type=row.can_type,
            kind=DepositEntry.Kind.REVERSAL,
            cans=-min(row.cans, there.cans),
            amount=-min(row.amount, there.amount),
            tender=row.tender,
            drawer_session=session if row.drawer_session_id else None,
            at=at,
            clerk=actor.user,
            reverses=row,
        )


def move(merge: AccountMerge, actor: Actor) -> None:
    """What is held for the old account of a merge is held for the other one; no money moves."""
    DepositEntry.objects.bulk_create(
        DepositEntry(
            shop=merge.shop,
            customer=customer,
            can_type_id=can_type,
            kind=DepositEntry.Kind.TRANSFER,
            cans=sign * held.cans,
            amount=sign * held.amount,
            at=merge.at,
            clerk=actor.user,
            merge=merge,
        )
        for can_type, held in held_of(merge.old).items()
        for customer, sign in ((merge.old, -1), (merge.into, 1))
        if held.amount  # a generous refund can leave cans without a rupee
    )


def move_back(merges: Collection[AccountMerge], *, at: datetime, actor: Actor) -> None:
    """Undo the transfers of these merges, as far as what went over is still held: the rest was given back meanwhile."""
    went = DepositEntry.objects.filter(merge__in=merges, reversed_by=None)
    held = _held({row.customer_id for row in went})
    gone = {(row.merge_id, row.can_type_id): row for row in went if row.amount < 0}
    for row in went:
        if row.amount < 0:
            continue
        there = held.get((row.customer_id, row.can_type_id), Held())
        cans, amount = min(row.cans, there.cans), min(row.amount, there.amount)
        held[row.customer_id, row.can_type_id] = Held(there.cans - cans, there.amount - amount)
        for half, sign in ((row, -1), (gone[row.merge_id, row.can_type_id], 1)):
            DepositEntry.objects.create(
                shop_id=half.shop_id,
                customer_id=half.customer_id,
                can_type_id=half.can_type_id,
                kind=DepositEntry.Kind.REVERSAL,
                cans=sign * cans,
                amount=sign * amount,
                at=at,
                clerk=actor.user,
                reverses=half,
            )
