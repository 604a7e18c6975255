"""Tagged cans: reads at the gates become movements of cans, each once.

A tag that goes out with a customer is one of the cans they hold: where the sale has booked it already, only the can
gets its name. Where it comes back, whoever it went out to is credited. Reads may come late, twice, or in any order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import OuterRef, Subquery, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer
from sales import stock
from sales.models import CanMovement, CanTag, CanType, StockMove, TagRead
from sales.settling import hold
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop

ONE_READ = timedelta(seconds=60)
"""A reader sees a tag many times while it passes: within this time it is one read."""
Gate = TagRead.Gate


class Result(StrEnum):
    NEW = "new"
    DUPLICATE = "duplicate"
    UNKNOWN_TAG = "unknown_tag"


@dataclass(frozen=True)
class Seen:
    """A tag at a gate. Out with whom is known where somebody said so."""

    code: str
    gate: TagRead.Gate
    at: datetime
    customer: Customer | None = None


@transaction.atomic
def add_tags(shop: Shop, codes: Iterable[str], can_type: CanType, *, actor: Actor) -> int:
    """Give these tags to cans of a size; how many are new. A tag that the shop knows stays as it is."""
    wanted = list(dict.fromkeys(code.strip() for code in codes if code.strip()))
    known = set(CanTag.objects.filter(shop=shop, code__in=wanted).values_list("code", flat=True))
    tags = CanTag.objects.bulk_create(
        CanTag(shop=shop, code=code, can_type=can_type) for code in wanted if code not in known
    )
    if not wanted:
        raise ValidationError(_("Read or type one tag at least."))
    audit.record(shop, actor, "add_tags", can_type, after={"tags": len(tags)})
    return len(tags)


@transaction.atomic
def take_reads(shop: Shop, seen: Sequence[Seen], *, actor: Actor) -> list[Result]:
    """Book these reads in the order of their times; the answers come in the order of `seen`.

    The tags are held, so that two readers book one can once.
    """
    now = timezone.now()
    codes = {read.code for read in seen}
    rows = CanTag.objects.select_for_update(of=["self"], no_key=True).filter(shop=shop, code__in=codes)
    rows = rows.filter(retired_at=None).select_related("can_type", "shop").order_by("pk")
    histories = {tag.code: _History(tag) for tag in rows}
    by_tag = {history.tag.pk: history for history in histories.values()}
    for row in TagRead.objects.filter(tag__in=by_tag).select_related("customer").order_by("at", "id"):
        by_tag[row.tag_id].reads.append(row)
    hold(
        {row.customer_id for history in histories.values() for row in history.reads if row.customer_id}
        | {read.customer.pk for read in seen if read.customer}
    )
    results = [Result.UNKNOWN_TAG] * len(seen)
    for place, read in sorted(enumerate(seen), key=lambda pair: pair[1].at):
        if history := histories.get(read.code):
            results[place] = _take(history, read, min(read.at, now), actor)
    return results


class _History:
    """The reads of one tag, oldest first."""

    def __init__(self, tag: CanTag) -> None:
        self.tag = tag
        self.reads: list[TagRead] = []


def _take(history: _History, seen: Seen, at: datetime, actor: Actor) -> Result:
    same = (row for row in history.reads if row.gate == seen.gate)
    if any(abs(row.at - at) < ONE_READ for row in same):
        return Result.DUPLICATE
    customer = seen.customer if seen.gate == Gate.OUT else None
    read = TagRead.objects.create(
        shop=history.tag.shop, tag=history.tag, gate=seen.gate, customer=customer, at=at, clerk=actor.user
    )
    before = next((row for row in reversed(history.reads) if row.at <= at), None)
    after = next((row for row in history.reads if row.at > at), None)
    history.reads = sorted([*history.reads, read], key=lambda row: row.at)
    holder = before.customer if before else None
    if holder and holder != customer and after is None:
        _move(history.tag, holder, CanMovement.Kind.RETURN, at, actor)
    if customer and holder != customer:
        _move(history.tag, customer, CanMovement.Kind.OUT, at, actor)
        if after and after.customer != customer:
            _move(history.tag, customer, CanMovement.Kind.RETURN, after.at, actor)
    if seen.gate == Gate.REFILLED:
        _refill(history.tag, at, actor)
    return Result.NEW


def holder_of(shop: Shop, code: str) -> Customer | None:
    """Who has the can with this tag now; None when it is in the shop, or no such tag is known."""
    last = TagRead.objects.filter(shop=shop, tag__code=code).select_related("customer").first()
    return last.customer if last else None


def _move(tag: CanTag, customer: Customer, kind: CanMovement.Kind, at: datetime, actor: Actor) -> None:
    """Book the can, unless a clerk did: the tags out with a customer are never more than the cans they hold."""
    last = TagRead.objects.filter(tag=OuterRef("pk")).values("customer")[:1]
    others = CanTag.objects.filter(shop=tag.shop_id, can_type=tag.can_type).exclude(pk=tag.pk)
    others_out = others.annotate(holder=Subquery(last)).filter(holder=customer.pk).count()
    cans = CanMovement.objects.filter(shop=tag.shop_id, customer=customer, can_type=tag.can_type)
    is_booked_out = (cans.aggregate(sum=Sum("quantity"))["sum"] or 0) > others_out
    if is_booked_out == (kind == CanMovement.Kind.OUT):
        return
    movement = CanMovement.objects.create(
        shop=tag.shop,
        customer=customer,
        can_type=tag.can_type,
        kind=kind,
        quantity=1 if kind == CanMovement.Kind.OUT else -1,
        at=at,
        clerk=actor.user,
    )
    StockMove.objects.bulk_create(stock.mirror([movement]))


def _refill(tag: CanTag, at: datetime, actor: Actor) -> None:
    cans = (
        (StockMove.Kind.SENT, StockMove.State.EMPTY, -1),
        (StockMove.Kind.DELIVERY, StockMove.State.FULL, 1),
    )
    StockMove.objects.bulk_create(
        StockMove(
            shop=tag.shop,
            can_type=tag.can_type,
            state=state,
            kind=kind,
            quantity=count,
            at=at,
            clerk=actor.user,
        )
        for kind, state, count in cans
    )
