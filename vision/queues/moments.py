"""At which moments of a drawer session a variance of its cash may have come about, the likeliest first.

The points are a rank, not a probability: an amount that fits exactly counts most, then what is odd in itself. Change is
not among them: what was handed over is never stored, so nobody knows what was given back.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from sales.models import IN_HAND, Allocation, CashMove, DrawerSession, Payment, Tender
from vision.models import Card, SaleLink, Visit
from vision.queues.no_sale import MISSED

FITS, OTHER_TENDER, TWICE, ODD, CROWD = 4, 2, 3, 1, 1
"""Points: of exactly the amount; the other tender is out by as much; half of it, so entered the wrong way round; odd in
itself; while several people stood there."""
MOST = 8
AROUND = timedelta(seconds=30)
"""Who was in the shop so near to a sale could be one of a crowd."""
CROWDED = 2


class What(models.TextChoices):
    """What happened at a moment."""

    KEYED_CASH = "keyed_cash", _("entered as cash, perhaps paid otherwise")
    KEYED_UPI = "keyed_upi", _("entered as UPI, perhaps paid in cash")
    GIVEN_BACK = "given_back", _("undone, the money given back")
    LATE = "late", _("undone after the customer left")
    MOVE = "move", _("drawer opened without a sale")
    NO_SALE = "no_sale", _("a visit without a sale")
    CROWD = "crowd", _("a sale while several people stood there")


@dataclass(frozen=True)
class Moment:
    """One of them: rupees, and the sale and visit (ids) where known."""

    what: str
    at: str
    amount: str | None
    points: int
    sale: int | None = None
    visit: int | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def moments_of(session: DrawerSession, variances: dict[str, Decimal]) -> list[Moment]:
    """The likeliest moments of a closed session, by its variances (counted minus expected, in rupees) per tender."""
    found = [*_payments(session, variances), *_moves(session, variances), *_visits(session, variances)]
    ranked = sorted(found, key=lambda moment: (-moment.points, moment.at))
    return ranked[:MOST]


def _moment(what: What, at: datetime, amount: Decimal | None, points: int, **ids: int | None) -> Moment:
    text = None if amount is None else str(amount)
    return Moment(what.value, at.isoformat(), text, points, **ids)


def _payments(session: DrawerSession, variances: dict[str, Decimal]) -> Iterator[Moment]:
    """Money that came or went back: of the amount that is missing or too much, or at an odd moment."""
    rows = list(Payment.objects.filter(shop=session.shop_id, drawer_session=session).order_by("received_at"))
    sales = _sales_of([row.reverses_id or row.pk for row in rows])
    visits = _visits_of(set(sales.values()))
    late = set(_cards(session, Card.Kind.LATE_VOID).values_list("sale", flat=True))
    crowds = _crowds(session)
    for row in rows:
        sale = sales.get(row.reverses_id or row.pk)
        is_crowd = sum(first <= row.received_at <= last for first, last in crowds) >= CROWDED
        if moment := _payment(row, variances, is_late=sale in late, is_crowd=is_crowd):
            yield replace(moment, sale=sale, visit=visits.get(sale or 0))


def _payment(row: Payment, variances: dict[str, Decimal], *, is_late: bool, is_crowd: bool) -> Moment | None:
    """What may be wrong with a payment, if anything."""
    short, fits = variances[Tender.CASH] < 0, abs(row.amount) == abs(variances[Tender.CASH])
    points = FITS * fits + CROWD * is_crowd
    if row.reverses_id:
        if row.tender not in IN_HAND:
            return None
        what = What.LATE if is_late else What.GIVEN_BACK
        return _moment(what, row.received_at, row.amount, points + ODD * (1 + is_late))
    if fits and row.tender == (Tender.CASH if short else Tender.UPI):
        swapped = OTHER_TENDER * (variances.get(Tender.UPI) == -variances[Tender.CASH])
        what = What.KEYED_CASH if short else What.KEYED_UPI
        return _moment(what, row.received_at, row.amount, points + swapped)
    if is_crowd and row.tender == Tender.CASH:
        return _moment(What.CROWD, row.received_at, row.amount, points)
    return None


def _moves(session: DrawerSession, variances: dict[str, Decimal]) -> Iterator[Moment]:
    """Cash that went in or out without a customer; half of the variance means that in and out were mixed up."""
    for move in session.moves.all():
        signed = move.amount if move.kind == CashMove.Kind.IN else -move.amount
        points = ODD + FITS * (move.amount == abs(variances[Tender.CASH]))
        points += TWICE * (-2 * signed == variances[Tender.CASH])
        yield _moment(What.MOVE, move.at, signed, points)


def _visits(session: DrawerSession, variances: dict[str, Decimal]) -> Iterator[Moment]:
    """Visits without a sale that nobody has explained: money that came without one makes too much."""
    too_much = variances[Tender.CASH] > 0
    unexplained = models.Q(outcome="") | models.Q(outcome=MISSED, sale=None)
    for card in _cards(session, Card.Kind.NO_SALE).filter(unexplained):
        points = ODD + ODD * too_much + FITS * (too_much and card.amount == variances[Tender.CASH])
        yield _moment(What.NO_SALE, card.at, card.amount, points, visit=card.visit_id)


def _cards(session: DrawerSession, kind: str) -> models.QuerySet[Card]:
    """What another queue asks about the time of a session."""
    return Card.objects.of(session.shop).filter(
        kind=kind, at__gte=session.opened_at, at__lte=session.closed_at
    )


def _sales_of(payments: Sequence[int]) -> dict[int, int]:
    """The sale (id) that each payment (id) settled, where it was one."""
    rows = Allocation.objects.filter(payment__in=payments, sale__isnull=False)
    return dict(rows.values_list("payment", "sale"))


def _visits_of(sales: Iterable[int]) -> dict[int, int]:
    """The visit (id) to which each sale (id) is linked."""
    links = SaleLink.objects.filter(sale__in=sales, state__in=SaleLink.SURE)
    return dict(links.values_list("sale", "visit"))


def _crowds(session: DrawerSession) -> list[tuple[datetime, datetime]]:
    """From when to when each customer was at the counter, or in the shop where that is not known."""
    visits = Visit.objects.of(session.shop).by_customers()
    visits = visits.filter(entry_at__gte=session.opened_at - AROUND, entry_at__lte=session.closed_at)
    return [
        (
            (visit.counter_from_at or visit.entry_at) - AROUND,
            (visit.counter_until_at or visit.exit_at) + AROUND,
        )
        for visit in visits.only("entry_at", "exit_at", "counter_from_at", "counter_until_at")
    ]
