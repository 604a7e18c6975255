"""Two accounts of one customer become one, and apart again. `_MOVES` lists what goes over.

Money goes over by pairs of transfer entries that sum to zero at every moment: each open due with its own time, so
that a merge makes no debt younger, and what was paid ahead as credit. Everything else stays where it is written.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import Lower, Right
from django.utils import timezone
from django.utils.translation import gettext as _

from customers import book
from customers.models import Customer
from sales import cans, deposits
from sales.dues import balance_of, open_dues
from sales.models import AccountMerge, CanMovement, LedgerEntry, MergeUndo
from sales.settling import hold, settle_oldest_first, take_back
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop

SAME_DIGITS = 10  # a phone number with and without the country in front is the same one


@transaction.atomic
def merge(*, old: Customer, into: Customer, reason: str, actor: Actor) -> AccountMerge:
    """Move all that stands on the account of `old` to `into`; `old` is inactive from now on and leads to `into`.

    Once more for the same two moves what has come to the old account since. Raises ValidationError.
    """
    accounts = {row.pk: row for row in hold({old.pk, into.pk})}
    old, into = accounts[old.pk], accounts[into.pk]
    _check(old, into, reason)
    merge = _go_over(old, into, reason.strip(), actor)
    book.mark_merged(old, into, actor=actor)
    return merge


def _go_over(
    old: Customer, into: Customer, reason: str, actor: Actor, *, due_at: datetime | None = None
) -> AccountMerge:
    """What stands on the one account goes over; credit settles a due of that time there before older ones."""
    merge = AccountMerge.objects.create(shop=old.shop, old=old, into=into, by=actor.user, reason=reason)
    for move in _MOVES:
        move(merge, actor)
    meant = {due.key for due in open_dues(old.shop, [into]) if due.at == due_at}
    settle_oldest_first(old.shop, [old])
    settle_oldest_first(old.shop, [into], chosen=meant)
    audit.record(old.shop, actor, "merge_accounts", merge, after={"old": old.pk, "into": into.pk})
    return merge


def leads_to(customer: Customer) -> Customer:
    """The account that this one went into, over as many merges as there were; itself where it was not merged."""
    while customer.merged_into:
        customer = customer.merged_into
    return customer


def hold_with_heirs(customer: int | None) -> list[Customer]:
    """Hold the account with this id and those that it went into, the first one first; none for a walk-in."""
    line = []
    while customer:
        line.append(customer)
        customer = Customer.objects.values_list("merged_into", flat=True).get(pk=customer)
    held = {row.pk: row for row in hold(line)}
    return [held[pk] for pk in line]


def pass_on(line: Sequence[Customer], *, due_at: datetime, actor: Actor) -> None:
    """What the undoing of something of that time left on a merged account goes over as well.

    `line` are the accounts of `hold_with_heirs`.
    """
    for old, into in pairwise(line):
        _go_over(old, into, _("Something older was undone."), actor, due_at=due_at)


def _check(old: Customer, into: Customer, reason: str) -> None:
    if old.shop_id != into.shop_id or old == into:
        raise ValidationError(_("Choose two different accounts."))
    if into.merged_into_id:
        raise ValidationError(_("%(name)s was itself merged. Choose the account that is left.") % _name(into))
    if old.merged_into_id not in (None, into.pk):
        raise ValidationError(_("%(name)s is merged with another account already.") % _name(old))
    if not reason.strip():
        raise ValidationError(_("Say why these two are the same."))


def _name(customer: Customer) -> dict[str, str]:
    return {"name": f"{customer.name} ({customer.code})"}


def _move_money(merge: AccountMerge, actor: Actor) -> None:
    parts = [(due.due, due.at) for due in open_dues(merge.shop, [merge.old])]
    if not parts and (balance := balance_of(merge.old)):
        parts = [(balance, merge.at)]
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            shop=merge.shop,
            customer=customer,
            kind=LedgerEntry.Kind.TRANSFER,
            amount=sign * amount,
            at=at,
            recorded_at=merge.at,
            merge=merge,
            reason=other.code,
        )
        for amount, at in parts
        for customer, other, sign in ((merge.old, merge.into, -1), (merge.into, merge.old, 1))
    )


def _move_cans(merge: AccountMerge, actor: Actor) -> None:
    rows = CanMovement.objects.of(merge.shop).filter(customer=merge.old).order_by().values("can_type")
    held = {row["can_type"]: row["held"] for row in rows.annotate(held=Sum("quantity")) if row["held"]}
    CanMovement.objects.bulk_create(
        CanMovement(
            shop=merge.shop,
            customer=customer,
            can_type_id=can_type,
            kind=CanMovement.Kind.TRANSFER,
            quantity=sign * quantity,
            at=merge.at,
            clerk=actor.user,
            merge=merge,
        )
        for can_type, quantity in held.items()
        for customer, sign in ((merge.old, -1), (merge.into, 1))
    )


_MOVES: tuple[Callable[[AccountMerge, Actor], None], ...] = (_move_money, _move_cans, deposits.move)


@transaction.atomic
def unmerge(old: Customer, *, actor: Actor) -> None:
    """Give the old account back what went over. What was paid or brought back meanwhile stays with the other one.

    Raises ValidationError when it is not merged, or the other account was itself merged since.
    """
    merges = list(AccountMerge.objects.standing().filter(old=old).select_related("shop"))
    if not merges:
        raise ValidationError(_("This account is not merged, or the merge is undone already."))
    accounts = hold({old.pk, *(merge.into_id for merge in merges)})
    merges = list(AccountMerge.objects.standing().filter(old=old).select_related("shop", "into"))
    if not merges:
        raise ValidationError(_("This account is not merged, or the merge is undone already."))
    for merge in merges:
        if merge.into.merged_into_id:
            raise ValidationError(_("%(name)s was merged since. Undo that merge first.") % _name(merge.into))
    _take_back(merges, actor)
    settle_oldest_first(old.shop, accounts)
    book.mark_merged(old, None, actor=actor)


def _take_back(merges: list[AccountMerge], actor: Actor) -> None:
    shop, now = merges[0].shop, timezone.now()
    take_back(shop, LedgerEntry.objects.filter(merge__in=merges), at=now)
    cans.reverse(shop, CanMovement.objects.filter(merge__in=merges), at=now, actor=actor)
    deposits.move_back(merges, at=now, actor=actor)
    for undo in MergeUndo.objects.bulk_create(
        MergeUndo(shop=shop, merge=merge, at=now, by=actor.user) for merge in merges
    ):
        audit.record(shop, actor, "unmerge_accounts", undo.merge, after={"old": undo.merge.old_id})


def likely_doubles(shop: Shop) -> list[list[int]]:
    """The ids of active customers who may be one, group by group: first who shares a phone number, then a name."""
    rows = Customer.objects.of(shop).active().order_by()
    phones = _groups(rows.exclude(phone="").annotate(same=Right("phone", SAME_DIGITS)))
    known = {frozenset(group) for group in phones}
    names = _groups(rows.annotate(same=Lower("name")))
    return phones + [group for group in names if frozenset(group) not in known]


def _groups(rows: QuerySet[Any]) -> list[list[int]]:
    twice = rows.values("same").annotate(pks=ArrayAgg("pk", order_by="pk"), n=Count("pk")).filter(n__gt=1)
    return list(twice.order_by("same").values_list("pks", flat=True))
