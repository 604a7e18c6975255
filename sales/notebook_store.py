"""A checked sheet of the notebook goes into the books as one batch, with few queries however long, and out again."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from customers import book
from customers.models import Customer
from sales import cans, pricelist
from sales.corrections import Opening, open_balances
from sales.models import CanMovement, LedgerEntry, NotebookImport, NotebookRow, NotebookUndo
from sales.notebook import Entry, opened_at
from sales.settling import hold, settle_oldest_first, take_back
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop


@transaction.atomic
def store(shop: Shop, entries: Sequence[Entry], *, actor: Actor) -> NotebookImport:
    """Add or complete the customers of these rows: due, cans out, own prices, limit. Raises ValidationError."""
    batch = NotebookImport.objects.create(shop=shop, by=actor.user)
    fresh = [entry for entry in entries if entry.same is None]
    people = [
        book.NewCustomer(entry.name, entry.phone, entry.language, credit_limit=entry.limit) for entry in fresh
    ]
    added = dict(
        zip((entry.line for entry in fresh), book.add_customers(shop, people, actor=actor), strict=True)
    )
    pairs = [(entry, entry.same or added[entry.line]) for entry in entries]
    rows = NotebookRow.objects.bulk_create(_rows(batch, pairs, _open(shop, pairs, actor)))
    for entry, customer in pairs:
        if entry.same and entry.limit is not None:
            book.change_customer(customer, {"credit_limit": entry.limit}, actor=actor)
    counts = [
        cans.OpeningCount(customer, can_type, count, row.client_ref)
        for (entry, customer), row in zip(pairs, rows, strict=True)
        for can_type, count in entry.cans.items()
    ]
    cans.open_counts(shop, counts, at=batch.at, actor=actor)
    prices = {(customer, size): price for entry, customer in pairs for size, price in entry.prices.items()}
    pricelist.put_own_prices(shop, prices, since=batch.at, actor=actor)
    audit.record(shop, actor, "import_notebook", batch, after={"rows": len(rows), "new": len(added)})
    return batch


Pairs = Sequence[tuple[Entry, Customer]]


def _open(shop: Shop, pairs: Pairs, actor: Actor) -> dict[int, LedgerEntry]:
    """The opening balances of the rows that have one, by customer."""
    openings = [
        Opening(customer, entry.due, opened_at(shop, entry)) for entry, customer in pairs if entry.due
    ]
    return {entry.customer_id: entry for entry in open_balances(shop, openings, actor=actor)}


def _rows(batch: NotebookImport, pairs: Pairs, openings: dict[int, LedgerEntry]) -> list[NotebookRow]:
    return [
        NotebookRow(
            shop=batch.shop,
            batch=batch,
            line=entry.line,
            customer=customer,
            is_new=entry.same is None,
            opening=openings.get(customer.pk),
            sets_limit=entry.same is not None and entry.limit is not None,
            limit_before=customer.credit_limit if entry.same else None,
        )
        for entry, customer in pairs
    ]


@transaction.atomic
def undo(batch: NotebookImport, *, actor: Actor) -> list[Customer]:
    """Take the batch back by further rows; the customers who traded since are left as they are, and returned.

    Raises ValidationError when it was undone before.
    """
    batch = NotebookImport.objects.select_for_update(no_key=True, of=["self"]).get(pk=batch.pk)
    if NotebookUndo.objects.filter(batch=batch).exists():
        raise ValidationError(_("This import is undone already."))
    rows = list(batch.rows.select_related("customer", "opening"))
    accounts = hold({row.customer_id for row in rows})
    traded = _traded(batch, rows)
    undone = NotebookUndo.objects.create(shop=batch.shop, batch=batch, by=actor.user, kept=sorted(traded))
    free = [row for row in rows if row.customer_id not in traded]
    take_back(batch.shop, [row.opening for row in free if row.opening], at=undone.at)
    cans.reverse_opening_counts(batch.shop, {row.client_ref for row in free}, at=undone.at, actor=actor)
    customers = [row.customer for row in free]
    pricelist.take_back_own_prices(batch.shop, customers, since=batch.at, at=undone.at, actor=actor)
    book.retire_customers(batch.shop, [row.customer for row in free if row.is_new], actor=actor)
    for row in free:
        if row.sets_limit:
            book.change_customer(row.customer, {"credit_limit": row.limit_before}, actor=actor)
    settle_oldest_first(batch.shop, accounts)
    after = {"rows": len(free), "kept": len(traded)}
    audit.record(batch.shop, actor, "undo_notebook", batch, after=after)
    return [row.customer for row in rows if row.customer_id in traded]


def _traded(batch: NotebookImport, rows: Sequence[NotebookRow]) -> set[int]:
    """Of these customers those whose account moved, in money or cans, since the batch and not by it."""
    theirs = Q(shop=batch.shop, customer__in=[row.customer_id for row in rows], recorded_at__gte=batch.at)
    own = [row.opening_id for row in rows if row.opening_id]
    money = LedgerEntry.objects.filter(theirs).exclude(pk__in=own)
    moved = CanMovement.objects.filter(theirs).exclude(client_ref__in=[row.client_ref for row in rows])
    ids = (
        money.values_list("customer", flat=True),
        moved.filter(reverses=None).values_list("customer", flat=True),
    )
    return {pk for found in ids for pk in found}
