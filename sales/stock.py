"""The shop's cans, full, empty and broken: what sales and returns do to them, deliveries, counts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from sales.models import BROKEN, CanMovement, CanType, Sale, StockMove
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop

State, Kind = StockMove.State, StockMove.Kind
BY_HAND = (Kind.DELIVERY, Kind.SENT, Kind.COUNT)


@dataclass(frozen=True)
class Stand:
    """How many cans of a size are in the shop, and how many customers hold. A number below nought wants a count."""

    can_type: CanType
    full: int
    empty: int
    broken: int
    lent: int

    @property
    def here(self) -> int:
        """What a bar of the cans in the shop is long: no part of it is shorter than nothing."""
        return self.unbroken + max(self.broken, 0)

    @property
    def unbroken(self) -> int:
        return max(self.full, 0) + max(self.empty, 0)

    @property
    def is_off(self) -> bool:
        return min(self.full, self.empty, self.broken) < 0


def stands(shop: Shop) -> list[Stand]:
    """Each size that is sold or still about; three queries."""
    here = StockMove.objects.of(shop).on_hand()
    held = CanMovement.objects.of(shop).order_by().values_list("can_type").annotate(Sum("quantity"))
    lent = {can_type: count for can_type, count in held if count}
    about = {can_type for (can_type, _state), count in here.items() if count} | lent.keys()
    sizes = CanType.objects.of(shop).filter(Q(retired_at=None) | Q(pk__in=about))
    return [
        Stand(
            size,
            full=here.get((size.pk, State.FULL), 0),
            empty=here.get((size.pk, State.EMPTY), 0),
            broken=here.get((size.pk, State.BROKEN), 0),
            lent=lent.get(size.pk, 0),
        )
        for size in sizes
    ]


def counted_sizes(shop: Shop) -> set[int]:
    """Ids of the sizes whose full cans somebody has counted at least once; one query."""
    counts = StockMove.objects.of(shop).filter(kind=Kind.COUNT, state=State.FULL)
    return set(counts.order_by().values_list("can_type", flat=True).distinct())


def mirror(movements: Iterable[CanMovement]) -> list[StockMove]:
    """The shop's side of what customers took along or brought back, unsaved."""
    return [
        StockMove(
            shop=row.shop,
            can_type=row.can_type,
            state=_state(row),
            kind=_stock_kind(row),
            quantity=-row.quantity,
            at=row.at,
            recorded_at=row.recorded_at,
            clerk=row.clerk,
            sale=row.sale,
            movement=row,
        )
        for row in movements
    ]


def _stock_kind(row: CanMovement) -> StockMove.Kind:
    if row.kind == CanMovement.Kind.OUT:
        return Kind.SALE if row.sale_id else Kind.LENT
    return Kind.RETURN


def _state(row: CanMovement) -> StockMove.State:
    if row.kind == CanMovement.Kind.OUT:
        return State.FULL
    return State.BROKEN if row.condition in BROKEN else State.EMPTY


def sold_to_walk_in(
    sale: Sale, taken: Sequence[tuple[CanType, int]], brought: Sequence[tuple[CanType, int]], actor: Actor
) -> list[StockMove]:
    """What a walk-in's sale moves, unsaved: nobody's account of cans is the other side."""
    moves = [(Kind.SALE, State.FULL, size, -count) for size, count in taken]
    moves += [(Kind.RETURN, State.EMPTY, size, count) for size, count in brought]
    return [
        StockMove(
            shop=sale.shop,
            can_type=size,
            state=state,
            kind=kind,
            quantity=quantity,
            at=sale.moved_at,
            recorded_at=sale.recorded_at,
            clerk=actor.user,
            sale=sale,
        )
        for kind, state, size, quantity in moves
    ]


def brought_by_walk_in(
    sale: Sale, cans: Mapping[CanType, int], *, at: datetime, actor: Actor
) -> list[StockMove]:
    """The empties that a walk-in brings back after their sale, unsaved."""
    return [
        StockMove(
            shop=sale.shop,
            can_type=size,
            state=State.EMPTY,
            kind=Kind.RETURN,
            quantity=count,
            at=at,
            clerk=actor.user,
            sale=sale,
        )
        for size, count in cans.items()
    ]


def reverse_sale(sale: Sale, undone: Mapping[int | None, CanMovement], *, at: datetime, actor: Actor) -> None:
    """Undo what a sale that is voided moved; `undone` has the reversal of each can movement by its id."""
    StockMove.objects.bulk_create(
        StockMove(
            shop=sale.shop,
            can_type=row.can_type,
            state=row.state,
            kind=Kind.REVERSAL,
            quantity=-row.quantity,
            at=at,
            clerk=actor.user,
            sale=sale,
            movement=undone.get(row.movement_id),
            reverses=row,
        )
        for row in StockMove.objects.filter(sale=sale, reverses=None).select_related("can_type")
    )


@transaction.atomic
def deliver(
    shop: Shop,
    *,
    full: Mapping[CanType, int],
    sent: Mapping[CanType, int],
    note: str,
    actor: Actor,
    client_ref: str | None = None,
) -> list[StockMove]:
    """Book a refill: full cans that came from the plant, empties that went there. `note` may name the supplier."""
    cans = [(Kind.DELIVERY, State.FULL, size, count) for size, count in full.items()]
    cans += [(Kind.SENT, State.EMPTY, size, -count) for size, count in sent.items()]
    if not cans or any(count < 1 for count in (*full.values(), *sent.values())):
        raise ValidationError(_("Say how many cans came or went, at least one."))
    now = timezone.now()
    moves = StockMove.objects.bulk_create(
        StockMove(
            shop=shop,
            can_type=size,
            state=state,
            kind=kind,
            quantity=quantity,
            note=note.strip(),
            at=now,
            clerk=actor.user,
            client_ref=client_ref,
        )
        for kind, state, size, quantity in cans
    )
    audit.record(shop, actor, "deliver_cans", moves[0], after=_said(moves))
    return moves


@transaction.atomic
def count(
    shop: Shop,
    *,
    counted: Mapping[tuple[CanType, str], int],
    reason: str,
    actor: Actor,
    client_ref: str | None = None,
) -> list[StockMove]:
    """Book what was counted of each size and state: the difference to the books is the movement.

    Raises ValidationError when something differs and no reason is given. Two counts of a size wait for each other.
    """
    if not counted or any(number < 0 for number in counted.values()):
        raise ValidationError(_("Count the cans of one size at least, from nought upward."))
    sizes = {size.pk for size, _state in counted}
    list(CanType.objects.select_for_update(no_key=True).filter(pk__in=sizes).order_by("pk"))
    here = StockMove.objects.of(shop).filter(can_type__in=sizes).on_hand()
    found = {key: number - here.get((key[0].pk, key[1]), 0) for key, number in counted.items()}
    if any(found.values()) and not reason.strip():
        raise ValidationError(_("The count differs from the books. Say why."))
    now = timezone.now()
    moves = StockMove.objects.bulk_create(
        StockMove(
            shop=shop,
            can_type=size,
            state=state,
            kind=Kind.COUNT,
            quantity=difference,
            counted=counted[size, state],
            note=reason.strip(),
            at=now,
            clerk=actor.user,
            client_ref=client_ref,
        )
        for (size, state), difference in found.items()
    )
    audit.record(shop, actor, "count_cans", moves[0], after=_said(moves))
    return moves


def _said(moves: Sequence[StockMove]) -> dict[str, object]:
    cans = {f"{move.can_type.code} {move.state}": move.quantity for move in moves}
    return {"cans": cans, "note": moves[0].note}
