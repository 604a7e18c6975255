"""What a device did while the server was gone enters the books: once, in its order, and never refused.

Water and money have changed hands. A rule that would have refused it becomes a card for a manager, and what can't be
read at all is kept whole on one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from customers.models import Customer
from sales.deposits import Deposit, held_of, suggested
from sales.dues import open_dues
from sales.ledger import receive_payment, record_sale
from sales.merging import leads_to
from sales.models import (
    CanMovement,
    CanType,
    Condition,
    Held,
    Payment,
    Replay,
    RuleCard,
    Sale,
    Tender,
)
from sales.new_sale import Line, NewSale
from sales.offline import clerk_of, slip_code
from sales.returns import Returned, return_cans
from sales.rule_cards import Rules, broken_rules
from sales.settling import hold
from watershop import audit
from watershop.api import hold_key
from watershop.audit import Actor
from watershop.models import Shop

MOST_CANS = 999
# How the form of a return names the cans: good ones by `back_<id>`, the others by their condition.
FOUND = {"back": Condition.GOOD, **{row.value: row for row in Condition if row != Condition.GOOD}}
CLOCKS_AGREE = timedelta(minutes=5)


@dataclass(frozen=True)
class Deed:
    """What the device sends: the form's key and fields, its own clock then and now, and the stamp of its clerk.

    With `is_unreadable` the device has tried in vain and asks to have it kept for a manager.
    """

    client_ref: str
    kind: Replay.Kind
    fields: Mapping[str, str]
    device_at: datetime
    sent_at: datetime
    clerk_stamp: str
    is_unreadable: bool = False

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "Deed":
        """Raises ValueError or KeyError for what no till of ours sends."""
        fields = {str(name): str(value) for name, value in dict(body["fields"]).items()}
        fields.pop("csrfmiddlewaretoken", None)
        return cls(
            client_ref=str(UUID(str(body["client_ref"]))),
            kind=Replay.Kind(body["kind"]),
            fields=fields,
            device_at=_time(body["device_at"]),
            sent_at=_time(body["sent_at"]),
            clerk_stamp=str(body.get("clerk", "")),
            is_unreadable=bool(body.get("is_unreadable")),
        )

    def happened_at(self, now: datetime) -> datetime:
        """When it happened by the server's clock: a device's clock may be wrong, but it runs."""
        ago = max(self.sent_at - self.device_at, timedelta(0))
        return min(self.device_at if self.is_clock_right(now) else now - ago, now)

    def is_clock_right(self, now: datetime) -> bool:
        return abs(now - self.sent_at) <= CLOCKS_AGREE


def _time(text: Any) -> datetime:
    time = parse_datetime(str(text))
    if time is None or time.tzinfo is None:
        raise ValueError(f"{text!r} is no time with an offset")
    return time


@dataclass(frozen=True)
class Done:
    """Where a deed stands in the books."""

    sale: Sale | None = None
    customer: Customer | None = None


@transaction.atomic
def replay(shop: Shop, deed: Deed, *, actor: Actor) -> Replay:
    """Enter a deed into the books, or find it there. `actor` is who is signed in now; the clerk is who did it.

    Raises InFlight while another request works on the same deed.
    """
    hold_key(shop, deed.client_ref)
    if known := Replay.objects.filter(shop=shop, client_ref=deed.client_ref).first():
        return known
    assert actor.user is not None
    now = timezone.now()
    clerk = clerk_of(shop, deed.clerk_stamp)
    why, found = "", _found(shop, deed)
    done = found
    if found is None:
        try:
            done = _do(shop, deed, replace(actor, user=clerk or actor.user), now)
        except ValidationError as refusal:
            why = " ".join(refusal.messages)
    row = Replay.objects.create(
        shop=shop,
        client_ref=deed.client_ref,
        slip=slip_code(deed.client_ref),
        kind=deed.kind,
        fields=dict(deed.fields),
        device_at=deed.device_at,
        sent_at=deed.sent_at,
        received_at=now,
        clerk=clerk,
        sent_by=actor.user,
        sale=done.sale if done else None,
        customer=done.customer if done else None,
    )
    rules: Rules = {}
    if found is None:  # else the server was there when it happened, and all its rules held
        rules = broken_rules(
            row, happened_at=deed.happened_at(now), is_clock_right=deed.is_clock_right(now), why=why
        )
    RuleCard.objects.bulk_create(
        RuleCard(shop=shop, replay=row, kind=kind, detail=detail) for kind, detail in rules.items()
    )
    audit.record(shop, actor, "replay", row, after={"kind": row.kind, "cards": [str(kind) for kind in rules]})
    return row


def _found(shop: Shop, deed: Deed) -> Done | None:
    """Where the deed stands already, when the server stored it and only its answer was lost."""
    ref = {"shop": shop, "client_ref": deed.client_ref}
    if sale := Sale.objects.filter(**ref).select_related("customer").first():
        return Done(sale, sale.customer)
    if payment := Payment.objects.filter(**ref).select_related("customer").first():
        return Done(customer=payment.customer)
    movement = CanMovement.objects.filter(**ref).select_related("customer").first()
    return Done(customer=movement.customer) if movement else None


def _do(shop: Shop, deed: Deed, actor: Actor, now: datetime) -> Done:
    """Store the deed, or raise ValidationError and leave nothing behind."""
    if deed.is_unreadable:
        raise ValidationError(_("The server could not store it."))
    doing = {Replay.Kind.SALE: _sell, Replay.Kind.PAYMENT: _pay, Replay.Kind.RETURN: _return}[deed.kind]
    try:
        with transaction.atomic():
            return doing(shop, deed, actor, deed.happened_at(now))
    except (DataError, IntegrityError) as error:
        raise ValidationError(_("The books can't hold these numbers.")) from error


def _sell(shop: Shop, deed: Deed, actor: Actor, at: datetime) -> Done:
    fields, customer = deed.fields, _customer(shop, deed.fields)
    parts = {tender: _rupees(fields.get(f"part_{tender}")) for tender in Tender}
    split = {tender: amount for tender, amount in parts.items() if amount}
    sold = dict(_cans(shop, fields, "sold"))
    back = dict(_cans(shop, fields, "back")) if customer else {}
    new = NewSale(
        lines=[Line(size, count, _charged(fields, size, count)) for size, count in sold.items()],
        empties=list(back.items()),
        deposits=_deposits(customer, fields, sold, back),
        customer=customer,
        tender=_tender(fields),
        is_paid=not fields.get("is_unpaid"),
        split=split or None,
        sold_at=_paper_time(shop, fields, at) or at,
        client_ref=deed.client_ref,
        source=Sale.Source.OFFLINE,
        slip=slip_code(deed.client_ref),
        device_at=deed.device_at,
    )
    return Done(record_sale(shop, actor, new), customer)


def _pay(shop: Shop, deed: Deed, actor: Actor, at: datetime) -> Done:
    customer = _customer(shop, deed.fields)
    if customer is None:
        raise ValidationError(_("A payment needs a customer."))
    receive_payment(
        customer=customer,
        amount=_rupees(deed.fields.get("amount")) or Decimal(0),
        tender=_tender(deed.fields),
        actor=actor,
        received_at=at,
        client_ref=deed.client_ref,
        dues=_still_open(customer, deed.fields),
        has_happened=True,
    )
    return Done(customer=customer)


def _still_open(customer: Customer, fields: Mapping[str, str]) -> list[str]:
    """Of the dues that the money was meant for (`due_<key>`), those that nobody else has paid meanwhile."""
    chosen = {name.removeprefix("due_") for name in fields if name.startswith("due_")}
    return [due.key for due in open_dues(customer.shop, [customer]) if due.key in chosen] if chosen else []


def _return(shop: Shop, deed: Deed, actor: Actor, at: datetime) -> Done:
    customer = _customer(shop, deed.fields)
    if customer is None:
        raise ValidationError(_("Empties can only be booked for a customer. Choose one."))
    return_cans(
        customer=customer,
        returned=[
            Returned(can_type, count, condition)
            for name, condition in FOUND.items()
            for can_type, count in _cans(shop, deed.fields, name)
        ],
        actor=actor,
        refund=_tender(deed.fields, "refund") if deed.fields.get("refund") else None,
        brought_by=deed.fields.get("brought_by", ""),
        at=at,
        client_ref=deed.client_ref,
        has_happened=True,
    )
    return Done(customer=customer)


def _customer(shop: Shop, fields: Mapping[str, str]) -> Customer | None:
    if not (pk := fields.get("customer")):
        return None
    customers = Customer.objects.of(shop).select_related("shop")
    customer = customers.filter(pk=pk).first() if pk.isdecimal() else None
    if customer is None:
        raise ValidationError(_("This shop has no such customer."))
    return leads_to(customer)


def _tender(fields: Mapping[str, str], name: str = "tender") -> Tender:
    try:
        return Tender(fields.get(name, ""))
    except ValueError as error:
        raise ValidationError(_("It does not say how it was paid.")) from error


def _cans(shop: Shop, fields: Mapping[str, str], what: str) -> Iterator[tuple[CanType, int]]:
    """The sizes named by `<what>_<id>` with their counts; a size may have been retired since."""
    counts = {
        name.removeprefix(f"{what}_"): text for name, text in fields.items() if name.startswith(f"{what}_")
    }
    # `sold_at` is a time, not a size
    asked = {pk: _count(text) for pk, text in counts.items() if pk != "at" and text.strip() not in ("", "0")}
    sizes = {str(size.pk): size for size in CanType.objects.of(shop)} if asked else {}
    for pk, count in asked.items():
        if pk not in sizes:
            raise ValidationError(_("This shop has no such can size."))
        yield sizes[pk], count


def _count(text: str) -> int:
    if not text.strip().isdecimal() or int(text) > MOST_CANS:
        raise ValidationError(_("A number of cans can't be read."))
    return int(text)


def _charged(fields: Mapping[str, str], size: CanType, count: int) -> Decimal | None:
    """What the buyer was asked for these cans, by what the device showed: for all (`amount_<id>`) or for each
    (`price_<id>`); None: by the list."""
    if (amount := _rupees(fields.get(f"amount_{size.pk}"))) is not None:
        return amount
    price = _rupees(fields.get(f"price_{size.pk}"))
    return None if price is None else price * count


def _paper_time(shop: Shop, fields: Mapping[str, str], now: datetime) -> datetime | None:
    """When it was sold by the note that the clerk was entering; None without one."""
    time = parse_datetime(fields.get("sold_at", ""))
    if time is None:
        return None
    return min(time if time.tzinfo else time.replace(tzinfo=shop.tz), now)


def _deposits(
    customer: Customer | None,
    fields: Mapping[str, str],
    sold: Mapping[CanType, int],
    back: Mapping[CanType, int],
) -> list[Deposit]:
    """What was left for the cans (`deposit_<id>`), or given back; where the till showed a field and left it empty,
    what the shop's rule says. A till that showed none took none. What was given back beyond what was left stays out
    of the deposits: it is on a card."""
    moved = {size: sold.get(size, 0) - back.get(size, 0) for size in (*sold, *back)}
    shown = {size: _rupees(fields[name]) for size in moved if (name := f"deposit_{size.pk}") in fields}
    empty = {size: moved[size] for size, amount in shown.items() if amount is None}
    by_itself = suggested(customer, empty) if not fields.get("is_unpaid") else []
    given = [Deposit(size, moved[size], amount) for size, amount in shown.items() if amount]
    return by_itself + _within_held(customer, given)


def _within_held(customer: Customer | None, deposits: list[Deposit]) -> list[Deposit]:
    if customer is None or all(deposit.amount > 0 for deposit in deposits):
        return deposits
    hold({customer.pk})
    held = held_of(customer)
    within = [
        replace(deposit, amount=max(deposit.amount, -held.get(deposit.can_type.pk, Held()).amount))
        for deposit in deposits
    ]
    return [deposit for deposit in within if deposit.amount]


def _rupees(text: str | None) -> Decimal | None:
    if text is None or not text.strip():
        return None
    try:
        amount = Decimal(text.strip())
    except InvalidOperation as error:
        raise ValidationError(_("An amount can't be read.")) from error
    if not amount.is_finite():
        raise ValidationError(_("An amount can't be read."))
    return amount
