"""Promises to pay: noted once, kept or broken by what is paid."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.models import Customer
from sales.defaulters import Debtor
from sales.models import MONEY, ZERO, Payment, Promise
from watershop import audit
from watershop.audit import Actor
from watershop.dates import day_of
from watershop.models import AuditEntry, Shop


class Standing(models.TextChoices):
    """How it stands with a promise."""

    OPEN = "open", gettext_lazy("promised")
    KEPT = "kept", gettext_lazy("promise kept")
    BROKEN = "broken", gettext_lazy("promise broken")


@transaction.atomic
def promise(*, customer: Customer, amount: Decimal, due_on: date, actor: Actor) -> Promise:
    """Note that the customer will pay `amount` rupees until that day. Raises ValidationError."""
    (row,) = promise_all({customer: amount}, due_on=due_on, actor=actor)
    return row


@transaction.atomic
def promise_all(amounts: Mapping[Customer, Decimal], *, due_on: date, actor: Actor) -> list[Promise]:
    """Note what each of these customers of one shop will pay until that day; two queries. Raises ValidationError."""
    rows = [
        Promise(shop=customer.shop, customer=customer, amount=amount, due_on=due_on, by=actor.user)
        for customer, amount in amounts.items()
    ]
    for row in rows:
        if due_on < day_of(row.shop, timezone.now()):
            raise ValidationError(_("This day is over. Choose the day the customer named."))
        row.clean_fields(exclude=["shop", "customer", "by"])
    Promise.objects.bulk_create(rows)
    AuditEntry.objects.bulk_create(
        audit.entry(row.shop, actor, "promise", row, after=_said(row)) for row in rows
    )
    return rows


def _said(row: Promise) -> dict[str, int | str]:
    return {"customer": row.customer_id, "amount": str(row.amount), "due_on": row.due_on.isoformat()}


def with_standing(shop: Shop, promises: QuerySet[Promise]) -> list[tuple[Promise, Standing]]:
    """Each promise and how it stands; one query.

    Kept when what was paid since it was made, until the end of its day on the shop's calendar, reaches it.
    """
    today, day = day_of(shop, timezone.now()), TruncDate("received_at", tzinfo=shop.tz)
    since = Payment.objects.filter(
        shop=shop, customer=OuterRef("customer"), recorded_at__gte=OuterRef("made_at")
    )
    in_time = since.annotate(day=day).filter(day__lte=OuterRef("due_on")).order_by().values("customer")
    paid = Subquery(in_time.annotate(t=Sum("amount")).values("t"), output_field=MONEY)
    return [
        (row, _standing(row, row.paid, today))
        for row in promises.filter(shop=shop).annotate(paid=Coalesce(paid, ZERO, output_field=MONEY))
    ]


def _standing(promise: Promise, paid: Decimal, today: date) -> Standing:
    if paid >= promise.amount:
        return Standing.KEPT
    return Standing.BROKEN if promise.due_on < today else Standing.OPEN


def last_promises(shop: Shop, customers: Iterable[Customer]) -> dict[int, tuple[Promise, Standing]]:
    """The latest promise of each of these customers, and how it stands."""
    promises = Promise.objects.standing().filter(customer__in=list(customers))
    latest = promises.order_by("customer_id", "-made_at", "-id").distinct("customer_id")
    return {row.customer_id: (row, standing) for row, standing in with_standing(shop, latest)}


def breakers(shop: Shop, rows: Sequence[Debtor]) -> list[Debtor]:
    """Those of the debtors who did not keep their latest promise; one query."""
    promises = last_promises(shop, [row.customer for row in rows])
    broken = {pk for pk, (_row, standing) in promises.items() if standing == Standing.BROKEN}
    return [row for row in rows if row.customer.pk in broken]
