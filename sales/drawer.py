"""Every function that opens, fills, empties, counts and closes a drawer.

Money taken now joins the session that is open and keeps it open until that money is stored (FOR SHARE); a close
waits for it, and whatever comes after the close finds no open session.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Case, F, Sum, When
from django.utils import timezone
from django.utils.translation import gettext as _

from sales.models import (
    DENOMINATIONS,
    IN_HAND,
    ZERO,
    CashCount,
    CashMove,
    DepositEntry,
    Drawer,
    DrawerCount,
    DrawerSession,
    Payment,
    Tender,
)
from watershop import audit
from watershop.audit import Actor
from watershop.dates import day_of
from watershop.models import Shop

COUNTER = "Counter"
OPEN_SESSION = (
    "SELECT * FROM sales_drawersession WHERE shop_id = %s AND closed_at IS NULL ORDER BY id FOR SHARE"
)


def session_for(shop: Shop, tenders: Collection[Tender]) -> DrawerSession | None:
    """The open session that money of these tenders joins now, kept open until the transaction ends.

    Raises ValidationError for cash or coins where the shop keeps a drawer and none is open.
    """
    if not tenders:
        return None
    session = _held(shop)
    if session is None and IN_HAND.intersection(tenders) and DrawerSession.objects.of(shop).exists():
        raise ValidationError(_("Open the drawer first: cash goes into an open drawer."))
    return session


def session_since(shop: Shop, at: datetime) -> DrawerSession | None:
    """The open session if it was open at that time already, kept open until the transaction ends."""
    session = _held(shop)
    return session if session and session.opened_at <= at else None


def _held(shop: Shop) -> DrawerSession | None:
    return next(iter(DrawerSession.objects.raw(OPEN_SESSION, [shop.pk])), None)


def is_missing(shop: Shop) -> bool:
    """Whether the shop keeps a drawer and none is open."""
    sessions = DrawerSession.objects.of(shop)
    return sessions.exists() and not sessions.open().exists()


def open_one(shop: Shop) -> DrawerSession | None:
    """The session that is open, to look at."""
    return DrawerSession.objects.of(shop).open().select_related("shop", "opened_by").first()


def is_left_open(session: DrawerSession) -> bool:
    """Whether it was opened on an earlier day and nobody closed it."""
    return day_of(session.shop, session.opened_at) < day_of(session.shop, timezone.now())


@transaction.atomic
def open_session(
    shop: Shop, *, opening_float: Decimal, actor: Actor, note_on_left_open: str = ""
) -> DrawerSession:
    """Open the drawer with this much cash in it, in rupees.

    A session that was left open on an earlier day is closed uncounted, with the opener's note; without one, and for
    a session of today, ValidationError.
    """
    if opening_float < 0:
        raise ValidationError(_("The drawer can't hold less than nothing. Count the cash in it."))
    counter, _is_new = Drawer.objects.get_or_create(shop=shop, name=COUNTER)
    Drawer.objects.select_for_update(no_key=True).get(pk=counter.pk)  # one opener at a time
    if before := open_one(shop):
        _close_left_open(before, note_on_left_open.strip(), actor)
    session = DrawerSession.objects.create(
        shop=shop, drawer=counter, opening_float=opening_float.quantize(ZERO), opened_by=actor.user
    )
    audit.record(shop, actor, "open_drawer", session, after={"float": str(session.opening_float)})
    return session


def _close_left_open(session: DrawerSession, note: str, actor: Actor) -> None:
    if not is_left_open(session):
        raise ValidationError(_("The drawer is open already. Close it first."))
    if not note:
        raise ValidationError(_("The drawer was left open. Write a note about what you found."))
    _close(session, sheet={}, counted=dict.fromkeys(Tender), note=note, actor=actor)


def pay_in(shop: Shop, *, amount: Decimal, reason: str, actor: Actor) -> CashMove:
    """Put cash into the open drawer that no customer paid, such as change from the bank."""
    return _move(shop, CashMove.Kind.IN, amount, reason, actor)


def pay_out(shop: Shop, *, amount: Decimal, reason: str, actor: Actor) -> CashMove:
    """Take cash out of the open drawer, such as for diesel or the owner."""
    return _move(shop, CashMove.Kind.OUT, amount, reason, actor)


@transaction.atomic
def _move(shop: Shop, kind: CashMove.Kind, amount: Decimal, reason: str, actor: Actor) -> CashMove:
    session = session_for(shop, {Tender.CASH})
    if session is None:
        raise ValidationError(_("Open the drawer first: cash goes into an open drawer."))
    if amount <= 0:
        raise ValidationError(_("The amount must be more than zero."))
    if not reason.strip():
        raise ValidationError(_("Say what the money is for."))
    move = CashMove.objects.create(
        shop=shop,
        drawer_session=session,
        kind=kind,
        amount=amount.quantize(ZERO),
        reason=reason.strip(),
        by=actor.user,
    )
    after = {"kind": kind, "amount": str(move.amount), "reason": move.reason}
    audit.record(shop, actor, "move_cash", session, after=after)
    return move


@transaction.atomic
def close_session(
    session: DrawerSession,
    *,
    sheet: Mapping[int, int],
    coin: Decimal,
    upi: Decimal,
    actor: Actor,
    note: str = "",
) -> DrawerSession:
    """Close with what was counted: `sheet` is how many of each denomination make up the cash; coins and UPI in rupees.

    What was expected is written beside it. Raises ValidationError when somebody else closed it meanwhile.
    """
    if not sheet.keys() <= set(DENOMINATIONS) or any(count < 0 for count in sheet.values()):
        raise ValidationError(_("Count the notes and coins from nought upward."))
    if coin < 0 or upi < 0:
        raise ValidationError(_("An amount that was counted can't be negative."))
    sessions = DrawerSession.objects.of(session.shop).open().select_for_update(of=["self"], no_key=True)
    held = sessions.select_related("shop").filter(pk=session.pk).first()
    if held is None:
        raise ValidationError(_("The drawer is closed already."))
    cash = Decimal(sum(value * count for value, count in sheet.items()))
    counted: dict[Tender, Decimal | None] = {Tender.CASH: cash, Tender.UPI: upi, Tender.COIN: coin}
    return _close(held, sheet=sheet, counted=counted, note=note.strip(), actor=actor)


def _close(
    session: DrawerSession,
    *,
    sheet: Mapping[int, int],
    counted: Mapping[Tender, Decimal | None],
    note: str,
    actor: Actor,
) -> DrawerSession:
    """Write the counts, then shut the session; the database takes no row for a closed one."""
    shop, sums = session.shop, expected(session)
    CashCount.objects.bulk_create(
        CashCount(shop=shop, drawer_session=session, denomination=value, count=count)
        for value, count in sheet.items()
        if count
    )
    DrawerCount.objects.bulk_create(
        DrawerCount(
            shop=shop, drawer_session=session, tender=tender, expected=sums[tender], counted=counted[tender]
        )
        for tender in Tender
    )
    session.closed_at, session.closed_by, session.note = timezone.now(), actor.user, note
    session.save(update_fields=["closed_at", "closed_by", "note"])
    after = {
        tender.value: {"expected": str(sums[tender]), "counted": _text(counted[tender])} for tender in Tender
    }
    audit.record(shop, actor, "close_drawer", session, after=after)
    return session


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def expected(session: DrawerSession) -> dict[Tender, Decimal]:
    """What should be there per tender, in rupees: the float, what customers paid, deposits, and cash moved in and out.

    A payment is what was charged, so change given is never in it.
    """
    taken = (
        Payment.objects.filter(drawer_session=session)
        .order_by()
        .values_list("tender")
        .annotate(Sum("amount"))
    )
    sums = dict.fromkeys(Tender, ZERO) | {Tender(tender): amount for tender, amount in taken}
    for tender, amount in DepositEntry.objects.filter(drawer_session=session).by_tender().items():
        sums[Tender(tender)] += amount
    signed = Case(When(kind=CashMove.Kind.OUT, then=-F("amount")), default=F("amount"))
    moved = CashMove.objects.filter(drawer_session=session).aggregate(sum=Sum(signed))["sum"]
    sums[Tender.CASH] += session.opening_float + (moved or ZERO)
    return sums


@transaction.atomic
def explain(session: DrawerSession, *, reason: str, actor: Actor) -> DrawerSession:
    """Keep why more or less was counted than expected; said once, after the count."""
    held = DrawerSession.objects.select_for_update(no_key=True).get(pk=session.pk)
    if held.closed_at is None or held.reason:
        raise ValidationError(_("A reason is given once, after the drawer is closed."))
    if not reason.strip():
        raise ValidationError(_("Say why the count differs."))
    return audit.change(held, actor, "explain_variance", {"reason": reason.strip()})
