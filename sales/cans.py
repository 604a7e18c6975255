"""Every function that moves cans to customers and back. Positive: the customer holds more of our cans."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from django.utils.translation import gettext as _

from customers.models import Customer
from sales import stock
from sales.models import CanMovement, CanType, Sale, StockMove
from watershop.audit import Actor
from watershop.models import Shop


@dataclass(frozen=True)
class SaleCans:
    """The full cans taken along with a sale and the empties brought to it, each as (can type, how many).

    `lent` are those of a walk-in for which they left a deposit; the others they swap for empties.
    """

    sale: Sale
    taken: Sequence[tuple[CanType, int]]
    brought: Sequence[tuple[CanType, int]]
    lent: Mapping[int, int] = field(default_factory=dict)

    @property
    def swapped(self) -> list[tuple[CanType, int]]:
        """The empties of a walk-in."""
        cans = [(can_type, count - self.lent.get(can_type.pk, 0)) for can_type, count in self.taken]
        return [(can_type, count) for can_type, count in cans if count > 0]

    @property
    def fills_stock(self) -> bool:
        """Whether the shop's own cans move: what is imported happened before anybody counted them."""
        return self.sale.source != Sale.Source.IMPORT


def book_with_sales(rows: Iterable[SaleCans], actor: Actor) -> None:
    """Book what went out and came in with these sales: on named customers' accounts, and in the shop's stock."""
    kinds, rows = CanMovement.Kind, list(rows)
    movements = CanMovement.objects.bulk_create(
        _movement(row.sale, kind, can_type, sign * quantity, actor)
        for row in rows
        if row.sale.customer_id
        for kind, sign, cans in ((kinds.OUT, 1, row.taken), (kinds.RETURN, -1, row.brought))
        for can_type, quantity in cans
    )
    filling = [row for row in rows if row.fills_stock]
    swaps = (
        stock.sold_to_walk_in(row.sale, row.taken, row.swapped, actor)
        for row in filling
        if not row.sale.customer_id
    )
    known = {row.sale.pk for row in filling}
    mirrored = stock.mirror(move for move in movements if move.sale_id in known)
    StockMove.objects.bulk_create([*mirrored, *chain.from_iterable(swaps)])


def _movement(
    sale: Sale, kind: CanMovement.Kind, can_type: CanType, quantity: int, actor: Actor
) -> CanMovement:
    return CanMovement(
        shop=sale.shop,
        customer=sale.customer,
        can_type=can_type,
        kind=kind,
        quantity=quantity,
        at=sale.moved_at,
        recorded_at=sale.recorded_at,
        clerk=actor.user,
        sale=sale,
    )


def more_than_known(customer: Customer | None, brought: Collection[CanType]) -> list[str]:
    """Of which of these sizes the customer has given back more than our books say they took, in words for the clerk.

    That may be right, as cans from before the books are still about, but it may be a slip as well.
    """
    if not customer or not brought:
        return []
    held = CanMovement.objects.filter(shop=customer.shop_id, customer=customer).held()
    return [
        _("%(name)s has now given back %(count)s × %(size)s more than we know of.")
        % {"name": customer.name, "count": -held[can_type.code], "size": can_type.code}
        for can_type in brought
        if held.get(can_type.code, 0) < 0
    ]


def reverse(shop: Shop, movements: Iterable[CanMovement], *, at: datetime, actor: Actor) -> list[CanMovement]:
    """Undo movements on their customers' accounts, each by an opposite one."""
    return CanMovement.objects.bulk_create(
        CanMovement(
            shop=shop,
            customer_id=row.customer_id,
            can_type_id=row.can_type_id,
            kind=CanMovement.Kind.REVERSAL,
            quantity=-row.quantity,
            at=at,
            clerk=actor.user,
            sale_id=row.sale_id,
            reverses=row,
        )
        for row in movements
    )


def reverse_sale(sale: Sale, *, at: datetime, actor: Actor) -> None:
    """Undo what a sale that is voided moved, on the account and in the shop's stock."""
    moved = CanMovement.objects.filter(sale=sale, reverses=None)
    undone = reverse(sale.shop, moved, at=at, actor=actor)
    stock.reverse_sale(sale, {row.reverses_id: row for row in undone}, at=at, actor=actor)


@dataclass(frozen=True)
class OpeningCount:
    """So many cans that a customer held before the books began; known by `client_ref`, once per size."""

    customer: Customer
    can_type: CanType
    quantity: int
    client_ref: str


def open_counts(shop: Shop, counts: Sequence[OpeningCount], *, at: datetime, actor: Actor) -> None:
    """Book what many customers hold already, with one query. The deed that calls this records it."""
    CanMovement.objects.bulk_create(
        CanMovement(
            shop=shop,
            customer=count.customer,
            can_type=count.can_type,
            kind=CanMovement.Kind.OPENING,
            quantity=count.quantity,
            at=at,
            clerk=actor.user,
            client_ref=count.client_ref,
        )
        for count in counts
    )


def reverse_opening_counts(shop: Shop, refs: Collection[str], *, at: datetime, actor: Actor) -> None:
    """Undo the opening counts with these references."""
    counted = CanMovement.objects.of(shop).filter(kind=CanMovement.Kind.OPENING, client_ref__in=refs)
    reverse(shop, counted, at=at, actor=actor)
