"""Deeds to many customers at once: planned, shown, carried out as shown, and taken back."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer
from sales import collecting, corrections, reminders
from sales.defaulters import block_credit
from sales.dues import with_balance
from sales.models import ZERO, BulkDeed, BulkDeedItem
from sales.reminders import Channel, Topic
from sales.settling import hold
from watershop import audit, outbox
from watershop.audit import Actor
from watershop.models import Message, Shop

Kind = BulkDeed.Kind
TOPICS = {Kind.REMIND: Topic.DUES, Kind.CANS: Topic.CANS}


@dataclass(frozen=True)
class Row:
    """What is to happen to one customer: `amount` in rupees (of cans: how many), `text` as it would be written.

    `why_not` says why nothing happens to them; "" when it does.
    """

    customer: Customer
    amount: Decimal
    text: str = ""
    why_not: str = ""


@dataclass(frozen=True)
class Plan:
    """A deed before it is done. Messages go out from `starts_at` on; None when that is now or nothing is sent."""

    kind: BulkDeed.Kind
    channel: Channel
    rows: list[Row]
    starts_at: datetime | None

    @property
    def todo(self) -> list[Row]:
        return [row for row in self.rows if not row.why_not]

    @property
    def total(self) -> Decimal:
        return sum((row.amount for row in self.todo), ZERO)

    @property
    def fingerprint(self) -> str:
        """Differs as soon as anything else would happen to anybody."""
        parts = [self.kind, self.channel, *(f"{row.customer.pk}:{row.amount}" for row in self.todo)]
        return sha256(",".join(parts).encode()).hexdigest()


def plan(shop: Shop, kind: BulkDeed.Kind, customers: Collection[int], *, channel: Channel) -> Plan:
    """What the deed would do to these customers; the number of queries does not grow with them."""
    known = with_balance(Customer.objects.of(shop).filter(pk__in=customers).select_related("shop"))
    found: list[Customer] = list(known)
    if topic := TOPICS.get(kind):
        starts_at = outbox.quiet_until(shop, now := timezone.now())
        return Plan(
            kind, channel, _letters(shop, topic, found, channel), starts_at if starts_at > now else None
        )
    return Plan(kind, channel, [_row(kind, row, row.balance) for row in known], None)


def _letters(shop: Shop, topic: Topic, customers: list[Customer], channel: Channel) -> list[Row]:
    asked, done = reminders.asked_of(shop, topic, customers), reminders.reached(shop, topic, customers)

    def row(customer: Customer) -> Row:
        amount = asked.get(customer.pk, ZERO)
        why_not = reminders.why_not(topic, customer, channel, asked=amount, was_reached=customer.pk in done)
        return Row(customer, amount, "" if why_not else reminders.text_for(topic, customer, amount), why_not)

    return [row(customer) for customer in customers]


def _row(kind: BulkDeed.Kind, customer: Customer, balance: Decimal) -> Row:
    why_not = ""
    if kind == Kind.BLOCK and customer.is_credit_blocked:
        why_not = _("Gets nothing on credit already.")
    elif kind == Kind.UNBLOCK and not customer.is_credit_blocked:
        why_not = _("May buy on credit already.")
    elif kind in (Kind.WRITE_OFF, Kind.PROMISE) and balance <= 0:
        why_not = _("This customer owes nothing.")
    return Row(customer, balance, why_not=why_not)


@transaction.atomic
def carry_out(
    shop: Shop,
    kind: BulkDeed.Kind,
    customers: Collection[int],
    *,
    seen: str,
    actor: Actor,
    channel: Channel = Channel.WHATSAPP,
    reason: str = "",
    due_on: date | None = None,
    client_ref: str | None = None,
) -> BulkDeed:
    """Do what the plan with the fingerprint `seen` said. Raises ValidationError when it would differ by now."""
    hold(set(Customer.objects.of(shop).filter(pk__in=customers).values_list("pk", flat=True)))
    planned = plan(shop, kind, customers, channel=channel)
    if planned.fingerprint != seen:
        raise ValidationError(_("Something changed meanwhile. Look once more before you go on."))
    if not planned.todo:
        raise ValidationError(_("There is nobody here to do this for."))
    now = timezone.now()
    deed = BulkDeed.objects.create(shop=shop, kind=kind, made_at=now, by=actor.user, client_ref=client_ref)
    items = {
        Kind.REMIND: lambda: _write(planned, actor),
        Kind.CANS: lambda: _write(planned, actor),
        Kind.BLOCK: lambda: _switch(planned, actor, is_blocked=True),
        Kind.UNBLOCK: lambda: _switch(planned, actor, is_blocked=False),
        Kind.WRITE_OFF: lambda: _write_off(planned, actor, reason),
        Kind.PROMISE: lambda: _promise(planned, actor, due_on),
    }[kind]()
    BulkDeedItem.objects.bulk_create(_tied(deed, items))
    audit.record(
        shop, actor, f"bulk_{kind}", deed, after={"customers": [row.customer.pk for row in planned.todo]}
    )
    return deed


def _tied(deed: BulkDeed, items: Iterable[BulkDeedItem]) -> Iterable[BulkDeedItem]:
    for item in items:
        item.shop, item.deed = deed.shop, deed
        yield item


def _write(planned: Plan, actor: Actor) -> list[BulkDeedItem]:
    topic = TOPICS[planned.kind]
    letters = [
        reminders.write(topic, row.customer, planned.channel, asked=row.amount, actor=actor)
        for row in planned.todo
    ]
    stored = outbox.put(planned.todo[0].customer.shop, letters)
    return [
        BulkDeedItem(customer=row.customer, message=message)
        for row, message in zip(planned.todo, stored, strict=True)
    ]


def _switch(planned: Plan, actor: Actor, *, is_blocked: bool) -> list[BulkDeedItem]:
    customers = [row.customer for row in planned.todo]
    block_credit(customers, is_blocked=is_blocked, actor=actor)
    return [BulkDeedItem(customer=customer) for customer in customers]


def _write_off(planned: Plan, actor: Actor, reason: str) -> list[BulkDeedItem]:
    return [
        BulkDeedItem(
            customer=row.customer,
            entry=corrections.write_off(customer=row.customer, amount=row.amount, reason=reason, actor=actor),
        )
        for row in planned.todo
    ]


def _promise(planned: Plan, actor: Actor, due_on: date | None) -> list[BulkDeedItem]:
    if due_on is None:
        raise ValidationError(_("Choose the day the customers named."))
    amounts = {row.customer: row.amount for row in planned.todo}
    return [
        BulkDeedItem(customer=row.customer, promise=row)
        for row in collecting.promise_all(amounts, due_on=due_on, actor=actor)
    ]


@transaction.atomic
def undo(deed: BulkDeed, *, actor: Actor) -> BulkDeed:
    """Take back what is left of a deed: messages that still wait, switches, write-offs, promises.

    Raises ValidationError when nothing is left of it.
    """
    deed = BulkDeed.objects.select_for_update(of=("self",)).select_related("shop").get(pk=deed.pk)
    if not BulkDeed.objects.filter(pk=deed.pk).undoable().exists():
        raise ValidationError(_("This can't be taken back, or it is taken back already."))
    _UNDO.get(BulkDeed.Kind(deed.kind), _nothing_more)(deed, actor)
    undoing = BulkDeed.objects.create(shop=deed.shop, kind=deed.kind, by=actor.user, undoes=deed)
    audit.record(deed.shop, actor, "undo_bulk", deed, after={"undone_by": undoing.pk})
    return undoing


def _call_off(deed: BulkDeed, actor: Actor) -> None:
    outbox.cancel(Message.objects.filter(pk__in=deed.items.values("message")), actor=actor)


def _switch_back(deed: BulkDeed, actor: Actor) -> None:
    customers = Customer.objects.of(deed.shop).filter(pk__in=deed.items.values("customer"))
    block_credit(customers, is_blocked=deed.kind == Kind.UNBLOCK, actor=actor)


def _owe_again(deed: BulkDeed, actor: Actor) -> None:
    for item in deed.items.filter(entry__reversed_by=None).select_related("entry__customer", "entry__shop"):
        assert item.entry is not None
        corrections.undo(item.entry, actor=actor)


def _nothing_more(deed: BulkDeed, actor: Actor) -> None:
    """A promise of a deed that was taken back does not count: Promise.objects.standing()."""


_UNDO: dict[BulkDeed.Kind, Callable[[BulkDeed, Actor], None]] = {
    Kind.REMIND: _call_off,
    Kind.CANS: _call_off,
    Kind.BLOCK: _switch_back,
    Kind.UNBLOCK: _switch_back,
    Kind.WRITE_OFF: _owe_again,
}
